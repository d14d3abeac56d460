"""Where a noisy signal steps up: the Gaussian-derivative detector and the exact posterior.

A signal of ``length`` samples is N(0, noise²) before position t and N(jump, noise²) from t on (thesis eq. 3.1).
Positions are 1-based, as in the thesis: position t is ``signal[t - 1]``, and column k of a result stands for
position ``positions[0] + k``.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax._checks import as_centered, as_count, as_counts, as_number, as_real, check_choice, is_traced
from interp_jax._readable import readable

POSITIONS = (21, 80)
_SIGNALS = ["rows", "length"]
_NUMPY_PADDING: dict[str, Literal["constant", "edge", "symmetric", "reflect"]] = {
    "constant": "constant",
    "nearest": "edge",
    "reflect": "symmetric",
    "mirror": "reflect",
}
_Scalar = float | int | Float[Array, ""] | np.floating


@readable()
class SoftmaxLayer(NamedTuple):
    """One layer of a softmax network: ``log_softmax(signals @ weights + bias)``."""

    weights: Float[Array | np.ndarray, "length positions"]
    bias: Float[Array | np.ndarray, " positions"]


@readable()
class Estimates(NamedTuple):
    """One position per row: the mode, the median (both int32) and the mean (float32) of a posterior."""

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
    """Responses [rows, positions] of a Gaussian smoother and a first difference; the largest is the detected jump.

        response[t] = (g ∗ x)[t] − (g ∗ x)[t − 1],   g(u) ∝ exp(−u² / 2 width²),  |u| ≤ (window − 1) / 2,  Σ g = 1

    Traceable, also in ``width``, so that a sweep of widths is one ``jax.vmap``. Time: one matrix product of
    rows × length × positions. A traced width is not checked: one that is not positive gives NaN.

    Args:
        signals: [rows, length], one signal per row. All types but float64 (under ``jax.enable_x64``) are computed in
            float32; NumPy's float64 and large integers are centered first, since an offset changes no difference.
        width: standard deviation τ of the Gaussian, in samples.
        window: number of filter taps, odd.
        edges: what lies beyond the ends, by SciPy's names: "constant" (zeros), "nearest", "reflect" or "mirror".
            It matters only if the window reaches over an end, which it does not with the defaults.
        positions: first and last position to return, 1-based and inclusive.

    Returns:
        The responses, one column per position, in units of the signal. NaN or infinity in a signal makes its row NaN.

    Raises:
        ValueError: signals that are not real numbers [rows, length], a width that is not a positive finite number, a
            window that is not an odd integer, unknown edges, or positions outside the signal.

    Example:
        >>> import jax.numpy as jnp
        >>> step = jnp.where(jnp.arange(1, 101) >= 50, 3.0, 0.0)[None]
        >>> int(jnp.argmax(gaussian_derivative(step), axis=1)[0]) + 21
        50

    Source: Chen 2017, sections 3.2.1 to 3.2.3 (eq. 3.2; width 2.9 and window 19 are its best on training data).
    """
    signals, offset = as_centered("signals", signals, axis=1, shape=_SIGNALS)
    length, half = signals.shape[1], as_count("window", window) // 2
    filters = gaussian_derivative_filters(length, width, window, edges=edges, positions=positions).astype(signals.dtype)
    responses = jnp.matmul(signals, filters, precision="highest")
    if isinstance(offset, np.ndarray):  # none
        return responses
    # With zeros beyond an end the offset stops there. The sums of all other columns are 0 up to rounding.
    candidates = np.arange(positions[0], positions[1] + 1)
    over = (edges == "constant") & ((candidates - 1 <= half) | (candidates + half > length))
    return responses + jnp.where(over, jnp.sum(filters, 0), 0)[None] * offset


def gaussian_derivative_filters(
    length: int = 100,
    width: _Scalar = 2.9,
    window: int = 19,
    *,
    edges: str = "constant",
    positions: tuple[int, int] = POSITIONS,
) -> Float[Array, "length positions"]:
    """The detector of `gaussian_derivative` as a matrix [length, positions], one column per position's filter.

        responses = signals @ filters

    Traceable, also in ``width``. The columns can be compared with the weights of a one-layer network (thesis Figs 3.15
    and 3.16). Memory: length · positions · window numbers.

    Args:
        length: number of samples of a signal.
        width: standard deviation τ of the Gaussian, in samples.
        window: number of filter taps, odd.
        edges: what lies beyond the ends, as for `gaussian_derivative`.
        positions: first and last position, 1-based and inclusive.

    Raises:
        ValueError: a width, window, edges or positions that `gaussian_derivative` refuses.

    Example:
        >>> gaussian_derivative_filters().shape
        (100, 60)

    Source: as for `gaussian_derivative`.
    """
    length = as_count("length", length)
    first, last = _checked_positions(positions, length, lowest=2)
    check_choice("edges", edges, _NUMPY_PADDING)
    taps, window = gaussian_smoother(width, window), as_count("window", window)
    half = window // 2
    # Padding the identity instead of the signals puts every edge rule into the matrix, at no cost per row.
    padded = np.pad(np.eye(length, dtype=np.float32), ((0, 0), (half, half)), mode=_NUMPY_PADDING[edges])
    columns = np.arange(first - 2, last)[:, None] + np.arange(window)[None, :]
    smoother = jnp.einsum("ipw,w->ip", padded[:, columns], taps, precision="highest")
    return smoother[:, 1:] - smoother[:, :-1]


def gaussian_smoother(width: _Scalar = 2.9, window: int = 19) -> Float[Array, " window"]:
    """The taps [window] of a Gaussian smoother, which sum to one.

        g(u) ∝ exp(−u² / 2 width²),  |u| ≤ (window − 1) / 2

    Traceable, also in ``width``. A traced width is not checked: one that is not positive gives NaN.

    Args:
        width: standard deviation τ, in samples.
        window: number of taps, odd; the middle one is offset 0.

    Raises:
        ValueError: a width that is not a positive finite number, or a window that is not an odd integer.

    Example:
        >>> int(jnp.argmax(gaussian_smoother()))
        9

    Source: Chen 2017, section 3.2.3 and Fig. 3.6.
    """
    window = as_count("window", window)
    if window % 2 == 0:
        raise ValueError(f"window: found {window}, wanted an odd number of taps")
    width = as_number("width", width, above=0)
    offsets = jnp.arange(-(window // 2), window // 2 + 1, dtype=jnp.float32)
    return jax.nn.softmax(-0.5 * (offsets / width) ** 2)


def log_posterior(
    signals: Shaped[Array | np.ndarray, "rows length"],
    *,
    noise: _Scalar = 1.0,
    jump: _Scalar = 3.0,
    positions: tuple[int, int] = POSITIONS,
) -> Float[Array, "rows positions"]:
    """The exact log posterior [rows, positions] of the jump's position t, for known noise and jump and a uniform prior.

        log p(t | x) = ℓ(t) − log Σ_s exp ℓ(s),    ℓ(t) = Σ_{i ≥ t} (jump · xᵢ − jump² / 2) / noise²

    No detector does better: the posterior mode has the least error rate, the median the least mean |error|, the mean
    the least squared error.

    Traceable. Time and memory: O(rows × positions). A traced noise is not checked: one that is not positive, or so
    small that (jump / noise)² overflows, gives NaN.

    Args:
        signals: [rows, length], one signal per row. All types but float64 (under ``jax.enable_x64``) are computed in
            float32.
        noise: standard deviation σ, in units of the signal.
        jump: height θ of the step, in units of the signal.
        positions: first and last possible position, 1-based and inclusive.

    Returns:
        Natural logarithms; each row's exponentials sum to one. NaN or infinity between the first and the last position
        makes its row NaN.

    Raises:
        ValueError: signals that are not real numbers [rows, length], noise that is not a positive finite number (the
            posterior needs noise) or is below 1e-15 of the jump, a jump that is not finite, or positions outside the
            signal.

    Example:
        >>> import jax.numpy as jnp
        >>> step = jnp.where(jnp.arange(1, 101) >= 50, 3.0, 0.0)[None]
        >>> estimates(log_posterior(step)).mode
        Array([50], dtype=int32)

    Source: Bayes' rule on Chen 2017, eq. 3.1; the thesis itself does not compute it.
    """
    signals = as_real("signals", signals, shape=_SIGNALS)
    first, last = _checked_positions(positions, signals.shape[1])
    noise, jump = _checked_noise_and_jump(noise, jump)
    # Relative to the last position only the samples between matter, which keeps sums small enough for float32.
    ratios = (jump * (signals[:, first - 1 : last - 1] - jump / 2)) / noise**2
    suffix_sums = jnp.flip(jnp.cumsum(jnp.flip(ratios, 1), axis=1), 1)
    return jax.nn.log_softmax(jnp.pad(suffix_sums, ((0, 0), (0, 1))), axis=1)


def posterior_network(
    length: int = 100, *, noise: _Scalar = 1.0, jump: _Scalar = 3.0, positions: tuple[int, int] = POSITIONS
) -> SoftmaxLayer:
    """The weights and bias for which a one-layer softmax network is the exact posterior.

        weights[i, t] = jump / noise²  where i ≥ t, else 0;   bias[t] = −(length − t + 1) jump² / 2 noise²

    Traceable, also in ``noise`` and ``jump``. Adding the same vector to all columns changes no probability, so compare
    learned weights after subtracting each row's mean.

    Args:
        length: number of samples of a signal.
        noise: standard deviation σ, in units of the signal.
        jump: height θ of the step, in units of the signal.
        positions: first and last possible position, 1-based and inclusive.

    Raises:
        ValueError: noise, jump or positions that `log_posterior` refuses, or a length below one.

    Example:
        >>> weights, bias = posterior_network()
        >>> weights.shape, bias.shape
        ((100, 60), (60,))

    Source: as `log_posterior`.
    """
    length = as_count("length", length)
    first, last = _checked_positions(positions, length)
    noise, jump = _checked_noise_and_jump(noise, jump)
    samples, candidates = np.arange(1, length + 1)[:, None], np.arange(first, last + 1)[None, :]
    after = (samples >= candidates).astype(np.float32)
    scale = jump / noise**2
    return SoftmaxLayer(scale * after, -scale * jump / 2 * after.sum(0))


def estimates(log_probabilities: Float[Array | np.ndarray, "*rows positions"], first: int = POSITIONS[0]) -> Estimates:
    """The mode, median and mean position of each row of log probabilities, a posterior's or a network's.

        mode = argmax p,   median = min {t : Σ_{s ≤ t} p(s) ≥ 1/2},   mean = Σ t p(t)

    Traceable. The mode is the first of equal maxima.

    Args:
        log_probabilities: [..., positions] natural logarithms, normalized along the last axis, so that none
            is above 0 (exponentials of more than 88 overflow); −inf is probability 0.
        first: the position of column 0, static.

    Returns:
        `Estimates`, each [...]. A row with NaN has the mean NaN and any mode and median.

    Raises:
        ValueError: log_probabilities that are not real numbers with at least one position, or first that is not an
            integer of at least 0.

    Example:
        >>> import jax.numpy as jnp
        >>> tuple(estimates(jnp.log(jnp.array([[0.4, 0.2, 0.4]])), first=1))
        (Array([1], dtype=int32), Array([2], dtype=int32), Array([2.], dtype=float32))

    Source: Bayes estimates under 0-1, absolute and squared loss; not in the thesis.
    """
    log_probabilities = as_real("log_probabilities", log_probabilities, shape=["…", "positions"])
    first = as_count("first", first, least=0, most=2**30)
    probabilities = jnp.exp(log_probabilities)
    count = log_probabilities.shape[-1]
    # Allow for rounding: a sum of probabilities may end just under a half where the true one reaches it.
    below = jnp.cumsum(probabilities, axis=-1) < 0.5 - 4 * count * jnp.finfo(probabilities.dtype).eps
    columns = jnp.arange(count, dtype=probabilities.dtype)
    mean = jnp.matmul(probabilities, columns, precision="highest")
    return Estimates(
        first + jnp.argmax(log_probabilities, axis=-1).astype(jnp.int32),
        first + jnp.minimum(jnp.sum(below, axis=-1, dtype=jnp.int32), count - 1),
        first + mean,
    )


def _checked_positions(positions, length, lowest=1):
    first, last = as_counts("positions", positions, least=0, length=2)
    if not lowest <= first <= last <= length:
        raise ValueError(
            f"positions: found {first} to {last}, wanted {lowest} ≤ first ≤ last ≤ {length}, the signal's length"
        )
    return first, last


def _checked_noise_and_jump(noise, jump):
    noise, jump = as_number("noise", noise, above=0), as_number("jump", jump)
    if not is_traced(noise) and not is_traced(jump) and abs(float(jump)) > 1e15 * float(noise):
        raise ValueError(f"noise: found {float(noise)}, wanted at least 1e-15 of the jump {float(jump)}")
    return noise, jump
