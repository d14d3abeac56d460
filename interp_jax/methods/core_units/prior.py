"""The prior that the objective comes from: an Indian buffet process over a mask a row, and its small-variance limit.

The rows are the customers and the units the dishes: the first row opens Poisson(γ) units; row n opens a unit that m of
the rows before have open with probability m / n, and Poisson(γ / n) units that none has.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_mask, as_real, check_number, describe


def buffet_log_prior(
    masks: Given[Array | np.ndarray, "rows units"], gamma: Float[Array | np.ndarray, ""] | float
) -> Float[Array, ""]:
    """The log probability of a mask for each row, up to the order of units, by the Indian buffet process: a scalar.

        log P([Z]) = K log γ − γ Σ_{n ≤ N} 1/n − Σ_h log K_h! + Σ_k log( (m_k − 1)! (N − m_k)! / N! )

    K units are open in at least one of the N rows, unit k in m_k of them; K_h units share the h-th distinct column.
    Matrices that differ in the order of their columns, or in columns of zeros, belong to one class [Z] (of equal
    left-ordered form), and the probability is that of the class: it sums to 1 over classes with any number of units. A
    layer has a given number of units, and leaves out the classes with more.

    A unit's factor is 1/N both if all rows open it and if a single one does, and least in between: the prior by itself
    does not make rows agree, though the paper says so.

    Traceable. Cost: rows × units² operations.

    Args:
        masks: [rows, units] Z, True where the row keeps the unit, bool or 0/1.
        gamma: γ > 0; the expected number of units that a row opens.

    Raises:
        ValueError: masks that are not [rows, units] of 0 and 1, or a gamma that is not above 0.

    Example:
        >>> masks = jnp.array([[True, False, True], [True, False, False]])
        >>> jnp.exp(buffet_log_prior(masks, 1.0)).round(4)
        Array(0.0558, dtype=float32)

    Source: Griffiths & Ghahramani 2011, Journal of Machine Learning Research 12; Yan & Feng, ICLR 2018
    submission, section 3.1.
    """
    masks = _as_matrix(masks)
    check_number("gamma", gamma, above=0)
    return _log_prior(masks, jnp.asarray(gamma, jnp.float32))


def map_objective(
    center_scores: Given[Array | np.ndarray, "rows"],
    decisions: Given[Array | np.ndarray, "rows"],
    masks: Given[Array | np.ndarray, "rows units"],
    *,
    alpha: Float[Array | np.ndarray, ""] | float,
    variance: Float[Array | np.ndarray, ""] | float = 0.0,
) -> Float[Array, ""]:
    """The objective of maximum a posteriori estimation with a mask for each row, or its small-variance limit: a scalar.

        −2σ² log( N(y'; y, σ²) P([Z]) ),  γ = exp(−α / 2σ²)
          →  Σ_n (y'_n − y_n)² + α K    as σ² → 0: equation 1

    K is the number of units that are open in at least one row. In the limit a unit costs α once, whichever rows open
    it: rows may have different masks among the K units at no cost.

    Traceable. With a variance the objective differs from its limit by terms of the order of σ² log σ². NaN gives NaN.
    Magnitudes beyond 1e19 overflow to infinity.

    Args:
        center_scores: [rows] y_n, `center_score` of row n under its own mask.
        decisions: [rows] y'_n, 1 for rows that the whole network predicts as the target, else 0.
        masks: [rows, units] the mask of each row, bool or 0/1; broadcast one mask for the same in all rows.
        alpha: cost of a unit, at least 0; eq. 1 sums over the rows, so that it is `objective`'s times their number.
        variance: σ² of the decisions around the scores; 0 is the limit.

    Raises:
        ValueError: no rows, arrays of different numbers of rows, masks that are not 0 and 1, or an alpha or a variance
            below 0.

    Example:
        >>> hidden = jnp.array([[2.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
        >>> masks = jnp.array([[True, False, False], [False, True, False]])
        >>> from interp_jax.methods.core_units import center_score
        >>> scores = center_score((hidden * masks)[:, :2], 0, weight=2.0)
        >>> map_objective(scores, jnp.array([1.0, 0.0]), masks, alpha=0.1).round(3)
        Array(0.201, dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.1, equation 1; Broderick, Kulis & Jordan 2013, arXiv:1212.2126.
    """
    center_scores = as_real("center_scores", center_scores, shape=["rows"])
    decisions = as_real("decisions", decisions, shape=[len(center_scores)])
    masks = _as_matrix(masks, rows=len(center_scores))
    check_number("alpha", alpha, least=0)
    check_number("variance", variance, least=0)
    return _objective(center_scores, decisions, masks, alpha, jnp.asarray(variance, jnp.float32))


@jax.jit
def _log_prior(masks, gamma):
    return _opened(masks) * jnp.log(gamma) - gamma * _harmonic(len(masks)) + _columns(masks)


@jax.jit
def _objective(center_scores, decisions, masks, alpha, variance):
    # log γ · 2σ² is −α, also where γ is 0.
    limit = jnp.sum((decisions - center_scores) ** 2) + alpha * _opened(masks)
    gamma = jnp.where(variance > 0, jnp.exp(-alpha / (2 * jnp.where(variance > 0, variance, 1))), 0)
    normal = len(masks) * jax.scipy.special.xlogy(variance, 2 * jnp.pi * variance)
    return limit + normal + 2 * variance * (gamma * _harmonic(len(masks)) - _columns(masks))


def _as_matrix(masks, rows=None):
    masks = as_mask("masks", masks)
    if masks.ndim != 2 or not masks.size or (rows is not None and len(masks) != rows):
        wanted = "rows" if rows is None else rows
        raise ValueError(f"masks: found {describe(masks)}, wanted [{wanted}, units]")
    return masks


def _opened(masks):
    """The number of units open in at least one row."""
    return jnp.sum(masks.any(axis=0)).astype(jnp.float32)


def _harmonic(rows: int) -> float:
    return float(np.sum(1 / np.arange(1, rows + 1)))


def _columns(masks):
    """The parts of the log prior without γ: each open unit's factor, and the orders of units of equal columns."""
    rows, counts = len(masks), jnp.sum(masks, axis=0)
    opened = counts > 0
    factor = jax.scipy.special.betaln(jnp.maximum(counts, 1).astype(jnp.float32), rows - counts + 1.0)
    # Columns are equal if as many rows open both as open either; of equal ones, the n-th brings a factor of n.
    both = jnp.matmul(masks.T.astype(jnp.int32), masks.astype(jnp.int32))
    equal = (both == counts[:, None]) & (both == counts[None])
    rank = jnp.sum(jnp.tril(equal), axis=1)
    return jnp.sum(jnp.where(opened, factor - jnp.log(rank.astype(jnp.float32)), 0))
