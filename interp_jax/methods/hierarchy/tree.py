"""The tree of a network's hidden units: what each one correlates with, and which of them do the same."""

import operator
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax.kernels import alignment, ward
from interp_jax.methods.hierarchy.vectors import FeatureVectors, numbered


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The tree of all units: a partition for every number of clusters, from one to as many as there are units.

    Attributes:
        linkage: [units − 1, 4] Ward linkage matrix as SciPy's, float64; heights are √(2 ΔESS).
        vectors: [units, features] feature vectors with aligned signs.
        signs: [units] +1 or −1, what each vector was multiplied by.
        similarity: the sum of cosines over all pairs of units, before alignment and after every step of it.
        converged: whether no flip of a single sign would raise the similarity any more.
    """

    linkage: np.ndarray
    vectors: np.ndarray
    signs: np.ndarray
    similarity: np.ndarray
    converged: bool

    @cached_property
    def order(self) -> np.ndarray:
        """[units] the units from left to right in a drawing of the tree; in every split the larger cluster comes first.

        The units of every cluster of every resolution are neighbors in it.
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
        """[units] error sum of squares within clusters, of 1, 2, …, units clusters (eq. 1)."""
        return np.append(np.cumsum(self.linkage[:, 2] ** 2 / 2)[::-1], 0.0)

    def cut(self, c) -> np.ndarray:
        """The cluster of every unit, 0 … c − 1, when there are c of them.

        Clusters are numbered from left to right in ``order``, so that the parts of a cluster have neighboring
        numbers at every finer resolution.

        Raises:
            ValueError: c not a whole number from 1 to units.
        """
        n = len(self.vectors)
        try:
            whole = operator.index(c)
        except TypeError:
            whole = 0
        if not 1 <= whole <= n:
            raise ValueError(f"c: found {c}, wanted a number of clusters from 1 to {n}, the number of units")
        cluster = np.arange(2 * n - 1)
        for merge in reversed(range(n - c)):
            cluster[self.linkage[merge, :2].astype(int)] = cluster[n + merge]
        labels = cluster[:n][self.order]
        numbers = np.cumsum(np.append(0, labels[1:] != labels[:-1]))
        cut = np.empty(n, int)
        cut[self.order] = numbers
        return cut

    def roles(self, c) -> np.ndarray:
        """[c, features] what every cluster of ``cut(c)`` stands for: the mean of its units' aligned vectors."""
        labels = self.cut(c)
        sums = np.zeros((c, self.vectors.shape[1]))
        np.add.at(sums, labels, self.vectors)
        return sums / np.bincount(labels)[:, None]


def build(vectors: FeatureVectors | Shaped[Array | np.ndarray, "..."], *, key=None) -> Hierarchy:
    """Aligns the signs of the units' feature vectors and joins them into a Ward tree.

    Host-level; O(units · features) memory beyond the units × units cosines. Alignment is `align_signs`' default,
    which needs no random numbers and takes at most 4 · units steps; with a key it is the paper's Algorithm 1. Either
    may end too early: ``.converged`` says whether no single flip would help. If more than half of the units were
    flipped, all are flipped back: only relative signs mean anything.

    Args:
        vectors: [units, features], or what `feature_vectors` gives.
        key: a JAX random key for Algorithm 1 with its 5,000 steps.

    Raises:
        ValueError: fewer than two units, or NaN or infinite vectors (NaN activations make such).

    Example:
        >>> import numpy as np
        >>> tree = build(np.array([[1.0, 0.1], [-1.0, -0.1], [0.1, 1.0], [0.2, 1.0]]))
        >>> tree.cut(2), tree.signs
        (array([0, 0, 1, 1]), array([ 1., -1.,  1.,  1.]))

    Source: Watanabe, arXiv:1810.01588, section 3 and Algorithms 1 and 2.
    """
    if isinstance(vectors, FeatureVectors):
        vectors = vectors.vectors
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ValueError(f"vectors: found shape {vectors.shape}, wanted [units, features] with at least two units")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if wrong.size:
        raise ValueError(f"vectors: found NaN or infinity in those of {numbered(wrong)}, wanted finite numbers")
    largest = np.abs(vectors).max(initial=0)  # float64 may be beyond the numbers that cosines are computed in
    aligned = alignment.align_signs(jnp.asarray(vectors / (largest or 1)), key=key)
    signs = np.asarray(aligned.signs, vectors.dtype)
    if np.sum(signs < 0) > len(signs) / 2:
        signs = -signs
    vectors = vectors * signs[:, None]
    similarity, converged = np.asarray(aligned.similarity), bool(aligned.converged)
    return Hierarchy(ward.linkage(vectors), vectors, signs, similarity, converged)
