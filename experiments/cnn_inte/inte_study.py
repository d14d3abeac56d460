"""The networks, the layer that is explained, and its explainers."""

import dataclasses

import jax
import numpy as np

from experiments.cnn_inte.tasks import HALF, Task
from experiments.study import Study
from interp_jax import networks
from interp_jax.methods import cnn_inte

LAYER = "relu3"  # the first dense layer, the paper's fc1
BATCH = 1_000


@dataclasses.dataclass(kw_only=True)
class InteStudy(Study):
    """The study with its task; explainers are fitted once and read from the run's folder ever after."""

    task: Task
    kept: dict = dataclasses.field(default_factory=dict)

    def network(self, kind: str, seed: int) -> networks.Chain:
        """One network of a kind; convolutions are slow in a stack on CPU, so each is trained alone."""
        return self._trained_on(f"{kind} {seed}", self.task.training[kind], seed, self.task.labels)

    def shuffled(self) -> networks.Chain:
        """The twin that is trained as the first half-trained one, on labels dealt out anew."""
        labels = np.random.default_rng(self.config.seed).permutation(self.task.labels)
        return self._trained_on("shuffled", self.task.training[HALF], 0, labels)

    def start(self) -> networks.Chain:
        """What the first network starts from."""
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
            batch_size=training.batch_size,
            optimizer=training.optimizer,
        ).network

    def outputs(self, kind: str, seed: int) -> dict[str, np.ndarray]:
        """Activations of the layer and predicted classes, of the rows and of those held out."""
        if (kind, seed) not in self.kept:
            network = self.network(kind, seed)
            found = {}
            for part, rows in (("rows", self.task.inputs), ("held", self.task.held_inputs)):
                batches = [_outputs(network, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]
                hidden, scores = (np.concatenate([np.asarray(each[side]) for each in batches]) for side in (0, 1))
                found |= {f"{part} hidden": hidden, f"{part} predictions": scores.argmax(axis=1)}
            self.kept = {(kind, seed): found}
        return self.kept[kind, seed]

    def called(self, network) -> np.ndarray:
        """The classes that a network calls the held-out rows."""
        rows = self.task.held_inputs
        batches = [_outputs(network, rows[start : start + BATCH])[1] for start in range(0, len(rows), BATCH)]
        return np.concatenate([np.asarray(each) for each in batches]).argmax(axis=1)

    def layer(self, kind: str, seed: int, layer: str, rows: int, held: int) -> tuple[np.ndarray, np.ndarray]:
        """Flat activations of any layer, of the first rows and of the first held out."""
        network = self.network(kind, seed)
        parts = (self.task.inputs[:rows], self.task.held_inputs[:held])
        return tuple(activations(network, part, layer) for part in parts)

    def explainer(self, kind: str, seed: int, name: str = "ours", **options) -> cnn_inte.Explainer:
        """What explains a network, by the true labels as in the paper."""
        path = self.folder(f"explainer {name} {kind} {seed}").with_suffix(".npz")
        if not path.is_file():
            config = self.config
            fields = ("factors", "ids", "depth", "trees", "leaves", "draws", "finalists")
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
    """Flat activations of a layer, in batches."""
    batches = [network.until(layer)(inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    return np.concatenate([np.asarray(each).reshape(len(each), -1) for each in batches])


@jax.jit
def _outputs(network, inputs):
    return network.until(LAYER)(inputs), network(inputs)
