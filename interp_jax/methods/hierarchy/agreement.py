"""Agreement between the trees of several networks, whose units are numbered independently."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import cophenet
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from interp_jax._checks import Given, as_counts, as_labels, as_numpy, describe
from interp_jax._readable import readable
from interp_jax.methods.hierarchy.tree import Hierarchy


@readable()
class Matching(NamedTuple):
    """Pairs of units of two networks.

    Attributes:
        first: [pairs] the units of one network, as indices of its vectors.
        second: [pairs] their partners in the other network.
        similarity: the mean cosine of the partners' feature vectors.
    """

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    similarity: float

    def _finding(self) -> str:
        return f"{len(self.first)} pairs of units, mean cosine {self.similarity:.3f}"


@readable()
class Agreement(NamedTuple):
    """Agreement of each pair of networks, as defined by `tree_agreement`.

    Attributes:
        adjusted_rand: [pairs, resolutions] of the partitions of matched units.
        roles: [pairs, resolutions] mean cosine of matched clusters' roles.
        cophenetic: [pairs] correlation of the heights at which pairs of matched units merge.
        similarity: [pairs] mean cosine of matched units' feature vectors.
    """

    adjusted_rand: Float[np.ndarray, "pairs resolutions"]
    roles: Float[np.ndarray, "pairs resolutions"]
    cophenetic: Float[np.ndarray, " pairs"]
    similarity: Float[np.ndarray, " pairs"]

    def _finding(self) -> str | None:
        if np.ndim(self.similarity) != 1 or not np.size(self.roles):
            return None
        rand, roles, cophenetic, similarity = (float(np.mean(values)) for values in self)
        return (
            f"means over {len(self.similarity)} pairs of networks: adjusted Rand index {rand:.3f}, cosine of roles "
            f"{roles:.3f}\ncorrelation of merge heights {cophenetic:.3f}, cosine of matched units {similarity:.3f}"
        )


def match_units(first: Given[ArrayLike, "units features"], second: Given[ArrayLike, "others features"]) -> Matching:
    """The pairing of two networks' units with the largest sum of cosines of their feature vectors.

        max over one-to-one pairings and over s = ±1 of  Σ_pairs s cos(v_first, v_second)

    Host-level, in float64; O(units³) at worst, units × units memory. All vectors of one network may be flipped
    together, since only relative signs have meaning.

    Args:
        first: [units, features] aligned feature vectors.
        second: [units', features] those of the other network; surplus units of the larger network stay unmatched.

    Raises:
        ValueError: vectors that are not finite real matrices, or of different widths.

    Example:
        >>> match_units(np.eye(3), -np.eye(3)[[2, 0, 1]]).second
        array([1, 2, 0])

    Source: Kuhn 1955 (assignment), as in Li et al. 2016, Convergent learning, section 3.
    """
    vectors = {}
    for name, values in (("first", first), ("second", second)):
        vectors[name] = as_numpy(name, values, shape=["units", "features"]).astype(np.float64)
        if not np.isfinite(vectors[name]).all():
            raise ValueError(f"{name}: found NaN or infinity, wanted finite feature vectors")
    widths = vectors["first"].shape[1], vectors["second"].shape[1]
    if widths[0] != widths[1]:
        raise ValueError(f"second: found {widths[1]} features, wanted {widths[0]} as of first")
    cosines = _normalized(vectors["first"]) @ _normalized(vectors["second"]).T
    matchings = []
    for signed in (cosines, -cosines):
        rows, columns = linear_sum_assignment(signed, maximize=True)
        matchings.append(Matching(rows, columns, float(signed[rows, columns].mean())))
    return max(matchings, key=lambda matching: matching.similarity)


def tree_agreement(hierarchies: Sequence[Hierarchy], resolutions: Sequence[int]) -> Agreement:
    """Agreement between the trees of each pair of networks, after matching their units.

    Host-level; units × units memory, pairs in sequence. Matching uses the vectors that the trees are built from, which
    alone makes them agree: compare with untrained networks. Dead units, which are in no tree, do not count.

    Args:
        hierarchies: at least two trees, on the same features.
        resolutions: numbers of clusters at which partitions are compared.

    Returns:
        `Agreement`. [pairs, resolutions]: ``.adjusted_rand`` of the partitions of matched units, 1 if equal, 0 on
        average for random ones; ``.roles``, the mean cosine of matched clusters' roles (`Hierarchy.roles`), which needs
        no matching of units. [pairs]: ``.cophenetic``, the correlation of the heights at which pairs of units merge, 0
        if a network's are all equal; ``.similarity``, the mean cosine of matched units.

    Raises:
        ValueError: fewer than two hierarchies, a non-hierarchy, or a resolution that one of them lacks.

    Example:
        >>> from interp_jax.methods import hierarchy
        >>> vectors = np.random.default_rng(0).normal(size=(8, 3))
        >>> tree_agreement([hierarchy.build(vectors), hierarchy.build(vectors[::-1])], [2, 4]).adjusted_rand
        array([[1., 1.]])

    Source: Hubert & Arabie 1985 (adjusted Rand index); Sokal & Rohlf 1962 (cophenetic correlation).
    """
    if not isinstance(hierarchies, Sequence) or not all(isinstance(tree, Hierarchy) for tree in hierarchies):
        raise ValueError(f"hierarchies: found {describe(hierarchies)}, wanted a sequence of Hierarchy, as build gives")
    if len(hierarchies) < 2:
        raise ValueError(f"hierarchies: found {len(hierarchies)}, wanted at least two")
    resolutions = as_counts("resolutions", resolutions)
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


def partition_agreement(
    first: Given[ArrayLike, "units"], second: Given[ArrayLike, "others"], matching: Matching
) -> float:
    """The adjusted Rand index of two networks' partitions of their units, over the matched ones.

    Host-level.

    Args:
        first: [units] labels of one network's units, any integers.
        second: [units'] labels of the other's.
        matching: the matched units, from `match_units`.

    Raises:
        ValueError: labels that are not integers, or fewer than the matched units; not a `Matching`.

    Example:
        >>> partition_agreement(np.array([0, 0, 1]), np.array([5, 7, 7]), match_units(np.eye(3), np.eye(3)[::-1]))
        1.0

    Source: Hubert & Arabie 1985.
    """
    if not isinstance(matching, Matching):
        raise ValueError(f"matching: found {describe(matching)}, wanted a Matching, as match_units gives")
    matched = []
    for name, labels, units in (("first", first, matching.first), ("second", second, matching.second)):
        labels = np.asarray(as_labels(name, labels))
        if len(labels) <= np.max(units, initial=-1):
            raise ValueError(f"{name}: found {len(labels)} labels, wanted one a unit of the matching: {max(units) + 1}")
        matched.append(labels[units])
    return float(adjusted_rand_score(*matched))


def _normalized(vectors):
    # Scaled first, so that no square over- or underflows.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    vectors = vectors / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _correlation(first, second, matching):
    pairs = np.triu_indices(len(matching.first), 1)
    a = first[np.ix_(matching.first, matching.first)][pairs]
    b = second[np.ix_(matching.second, matching.second)][pairs]
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0
