"""The images, the networks, the layer to explain, and its explanations."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from experiments.explained_cnns import FULL, HALF, LAYER, recipe
from experiments.study import Study
from experiments.tasks import ImageTask
from interp_jax import networks
from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte.factors import assign, find_factors

SHUFFLED, UNTRAINED = "trained on shuffled labels", "untrained"  # sanity controls


@dataclasses.dataclass(kw_only=True)
class InteStudy(Study):
    """The study with its task. Explanations are fitted once and then read from the run's folder."""

    task: ImageTask
    latest: dict = dataclasses.field(default_factory=dict)

    def network(self, kind: str, seed: int = 0) -> networks.Chain:
        """One network of a kind, trained alone: stacked convolutions are slow on CPUs."""
        of = recipe(self.config.data, FULL if kind == FULL else HALF, seed, self.task.inputs.shape[1:])
        if kind == UNTRAINED:
            return networks.inference_view(self.stacked(of.constructor, None)[0])
        labels = self.task.labels
        if kind == SHUFFLED:
            labels = np.random.default_rng(self.config.seed).permutation(labels)
        rows = self.task.inputs[: of.rows], labels[: of.rows]
        return self.fitted(f"{kind} {seed}", of.constructor, rows, seeds=None, epochs=of.epochs, **of.options).network

    def outputs(self, kind: str, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
        """Activations of the layer and predictions, for training and held-out rows; those of one network in memory."""
        if (kind, seed) not in self.latest:
            network, inputs = Partial(_outputs, self.network(kind, seed)), (self.task.inputs, self.task.held_inputs)
            self.latest = {(kind, seed): [networks.apply(network, rows) for rows in inputs]}
        return self.latest[kind, seed]

    def explainer(self, kind: str, seed: int = 0, name: str = "ours", **options) -> cnn_inte.Explainer:
        """The explanation of a network, fitted to the true labels as in the paper."""
        path = self.folder(f"explainer {name} {kind} {seed}").with_suffix(".npz")
        if not path.is_file():
            fields = ("factors", "ids", "depth", "trees", "max_leaf_nodes", "draws", "finalists")
            options = {field: getattr(self.config, field) for field in fields} | options
            rows = self.task.inputs, self.outputs(kind, seed)[0][0], self.task.labels
            cnn_inte.fit(*rows, key=jax.random.fold_in(self.key(5), seed), **options).save(path)
        return cnn_inte.load(path)

    def trees(self, hidden, labels, held, depths, *, key, ids: int, restarts: int = 2, **options):
        """Trees of some depths over true clusters, their predictions for held-out activations, and the factors."""
        groups = find_factors(jnp.asarray(hidden), ids=ids, key=key, restarts=restarts, **options)
        of_rows, of_held = (assign(groups, each, "coordinates") for each in (hidden, held))
        sizes = {"count": ids, "classes": len(self.task.class_names)}
        trees = [tree_on(of_rows, labels, depth=depth, **sizes) for depth in depths]
        return trees, [tree.predict(of_held) for tree in trees], groups


def activations(network, inputs, layer: str = LAYER) -> np.ndarray:
    """Flat activations of a layer."""
    return networks.apply(network.until(layer), inputs).reshape(len(inputs), -1)


def tree_on(ids, labels, *, refined: bool = True, **options) -> cnn_inte.Tree:
    """A tree over cluster IDs, with its splits refined if asked for."""
    grown = cnn_inte.grow(ids, labels, **options)
    return cnn_inte.refine(grown, ids, labels) if refined else grown


def _outputs(network, inputs):
    return network.until(LAYER)(inputs), network(inputs).argmax(axis=1)
