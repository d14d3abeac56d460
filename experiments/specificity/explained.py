"""The study with its networks, and the predictions of their explanations."""

import dataclasses
import sys
from typing import NamedTuple

import jax
import numpy as np
from jax.tree_util import Partial
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

from experiments.explained_cnns import LAYER, recipe
from experiments.study import Study
from experiments.tasks import ImageTask
from interp_jax import networks
from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte.tree import LEAF

FORESTS = "CNN-INTE that sees the image alone: forests"
LABELS = "CNN-INTE that sees the layer: true labels"
PREDICTED = "… the network's predictions"
SOFT = "… its probabilities"
WEIGHTED = "… rows weighted by disagreement with other networks"
MORE = "… more clusters"
COMPONENTS = "tree on principal components of the layer"
WEIGHTED_COMPONENTS = "… rows weighted as above"
UNITS = "tree on the units of the layer"
LOGITS = "tree on the network's logits"
PIXELS = "tree on the pixels"
ORDER = (FORESTS, LABELS, PREDICTED, SOFT, WEIGHTED, MORE, COMPONENTS, WEIGHTED_COMPONENTS, UNITS, LOGITS, PIXELS)
COMPONENT_ROWS = 20_000  # rows that components are made of


class Outputs(NamedTuple):
    """Of a network on some rows: the layer's activations, and the logits."""

    hidden: np.ndarray
    logits: np.ndarray


class Reading(NamedTuple):
    """Means over held-out rows: what the path of a row is worth, and what it takes to read it.

    Attributes:
        coverage: the share of rows that satisfy the path's conditions.
        precision: of these, the share with the class of the leaf by the network.
        conditions: on the path.
        listed: clusters that these name, of those inside and outside a condition the fewer; a threshold counts as one.
    """

    coverage: float
    precision: float
    conditions: float
    listed: float


class Explained(NamedTuple):
    """Of one network: its classes and those of its explanations on held-out rows, and their trees' leaves and paths."""

    predictions: np.ndarray
    explained: dict[str, np.ndarray]
    leaves: dict[str, int]
    readings: dict[str, Reading]


@dataclasses.dataclass(kw_only=True)
class SpecificityStudy(Study):
    """The study with its images; each network is explained once."""

    task: ImageTask
    reference_classes: dict[str, list[np.ndarray]] = dataclasses.field(default_factory=dict)

    def network(self, kind: str, seed: int) -> networks.Chain:
        """A network of a kind; those from the number of explained networks on are references."""
        of = recipe(self.config.data, kind, seed, self.task.inputs.shape[1:])
        rows = self.task.inputs[: of.rows], self.task.labels[: of.rows]
        return self.fitted(f"{kind} {seed}", of.constructor, rows, seeds=None, epochs=of.epochs, **of.options).network

    def weights(self, kind: str, predictions: np.ndarray) -> np.ndarray:
        """1 for a training row, more by the share of reference networks that classify it otherwise."""
        if kind not in self.reference_classes:
            first = self.config.seeds
            others = (self.network(kind, first + number) for number in range(self.config.references))
            classes = [networks.apply(each, self.task.inputs).argmax(axis=1) for each in others]
            self.reference_classes[kind] = classes
        disagree = [each != predictions for each in self.reference_classes[kind]]
        return 1 + self.config.weight * np.mean(disagree, axis=0)

    def explained(self, kind: str, seed: int) -> Explained:
        """All explanations of a network, fitted on the training rows and asked on the held-out ones."""
        return self.cached(f"explained {kind} {seed}", lambda: self._explained(kind, seed), sys.modules[__name__])

    def _explained(self, kind, seed):
        task, config, network = self.task, self.config, Partial(_outputs, self.network(kind, seed))
        taught, held = (Outputs(*networks.apply(network, rows)) for rows in (task.inputs, task.held_inputs))
        classes = taught.logits.argmax(axis=1)
        weights, key = self.weights(kind, classes), jax.random.fold_in(self.key(5), seed)
        shares = np.asarray(jax.nn.softmax(taught.logits, axis=1))
        options = {name: getattr(config, name) for name in ("factors", "depth", "draws")} | {"key": key}
        forests = {"trees": config.trees, "max_leaf_nodes": config.max_leaf_nodes, "finalists": 1, "ids": config.ids}
        fitted = {FORESTS: cnn_inte.fit(task.inputs, taught.hidden, task.labels, **options, **forests)}
        for name, labels, more in (
            (LABELS, task.labels, {}),
            (PREDICTED, classes, {}),
            (SOFT, shares, {}),
            (WEIGHTED, shares, {"weights": weights}),
            (MORE, shares, {"weights": weights, "ids": config.more_ids}),
        ):
            sees = options | {"ids": config.ids, "forests": False} | more
            fitted[name] = cnn_inte.fit(None, taught.hidden, labels, **sees)
        seen = {name: None if name == FORESTS else held.hidden for name in fitted}
        explained = {name: each.predict(task.held_inputs, hidden=seen[name]) for name, each in fitted.items()}
        leaves = {name: each.tree.leaves for name, each in fitted.items()}
        own = held.logits.argmax(axis=1)
        readings = {
            name: _of_clusters(
                each, each.input_ids(task.held_inputs) if name == FORESTS else each.hidden_ids(held.hidden), own
            )
            for name, each in fitted.items()
        }
        for name, (features, held_features, counted) in self._features(taught, held, weights).items():
            # As many leaves as CNN-INTE's tree has with which it is compared, at most.
            most = max(2, leaves[WEIGHTED if counted is not None else SOFT])
            tree = DecisionTreeClassifier(
                criterion="entropy", max_depth=config.depth, max_leaf_nodes=most, random_state=0
            ).fit(features, classes, sample_weight=counted)
            explained[name], leaves[name] = tree.predict(held_features), int(tree.get_n_leaves())
            conditions = np.asarray(tree.decision_path(held_features).sum(axis=1)).ravel() - 1
            readings[name] = reading(tree.apply(held_features), explained[name], own, conditions, conditions)
        return Explained(own, explained, leaves, readings)

    def _features(self, taught, held, weights):
        """What scikit-learn's trees see, by name, and the weights of rows."""
        components = PCA(self.config.factors, random_state=0).fit(taught.hidden[:COMPONENT_ROWS])
        projected = tuple(components.transform(each.hidden) for each in (taught, held))
        pixels = (rows.reshape(len(rows), -1) for rows in (self.task.inputs, self.task.held_inputs))
        return {
            COMPONENTS: (*projected, None),
            WEIGHTED_COMPONENTS: (*projected, weights),
            UNITS: (taught.hidden, held.hidden, None),
            LOGITS: (taught.logits, held.logits, None),
            PIXELS: (*pixels, None),
        }


def reading(leaf, classes, predictions, conditions, listed) -> Reading:
    """The `Reading` of rows: [rows] their leaf, its class, the network's class, and their path's conditions."""
    _, place, counts = np.unique(leaf, return_inverse=True, return_counts=True)
    right = np.bincount(place, classes == predictions) / counts
    means = counts[place] / len(leaf), right[place], conditions, listed
    return Reading(*(float(np.mean(each)) for each in means))


def _of_clusters(explainer, ids, predictions) -> Reading:
    """That of CNN-INTE's tree by the most likely clusters."""
    tree = explainer.tree
    allowed = cnn_inte.boxes(tree, ids.shape[1]).sum(axis=2)  # [nodes, factors] clusters that lead to a node
    conditions, listed = np.zeros(len(tree.factor), int), np.zeros(len(tree.factor), int)
    for node in np.flatnonzero(tree.factor != LEAF):  # children come after their parents
        before = allowed[node, tree.factor[node]]
        for child in (tree.left[node], tree.right[node]):
            inside = allowed[child, tree.factor[node]]
            conditions[child], listed[child] = conditions[node] + 1, listed[node] + min(inside, before - inside)
    leaf = tree.apply(ids)
    classes = explainer.class_labels[tree.share.argmax(axis=1)[leaf]]
    return reading(leaf, classes, predictions, conditions[leaf], listed[leaf])


def _outputs(network, inputs):
    hidden = network.until(LAYER)(inputs)
    return hidden.reshape(len(inputs), -1), network.after(LAYER)(hidden)
