"""Bootstrap support of clusters of units: how well they are found again when the rows are resampled."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Given,
    Key,
    as_count,
    as_key,
    as_labels,
    as_mask,
    as_numpy,
    as_real,
    at_hand,
    check_finite,
    check_mesh,
    check_shape,
)
from interp_jax._readable import readable
from interp_jax.kernels import alignment, ward
from interp_jax.kernels.correlation import Moments
from interp_jax.methods.hierarchy.vectors import pooled_columns


@readable()
class Support(NamedTuple):
    """How well each cluster is found again in resamples.

    Attributes:
        jaccard: [clusters] Jaccard similarity to the most similar cluster of a resample, mean over resamples.
        recovered: [clusters] the share of resamples that have the same set of units.
    """

    jaccard: Float[Array, " clusters"]
    recovered: Float[Array, " clusters"]

    def _finding(self) -> str | None:
        if np.ndim(self.jaccard) != 1:
            return None
        jaccard = np.asarray(self.jaccard)
        stable, dissolved = int(np.sum(jaccard >= 0.75)), int(np.sum(jaccard <= 0.5))
        return f"of {len(jaccard)} clusters {stable} are stable (Jaccard ≥ 0.75), {dissolved} dissolved (≤ 0.5)"


def bootstrap_weights(key: Key, rows: int, resamples: int) -> Int[Array, "resamples rows"]:
    """Counts [resamples, rows] of each row in resamples of as many rows, drawn with replacement.

    Traceable; resample i depends on the key and i alone.

    Args:
        key: a JAX random key.
        rows: number of rows, static.
        resamples: number of resamples, static.

    Raises:
        ValueError: not a key, or counts below one.

    Example:
        >>> bootstrap_weights(jax.random.key(0), 5, 3).sum(axis=1)
        Array([5, 5, 5], dtype=int32)

    Source: Efron 1979.
    """
    key, rows, resamples = as_key(key), as_count("rows", rows), as_count("resamples", resamples)

    def one(lane):
        drawn = jax.random.randint(jax.random.fold_in(key, lane), (rows,), 0, rows)
        return jnp.zeros(rows, jnp.int32).at[drawn].add(1)

    return jax.vmap(one)(jnp.arange(resamples))


def tree_support(
    inputs: Given[ArrayLike, "rows *features"],
    hidden: Given[ArrayLike | Sequence[ArrayLike], "rows *rest units"],
    outputs: Given[ArrayLike, "rows outputs"],
    clusters: Given[ArrayLike, "clusters units"],
    *,
    weights: Given[ArrayLike, "resamples rows"],
    pool: str | None = "mean",
    batch_size: int = 8,
) -> Support:
    """The support of clusters of a tree: how well they are found again in the trees of resampled rows.

        support(A) = mean over resamples of  max over all clusters B of the resample's tree of  |A ∩ B| / |A ∪ B|

    Traceable. Cost per resample: one matrix product of rows × features × units and a tree. Memory: ``batch_size`` trees
    (units² each) and as many weighted copies of the rows.

    Each resample has its own correlations, sign alignment and Ward tree; the network stays the same. A cluster may
    recur at any height. Deviations beyond 1e16 overflow to NaN.

    Args:
        inputs: [rows, …], as for `feature_vectors`.
        hidden: [rows, …, units], or several layers. Leave out dead units, which are not in the tree of `build`:
            ``hidden[:, tree.units]`` of concatenated layers.
        outputs: [rows, outputs].
        clusters: bool [clusters, units], each cluster's units: ``labels[None, :] == np.arange(c)[:, None]``.
        weights: [resamples, rows] how often a row counts, e.g. `bootstrap_weights`; not negative.
        pool: as for `feature_vectors`.
        batch_size: resamples at a time.

    Returns:
        `Support`: ``.jaccard`` (usually .75 or more is called stable, .5 or less dissolved) and ``.recovered``,
        [clusters]. NaN or infinity in a row that counts makes all of it NaN.

    Raises:
        ValueError: inputs, hidden units and outputs that `feature_vectors` refuses, clusters or weights that do not fit
            the units and the rows, clusters that are not masks, weights that are negative, NaN or infinite, or
            batch_size below one.

    Example:
        >>> x = jax.random.normal(jax.random.key(0), (50, 2))
        >>> hidden = x @ jnp.array([[1.0, 0.9, -0.1], [0.1, -0.1, 1.0]])
        >>> weights = bootstrap_weights(jax.random.key(1), 50, 16)
        >>> jax.jit(tree_support)(x, hidden, x, jnp.array([[True, True, False]]), weights=weights).recovered
        Array([1.], dtype=float32)

    Source: Hennig 2007, Cluster-wise assessment of cluster stability, section 2; for trees Felsenstein 1985.
    """
    both, units, _ = pooled_columns(inputs, hidden, outputs, pool)
    clusters = _as_clusters(clusters, units.shape[1])
    weights = as_real("weights", weights, shape=["resamples", units.shape[0]])
    check_finite("weights", weights)
    if at_hand(weights) and np.any(np.asarray(weights) < 0):
        raise ValueError("weights: found negative numbers, wanted how often each row counts")
    return _tree_support(both, units, clusters, weights, as_count("batch_size", batch_size))


@partial(jax.jit, static_argnames="batch_size")
def _tree_support(both, units, clusters, weights, batch_size):
    def one(row_weights):
        moments = Moments.init(both.shape[1], units.shape[1], both.dtype).update(both, units, weights=row_weights)
        aligned = alignment.align_signs(moments.pearson().T)
        best = _best_jaccard(clusters, tree_clusters(ward.tree(aligned.vectors)))
        return jnp.where(jnp.isfinite(aligned.vectors).all(), best, jnp.nan)

    return _support(jax.lax.map(one, weights, batch_size=batch_size))


def partition_support(
    clusters: Given[ArrayLike, "clusters units"], partitions: Given[ArrayLike, "resamples units"]
) -> Support:
    """`tree_support` for clusters of a partition, against the partitions of resamples.

    Traceable; memory resamples · units².

    Args:
        clusters: bool [clusters, units], each cluster's units.
        partitions: [resamples, units] the units' labels in each resample, 0 … units − 1. Traced labels outside that
            range belong to no cluster.

    Raises:
        ValueError: clusters that are not masks, labels that are not integers in the range, or different numbers of
            units.

    Example:
        >>> partition_support(jnp.array([[True, True, False]]), jnp.array([[0, 0, 1], [0, 1, 1]])).jaccard
        Array([0.75], dtype=float32)

    Source: Hennig 2007, Cluster-wise assessment of cluster stability, section 2.
    """
    partitions = partitions if isinstance(partitions, jax.Array) else as_numpy("partitions", partitions)
    check_shape("partitions", partitions, ["resamples", "units"])
    check_mesh("partitions", partitions)
    units = partitions.shape[1]
    clusters = _as_clusters(clusters, units)
    labels = as_labels("partitions", partitions.reshape(-1), classes=units).reshape(partitions.shape)
    return _partition_support(clusters, labels)


@jax.jit
def _partition_support(clusters, partitions):
    units = jnp.arange(clusters.shape[1])
    return _support(jax.vmap(lambda labels: _best_jaccard(clusters, labels[None, :] == units[:, None]))(partitions))


def tree_clusters(linkage: Given[ArrayLike, "merges 4"]) -> Bool[Array, "nodes units"]:
    """The units below each node of a tree: first the single units, then the merged clusters in order.

    Traceable; memory 2 · units².

    Args:
        linkage: [units − 1, 4] as in SciPy. The nodes of a traced one are not checked.

    Raises:
        ValueError: the wrong shape, or merges of nodes that do not exist yet.

    Example:
        >>> tree_clusters(jnp.array([[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 2.0, 3.0]]))[3:]
        Array([[ True, False,  True],
               [ True,  True,  True]], dtype=bool)
    """
    linkage = as_real("linkage", linkage, shape=["units - 1", 4])
    if at_hand(linkage):
        children, merges = np.asarray(linkage)[:, :2], np.arange(len(linkage))
        if not ((children >= 0) & (children <= (len(linkage) + merges)[:, None])).all():
            raise ValueError("linkage: found merges of nodes that are not there yet, wanted a matrix as SciPy's")
    return _tree_clusters(linkage)


def _as_clusters(clusters, units):
    clusters = as_mask("clusters", clusters)
    check_shape("clusters", clusters, ["clusters", units])
    return clusters


@jax.jit
def _tree_clusters(linkage):
    children = linkage[:, :2].astype(jnp.int32)
    units = len(children) + 1
    below = jnp.zeros((2 * units - 1, units), bool).at[:units].set(jnp.eye(units, dtype=bool))

    def merge(number, below):
        left, right = children[number]
        return below.at[units + number].set(below[left] | below[right])

    return jax.lax.fori_loop(0, units - 1, merge, below)


def _best_jaccard(clusters, candidates):
    clusters, candidates = clusters.astype(jnp.float32), candidates.astype(jnp.float32)
    common = jnp.matmul(clusters, candidates.T, precision="highest")
    either = jnp.sum(clusters, axis=1)[:, None] + jnp.sum(candidates, axis=1)[None, :] - common
    return jnp.max(common / jnp.maximum(either, 1), axis=1)


def _support(best):
    return Support(jnp.mean(best, axis=0), jnp.mean(jnp.where(jnp.isnan(best), best, best == 1), axis=0))
