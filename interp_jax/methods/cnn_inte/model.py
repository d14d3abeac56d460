"""A fitted CNN-INTE: what it predicts, how faithful that is, and why."""

import dataclasses
import itertools
import operator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._files import write_arrays
from interp_jax.methods.cnn_inte._arguments import checked_width
from interp_jax.methods.cnn_inte._storage import read
from interp_jax.methods.cnn_inte.class_separability import separability
from interp_jax.methods.cnn_inte.explanation import Explanation, Hypothesis, Level
from interp_jax.methods.cnn_inte.factors import Factors, assign
from interp_jax.methods.cnn_inte.forests import Forests
from interp_jax.methods.cnn_inte.leaves import leaf_weights, path_to
from interp_jax.methods.cnn_inte.tree import Tree

FORMAT, READ = 3, (2, 3)  # 2 does not say how many features an input has
COMPARED = 200  # rows of a class that separability is computed from


@dataclasses.dataclass(frozen=True)
class Explainer:
    """Forests that tell an input's IDs, and the tree that tells its class from them; arrays only.

    Attributes:
        factors: groups of units, and the clusters of rows in each.
        reading: what a factor's clusters are made of, "coordinates" or "means".
        votes: "hard", an input goes to the leaf of its likeliest IDs, or "soft", to every leaf by its probability.
        tree: over the IDs.
        forests: from the input to the IDs.
        hidden: [reference, units] activations of the training rows that explanations are shown with.
        ids: [reference, factors] their IDs.
        labels: [reference] their labels.
        scores: of every clustering tried, the tree's accuracy on the rows kept aside.
        features: numbers of an input; None, from a file of format 2, if it is not known: then at least as many as the
            forests ask for.
    """

    factors: Factors
    reading: str
    votes: str
    tree: Tree
    forests: Forests
    hidden: Float[np.ndarray, "reference units"]
    ids: Int[np.ndarray, "reference factors"]
    labels: Int[np.ndarray, " reference"]
    scores: Float[np.ndarray, " draws"]
    features: int | None = None

    @property
    def classes(self) -> int:
        """How many classes the tree tells apart."""
        return self.tree.share.shape[1]

    def input_ids(self, inputs: Float[Array | np.ndarray, "rows *features"]) -> Int[np.ndarray, "rows factors"]:
        """The IDs that the forests give inputs. Host-level.

        Raises:
            ValueError: inputs of another size than those fitted, or not of finite numbers.
        """
        return self._votes(inputs).argmax(axis=2)

    def hidden_ids(self, hidden: Float[Array | np.ndarray, "rows *units"]) -> Int[np.ndarray, "rows factors"]:
        """The IDs of activations themselves: what the forests try to tell. Host-level.

        Raises:
            ValueError: activations of another width than those fitted, or not of finite numbers.
        """
        hidden = checked_width("hidden", hidden, len(self.factors.of_unit))
        return assign(self.factors, jnp.asarray(hidden), self.reading)

    def predict(self, inputs: Float[Array | np.ndarray, "rows *features"]) -> Int[np.ndarray, " rows"]:
        """The tree's class of every input, by the IDs that the forests give it. Host-level.

        Raises:
            ValueError: inputs of another size than those fitted, or not of finite numbers.
        """
        return self.shares(inputs).argmax(axis=1)

    def shares(self, inputs: Float[Array | np.ndarray, "rows *features"]) -> Float[np.ndarray, "rows classes"]:
        """What `predict` takes the largest of: the classes' shares in the leaves that an input goes to. Host-level.

        Raises:
            ValueError: inputs of another size than those fitted, or not of finite numbers.
        """
        return class_shares(self.tree, self._votes(inputs), self.votes)

    def _votes(self, inputs, name="inputs"):
        """What the forests give checked inputs."""
        least = int(self.forests.feature.max()) + 1
        exact = self.features is not None
        return self.forests.votes(checked_width(name, inputs, self.features if exact else least, exact=exact))

    def fidelity(self, inputs, predictions: Int[Array | np.ndarray, " rows"]) -> float:
        """How often the tree says what the network says. Host-level.

        Args:
            inputs: [rows, …].
            predictions: the network's class for every row.

        Raises:
            ValueError: inputs as `predict` refuses them, or predictions that are not one a row.
        """
        predictions = np.asarray(predictions)
        if predictions.shape != (len(inputs),):
            raise ValueError(f"predictions: found shape {predictions.shape}, wanted ({len(inputs)},)")
        return float(np.mean(self.predict(inputs) == predictions))

    def explain(self, instance, label=None, *, tolerance: float = 0.01, key=None) -> Explanation:
        """Why the tree puts an instance where it does, and at which node other classes are ruled out.

        Host-level; separability is computed for all classes and levels at once.

        Args:
            instance: one input.
            label: the class that others are held against, a whole number; the prediction by default.
            tolerance: share of a class's reference rows that may be left where it counts as ruled out.
            key: a JAX random key, for the separability by chance.

        Raises:
            ValueError: a label that is no class, a tolerance outside [0, 1), or an instance of another size than the
                inputs fitted or not of finite numbers.
        """
        if not 0 <= tolerance < 1:
            raise ValueError(f"tolerance: found {tolerance}, wanted a share in [0, 1)")
        label = None if label is None else self._class(label)
        votes = self._votes(np.asarray(instance)[None], "instance")
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
        levels, kept = [], np.ones(len(self.ids), bool)
        open_ids = np.ones((len(ids), votes.shape[2]), bool)
        for node, child in itertools.pairwise(path):
            factor = int(self.tree.factor[node])
            open_ids[factor] &= self.tree.goes_left[node] == (child == self.tree.left[node])
            kept = kept & open_ids[factor, self.ids[:, factor]]
            allowed, vote = np.flatnonzero(open_ids[factor]), float(votes[0, factor, open_ids[factor]].sum())
            own = int(ids[factor])
            levels.append(Level(node, factor, tuple(allowed.tolist()), own, vote, np.flatnonzero(kept)))
        left, hypotheses = self._hypotheses(label, levels, tolerance, jax.random.key(0) if key is None else key)
        return Explanation(label, prediction, ids, tuple(levels), float(weights[leaf]), share, left, hypotheses)

    def _class(self, label):
        """A label that is one of the classes, as an int."""
        try:
            found = operator.index(label)
        except TypeError:
            found = -1
        if not 0 <= found < self.classes:
            raise ValueError(f"label: found {label!r}, wanted a whole number from 0 to {self.classes - 1}")
        return found

    def _hypotheses(self, label, levels, tolerance, key):
        """The share of the label's own rows that is left at every level, and the other classes."""
        others = [other for other in range(self.classes) if other != label]
        counts = np.maximum(np.bincount(self.labels, minlength=self.classes), 1)
        shares, scores = np.zeros((len(levels), self.classes)), np.zeros((len(levels), len(others)))
        for number, level in enumerate(levels):
            labels = self.labels[level.rows]
            shares[number] = np.bincount(labels, minlength=self.classes) / counts
            chosen = [level.rows[labels == each][:COMPARED] for each in (label, *others)]
            scores[number] = _scores(*self._clouds(level.factor, chosen), key) if len(chosen[0]) else np.nan
        found, own = [], shares[:, label]
        for place, other in enumerate(others):
            left = shares[:, other]
            # A level that no rows of either class come to speaks for neither of them.
            gone = np.flatnonzero((left <= tolerance) & (own > tolerance))
            found.append(Hypothesis(other, left, scores[:, place], int(gone[0]) if gone.size else None))
        late = len(levels)
        found.sort(key=lambda h: (-(late if h.ruled_out is None else h.ruled_out), -float(h.left[-1:].sum())))
        return own, tuple(found)

    def _clouds(self, factor, chosen):
        """A factor's activations of the chosen rows of each class [classes, COMPARED, units], and which are there."""
        units = np.flatnonzero(self.factors.of_unit == factor)
        most = int(np.bincount(self.factors.of_unit).max())
        points, there = np.zeros((len(chosen), COMPARED, most), np.float32), np.zeros((len(chosen), COMPARED), bool)
        for number, rows in enumerate(chosen):
            points[number, : len(rows), : len(units)] = self.hidden[np.ix_(rows, units)]
            there[number, : len(rows)] = True
        return points, there

    def save(self, path: str | Path) -> None:
        """Writes all arrays into one ``.npz`` file, whole or not at all; nothing in it is pickled.

        Host-level.
        """
        parts = {"format": np.array(FORMAT), "reading": np.array(self.reading), "votes": np.array(self.votes)}
        if self.features is None:
            parts["format"] = np.array(2)
        else:
            parts["features"] = np.array(self.features)
        for name, kind in PARTS.items():
            parts |= {f"{name}.{field}": np.asarray(getattr(getattr(self, name), field)) for field in kind._fields}
        write_arrays(path, parts | {name: np.asarray(getattr(self, name)) for name in ARRAYS})


PARTS, ARRAYS = {"factors": Factors, "tree": Tree, "forests": Forests}, ("hidden", "ids", "labels", "scores")


def load(path: str | Path) -> Explainer:
    """Reads what `Explainer.save` wrote; refuses anything pickled.

    Host-level. Format 3, or 2, which lacks the number of features of an input.

    Raises:
        ValueError: a file that is no explainer, is damaged, lacks an array, or is of another format.
    """
    stored = read(path, READ)
    try:
        parts = {
            name: kind(**{field: stored[f"{name}.{field}"] for field in kind._fields}) for name, kind in PARTS.items()
        }
        arrays = {name: stored[name] for name in ARRAYS}
        words = {name: str(stored[name]) for name in ("reading", "votes")}
        features = int(stored["features"]) if stored["format"] == FORMAT else None
    except KeyError as missing:
        raise ValueError(f"path: found {path}, an explainer without {missing}") from missing
    return Explainer(**words, **parts, **arrays, features=features)


def class_shares(tree: Tree, votes: Float[np.ndarray, "rows factors ids"], kind: str):
    """The classes' shares [rows, classes] in the leaves that rows go to by the forests' votes, "soft" or "hard"."""
    if kind == "hard":
        return tree.share[tree.apply(votes.argmax(axis=2))]
    return leaf_weights(tree, votes) @ tree.share


@jax.jit
def _scores(points, there, key):
    """Separability of the first class's rows from every other's."""

    def of_pair(other, other_there):
        rows, nothing = jnp.concatenate([points[0], other]), jnp.zeros(COMPARED, bool)
        first, second = jnp.concatenate([there[0], nothing]), jnp.concatenate([nothing, other_there])
        return separability(rows, first, second, key=key).score

    return jax.vmap(of_pair)(points[1:], there[1:])
