"""Mean distances between rows: over all pairs, over the pairs inside groups, and from row to row."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import (
    Given,
    as_centered,
    as_count,
    as_labels,
    as_mask,
    as_numpy,
    as_real,
    at_hand,
    check_choice,
)
from interp_jax._readable import readable
from interp_jax._row_groups import MANY, RowGroups
from interp_jax.kernels._differences import difference
from interp_jax.kernels._directions import directions
from interp_jax.kernels._euclidean import in_tiles, sums_within
from interp_jax.kernels._scales import power_of_two

_SHAPE = ["rows", "features"]
METRICS = ("euclidean", "cosine", "correlation")
_LEAST_TILE = 64


@readable()
class WithinGroups(NamedTuple):
    """Per group: the mean distance over its pairs of rows, its number of rows, and of rows without direction."""

    means: Float[Array, " groups"]
    counts: Int[Array, " groups"]
    degenerate: Int[Array, " groups"]

    def _finding(self) -> str | None:
        means = np.asarray(self.means)
        if means.ndim != 1 or np.isnan(means).all():
            return None
        least, most = (f"{means[group]:.4g} (group {group})" for group in (np.nanargmin(means), np.nanargmax(means)))
        return f"mean distances within {len(means)} groups: {least} to {most}"


def mean_pairwise(
    x: Given[Array | np.ndarray, "rows features"],
    *,
    metric: str = "euclidean",
    where: Given[Array | np.ndarray, "rows"] | None = None,
    batch_size: int = 512,
) -> Float[Array, ""]:
    """Mean distance over all pairs of different rows.

        2 / n(n − 1)  Σ_{i<j} d(xᵢ, xⱼ)

    Traceable. Types, time, memory, precision and rows without direction as in `mean_within`.

    Args:
        x: [rows, features], at least two rows.
        metric: "euclidean"; "cosine", 1 − cos; or "correlation", 1 − Pearson's r over the features.
        where: bool [rows], the rows that count; the others are ignored, whatever they hold.
        batch_size: rows on each side of a tile of Euclidean distances.

    Returns:
        The mean; NaN if fewer than two rows count or one that counts is not finite.

    Raises:
        ValueError: x that is not real numbers [rows, features], at least two rows and one feature, an unknown metric,
            ``where`` that is not bool [rows], or a batch_size that is not an integer of at least 1.

    Example:
        >>> import jax.numpy as jnp
        >>> mean_pairwise(jnp.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [3.0, 4.0]]))
        Array(5., dtype=float32)

    Source: the inner sum of Chen 2017, eq. 6.2.
    """
    x = _given(x, metric)
    labels = None if where is None else jnp.where(as_mask("where", where, x.shape[:1]), 0, 1)
    x = _rows(x, labels, metric)
    if len(x) < 2:
        raise ValueError(f"x: found shape {list(x.shape)}, wanted at least two rows to make a pair")
    return _within(x, labels, 1, metric, as_count("batch_size", batch_size)).means[0]


def mean_within(
    x: Given[Array | np.ndarray, "rows features"],
    labels: Given[Array | np.ndarray, "rows"],
    *,
    groups: int,
    metric: str = "euclidean",
    batch_size: int = 512,
) -> WithinGroups:
    """Mean distance over the pairs of different rows inside each group, with the groups' sizes.

        mean_g = 2 / n_g(n_g − 1)  Σ_{i<j, both of g} d(xᵢ, xⱼ)

    Traceable. Cosine and correlation means of unit vectors uᵢ have a closed form,
    ``1 − (‖Σ u‖² − n) / n(n − 1) = Σ ‖uᵢ − ū‖² / (n − 1)``, whose right side keeps its digits if rows are alike; it
    takes O(rows · features) time. Euclidean distances are computed in tiles, for groups of n rows in
    O(rows · (n / 2 + batch_size) · features). Scratch memory is O(rows · (features + groups)), and three tiles for
    Euclidean distances.

    In float32 Euclidean means are within 1e-5 of their value, in any unit of x. Distances below 1e-16 of the largest
    deviation from a group's mean count as 0. Rows much nearer each other than their group is wide are compared by
    differences, so that equal ones are at distance 0; if those are most (tight clusters inside a group), it is no
    faster than SciPy. Cosine and correlation means m are within 1e-6 · m + 5e-7 · √m + 1e-12: float32 does not
    distinguish directions nearer than 1e-7.

    Args:
        x: [rows, features]. All types but float64 (under ``jax.enable_x64``) are computed in float32; from NumPy's
            float64 and large integers an offset that does not affect distances is subtracted first.
        labels: integers [rows]; a row with another label than 0 … groups − 1 is ignored, whatever it holds.
        groups: number of groups, static.
        metric: "euclidean", "cosine" or "correlation".
        batch_size: the most rows on each side of a tile of Euclidean distances; CPUs take fewer for 128 or more
            small groups.

    Returns:
        `WithinGroups`. A row without direction (for "cosine" a zero vector, for "correlation" one whose features are
        all equal) counts as degenerate: its cosine with every other row is 0, the distance 1. The mean is NaN for a
        group with fewer than two rows or with a row that is not finite; other groups are not affected.

    Raises:
        ValueError: x that is not real numbers [rows, features], at least one of each, labels that are not integers
            [rows] of 32 bits, groups or a batch_size that are not integers of at least 1, or an unknown metric.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [5.0, 0.0]])
        >>> mean_within(x, jnp.array([0, 0, 1, 1]), groups=2, metric="cosine").means
        Array([1., 0.], dtype=float32)

    Source: Chen 2017, eqs. 6.1, 6.2, 6.7 and 6.8.
    """
    groups, batch_size = as_count("groups", groups), as_count("batch_size", batch_size)
    x = _given(x, metric)
    checked = as_labels("labels", labels, rows=len(x))
    return _within(_rows(x, labels, metric), checked, groups, metric, batch_size)


def between(
    a: Given[Array | np.ndarray, "rows features"],
    b: Given[Array | np.ndarray, "rows features"],
    *,
    metric: str = "euclidean",
) -> Float[Array, " rows"]:
    """Distances [rows] of every row of a from the same row of b.

        euclidean ‖a − b‖,   cosine 1 − cos(a, b),   correlation 1 − Pearson's r over the features

    Traceable. Time: O(rows · features). Euclidean distances of NumPy arrays are differences in float64.

    Args:
        a: [rows, features].
        b: [rows, features].
        metric: "euclidean", "cosine" or "correlation"; rows without direction as in `mean_within`.

    Returns:
        The distances; NaN or infinite where a row has NaN or infinity.

    Raises:
        ValueError: arrays that are not real numbers [rows, features] of one shape, or an unknown metric.

    Example:
        >>> import jax.numpy as jnp
        >>> between(jnp.array([[0.0, 0.0], [1.0, 0.0]]), jnp.array([[3.0, 4.0], [1.0, 2.0]]))
        Array([5., 2.], dtype=float32)

    Source: Chen 2017, eqs. 6.1, 6.7 and 6.8.
    """
    check_choice("metric", metric, METRICS)
    if metric == "euclidean":
        return _lengths(difference(_SHAPE, a=a, b=b))
    a, b = _offset_free("a", a, metric), _offset_free("b", b, metric)
    if a.shape != b.shape:
        raise ValueError(f"b: found shape {list(b.shape)}, wanted {list(a.shape)} as of a")
    return _between(a, b, metric)


def _given(x, metric):
    check_choice("metric", metric, METRICS)
    return (as_real if isinstance(x, jax.Array) else as_numpy)("x", x, shape=_SHAPE)


def _rows(x, labels, metric):
    """Rows as JAX arrays, NumPy's minus an offset that does not affect distances inside groups."""
    exact = isinstance(x, jax.Array) or np.can_cast(x.dtype, np.float32)
    if exact or metric != "euclidean" or not at_hand(labels):
        return _offset_free("x", x, metric)
    first, member = [0], np.zeros(len(x), int)
    if labels is not None:
        _, first, member = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    return difference(_SHAPE, x=x, first=x[first][member])


def _offset_free(name, values, metric):
    if metric == "cosine":
        return as_real(name, values, shape=_SHAPE)
    return as_centered(name, values, axis=int(metric == "correlation"), shape=_SHAPE)[0]


@jax.jit
def _lengths(differences):
    unit = power_of_two(jnp.max(jnp.abs(differences), axis=1, keepdims=True))
    return unit[:, 0] * jnp.linalg.norm(differences / unit, axis=1)


@functools.partial(jax.jit, static_argnames="metric")
def _between(a, b, metric):
    wide = jnp.float64 if jnp.float64 in (a.dtype, b.dtype) else jnp.float32
    a, b = a.astype(wide), b.astype(wide)
    (u, of_a), (v, of_b) = (directions(array, centered=metric == "correlation") for array in (a, b))
    # 1 − cos = ‖u − v‖² / 2 loses no digits where the two are almost parallel.
    return jnp.where(of_a & of_b, jnp.sum((u - v) ** 2, axis=1) / 2, 1)


@functools.partial(jax.jit, static_argnames=("groups", "metric", "batch_size"))
def _within(x, labels, groups, metric, batch_size):
    ordered = labels is None
    if ordered:  # behind a barrier, or compiling would take seconds to compute what follows from them
        labels = jax.lax.optimization_barrier(jnp.zeros(x.shape[0], jnp.int32))
    else:
        labels = labels.astype(jnp.int32)
        labels = jnp.where((labels >= 0) & (labels < groups), labels, groups)
    members = RowGroups(labels, groups)
    finite = jnp.all(jnp.isfinite(x), axis=1)
    spoilt = RowGroups(jnp.where(finite, groups, labels), groups).counts() > 0
    # Ignored rows become zeros: a product with 0 would not remove their NaN.
    x = jnp.where(((labels < groups) & finite)[:, None], x, 0)
    counts = members.counts()
    n, degenerate = counts.astype(x.dtype), jnp.zeros_like(counts)
    if metric == "euclidean":
        x = jnp.where((labels < groups)[:, None], _centered(x, members), 0)
        unit = power_of_two(jnp.maximum(jnp.max(x), -jnp.min(x)))
        if groups >= MANY and jax.default_backend() == "cpu":  # most pairs in a large tile are of two small groups
            batch_size = min(batch_size, max(_LEAST_TILE, 1 << (x.shape[0] // groups).bit_length()))
        # Centered once more with the division: the rows whose maximum is taken and the tiles share their memory.
        sums = 2 * unit * sums_within(*in_tiles(x / unit, labels, groups, batch_size, ordered), groups)
    else:
        units, directed = directions(x, centered=metric == "correlation")
        # A compiler may compute a unit vector twice, with other roundings: equal rows are told by the rows themselves.
        equal = jnp.all(x == _of_rows(members, x[members.first()]), axis=1)
        differ = RowGroups(jnp.where(equal, groups, labels), groups).counts() > 0
        members = RowGroups(jnp.where(directed, labels, groups), groups)
        spread = jnp.where(differ, members.sums(jnp.sum(_centered(units, members) ** 2, axis=1)), 0)
        degenerate = counts - members.counts()
        z = degenerate.astype(x.dtype)
        # Of the n(n − 1) ordered pairs z(2n − z − 1) hold one of the z rows without direction, and are at distance 1.
        sums = (n - z) * spread + z * (2 * n - z - 1)
    # A single row has no distance, also where rounding leaves a sum that is not 0.
    return WithinGroups(jnp.where((counts > 1) & ~spoilt, sums / n / (n - 1), jnp.nan), counts, degenerate)


def _centered(x, members):
    """Rows minus their group's mean, exactly zero if a group's rows are all equal; rows of no group are arbitrary."""
    # Minus one of the rows first: the mean of numbers with a large offset is not exact.
    row = x[members.first()]
    less = x - _of_rows(members, row)
    count = jnp.maximum(members.counts(), 1).astype(x.dtype)
    return x - _of_rows(members, row + members.sums(less) / count[:, None])


def _of_rows(members, of_groups):
    return of_groups[jnp.minimum(members.labels, members.groups - 1)]
