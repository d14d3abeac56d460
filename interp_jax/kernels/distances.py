"""Mean distances between rows: over all pairs, over the pairs inside groups, and from row to row."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax._checks import as_real
from interp_jax.kernels._directions import directions
from interp_jax.kernels._euclidean import sums_within

METRICS = ("euclidean", "cosine", "correlation")


class WithinGroups(NamedTuple):
    """Of each group: the mean distance over its pairs of rows, how many rows, how many of those without direction."""

    means: Float[Array, " groups"]
    counts: Int[Array, " groups"]
    degenerate: Int[Array, " groups"]


def mean_pairwise(
    x: Shaped[Array | np.ndarray, "..."],
    *,
    metric: str = "euclidean",
    where: Shaped[Array | np.ndarray, "..."] | None = None,
    batch_size: int = 512,
) -> Float[Array, ""]:
    """Mean distance over all pairs of different rows.

        2 / n(n − 1)  Σ_{i<j} d(xᵢ, xⱼ)

    Traceable. Time, memory, errors and rows without direction as of `mean_within`.

    Args:
        x: [rows, features]. Integers and half precision are computed in float32.
        metric: "euclidean"; "cosine", 1 − cos; or "correlation", 1 − Pearson's r over the features.
        where: bool [rows], the rows that count; the others are absent, whatever they hold.
        batch_size: rows on each side of a tile of Euclidean distances.

    Returns:
        The mean; NaN where fewer than two rows count or one that counts is not finite.

    Raises:
        ValueError: x not of real numbers [at least 2 rows, at least 1 feature], a metric of another name, where not
            bool [rows], or batch_size below one.

    Example:
        >>> import jax.numpy as jnp
        >>> mean_pairwise(jnp.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [3.0, 4.0]]))
        Array(5., dtype=float32)

    Source: the inner sum of Chen 2017, eq. 6.2.
    """
    x = _checked_rows("x", x, metric)
    if x.shape[0] < 2:
        raise ValueError(f"x: found shape {x.shape}, wanted at least two rows to make a pair")
    _check_batch_size(batch_size)
    if where is None:
        return _within(x, None, 1, metric, batch_size).means[0]
    where = jnp.asarray(where)
    if where.shape != x.shape[:1] or where.dtype != bool:
        raise ValueError(f"where: found {where.dtype} of shape {where.shape}, wanted bool of shape {x.shape[:1]}")
    return _within(x, jnp.where(where, 0, 1), 1, metric, batch_size).means[0]


def mean_within(
    x: Shaped[Array | np.ndarray, "..."],
    labels: Shaped[Array | np.ndarray, "..."],
    *,
    groups: int,
    metric: str = "euclidean",
    batch_size: int = 512,
) -> WithinGroups:
    """Mean distance over the pairs of different rows inside each group.

        mean_g = 2 / n_g(n_g − 1)  Σ_{i<j, both of g} d(xᵢ, xⱼ)

    Traceable. Cosine and correlation means of unit vectors uᵢ have a closed form,
    ``1 − (‖Σ u‖² − n) / n(n − 1) = Σ ‖uᵢ − ū‖² / (n − 1)``, the right side of which keeps its digits where rows are
    alike; it takes O(rows · features) time. Euclidean distances are computed in tiles, for groups of n rows in
    O(rows · (n / 2 + batch_size) · features). Scratch memory is O(rows · (features + groups)), and three tiles for
    Euclidean distances.

    In float32 Euclidean means are within 1e-5 of their value, for distances between 1e-16 and 1e16. Rows much nearer
    each other than their group is wide go by their difference, so that equal ones are at distance 0; where that is
    most of them (tight clusters inside a group), it is no faster than SciPy. Squares overflow beyond 1e19, to NaN, and
    vanish below 1e-19, to 0: scale such rows first. Cosine and correlation means m are
    within 1e-6 · m + 5e-7 · √m + 1e-12: float32 does not tell apart directions nearer than 1e-7.

    Args:
        x: [rows, features]. Integers and half precision are computed in float32.
        labels: whole numbers [rows]; a row with another label than 0 … groups − 1 is absent, whatever it holds.
        groups: number of groups, static.
        metric: "euclidean", "cosine" or "correlation".
        batch_size: rows on each side of a tile of Euclidean distances.

    Returns:
        `WithinGroups`. A row without direction (for "cosine" a zero vector, for "correlation" one whose features are
        all equal) counts as degenerate: its cosine with every other row is 0, the distance 1. The mean is NaN for a
        group with fewer than two rows or one that is not finite; other groups do not notice.

    Raises:
        ValueError: x not of real numbers [at least 1 row, at least 1 feature], labels not whole numbers [rows], groups
            or batch_size below one, or a metric of another name.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [5.0, 0.0]])
        >>> mean_within(x, jnp.array([0, 0, 1, 1]), groups=2, metric="cosine").means
        Array([1., 0.], dtype=float32)

    Source: Chen 2017, eqs. 6.1, 6.2, 6.7 and 6.8.
    """
    x, labels = _checked_rows("x", x, metric), jnp.asarray(labels)
    if labels.shape != x.shape[:1] or not jnp.issubdtype(labels.dtype, jnp.integer):
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"labels: found {found}, wanted whole numbers of shape {x.shape[:1]}")
    if groups < 1:
        raise ValueError(f"groups: found {groups}, wanted at least 1")
    _check_batch_size(batch_size)
    return _within(x, labels, groups, metric, batch_size)


def between(
    a: Shaped[Array | np.ndarray, "..."], b: Shaped[Array | np.ndarray, "..."], *, metric: str = "euclidean"
) -> Float[Array, " rows"]:
    """Distance of every row of a from the same row of b.

    Traceable; O(rows · features). Metrics and rows without direction as in `mean_within`. A NaN or infinity makes
    its row's distance NaN, or infinite.

    Raises:
        ValueError: arrays not of real numbers [rows, features] of one shape, or a metric of another name.

    Example:
        >>> import jax.numpy as jnp
        >>> between(jnp.array([[0.0, 0.0], [1.0, 0.0]]), jnp.array([[3.0, 4.0], [1.0, 2.0]]))
        Array([5., 2.], dtype=float32)

    Source: Chen 2017, eqs. 6.1, 6.7 and 6.8.
    """
    a, b = _checked_rows("a", a, metric), _checked_rows("b", b, metric)
    if a.shape != b.shape:
        raise ValueError(f"b: found shape {b.shape}, wanted {a.shape} as of a")
    return _between(a, b, metric)


@functools.partial(jax.jit, static_argnames="metric")
def _between(a, b, metric):
    a, b = (array.astype(jnp.promote_types(a.dtype, b.dtype)) for array in (a, b))
    if metric == "euclidean":
        return jnp.linalg.norm(a - b, axis=1)
    (u, of_a), (v, of_b) = (directions(array, centered=metric == "correlation") for array in (a, b))
    # 1 − cos = ‖u − v‖² / 2 loses no digits where the two are almost parallel.
    return jnp.where(of_a & of_b, jnp.sum((u - v) ** 2, axis=1) / 2, 1)


@functools.partial(jax.jit, static_argnames=("groups", "metric", "batch_size"))
def _within(x, labels, groups, metric, batch_size):
    if labels is None:
        labels = jnp.zeros(x.shape[0], jnp.int32)
    else:
        labels = labels.astype(jnp.int32)
        labels = jnp.where((labels >= 0) & (labels < groups), labels, groups)
        if metric == "euclidean":  # every group in one piece, the rows that do not count at the end
            order = jnp.argsort(labels)
            x, labels = x[order], labels[order]
    belongs = labels[None, :] == jnp.arange(groups, dtype=jnp.int32)[:, None]
    finite = jnp.all(jnp.isfinite(x), axis=1)
    spoilt = jnp.any(belongs & ~finite[None, :], axis=1)
    # Absent rows become zeros: a product with 0 would not take their NaN away.
    x = jnp.where(((labels < groups) & finite)[:, None], x, 0)
    counts = jnp.sum(belongs, axis=1, dtype=jnp.int32)
    n, degenerate = counts.astype(x.dtype), jnp.zeros_like(counts)
    if metric == "euclidean":
        sums = 2 * sums_within(_centered(x, labels, belongs), labels, groups, batch_size)
    else:
        units, directed = directions(x, centered=metric == "correlation")
        belongs = belongs & directed[None, :]
        spread = _group_sums(belongs, jnp.sum(_centered(units, labels, belongs) ** 2, axis=1))
        degenerate = counts - jnp.sum(belongs, axis=1, dtype=jnp.int32)
        z = degenerate.astype(x.dtype)
        # Of the n(n − 1) ordered pairs z(2n − z − 1) hold one of the z rows without direction, and are at distance 1.
        sums = (n - z) * spread + z * (2 * n - z - 1)
    return WithinGroups(jnp.where((counts > 1) & ~spoilt, sums / n / (n - 1), jnp.nan), counts, degenerate)


def _centered(x, labels, belongs):
    """Rows less their group's mean, exactly zero where a group's rows are all equal; rows of no group are anything."""

    def of_rows(of_groups):
        return of_groups[jnp.minimum(labels, len(belongs) - 1)]

    # Less one of the rows first: the mean of numbers with a large offset is not known to the digit.
    row = x[jnp.argmax(belongs, axis=1)]
    count = jnp.maximum(jnp.sum(belongs, axis=1, dtype=jnp.int32), 1).astype(x.dtype)
    return x - of_rows(row + _group_sums(belongs, x - of_rows(row)) / count[:, None])


def _group_sums(belongs, values):
    return jnp.matmul(belongs.astype(values.dtype), values, precision=jax.lax.Precision.HIGHEST)


def _checked_rows(name, values, metric):
    if metric not in METRICS:
        raise ValueError(f"metric: found {metric!r}, wanted one of {', '.join(map(repr, METRICS))}")
    values = as_real(name, values)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name}: found shape {values.shape}, wanted [rows, features], at least one of each")
    kind = values.dtype if jnp.issubdtype(values.dtype, jnp.floating) and values.dtype.itemsize >= 4 else jnp.float32
    return values.astype(kind)


def _check_batch_size(batch_size):
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
