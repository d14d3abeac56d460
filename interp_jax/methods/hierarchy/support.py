"""How surely a cluster of units is there: whether it comes back when the rows are drawn again."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from interp_jax.kernels import alignment, ward
from interp_jax.kernels.correlation import Moments
from interp_jax.methods.hierarchy.vectors import pooled_columns


class Support(NamedTuple):
    """Of every cluster: the mean best Jaccard similarity, and the share of resamples that hold the very same set."""

    jaccard: Float[Array, " clusters"]
    recovered: Float[Array, " clusters"]


def bootstrap_weights(key, rows: int, resamples: int) -> Int[Array, "resamples rows"]:
    """How often every row is drawn in each of several resamples of as many rows, with replacement.

    Traceable; resample i depends on the key and i alone.

    Example:
        >>> import jax
        >>> bootstrap_weights(jax.random.key(0), 5, 3).sum(axis=1)
        Array([5, 5, 5], dtype=int32)

    Source: Efron 1979.
    """

    def one(lane):
        drawn = jax.random.randint(jax.random.fold_in(key, lane), (rows,), 0, rows)
        return jnp.zeros(rows, jnp.int32).at[drawn].add(1)

    return jax.vmap(one)(jnp.arange(resamples))


def tree_support(
    inputs,
    hidden,
    outputs,
    clusters: Shaped[Array | np.ndarray, "..."],
    *,
    weights: Shaped[Array | np.ndarray, "..."],
    batch_size: int = 8,
) -> Support:
    """How well clusters of a tree are found again in the trees of resampled rows.

        support(A) = mean over resamples of  max over all clusters B of the resample's tree of  |A ∩ B| / |A ∪ B|

    Traceable. Every resample has its own correlations, sign alignment and Ward tree; the network stays the same. A
    cluster may come back at any height. Cost a resample: one matrix product of rows × features × units and a tree.
    Memory: ``batch_size`` trees (units² each) and as many weighted copies of the rows.

    Args:
        inputs, hidden, outputs: as for `interp_jax.methods.hierarchy.feature_vectors`.
        clusters: bool [clusters, units], which units are in each: ``labels[None, :] == np.arange(c)[:, None]``.
        weights: [resamples, rows] how often a row counts, `bootstrap_weights` say.
        batch_size: resamples at a time.

    Returns:
        `Support`; a Jaccard similarity of .75 or more is usually called stable, .5 or less dissolved. NaN or infinity
        in a row that counts makes all of it NaN.

    Raises:
        ValueError: clusters or weights that do not fit the units and the rows, or batch_size below one.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> x = jax.random.normal(jax.random.key(0), (50, 2))
        >>> hidden = x @ jnp.array([[1.0, 0.9, -0.1], [0.1, -0.1, 1.0]])
        >>> weights = bootstrap_weights(jax.random.key(1), 50, 16)
        >>> jax.jit(tree_support)(x, hidden, x, jnp.array([[True, True, False]]), weights=weights).recovered
        Array([1.], dtype=float32)

    Source: Hennig 2007, Cluster-wise assessment of cluster stability, section 2; for trees Felsenstein 1985.
    """
    both, units, _ = pooled_columns(inputs, hidden, outputs)
    clusters, weights = jnp.asarray(clusters), jnp.asarray(weights)
    if clusters.ndim != 2 or clusters.shape[1] != units.shape[1] or clusters.dtype != bool:
        found = f"{clusters.dtype} of shape {clusters.shape}"
        raise ValueError(f"clusters: found {found}, wanted bool [clusters, {units.shape[1]}], one column a unit")
    if weights.ndim != 2 or weights.shape[1] != units.shape[0]:
        raise ValueError(
            f"weights: found shape {weights.shape}, wanted [resamples, {units.shape[0]}], one column a row"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    return _tree_support(both, units, clusters, weights, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _tree_support(both, units, clusters, weights, batch_size):
    def one(row_weights):
        moments = Moments.init(both.shape[1], units.shape[1], both.dtype).update(both, units, weights=row_weights)
        aligned = alignment.align_signs(moments.pearson().T)
        best = _best_jaccard(clusters, tree_clusters(ward.tree(aligned.vectors)))
        return jnp.where(jnp.isfinite(aligned.vectors).all(), best, jnp.nan)

    return _support(jax.lax.map(one, weights, batch_size=batch_size))


def partition_support(
    clusters: Bool[Array | np.ndarray, "clusters units"], partitions: Int[Array | np.ndarray, "resamples units"]
) -> Support:
    """`tree_support` for clusters of a partition, against the partitions that resamples gave.

    Traceable; memory resamples · units².

    Args:
        clusters: which units belong to each cluster in question.
        partitions: the units' labels in every resample, 0 … units − 1.

    Example:
        >>> import jax.numpy as jnp
        >>> partition_support(jnp.array([[True, True, False]]), jnp.array([[0, 0, 1], [0, 1, 1]])).jaccard
        Array([0.75], dtype=float32)

    Source: Hennig 2007, Cluster-wise assessment of cluster stability, section 2.
    """
    units = jnp.arange(clusters.shape[1])
    return _support(
        jax.vmap(lambda labels: _best_jaccard(clusters, labels[None, :] == units[:, None]))(jnp.asarray(partitions))
    )


def tree_clusters(linkage: Float[Array | np.ndarray, "merges 4"]) -> Bool[Array, "nodes units"]:
    """The units below every node of a tree: first the single units, then the merged clusters in their order.

    Traceable; memory 2 · units².

    Example:
        >>> import jax.numpy as jnp
        >>> tree_clusters(jnp.array([[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 2.0, 3.0]]))[3:]
        Array([[ True, False,  True],
               [ True,  True,  True]], dtype=bool)
    """
    return _tree_clusters(jnp.asarray(linkage))


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
    clusters, candidates = jnp.asarray(clusters).astype(jnp.float32), candidates.astype(jnp.float32)
    common = jnp.matmul(clusters, candidates.T, precision="highest")
    either = jnp.sum(clusters, axis=1)[:, None] + jnp.sum(candidates, axis=1)[None, :] - common
    return jnp.max(common / jnp.maximum(either, 1), axis=1)


def _support(best):
    return Support(jnp.mean(best, axis=0), jnp.mean(jnp.where(jnp.isnan(best), best, best == 1), axis=0))
