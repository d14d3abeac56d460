"""A fitted CNN-INTE: its predictions, their fidelity to the network, and explanations of a prediction."""

import dataclasses
import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import Count, Given, Key, as_count, as_key, as_labels, as_numpy, check_number
from interp_jax._files import write_arrays
from interp_jax._readable import readable
from interp_jax.methods._pooling import pooled
from interp_jax.methods.cnn_inte._rows import Scaling, flat_rows
from interp_jax.methods.cnn_inte.class_separability import separability
from interp_jax.methods.cnn_inte.explanation import Explanation, Hypothesis, Level
from interp_jax.methods.cnn_inte.factors import Factors, assign
from interp_jax.methods.cnn_inte.forests import Forests
from interp_jax.methods.cnn_inte.leaves import leaf_weights, path_to
from interp_jax.methods.cnn_inte.tree import Tree

FORMAT = 5
PARTS = {"factors": Factors, "tree": Tree, "forests": Forests, "scaling": Scaling}
ARRAYS = ("hidden", "ids", "labels", "scores", "class_labels")
AS_THEY_ARE = Scaling()
COMPARED = 200  # rows of a class that separability is computed from


@readable()
@dataclasses.dataclass(frozen=True)
class Explainer:
    """Clusters of a hidden layer, the tree that predicts a class from their IDs, and forests that predict these IDs.

    `predict`, `shares`, `fidelity` and `explain` take the IDs from the activations if these are given, ``hidden=``, and
    from the inputs, by the forests, if not. Arrays only.

    Attributes:
        factors: groups of units, and the clusters of rows in each.
        reading: the clustered values of a factor, "coordinates" or "means".
        votes: "hard", an input goes to the leaf of its most likely IDs, or "soft", to each leaf by its probability.
        tree: over the IDs; its classes are indices into ``class_labels``.
        forests: from the scaled input to the IDs; None if it was fitted without.
        hidden: [reference, units] activations of the training rows used in explanations.
        ids: [reference, factors] their IDs.
        labels: [reference] their labels.
        scores: [draws] the accuracy of each clustering's tree on the validation rows; if it was fitted to shares of
            classes, the mean share of the class that it predicts.
        class_labels: [classes] the label of each class, in the order of the tree's classes.
        features: size of an input; None if unknown (fitted without inputs, or from a file of format 2): then at least
            as many as the forests use.
        scaling: of the inputs.
        pool: how the positions of the hidden layer became units, "mean", "max" or None (a unit per position).
    """

    factors: Factors
    reading: str
    votes: str
    tree: Tree
    forests: Forests | None
    hidden: Float[np.ndarray, "reference units"]
    ids: Int[np.ndarray, "reference factors"]
    labels: Int[np.ndarray, " reference"]
    scores: Float[np.ndarray, " draws"]
    class_labels: Int[np.ndarray, " classes"]
    features: int | None = None
    scaling: Scaling = AS_THEY_ARE
    pool: str | None = None

    def _finding(self) -> str:
        factors, ids, _ = self.factors.centers.shape
        votes = "no forests" if self.forests is None else f"{self.votes} votes"
        text = (
            f"{factors} factor{'' if factors == 1 else 's'} of {ids} ID{'' if ids == 1 else 's'}, "
            f"a tree of {self.tree.leaves} {'leaf' if self.tree.leaves == 1 else 'leaves'}, "
            f"{len(self.class_labels)} classes, {votes}"
        )
        if not np.isfinite(self.scores).any():
            return text
        best = f", best of {len(self.scores)} clusterings" if len(self.scores) > 1 else ""
        return (
            f"{text}\nfidelity: by the clusters of the activations, a tree gives {np.nanmax(self.scores):.1%} of the "
            f"validation rows the class that it was fitted to{best}"
        )

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_labels)

    def input_ids(self, inputs: Given[Array | np.ndarray, "rows *features"]) -> Int[np.ndarray, "rows factors"]:
        """The forests' most likely IDs of inputs [rows, factors]; refuses what `predict` does. Host-level."""
        return self._votes(inputs).argmax(axis=2)

    def hidden_ids(self, hidden: Given[Array | np.ndarray, "rows *units"]) -> Int[np.ndarray, "rows factors"]:
        """The IDs [rows, factors] of activations [rows, …]: the nearest centers, which forests predict. Host-level.

        Activations with positions are pooled as those that were fitted.

        Raises:
            ValueError: activations of a width other than fitted, or not finite.
        """
        units = hidden if self.pool is None else pooled("hidden", hidden, self.pool)
        return assign(self.factors, flat_rows("hidden", units, width=len(self.factors.of_unit)), self.reading)

    def predict(
        self,
        inputs: Given[Array | np.ndarray, "rows *features"] | None = None,
        *,
        hidden: Given[Array | np.ndarray, "rows *units"] | None = None,
    ) -> Int[np.ndarray, " rows"]:
        """The tree's class of each row, one of `class_labels`. Host-level.

        Args:
            inputs: [rows, …], whose IDs the forests predict; not used where ``hidden`` is given.
            hidden: [rows, …, units] the activations of the layer, whose clusters are the IDs.

        Raises:
            ValueError: inputs or activations of a size other than fitted, or not finite; neither of them; no
                activations for an explainer without forests.
        """
        return self.class_labels[self.shares(inputs, hidden=hidden).argmax(axis=1)]

    def shares(
        self,
        inputs: Given[Array | np.ndarray, "rows *features"] | None = None,
        *,
        hidden: Given[Array | np.ndarray, "rows *units"] | None = None,
    ) -> Float[np.ndarray, "rows classes"]:
        """The share of each class in the leaves that a row reaches; `predict` takes the largest. Host-level."""
        return class_shares(self.tree, self._votes(inputs, hidden), self.votes)

    def _votes(self, inputs, hidden=None, name="inputs"):
        """The probability of each ID: the forests' for inputs, or 1 for the cluster of the activations."""
        if hidden is not None:
            return certain(self.hidden_ids(hidden), self.factors.centers.shape[1])
        if self.forests is None:
            raise ValueError("hidden: found None, wanted activations, since this explainer has no forests")
        if inputs is None:
            raise ValueError("inputs: found None, wanted inputs, or activations as hidden")
        exact = self.features is not None
        width = self.features if exact else int(self.forests.feature.max()) + 1
        return self.forests.votes(self.scaling.of(flat_rows(name, inputs, width=width, exact=exact)))

    def fidelity(
        self,
        inputs: Given[Array | np.ndarray, "rows *features"] | None,
        predictions: Given[Array | np.ndarray, "rows"],
        *,
        hidden: Given[Array | np.ndarray, "rows *units"] | None = None,
    ) -> float:
        """The share of rows for which the tree predicts the network's class. Host-level.

        Args:
            inputs: [rows, …], or None where ``hidden`` is given.
            predictions: [rows] the network's class of each row; one outside the tree's classes counts as a mismatch.
            hidden: [rows, …, units] the activations of the layer.

        Raises:
            ValueError: rows that `predict` refuses, or predictions that are not one integer per row.
        """
        of_tree = self.predict(inputs, hidden=hidden)
        return float(np.mean(of_tree == np.asarray(as_labels("predictions", predictions, rows=len(of_tree)))))

    def explain(
        self,
        instance: Given[Array | np.ndarray, "*features"] | None = None,
        label: Count | None = None,
        *,
        hidden: Given[Array | np.ndarray, "*units"] | None = None,
        tolerance: float = 0.01,
        key: Key | None = None,
    ) -> Explanation:
        """The path of an instance through the tree, and the node at which each other class is ruled out.

        Host-level; separability is computed for all classes and levels at once. Memory: classes × 200 rows.

        Args:
            instance: [features…] one input; not used where ``hidden`` is given.
            label: the class that others are compared with, such as the network's prediction: figures and texts say if
                the tree's differs from it. By default the tree's.
            hidden: […, units] the activations of this input.
            tolerance: the share of a class's reference rows, in [0, 1), that may be left when it is ruled out.
            key: a JAX random key, for the random clouds of `separability`. By default the clouds are fixed, so that an
                explanation depends on the instance alone.

        Raises:
            ValueError: a label that is not a class, a tolerance outside [0, 1), or an instance or activations that
                `predict` refuses.
        """
        check_number("tolerance", tolerance, least=0, below=1)
        key = jax.random.key(0) if key is None else as_key(key)
        label = None if label is None else self._class(label)
        one = None if instance is None else as_numpy("instance", instance)[None]
        votes = self._votes(one, None if hidden is None else as_numpy("hidden", hidden)[None], "instance")
        ids = votes[0].argmax(axis=1)
        if self.votes == "hard":
            weights = np.zeros(len(self.tree.factor))
            weights[self.tree.apply(ids[None])] = 1
        else:
            weights = leaf_weights(self.tree, votes)[0]
        share = class_shares(self.tree, votes, self.votes)[0]
        prediction = int(share.argmax())
        leaf = int(np.argmax(weights * self.tree.share[:, prediction]))
        path = path_to(self.tree, leaf)
        label = prediction if label is None else label
        levels, remaining = [], np.ones(len(self.ids), bool)
        open_ids = np.ones((len(ids), votes.shape[2]), bool)
        for node, child in itertools.pairwise(path):
            factor = int(self.tree.factor[node])
            open_ids[factor] &= self.tree.goes_left[node] == (child == self.tree.left[node])
            remaining = remaining & open_ids[factor, self.ids[:, factor]]
            allowed, vote = np.flatnonzero(open_ids[factor]), float(votes[0, factor, open_ids[factor]].sum())
            own = int(ids[factor])
            levels.append(
                Level(node, factor, tuple(allowed.tolist()), own, vote, np.flatnonzero(remaining), votes.shape[2])
            )
        left, hypotheses = self._hypotheses(label, levels, tolerance, key)
        label, prediction = (int(self.class_labels[each]) for each in (label, prediction))
        return Explanation(label, prediction, ids, tuple(levels), float(weights[leaf]), share, left, hypotheses)

    def _class(self, label):
        """The class number of a label."""
        label = as_count("label", label, least=int(self.class_labels[0]), most=int(self.class_labels[-1]))
        place = int(np.searchsorted(self.class_labels, label))
        if self.class_labels[place] != label:
            raise ValueError(
                f"label: found {label}, wanted a label that was fitted, such as {self.class_labels[place]}"
            )
        return place

    def _hypotheses(self, own_class, levels, tolerance, key):
        """The share of the class's own rows left at each level, and the other classes."""
        others = [other for other in range(self.classes) if other != own_class]
        of_rows = np.searchsorted(self.class_labels, self.labels)
        rows = np.bincount(of_rows, minlength=self.classes)
        counts = np.maximum(rows, 1)
        shares, scores = np.zeros((len(levels), self.classes)), np.zeros((len(levels), len(others)))
        for number, level in enumerate(levels):
            classes = of_rows[level.rows]
            shares[number] = np.bincount(classes, minlength=self.classes) / counts
            chosen = [level.rows[classes == each][:COMPARED] for each in (own_class, *others)]
            scores[number] = _scores(*self._clouds(level.factor, chosen), key) if len(chosen[0]) else np.nan
        hypotheses, own = [], shares[:, own_class]
        for place, other in enumerate(others):
            left = shares[:, other]
            # A level that no rows of either class reach is evidence for neither of them.
            gone = np.flatnonzero((left <= tolerance) & (own > tolerance))
            # A class without reference rows cannot be seen to be ruled out.
            ruled_out = int(gone[0]) if gone.size and rows[other] else None
            hypotheses.append(Hypothesis(int(self.class_labels[other]), left, scores[:, place], ruled_out))
        late = len(levels)
        hypotheses.sort(key=lambda h: (-(late if h.ruled_out is None else h.ruled_out), -float(h.left[-1:].sum())))
        return own, tuple(hypotheses)

    def _clouds(self, factor, chosen):
        """A factor's activations of each class's chosen rows [classes, COMPARED, units], and which are present."""
        units = np.flatnonzero(self.factors.of_unit == factor)
        most = -(-int(np.bincount(self.factors.of_unit).max()) // 8) * 8  # so that most explainers share a program
        points, there = np.zeros((len(chosen), COMPARED, most), np.float32), np.zeros((len(chosen), COMPARED), bool)
        # float32 has no digits left for float64 activations far from 0.
        offset = self.hidden[:, units].mean(axis=0) if self.hidden.dtype == np.float64 else np.zeros(())
        for number, rows in enumerate(chosen):
            points[number, : len(rows), : len(units)] = self.hidden[np.ix_(rows, units)] - offset
            there[number, : len(rows)] = True
        return points, there

    def save(self, path: str | Path) -> None:
        """Writes all arrays to one ``.npz`` file, atomically and without pickling. Host-level.

        Raises:
            OSError: the file cannot be written.
            TypeError: a path that is neither a str nor a Path.
        """
        features = -1 if self.features is None else self.features
        words = {"format": FORMAT, "reading": self.reading, "votes": self.votes, "features": features}
        words["pool"] = str(self.pool)
        arrays = {name: np.array(word) for name, word in words.items()}
        for name in PARTS:
            if (part := getattr(self, name)) is not None:
                arrays |= {f"{name}.{field}": np.asarray(values) for field, values in part._asdict().items()}
        write_arrays(path, arrays | {name: np.asarray(getattr(self, name)) for name in ARRAYS})


def certain(ids: Int[np.ndarray, "rows factors"], count: int) -> Float[np.ndarray, "rows factors ids"]:
    """Votes of 1 for IDs that are known."""
    return np.eye(count, dtype=np.float32)[ids]


def class_shares(tree: Tree, votes: Float[np.ndarray, "rows factors ids"], kind: str):
    """The classes' shares [rows, classes] in the leaves that rows reach by the forests' votes, "soft" or "hard"."""
    if kind == "hard":
        return tree.share[tree.apply(votes.argmax(axis=2))]
    return leaf_weights(tree, votes) @ tree.share


@jax.jit
def _scores(points, there, key):
    """Separability of the first class's rows from each other class's."""

    def of_pair(other, other_there):
        rows, nothing = jnp.concatenate([points[0], other]), jnp.zeros(COMPARED, bool)
        first, second = jnp.concatenate([there[0], nothing]), jnp.concatenate([nothing, other_there])
        return separability(rows, first, second, key=key).score

    return jax.vmap(of_pair)(points[1:], there[1:])
