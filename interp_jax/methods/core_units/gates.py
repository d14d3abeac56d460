"""Switch gates: smooth stand-ins for 0 and 1, what pushes them there, and the objective they minimize."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

SHARPNESS = 10.0
# Louizos, Welling & Kingma 2018, section 4.1.
_TEMPERATURE, _LOW, _HIGH = 2 / 3, -0.1, 1.1


def gate(
    x: Float[Array | np.ndarray, "*shape"], sharpness: Float[Array | np.ndarray, ""] | float = SHARPNESS
) -> Float[Array, "*shape"]:
    """A switch gate's opening, in (0, 1).

        b = σ(w x)

    Traceable.

    Args:
        x: what is trained.
        sharpness: w > 0, fixed; the larger, the nearer the gate is to a step.

    Example:
        >>> gate(jnp.array([-1.0, 0.0, 1.0])).round(4)
        Array([0. , 0.5, 1. ], dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, equation 4.
    """
    return jax.nn.sigmoid(sharpness * jnp.asarray(x))


def relaxation_penalty(gates: Float[Array | np.ndarray, "*shape"]) -> Float[Array, "*shape"]:
    """What pushes a gate to 0 or 1: greatest, ½, for a gate half open.

        φ(b) = σ(−10 (b − ½)²)

    Traceable. φ(0) = φ(1) = 0.076: the paper's text says that it falls to zero, its formula does not.

    Example:
        >>> [round(float(value), 3) for value in relaxation_penalty(jnp.array([0.0, 0.5, 1.0]))]
        [0.076, 0.5, 0.076]

    Source: Yan & Feng, ICLR 2018 submission, section 3.3.
    """
    return jax.nn.sigmoid(-10 * (jnp.asarray(gates) - 0.5) ** 2)


def straight_through(gates: Float[Array | np.ndarray, "*shape"]) -> Float[Array, "*shape"]:
    """Gates rounded to 0 and 1, with the gradient of the gates themselves. Traceable.

    Example:
        >>> tuple(map(float, jax.value_and_grad(straight_through)(0.7)))
        (1.0, 1.0)

    Source: not in the paper; Bengio, Léonard & Courville 2013, arXiv:1308.3432, section 4.
    """
    gates = jnp.asarray(gates)
    return gates + jax.lax.stop_gradient((gates >= 0.5).astype(gates.dtype) - gates)


def hard_concrete(
    log_odds: Float[Array | np.ndarray, "*shape"], uniform: Float[Array | np.ndarray, "*shape"] | None = None
) -> Float[Array, "*shape"]:
    """A gate drawn from the hard concrete distribution, often exactly 0 or 1; without a draw, the gate to use later.

        s = σ((log u − log(1 − u) + log α) / β), or σ(log α);    b = min(1, max(0, s (ζ − γ) + γ))

    Traceable; β = ⅔, γ = −0.1, ζ = 1.1.

    Args:
        log_odds: log α, what is trained.
        uniform: u in (0, 1).

    Example:
        >>> hard_concrete(jnp.array([-9.0, 0.0, 9.0])).tolist()
        [0.0, 0.5, 1.0]

    Source: Louizos, Welling & Kingma 2018, arXiv:1712.01312, equations 10 and 13.
    """
    log_odds = jnp.asarray(log_odds)
    if uniform is not None:
        log_odds = (jax.scipy.special.logit(uniform) + log_odds) / _TEMPERATURE
    return jnp.clip(jax.nn.sigmoid(log_odds) * (_HIGH - _LOW) + _LOW, 0, 1)


def open_probability(log_odds: Float[Array | np.ndarray, "*shape"]) -> Float[Array, "*shape"]:
    """How likely a `hard_concrete` gate is not 0. Traceable.

        P(b > 0) = σ(log α − β log(−γ / ζ))

    Example:
        >>> bool(open_probability(jnp.array(0.0)) > 0.5)
        True

    Source: Louizos, Welling & Kingma 2018, arXiv:1712.01312, equation 12.
    """
    return jax.nn.sigmoid(jnp.asarray(log_odds) - _TEMPERATURE * np.log(-_LOW / _HIGH))


def objective(
    center_scores: Float[Array | np.ndarray, "..."],
    decisions: Float[Array | np.ndarray, "..."],
    gates: Float[Array | np.ndarray, " units"],
    *,
    alpha: Float[Array | np.ndarray, ""] | float,
    penalty: Float[Array | np.ndarray, ""] | float,
) -> Float[Array, ""]:
    """What the gates minimize: wrong decisions, open gates, and gates that are neither open nor closed.

        mean_n (y'_n − y_n)² + α Σ_i b_i + λ Σ_i φ(b_i)

    Traceable. The paper sums over the rows; the mean makes α and λ independent of their number.

    Args:
        center_scores: [rows] y_n, `center_score` of the gated network.
        decisions: [rows] y'_n, 1 for rows that the whole network predicts as the target, else 0.
        gates: b_i.
        alpha: cost of an open gate.
        penalty: λ, weight of `relaxation_penalty`.

    Raises:
        ValueError: no rows, or not one decision for each.

    Example:
        >>> objective(jnp.array([1.0, 0.5]), jnp.array([1.0, 0.0]), jnp.ones(3), alpha=0.1, penalty=0.0)
        Array(0.425, dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, equations 1 and 4.
    """
    center_scores, decisions = jnp.asarray(center_scores), jnp.asarray(decisions)
    if center_scores.ndim != 1 or not len(center_scores):
        raise ValueError(f"center_scores: found shape {center_scores.shape}, wanted [rows] with at least one row")
    if decisions.shape != center_scores.shape:
        raise ValueError(f"decisions: found shape {decisions.shape}, wanted {center_scores.shape}, one a row")
    miss = jnp.mean((decisions - center_scores) ** 2)
    return miss + alpha * jnp.sum(gates) + penalty * jnp.sum(relaxation_penalty(gates))
