"""Where a noisy signal steps up: the Gaussian-derivative detector and the exact posterior.

A signal of ``length`` samples is N(0, noise²) before position t and N(jump, noise²) from t on (thesis eq. 3.1).
Positions are 1-based, as in the thesis: position t is ``signal[t - 1]``, and column k of a result stands for
position ``positions[0] + k``.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

POSITIONS = (21, 80)
_NUMPY_PADDING = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "mirror": "reflect"}
_Scalar = float | int | Float[Array, ""] | np.floating


class SoftmaxLayer(NamedTuple):
    """One layer of a softmax network: ``log_softmax(signals @ weights + bias)``."""

    weights: Float[Array, "length positions"]
    bias: Float[Array, " positions"]


class Estimates(NamedTuple):
    """One position a row: the mode, the median (both int32) and the mean (float32) of a posterior."""

    mode: Int[Array, "*rows"]
    median: Int[Array, "*rows"]
    mean: Float[Array, "*rows"]


def gaussian_derivative(
    signals: Shaped[Array | np.ndarray, "rows length"],
    width: _Scalar = 2.9,
    window: int = 19,
    *,
    edges: str = "constant",
    positions: tuple[int, int] = POSITIONS,
) -> Float[Array, "rows positions"]:
    """Gaussian smoother followed by a first difference; its largest response is the detected jump.

        response[t] = (g ∗ x)[t] − (g ∗ x)[t − 1],   g(u) ∝ exp(−u² / 2 width²),  |u| ≤ (window − 1) / 2,  Σ g = 1

    Traceable; ``width`` may be traced, so a sweep of widths is one ``jax.vmap``. Costs one matrix product of
    rows × length × positions.

    Args:
        signals: one signal a row.
        width: standard deviation τ of the Gaussian, in samples.
        window: number of filter taps, odd, in samples.
        edges: what lies beyond the ends, by SciPy's names: "constant" (zeros), "nearest", "reflect" or "mirror".
            It matters only where the window reaches over an end: with the defaults nowhere.
        positions: first and last position whose response is wanted, 1-based and inclusive.

    Returns:
        The responses, one column a position, in units of the signal.

    Raises:
        ValueError: width not positive, window not an odd positive number, unknown edges, or positions that the
            signal does not have.

    Example:
        >>> import jax.numpy as jnp
        >>> step = jnp.where(jnp.arange(1, 101) >= 50, 3.0, 0.0)[None]
        >>> int(jnp.argmax(gaussian_derivative(step), axis=1)[0]) + 21
        50

    Source: Chen 2017, sections 3.2.1 to 3.2.3 (eq. 3.2; width 2.9 and window 19 are its best on training data).
    """
    signals = _as_floats(signals)
    filters = gaussian_derivative_filters(signals.shape[1], width, window, edges=edges, positions=positions)
    return jnp.matmul(signals, filters.astype(signals.dtype), precision="highest")


def gaussian_derivative_filters(
    length: int = 100,
    width: _Scalar = 2.9,
    window: int = 19,
    *,
    edges: str = "constant",
    positions: tuple[int, int] = POSITIONS,
) -> Float[Array, "length positions"]:
    """The detector of `gaussian_derivative` as a matrix: column k is the filter that answers for one position.

    Traceable in ``width``. The columns stand beside the weights of a one-layer network (thesis Figs 3.15 and 3.16).
    Arguments, errors and source as for `gaussian_derivative`.

    Example:
        >>> gaussian_derivative_filters().shape
        (100, 60)
    """
    first, last = _checked_positions(positions, length, lowest=2)
    if edges not in _NUMPY_PADDING:
        raise ValueError(f"edges: found {edges!r}, wanted one of {', '.join(map(repr, _NUMPY_PADDING))}")
    taps, half = gaussian_smoother(width, window), window // 2
    # Padding the identity instead of the signals puts every edge rule into the matrix, at no cost a row.
    padded = np.pad(np.eye(length, dtype=np.float32), ((0, 0), (half, half)), mode=_NUMPY_PADDING[edges])
    columns = np.arange(first - 2, last)[:, None] + np.arange(window)[None, :]
    smoother = jnp.einsum("ipw,w->ip", padded[:, columns], taps, precision="highest")
    return smoother[:, 1:] - smoother[:, :-1]


def gaussian_smoother(width: _Scalar = 2.9, window: int = 19) -> Float[Array, " window"]:
    """Taps of the Gaussian smoother, which add up to one: ``g(u) ∝ exp(−u² / 2 width²)``. Traceable in ``width``.

    Args:
        width: standard deviation τ, in samples.
        window: number of taps, odd; the middle one is offset 0.

    Raises:
        ValueError: width not positive, or window not an odd positive number.

    Example:
        >>> int(jnp.argmax(gaussian_smoother()))
        9

    Source: Chen 2017, section 3.2.3 and Fig. 3.6.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window: found {window}, wanted an odd number of taps of at least 1")
    _check_positive("width", width)
    offsets = jnp.arange(-(window // 2), window // 2 + 1, dtype=jnp.float32)
    log_taps = -0.5 * (offsets / width) ** 2
    return jax.nn.softmax(log_taps.astype(jnp.float32))


def log_posterior(
    signals: Shaped[Array | np.ndarray, "rows length"],
    *,
    noise: _Scalar = 1.0,
    jump: _Scalar = 3.0,
    positions: tuple[int, int] = POSITIONS,
) -> Float[Array, "rows positions"]:
    """Exact log posterior of the jump position when noise and jump are known and all positions equally likely.

        log p(t | x) = Σ_{i ≥ t} (jump · xᵢ − jump² / 2) / noise²  − log Σ_s (the same for s)

    This is the limit that no detector beats: its mode errs least often, its median has the least mean |error|, its
    mean the least mean squared error. Traceable; O(rows × positions). A traced noise is not checked: one that is not
    positive, or so small that (jump / noise)² overflows, gives NaN.

    Args:
        signals: one signal a row.
        noise: standard deviation σ, in units of the signal.
        jump: height θ of the step, in units of the signal.
        positions: first and last possible position, 1-based and inclusive.

    Returns:
        Natural logarithms; each row's exponentials add up to one.

    Raises:
        ValueError: noise not positive (a certain signal has no posterior), jump not finite, or positions outside the
            signal.

    Example:
        >>> import jax.numpy as jnp
        >>> step = jnp.where(jnp.arange(1, 101) >= 50, 3.0, 0.0)[None]
        >>> estimates(log_posterior(step)).mode
        Array([50], dtype=int32)

    Source: Bayes' rule on Chen 2017, eq. 3.1; the thesis itself does not compute it.
    """
    signals = _as_floats(signals)
    first, last = _checked_positions(positions, signals.shape[1])
    _check_positive("noise", noise)
    _check_finite("jump", jump)
    # Relative to the last position only the samples between count, which keeps the sums small and float32 exact enough.
    ratios = (jump * (signals[:, first - 1 : last - 1] - jump / 2)) / noise**2
    suffix_sums = jnp.flip(jnp.cumsum(jnp.flip(ratios, 1), axis=1), 1)
    return jax.nn.log_softmax(jnp.pad(suffix_sums, ((0, 0), (0, 1))).astype(signals.dtype), axis=1)


def posterior_network(
    length: int = 100, *, noise: _Scalar = 1.0, jump: _Scalar = 3.0, positions: tuple[int, int] = POSITIONS
) -> SoftmaxLayer:
    """Weights and bias with which a one-layer softmax network is the exact posterior. Traceable.

        weights[i, t] = jump / noise²  where i ≥ t, else 0;   bias[t] = −(length − t + 1) jump² / 2 noise²

    A vector added to all columns changes no probability, so compare learned weights after subtracting each row's mean.

    Example:
        >>> weights, bias = posterior_network()
        >>> weights.shape, bias.shape
        ((100, 60), (60,))

    Source: as `log_posterior`.
    """
    first, last = _checked_positions(positions, length)
    _check_positive("noise", noise)
    _check_finite("jump", jump)
    samples, candidates = np.arange(1, length + 1)[:, None], np.arange(first, last + 1)[None, :]
    after = (samples >= candidates).astype(np.float32)
    scale = jnp.asarray(jump / noise**2, jnp.float32)
    return SoftmaxLayer(scale * after, -scale * jump / 2 * after.sum(0))


def estimates(log_probabilities: Float[Array | np.ndarray, "*rows positions"], first: int = POSITIONS[0]) -> Estimates:
    """Mode, median and mean position of each row of log probabilities, a posterior's or a network's. Traceable.

    The mode is the first of equal maxima; the median is the first position at which half of the mass is reached.

    Args:
        log_probabilities: natural logarithms, normalized along the last axis.
        first: the position that column 0 stands for.

    Example:
        >>> import jax.numpy as jnp
        >>> estimates(jnp.log(jnp.array([[0.4, 0.2, 0.4]])), first=1)
        Estimates(mode=Array([1], dtype=int32), median=Array([2], dtype=int32), mean=Array([2.], dtype=float32))
    """
    log_probabilities = jnp.asarray(log_probabilities)
    half = jnp.finfo(log_probabilities.dtype).bits < 32  # too coarse to be added up
    probabilities = jnp.exp(log_probabilities.astype(jnp.float32) if half else log_probabilities)
    count = log_probabilities.shape[-1]
    # The sum of rounded probabilities may end just under a half where the true one reaches it: allow that much.
    below = jnp.cumsum(probabilities, axis=-1) < 0.5 - 4 * count * jnp.finfo(probabilities.dtype).eps
    columns = jnp.arange(count, dtype=probabilities.dtype)
    mean = jnp.matmul(probabilities, columns, precision="highest")
    return Estimates(
        first + jnp.argmax(log_probabilities, axis=-1).astype(jnp.int32),
        first + jnp.minimum(jnp.sum(below, axis=-1, dtype=jnp.int32), count - 1),
        first + mean,
    )


def _as_floats(signals) -> Array:
    signals = jnp.asarray(signals)
    return signals if jnp.issubdtype(signals.dtype, jnp.inexact) else signals.astype(jnp.float32)


def _checked_positions(positions: tuple[int, int], length: int, lowest: int = 1) -> tuple[int, int]:
    first, last = positions
    if not lowest <= first <= last <= length:
        raise ValueError(
            f"positions: found {first} to {last}, wanted {lowest} ≤ first ≤ last ≤ {length}, the signal's length"
        )
    return first, last


def _check_positive(name: str, value) -> None:
    if not isinstance(value, jax.core.Tracer) and not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name}: found {value}, wanted a positive finite number")


def _check_finite(name: str, value) -> None:
    if not isinstance(value, jax.core.Tracer) and not np.isfinite(value):
        raise ValueError(f"{name}: found {value}, wanted a finite number")
