"""The tree of a network's hidden units: which of them respond alike, at all resolutions."""

from dataclasses import dataclass, field
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, Key, Number, as_count, as_key, as_numpy
from interp_jax._readable import readable
from interp_jax.kernels import alignment, ward
from interp_jax.methods.hierarchy.vectors import FeatureVectors, numbered

# The clusters that a tree is described by, the outputs named of each, and the least correlation of these.
_COARSE, _NAMED, _LEAST = 4, 3, 0.1


@readable(figure="hierarchy")
@dataclass(frozen=True, eq=False, repr=False)
class Hierarchy:
    """The Ward tree of a network's units: a partition for each number of clusters, from one to the number of units.

    Dead units, which never change, are not in the tree. All else is for the clustered units alone, in the order of
    ``units``; `expand` maps values of these back to all units of the network.

    Attributes:
        linkage: [clustered − 1, 4] Ward linkage matrix as in SciPy, float64; heights are √(2 ΔESS).
        vectors: [clustered, features] feature vectors with aligned signs.
        signs: [clustered] +1 or −1, each vector's factor.
        similarity: the sum of cosines over all pairs of units, before alignment and after each of its steps.
        converged: whether no flip of a single sign would raise the similarity.
        dead_units: numbers, in the network, of the units left out.
        outputs: how many features, the last ones, are correlations with outputs; 0 if that is not known.
    """

    linkage: np.ndarray
    vectors: np.ndarray
    signs: np.ndarray
    similarity: np.ndarray
    converged: bool
    dead_units: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    outputs: int = 0

    def _finding(self) -> str:
        dead = f", {_sized(len(self.dead_units), 'dead unit')} left out" if len(self.dead_units) else ""
        text = f"a Ward tree of {len(self.vectors)} units by {self.vectors.shape[1]} features{dead}"
        if self.outputs:
            count = min(_COARSE, len(self.vectors))
            roles = self.roles(count)[:, -self.outputs :]
            clusters = zip(np.bincount(self.cut(count)), roles, strict=True)
            lines = [
                f"cluster {number}, {_sized(int(size))}{_directions(role)}"
                for number, (size, role) in enumerate(clusters, 1)
            ]
            return "\n".join([text, *lines])
        counts = range(2, min(5, len(self.vectors)) + 1)
        sizes = "; ".join(", ".join(map(str, np.bincount(self.cut(count)))) for count in counts)
        return f"{text}\ncluster sizes when cut into {counts[0]} to {counts[-1]}: {sizes}" if counts else text

    @cached_property
    def units(self) -> np.ndarray:
        """[clustered] numbers, in the network, of the units in the tree, ascending."""
        return np.setdiff1d(np.arange(len(self.vectors) + len(self.dead_units)), self.dead_units)

    @cached_property
    def order(self) -> np.ndarray:
        """[clustered] indices into ``units`` from left to right in a drawing of the tree; larger clusters come first.

        Each cluster's units are neighbors in it, at all resolutions.
        """
        n = len(self.vectors)
        first, size = list(range(n)), [1] * n
        for left, right in self.linkage[:, :2].astype(int):
            first.append(min(first[left], first[right]))
            size.append(size[left] + size[right])
        order, waiting = [], [2 * n - 2]
        while waiting:
            node = waiting.pop()
            if node < n:
                order.append(node)
            else:
                children = self.linkage[node - n, :2].astype(int)
                waiting += sorted(children, key=lambda child: (size[child], -first[child]))
        return np.array(order)

    @cached_property
    def ess(self) -> np.ndarray:
        """[clustered] error sum of squares within 1, 2, … clusters (eq. 1)."""
        return np.append(np.cumsum(self.linkage[:, 2] ** 2 / 2)[::-1], 0.0)

    def cut(self, c: Count) -> np.ndarray:
        """[clustered] the cluster of each unit in the tree, 0 … c − 1, for c clusters.

        Host-level. Clusters are numbered from left to right in ``order``, so a cluster's parts have neighboring numbers
        at finer resolutions.

        Args:
            c: the number of clusters, from 1 to the number of units in the tree.

        Raises:
            ValueError: c not an integer in that range.

        Example:
            >>> build(np.array([[1.0, 0.1], [0.0, 0.0], [0.9, 0.1], [0.1, 1.0]])).cut(2)
            array([0, 0, 1])
        """
        n = len(self.vectors)
        c = as_count("c", c, most=n)
        cluster = np.arange(2 * n - 1)
        for merge in reversed(range(n - c)):
            cluster[self.linkage[merge, :2].astype(int)] = cluster[n + merge]
        labels = cluster[:n][self.order]
        numbers = np.cumsum(np.append(0, labels[1:] != labels[:-1]))
        cut = np.empty(n, int)
        cut[self.order] = numbers
        return cut

    def roles(self, c: Count) -> np.ndarray:
        """[c, features] the role of each cluster of ``cut(c)``: the mean of its units' aligned vectors.

        Host-level.

        Args:
            c: the number of clusters, as for `cut`.

        Raises:
            ValueError: c not an integer in that range.

        Example:
            >>> build(np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]])).roles(2)
            array([[0.75, 0.  ],
                   [0.  , 1.  ]])
        """
        labels = self.cut(c)
        sums = np.zeros((labels.max() + 1, self.vectors.shape[1]))
        np.add.at(sums, labels, self.vectors)
        return sums / np.bincount(labels)[:, None]

    def expand(self, values: Given[ArrayLike, "clustered *rest"], fill: Number) -> np.ndarray:
        """[units, …] values of the units in the tree at their numbers in the network, and ``fill`` for dead ones.

        Host-level.

        Args:
            values: [clustered, …] an entry per unit in the tree, e.g. ``cut(c)``, ``signs``.
            fill: the entry of dead units, a number.

        Raises:
            ValueError: the wrong number of values, or a fill that is not a number.

        Example:
            >>> tree = build(np.array([[1.0, 0.1], [0.0, 0.0], [0.9, 0.1], [0.1, 1.0]]))
            >>> tree.expand(tree.cut(2), -1)
            array([ 0, -1,  0,  1])
        """
        values, dead = as_numpy("values", values), as_numpy("fill", fill, shape=[])
        if values.shape[:1] != self.units.shape:
            raise ValueError(f"values: found shape {values.shape}, wanted an entry for each of {len(self.units)} units")
        expanded = np.full((len(values) + len(self.dead_units), *values.shape[1:]), dead, np.result_type(values, dead))
        expanded[self.units] = values
        return expanded


def build(vectors: Given[ArrayLike, "units features"] | FeatureVectors, *, key: Key | None = None) -> Hierarchy:
    """The Ward tree of the units' feature vectors, whose signs are aligned first.

        max_s Σ_{j<k} cos(s_j v_j, s_k v_k),  s = ±1;    then Ward's tree of the vectors s_k v_k

    Host-level; O(units · features) memory beyond 2.25 matrices of units × units, 3.6 GB for 20,000.

    Without a key the alignment is `align_signs`' deterministic method: each of at most 4 · units steps flips the vector
    that raises the sum most. With a key it is the paper's Algorithm 1 with 5,000 random draws. Either may end too
    early: ``.converged`` says whether no single flip would help. If more than half of the units were flipped, all are
    flipped back: only relative signs have meaning.

    Dead units have no direction and would form a cluster that looks like a module: they are left out of the tree and
    listed in ``.dead_units``. A unit is dead if `FeatureVectors` says so, or if its vector is all 0.

    Args:
        vectors: [units, features], or the `FeatureVectors` of `feature_vectors`.
        key: a JAX random key for Algorithm 1; None for the deterministic method.

    Raises:
        ValueError: vectors that are not a real matrix, fewer than two units that are not dead, NaN or infinity in a
            vector (e.g. from NaN activations), or not a key.

    Example:
        >>> tree = build(np.array([[1.0, 0.1], [-1.0, -0.1], [0.1, 1.0], [0.2, 1.0], [0.0, 0.0]]))
        >>> tree.cut(2), tree.signs, tree.dead_units
        (array([0, 0, 1, 1]), array([ 1., -1.,  1.,  1.]), array([4]))

    Source: Watanabe, arXiv:1810.01588, section 3 and Algorithms 1 and 2.
    """
    key = None if key is None else as_key(key)
    dead, outputs = False, 0
    if isinstance(vectors, FeatureVectors):
        dead, outputs, vectors = np.asarray(vectors.dead_units), len(vectors.constant_outputs), vectors.vectors
    vectors = as_numpy("vectors", vectors, shape=["units", "features"])
    single = np.promote_types(vectors.dtype, np.float32) == np.float32
    vectors = vectors.astype(np.float32 if single else np.float64, copy=False)
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if wrong.size:
        raise ValueError(f"vectors: found NaN or infinity in those of {numbered(wrong)}, wanted finite numbers")
    dead = dead | ~vectors.any(axis=1)
    if np.sum(~dead) < 2:
        found = f"{dead.size} units, {np.sum(dead)} of them dead (all correlations are 0)"
        raise ValueError(f"vectors: found {found}, wanted at least two that are not")
    vectors = vectors[~dead]
    largest = np.abs(vectors).max()  # float64 may be beyond the numbers that cosines are computed in
    aligned = alignment.align_signs(jnp.asarray(vectors / largest), key=key)
    signs = np.asarray(aligned.signs, vectors.dtype)
    if np.sum(signs < 0) > len(signs) / 2:
        signs = -signs
    vectors = vectors * signs[:, None]
    similarity, converged = np.asarray(aligned.similarity), bool(aligned.converged)
    return Hierarchy(ward.linkage(vectors), vectors, signs, similarity, converged, np.flatnonzero(dead), outputs)


def _sized(size: int, what: str = "unit") -> str:
    return f"{size} {what}{'' if size == 1 else 's'}"


def _directions(role: np.ndarray) -> str:
    """The outputs that are highest and lowest where the units of a cluster are high, strongest first."""
    order = np.argsort(-np.abs(role), kind="stable")
    parts = []
    for word, sign in (("with", 1), ("against", -1)):
        named = [f"{output}" for output in order if sign * role[output] >= _LEAST][:_NAMED]
        parts += [f"{word} {'output' if len(named) == 1 else 'outputs'} {', '.join(named)}"] if named else []
    return f": {'; '.join(parts)}" if parts else ""
