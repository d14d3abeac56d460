"""How far the trees of several networks, whose units have no common names, say the same."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int, Shaped
from scipy.cluster.hierarchy import cophenet
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from interp_jax.methods.hierarchy.tree import Hierarchy


class Matching(NamedTuple):
    """Pairs of units of two networks, by their numbers in each, and the mean cosine of their feature vectors."""

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    similarity: float


class Agreement(NamedTuple):
    """Of every pair of networks: how alike their partitions, the clusters' roles, their trees and their units are."""

    adjusted_rand: Float[np.ndarray, "pairs resolutions"]
    roles: Float[np.ndarray, "pairs resolutions"]
    cophenetic: Float[np.ndarray, " pairs"]
    similarity: Float[np.ndarray, " pairs"]


def match_units(first: Shaped[Array | np.ndarray, "..."], second: Shaped[Array | np.ndarray, "..."]) -> Matching:
    """Pairs up the units of two networks so that the cosines of their feature vectors sum to the most.

    Host-level; O(units³) at worst, units × units memory. The signs of all vectors of one network may be reversed
    together, since aligned signs mean something only relative to each other.

    Args:
        first: [units, features] aligned feature vectors.
        second: [units', features] those of the other network; without partners stay units of the larger one.

    Raises:
        ValueError: vectors that are not two-dimensional, of different width, or not finite.

    Example:
        >>> import numpy as np
        >>> match_units(np.eye(3), -np.eye(3)[[2, 0, 1]]).second
        array([1, 2, 0])

    Source: Kuhn 1955 (assignment), as in Li et al. 2016, Convergent learning, section 3.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    for name, vectors in (("first", first), ("second", second)):
        if vectors.ndim != 2 or not len(vectors):
            raise ValueError(f"{name}: found shape {vectors.shape}, wanted [units, features]")
        if vectors.shape[1] != first.shape[1]:
            raise ValueError(f"{name}: found {vectors.shape[1]} features, wanted {first.shape[1]} as of first")
        if not np.isfinite(vectors).all():
            raise ValueError(f"{name}: found NaN or infinity, wanted finite feature vectors")
    cosines = _normalized(first) @ _normalized(second).T
    found = []
    for signed in (cosines, -cosines):
        rows, columns = linear_sum_assignment(signed, maximize=True)
        found.append(Matching(rows, columns, float(signed[rows, columns].mean())))
    return max(found, key=lambda matching: matching.similarity)


def tree_agreement(hierarchies: Sequence[Hierarchy], resolutions: Sequence[int]) -> Agreement:
    """How far the trees of several networks agree, every pair of them, once their units are matched.

    Host-level; units × units memory, pairs one after the other. Matching looks at the vectors the trees are built of,
    which by itself makes them agree: hold the numbers against those of networks that have learned nothing.

    Args:
        hierarchies: at least two trees, on the same features.
        resolutions: numbers of clusters at which the partitions are compared.

    Returns:
        `Agreement`. The adjusted Rand index of two partitions of matched units is 1 where they are equal and 0 on
        average for random ones. ``roles`` is the mean cosine of the clusters' roles when those are matched, which
        asks nothing of single units. The cophenetic correlation is that of the heights at which pairs of units are
        joined, 0 where those of a network are all equal; ``similarity`` is the mean cosine of matched units.

    Raises:
        ValueError: fewer than two hierarchies, or a resolution that one of them has not.

    Example:
        >>> import numpy as np
        >>> from interp_jax.methods import hierarchy
        >>> vectors = np.random.default_rng(0).normal(size=(8, 3))
        >>> tree_agreement([hierarchy.build(vectors), hierarchy.build(vectors[::-1])], [2, 4]).adjusted_rand
        array([[1., 1.]])

    Source: Hubert & Arabie 1985 (adjusted Rand index); Sokal & Rohlf 1962 (cophenetic correlation).
    """
    if len(hierarchies) < 2:
        raise ValueError(f"hierarchies: found {len(hierarchies)}, wanted at least two")
    cuts = [[tree.cut(c) for c in resolutions] for tree in hierarchies]
    centroids = [[tree.roles(c) for c in resolutions] for tree in hierarchies]
    joined = [squareform(cophenet(tree.linkage)) for tree in hierarchies]
    rand, roles, cophenetic, similarity = [], [], [], []
    for a, b in combinations(range(len(hierarchies)), 2):
        matching = match_units(hierarchies[a].vectors, hierarchies[b].vectors)
        rand.append([partition_agreement(*pair, matching) for pair in zip(cuts[a], cuts[b], strict=True)])
        roles.append([match_units(*pair).similarity for pair in zip(centroids[a], centroids[b], strict=True)])
        cophenetic.append(_correlation(joined[a], joined[b], matching))
        similarity.append(matching.similarity)
    return Agreement(*(np.array(values) for values in (rand, roles, cophenetic, similarity)))


def partition_agreement(first: np.ndarray, second: np.ndarray, matching: Matching) -> float:
    """The adjusted Rand index of two networks' partitions of their units, over the matched ones.

    Host-level.

    Args:
        first: [units] labels of the one network's units.
        second: [units'] labels of the other's.
        matching: which unit is which.

    Example:
        >>> import numpy as np
        >>> partition_agreement(np.array([0, 0, 1]), np.array([5, 7, 7]), match_units(np.eye(3), np.eye(3)[::-1]))
        1.0

    Source: Hubert & Arabie 1985.
    """
    return float(adjusted_rand_score(np.asarray(first)[matching.first], np.asarray(second)[matching.second]))


def _normalized(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _correlation(first, second, matching):
    pairs = np.triu_indices(len(matching.first), 1)
    a = first[np.ix_(matching.first, matching.first)][pairs]
    b = second[np.ix_(matching.second, matching.second)][pairs]
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0
