"""Pearson correlations between the columns of two arrays, of all rows at once or of a stream of batches."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Shaped

from interp_jax._checks import Given, as_centered, as_count, as_float_type, as_real, check_not_negative, check_same_rows
from interp_jax._readable import readable
from interp_jax._shards import batch_of, by_runs, runs_of

_HIGHEST = jax.lax.Precision.HIGHEST


@readable()
class ColumnMoments(NamedTuple):
    """Per column: least and greatest value, mean minus the least value, sum of squares about the mean."""

    low: Float[Array, "*columns"]
    high: Float[Array, "*columns"]
    offset: Float[Array, "*columns"]
    squares: Float[Array, "*columns"]

    @property
    def constant(self) -> Bool[Array, "*columns"]:
        """The columns whose values are all equal, or whose sum of squares underflows, so that they correlate 0."""
        # Equality of the values themselves: about a rounded mean a constant column has a sum of squares above zero.
        return (self.low == self.high) | (self.squares == 0)


@readable()
class Moments(NamedTuple):
    """The moments of the rows so far from which Pearson correlations between columns of a and of b are computed.

    A pytree of arrays, traceable throughout: a carry of ``jax.lax.scan``, lanes of ``jax.vmap``, or one per device to
    be merged. Means are stored relative to each column's least value, because float32 resolves a mean of 1,000
    deviations only to 3e-5 deviations. Holds A · B + 4 (A + B) + 1 numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> rows = jnp.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
        >>> moments = Moments.init(2, 2).update(rows[:2], rows[:2]).merge(Moments.init(2, 2).update(rows[2:], rows[2:]))
        >>> moments.pearson().round(3).tolist(), moments.constant_a.tolist()
        ([[1.0, 0.0], [0.0, 0.0]], [False, True])

    Source: Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances",
    eq. 2.1.
    """

    count: Float[Array, "*lanes"]
    a: ColumnMoments
    b: ColumnMoments
    products: Float[Array, "*lanes columns_a columns_b"]

    @classmethod
    def init(cls, columns_a: int, columns_b: int, dtype: Given[DTypeLike, "floating"] = jnp.float32) -> "Moments":
        """Moments of no rows.

        Traceable.

        Args:
            columns_a: number of columns of a.
            columns_b: number of columns of b.
            dtype: floating type to compute in; half precision is raised to float32.

        Raises:
            ValueError: columns that are not integers of at least 0, or a dtype that is not floating.
        """
        columns_a, columns_b = (
            as_count(name, columns, least=0) for name, columns in (("columns_a", columns_a), ("columns_b", columns_b))
        )
        double = as_float_type("dtype", dtype) == jnp.float64
        dtype = jax.dtypes.canonicalize_dtype(jnp.float64 if double else jnp.float32)

        def none(columns):
            infinite, zero = jnp.full(columns, jnp.inf, dtype), jnp.zeros(columns, dtype)
            return ColumnMoments(infinite, -infinite, zero, zero)

        return cls(jnp.zeros((), dtype), none(columns_a), none(columns_b), jnp.zeros((columns_a, columns_b), dtype))

    def update(
        self,
        a: Shaped[Array | np.ndarray, "rows_a columns_a"],
        b: Shaped[Array | np.ndarray, "rows_b columns_b"],
        *,
        weights: Shaped[Array | np.ndarray, " rows_w"] | None = None,
    ) -> "Moments":
        """The moments with a batch of rows added.

        Traceable. Time: one matrix product; memory: a centered copy of the batch. Rows sharded over devices stay there:
        every device multiplies its own and the products are added. Batches are computed in the moments' type, which
        must hold their offset: it differs from batch to batch, so that a stream cannot be centered on arrival. Squares
        of deviations beyond 1e18 overflow, and the correlations of those columns are NaN.

        Args:
            a: [rows, columns_a] of the first array, possibly no rows.
            b: [rows, columns_b], the same rows of the second array.
            weights: [rows] how often each row counts, not negative; a row of weight 0 is ignored, whatever it holds.

        Raises:
            ValueError: rows or columns that do not match or are not real numbers, NumPy columns whose deviations vanish
                in float32, or weights that are (unless traced) negative, NaN or infinite.
        """
        a, b = (
            _as_batch(name, values, columns)
            for name, values, columns in zip("ab", (a, b), self.products.shape[-2:], strict=True)
        )
        check_same_rows(a=a, b=b)
        dtype = self.products.dtype
        if weights is not None:
            weights = as_real("weights", weights, shape=[len(a)]).astype(dtype)
            check_not_negative("weights", weights)
        count = jnp.asarray(a.shape[0], dtype) if weights is None else jnp.sum(weights)
        moments_a, centered_a, rest_a = _columns(a.astype(dtype), weights, count)
        moments_b, centered_b, rest_b = _columns(b.astype(dtype), weights, count)
        weighted_b = centered_b if weights is None else centered_b * weights[:, None]
        products = jnp.matmul(centered_a.T, weighted_b, precision=_HIGHEST) - count * rest_a[:, None] * rest_b[None, :]
        return self.merge(Moments(count, moments_a, moments_b, products))

    def merge(self, other: "Moments") -> "Moments":
        """The moments of the rows of both; merging with the moments of no rows changes nothing.

            M = M₁ + M₂ + (n₁ n₂ / n) · (mean₁ − mean₂) for a · the same for b

        Traceable. Associative and commutative up to rounding.

        Raises:
            ValueError: other that is not `Moments` of the same numbers of columns.
        """
        columns, others = (getattr(getattr(each, "products", 0), "shape", ())[-2:] for each in (self, other))
        if others != columns:
            found = list(others) or type(other).__name__
            raise ValueError(f"other: found {found}, wanted Moments of columns {list(columns)}")
        count = self.count + other.count
        share = other.count / jnp.where(count > 0, count, 1)
        a, difference_a = _merged(self.a, other.a, self.count, other.count, share)
        b, difference_b = _merged(self.b, other.b, self.count, other.count, share)
        between = (self.count * share * difference_a)[:, None] * difference_b[None, :]
        return Moments(count, a, b, self.products + other.products + between)

    def pearson(self) -> Float[Array, "columns_a columns_b"]:
        """The correlations, as from the function `pearson` for all rows at once.

        Traceable.
        """
        with_a, with_b = _inverse_norms(self.a), _inverse_norms(self.b)
        return jnp.clip(self.products * with_a[:, None] * with_b[None, :], -1, 1)

    @property
    def constant_a(self) -> Bool[Array, " columns_a"]:
        """The columns of a that correlate 0 with everything because they are constant."""
        return self.a.constant

    @property
    def constant_b(self) -> Bool[Array, " columns_b"]:
        """The columns of b that correlate 0 with everything because they are constant."""
        return self.b.constant


def pearson(
    a: Shaped[Array | np.ndarray, "rows_a columns_a"],
    b: Shaped[Array | np.ndarray, "rows_b columns_b"],
    *,
    batch_size: int | None = 1024,
) -> Float[Array, "columns_a columns_b"]:
    """Pearson correlations [A, B] over the rows between every column of a and every column of b.

        r[i, j] = E[(aᵢ − E aᵢ)(bⱼ − E bⱼ)] / √(E[(aᵢ − E aᵢ)²] · E[(bⱼ − E bⱼ)²])

    Traceable. Each batch of rows is centered and multiplied while it is in the cache; scratch memory is
    O(batch_size · (A + B) + A · B). Of rows sharded over devices each one multiplies its own, and the products are
    added after every batch. In float32 the error stays below 1e-5 even for a mean of 100,000 deviations. Squares of
    deviations must be representable: for deviations beyond 1e16 a column's correlations are NaN, below 1e-19 the column
    counts as constant.

    Args:
        a: [rows, A], one row per sample. All types but float64 (under ``jax.enable_x64``) are computed in float32;
            NumPy's float64 and large integers are centered before they become float32.
        b: [rows, B] of the same samples.
        batch_size: rows at a time; None takes all at once.

    Returns:
        Correlations in [−1, 1]. A constant column, and every column if there are fewer than two rows, has correlations
        of exactly 0 (`Moments` has masks of these). NaN and infinity make only their own column's correlations NaN.

    Raises:
        ValueError: arrays that are not real numbers [rows, columns] with the same rows, or a batch_size that is not an
            integer of at least 1.

    Example:
        >>> import jax.numpy as jnp
        >>> a = jnp.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
        >>> pearson(a, -2 * a[:, :1] + 5).round(6).tolist()
        [[-1.0], [0.0]]

    Source: Watanabe 2018 (arXiv:1810.01588), definitions 1 and 2.
    """
    a, b = (as_centered(name, values, shape=[None, None])[0] for name, values in (("a", a), ("b", b)))
    check_same_rows(a=a, b=b)
    return _pearson(a, b, max(len(a), 1) if batch_size is None else as_count("batch_size", batch_size))


@functools.partial(jax.jit, static_argnames="batch_size")
def _pearson(a, b, batch_size):
    runs = runs_of(a, b)
    a, b = by_runs(a, runs), by_runs(b, runs)
    length, size = a.shape[1], max(1, batch_size // runs)
    batches = max(length - 1, 0) // size
    first = length - batches * size
    # The incomplete batch goes first: a carry that has seen rows varies over devices as the rows do, also in shard_map.
    dtype = jnp.float64 if jnp.float64 in (a.dtype, b.dtype) else jnp.float32
    moments = Moments.init(a.shape[2], b.shape[2], dtype).update(*(batch_of(array, 0, first) for array in (a, b)))

    def add(moments, start):
        return moments.update(*(batch_of(array, start, size) for array in (a, b))), None

    starts = first + size * jnp.arange(batches)
    return jax.lax.scan(add, moments, starts)[0].pearson() if batches else moments.pearson()


def _as_batch(name, values, columns):
    rows = as_real(name, values, shape=[None, columns])
    values = None if isinstance(values, jax.Array) else np.asarray(values)
    if values is not None and len(values) and not np.can_cast(values.dtype, np.float32):
        with np.errstate(invalid="ignore"):
            spread, largest = np.ptp(values.astype(np.float64), axis=0), np.max(np.abs(values), axis=0)
        # Below 1e-12 is the rounding of float64: such columns are constant.
        if np.any((spread > 1e-12 * largest) & (spread < 1e-5 * largest)):
            raise ValueError(f"{name}: found deviations below 1e-5 of an offset, wanted a constant subtracted before")
    return rows


def _columns(rows, weights, count):
    """The moments of a batch's columns, its rows minus a rounded mean, and the rest of the mean."""
    safe_count = jnp.where(count > 0, count, 1)
    if weights is None:
        center = _shortened(jnp.sum(rows, 0) / safe_count)
        centered = rows - center[None]
        low, high = jnp.min(rows, 0, initial=jnp.inf), jnp.max(rows, 0, initial=-jnp.inf)
        rest, squares = jnp.sum(centered, 0) / safe_count, jnp.sum(centered**2, 0)
    else:
        # An ignored row is selected away, not multiplied by 0, so that its NaN or infinity disappears.
        weights, present = weights[:, None], weights[:, None] > 0
        center = _shortened(jnp.sum(jnp.where(present, weights * rows, 0), 0) / safe_count)
        centered = jnp.where(present, rows - center[None], 0)
        low = jnp.min(jnp.where(present, rows, jnp.inf), 0, initial=jnp.inf)
        high = jnp.max(jnp.where(present, rows, -jnp.inf), 0, initial=-jnp.inf)
        rest, squares = jnp.sum(weights * centered, 0) / safe_count, jnp.sum(weights * centered**2, 0)
    offset = jnp.where(count > 0, (center - low) + rest, 0)
    return ColumnMoments(low, high, offset, jnp.maximum(squares - count * rest**2, 0)), centered, rest


def _merged(one, two, count_one, count_two, share_two):
    low = jnp.minimum(one.low, two.low)
    offset_one = jnp.where(count_one > 0, (one.low - low) + one.offset, 0)
    offset_two = jnp.where(count_two > 0, (two.low - low) + two.offset, 0)
    difference = jnp.where((count_one > 0) & (count_two > 0), offset_two - offset_one, 0)
    offset = jnp.where(count_one > 0, offset_one + share_two * difference, offset_two)
    squares = one.squares + two.squares + count_one * share_two * difference**2
    return ColumnMoments(low, jnp.maximum(one.high, two.high), offset, squares), difference


def _shortened(center):
    """The center without its last three bits, so that it is the same number wherever it is used.

    Compilers contract ``rows − sum · (1 / count)`` to one rounding, which centers on another number than that in
    ``center − low``; no optimization barrier stops them. The rest of the mean makes up for the missing bits.
    """
    digits = jnp.finfo(center.dtype)
    return jax.lax.reduce_precision(center, digits.nexp, digits.nmant - 3)


def _inverse_norms(columns):
    return jnp.where(columns.constant, 0, jax.lax.rsqrt(jnp.where(columns.constant, 1, columns.squares)))
