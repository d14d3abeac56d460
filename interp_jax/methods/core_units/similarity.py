"""How alike two matrices of the same rows are: the angles between their column spaces, and linear CKA."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_real, check_number, check_same_rows
from interp_jax.methods._centered import centered


def principal_angles(
    first: Given[Array | np.ndarray, "rows columns"],
    second: Given[Array | np.ndarray, "rows others"],
    *,
    explained: Float[Array | np.ndarray, ""] | float = 1.0,
) -> Float[Array, " angles"]:
    """The principal angles between the column spaces of two matrices, in radians, ascending: [angles].

    The first angle is the smallest between a vector of one space and a vector of the other; each next one is the
    smallest between vectors orthogonal to those before. Equal spaces have angles of 0, orthogonal ones of π/2.

    Traceable. There are as many angles as the smaller space has dimensions; places beyond them are NaN, of min(rows,
    columns, others) in all. Singular values below float32's precision are of no dimension. Magnitudes up to 1e37. NaN
    and infinity give NaN.

    Args:
        first: [rows, columns]; columns as they are given: center them if an offset is not to count.
        second: [rows, others].
        explained: the share of the sum of squares that each space is to hold, in (0, 1]: the fewest of the leading
            singular vectors. Directions of little variance, of which 1 takes all, have angles that mean little.

    Raises:
        ValueError: arrays that are not real matrices of the same rows, or a share out of range.

    Example:
        >>> plane, line = jnp.eye(3)[:, :2], jnp.array([[1.0], [0.0], [1.0]])
        >>> jnp.rad2deg(principal_angles(plane, line)).round(2)
        Array([45.], dtype=float32)

    Source: Björck & Golub, Mathematics of Computation 27, 1973; the truncation: Raghu et al. 2017, arXiv:1706.05806.
    """
    first, second = _as_pair(first, second)
    check_number("explained", explained, above=0, most=1)
    return _angles(first, second, explained)


def linear_cka(
    first: Given[Array | np.ndarray, "rows columns"], second: Given[Array | np.ndarray, "rows others"]
) -> Float[Array, ""]:
    """Linear centered kernel alignment of two matrices of the same rows: a scalar in [0, 1].

        CKA = ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖), of columns X and Y without their means, by Frobenius norms

    It is 1 for matrices equal up to a rotation of their columns and a common factor, and weighs directions by their
    variance, which angles do not.

    Traceable. NaN if all columns of a matrix are constant. NaN and infinity give NaN.

    Args:
        first: [rows, columns].
        second: [rows, others].

    Raises:
        ValueError: arrays that are not real matrices of the same rows.

    Example:
        >>> x = jax.random.normal(jax.random.key(0), (50, 3))
        >>> linear_cka(x, 2 * x[:, ::-1]).round(4)
        Array(1., dtype=float32)

    Source: Kornblith, Norouzi, Lee & Hinton 2019, arXiv:1905.00414, equation 5 and section 3.
    """
    first, second = _as_pair(first, second)
    return _cka(first, second)


@jax.jit
def _angles(first, second, explained):
    return angles_between(basis(first, explained), basis(second, explained))


@jax.jit
def _cka(first, second):
    return alignment(*(centered(_scaled(part), 0) for part in (first, second)))


def basis(matrix, explained):
    """An orthonormal basis of a column space and its dimension; columns beyond it are 0: [rows, min(rows, columns)]."""
    matrix = _scaled(matrix)
    vectors, values, _ = jnp.linalg.svd(matrix, full_matrices=False)
    squares = values**2
    before = jnp.cumsum(squares) - squares
    precision = max(matrix.shape) * jnp.finfo(matrix.dtype).eps
    # The share is compared as a remainder: sums of squares are not exact.
    missing = jnp.sum(squares) - before
    counted = (values > precision * values[0]) & (missing > (1 - explained) * jnp.sum(squares))
    dimension = jnp.where(jnp.isfinite(values[0]), jnp.sum(counted), -1)
    return jnp.where(counted[None], vectors, 0), dimension


def angles_between(first, second):
    """The angles between two results of `basis`, NaN beyond the smaller dimension."""
    (left, left_dimension), (right, right_dimension) = first, second
    u, cosines, v = jnp.linalg.svd(jnp.matmul(left.T, right, precision="highest"), full_matrices=False)
    # The cosine of a small angle has lost it; half the distance between unit vectors has not.
    apart = jnp.matmul(left, u, precision="highest") - jnp.matmul(right, v.T, precision="highest")
    sines = jnp.sqrt(jnp.sum(apart**2, axis=0)) / 2
    angles = jnp.where(cosines > 0.7, 2 * jnp.arcsin(jnp.clip(sines, 0, 1)), jnp.arccos(jnp.clip(cosines, 0, 1)))
    some = jnp.arange(len(angles)) < jnp.minimum(left_dimension, right_dimension)
    return jnp.sort(jnp.where(some, angles, jnp.nan))  # by rounding, two may be out of order; NaN is last


def alignment(first, second):
    """CKA of matrices with centered columns."""
    first, second = (part / jnp.sqrt(jnp.sum(part**2)) for part in (first, second))

    def inner(a, b):
        # Between rows or between columns, whichever are fewer.
        if a.shape[0] < max(a.shape[1], b.shape[1]):
            return jnp.sum(jnp.matmul(a, a.T, precision="highest") * jnp.matmul(b, b.T, precision="highest"))
        return jnp.sum(jnp.matmul(a.T, b, precision="highest") ** 2)

    return jnp.minimum(inner(first, second) / jnp.sqrt(inner(first, first) * inner(second, second)), 1)


def _as_pair(first, second):
    first = as_real("first", first, shape=["rows", "columns"])
    second = as_real("second", second, shape=["rows", "others"])
    check_same_rows(first=first, second=second)
    return first, second


def _scaled(matrix):
    """Near 1 in magnitude, so that squares neither overflow nor vanish."""
    largest = jnp.max(jnp.abs(matrix))
    return matrix / jnp.where(largest > 0, largest, 1)
