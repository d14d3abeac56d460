"""The networks, the layer that is explained, and its explainers."""

import dataclasses

import jax
import numpy as np

from experiments.cnn_inte.tasks import Task
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
        training, shape = self.task.training[kind], self.task.inputs.shape[1:]

        def constructor(key):
            return networks.image_cnn(jax.random.fold_in(key, seed), shape, **self.task.network)

        rows = self.task.inputs[: training.rows], self.task.labels[: training.rows]
        return self.fitted(
            f"{kind} {seed}",
            constructor,
            rows,
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

    def explainer(self, kind: str, seed: int, name: str = "ours", **options) -> cnn_inte.Explainer:
        """What explains a network, by the true labels as in the paper."""
        path = self.folder(f"explainer {name} {kind} {seed}").with_suffix(".npz")
        if not path.is_file():
            config = self.config
            sizes = {field: getattr(config, field) for field in ("factors", "ids", "depth", "trees", "leaves", "draws")}
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


@jax.jit
def _outputs(network, inputs):
    return network.until(LAYER)(inputs), network(inputs)
