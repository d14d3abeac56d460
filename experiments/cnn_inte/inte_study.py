"""The networks, the layer to explain, and its explanations."""

import dataclasses

import jax
import numpy as np

from experiments.cnn_inte.tasks import HALF, Task
from experiments.study import Study, in_batches
from interp_jax import networks
from interp_jax.methods import cnn_inte

LAYER = "relu3"  # the first dense layer, fc1 in the paper
BATCH = 1_000


@dataclasses.dataclass(kw_only=True)
class InteStudy(Study):
    """The study with its task. Explanations are fitted once and then read from the run's folder."""

    task: Task
    stored_outputs: dict = dataclasses.field(default_factory=dict)

    def network(self, kind: str, seed: int) -> networks.Chain:
        """One network of a kind, trained alone: stacked convolutions are slow on CPUs."""
        return self._trained_on(f"{kind} {seed}", self.task.training[kind], seed, self.task.labels)

    def shuffled(self) -> networks.Chain:
        """A sanity control: the first half-trained network, trained on permuted labels."""
        labels = np.random.default_rng(self.config.seed).permutation(self.task.labels)
        return self._trained_on("shuffled", self.task.training[HALF], 0, labels)

    def untrained_network(self) -> networks.Chain:
        """A sanity control: the first network before training."""
        network, _ = self.stacked(self._constructor(0), None)
        return networks.inference_view(network)

    def _constructor(self, seed):
        shape = self.task.inputs.shape[1:]
        return lambda key: networks.image_cnn(jax.random.fold_in(key, seed), shape, **self.task.network)

    def _trained_on(self, name, training, seed, labels):
        return self.fitted(
            name,
            self._constructor(seed),
            (self.task.inputs[: training.rows], labels[: training.rows]),
            seeds=None,
            epochs=training.epochs,
            minibatch_size=training.minibatch_size,
            optimizer=training.optimizer,
        ).network

    def outputs(self, kind: str, seed: int) -> dict[str, np.ndarray]:
        """Activations of the layer and predictions, for the training rows and for the held-out rows."""
        if (kind, seed) not in self.stored_outputs:
            network, outputs = self.network(kind, seed), {}
            for part, rows in (("rows", self.task.inputs), ("held", self.task.held_inputs)):
                hidden, scores = in_batches(_outputs, network, rows, batch_size=BATCH)
                outputs |= {f"{part} hidden": hidden, f"{part} predictions": scores.argmax(axis=1)}
            self.stored_outputs = {(kind, seed): outputs}
        return self.stored_outputs[kind, seed]

    def held_predictions(self, network) -> np.ndarray:
        """A network's predictions for the held-out rows."""
        return in_batches(_outputs, network, self.task.held_inputs, batch_size=BATCH)[1].argmax(axis=1)

    def layer(self, kind: str, seed: int, layer: str, rows: int, held: int) -> tuple[np.ndarray, np.ndarray]:
        """Flat activations of any layer, for the first training rows and the first held-out rows."""
        network = self.network(kind, seed)
        parts = (self.task.inputs[:rows], self.task.held_inputs[:held])
        return tuple(activations(network, part, layer) for part in parts)

    def explainer(self, kind: str, seed: int, name: str = "ours", **options) -> cnn_inte.Explainer:
        """The explanation of a network, fitted to the true labels as in the paper."""
        path = self.folder(f"explainer {name} {kind} {seed}").with_suffix(".npz")
        if not path.is_file():
            config = self.config
            fields = ("factors", "ids", "depth", "trees", "max_leaf_nodes", "draws", "finalists")
            sizes = {field: getattr(config, field) for field in fields}
            fitted = cnn_inte.fit(
                self.task.inputs,
                self.outputs(kind, seed)["rows hidden"],
                self.task.labels,
                key=jax.random.fold_in(self.key(5), seed),
                **sizes | options,
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            fitted.save(path)
        return cnn_inte.load(path)


def activations(network, inputs, layer):
    """Flat activations of a layer."""
    head = network.until(layer)
    return in_batches(lambda head, rows: head(rows).reshape(len(rows), -1), head, inputs, batch_size=BATCH)


@jax.jit
def _outputs(network, inputs):
    return network.until(LAYER)(inputs), network(inputs)
