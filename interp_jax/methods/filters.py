"""The linear filter of each class of a signal classifier."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_centered, as_count, as_real, check_shape
from interp_jax._readable import readable
from interp_jax.methods._accept import applied, as_floating_rows, callable_pytree
from interp_jax.methods._centered import centered


@readable()
class Profile(NamedTuple):
    """Weights by their offset from the jump.

    Attributes:
        offsets: [offsets] in samples; 0 is the first sample after the jump.
        mean: [offsets] mean weight over the classes.
        spread: [offsets] standard deviation over the classes.
    """

    offsets: np.ndarray
    mean: Float[Array, " offsets"]
    spread: Float[Array, " offsets"]

    def _finding(self) -> str | None:
        mean = np.asarray(self.mean)
        if mean.ndim != 1 or np.isnan(mean).all():
            return None
        least, most = (
            f"{mean[place]:.4g} at offset {self.offsets[place]}" for place in (np.nanargmin(mean), np.nanargmax(mean))
        )
        return f"mean weights {least} to {most}"


def effective_weights(
    network: Callable[..., Any], inputs: Given[ArrayLike, "rows *features"]
) -> Float[Array, "*features classes"]:
    """A network's linear filters, linearized over some rows: its mean Jacobian.

        W[i, c] = 1 / rows  Σ_n ∂ score_c(x_n) / ∂ x_{n,i}

    Traceable. Exact and row-independent for a linear network; otherwise an average over the given rows. Costs a forward
    pass and a backward pass per class over all rows; memory of one backward pass. NaN in a row makes the weights it
    affects NaN.

    Args:
        network: ``[rows, …] -> scores [rows, classes]``.
        inputs: [rows, …] the rows to average over, floats, uint8 or bool.

    Returns:
        [length, classes] for signals [rows, length], else [height, width, channels, classes] etc.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, rows without features, integers but uint8 (they may be token ids), or a network that fails
            on them or does not return a matrix.

    Example:
        >>> effective_weights(lambda x: x @ jnp.array([[1.0, 2.0]]).T, jnp.zeros((3, 2)))
        Array([[1.],
               [2.]], dtype=float32)

    Source: the reading of Chen 2017, section 3.3.3 (Fig. 3.15), carried over to deeper networks.
    """
    inputs = as_floating_rows("inputs", inputs, network)
    check_shape("inputs", inputs, ["rows", "features", "…"])
    return _effective_weights(callable_pytree(network), inputs)


@jax.jit
def _effective_weights(network, inputs):
    # The Jacobians' sum is the Jacobian of the summed scores in a shift of all rows: no Jacobian a row is ever held.
    wide = jnp.promote_types(inputs.dtype, jnp.float32)

    def sums(shift):
        scores = applied(network, (inputs.astype(wide) + shift[None]).astype(inputs.dtype))
        check_shape("network", scores, [len(inputs), "classes"])
        return jnp.sum(scores.astype(jnp.promote_types(scores.dtype, jnp.float32)), axis=0)

    scores, pull_back = jax.vjp(sums, jnp.zeros(inputs.shape[1:], wide))
    weights = jax.lax.map(lambda direction: pull_back(direction)[0], jnp.eye(scores.shape[0], dtype=scores.dtype))
    return jnp.moveaxis(weights, 0, -1) / len(inputs)


def center_classes(weights: Given[ArrayLike, "inputs classes"]) -> Float[Array, "inputs classes"]:
    """Weights of a softmax layer minus their mean over the classes, which makes them unique.

        W[i, c] − 1 / classes  Σ_b W[i, b]

    Traceable. A softmax is invariant to a vector added to all classes, so equal classifiers can have different weights.
    NaN makes its input's weights NaN.

    Args:
        weights: [inputs, classes].

    Raises:
        ValueError: weights that are not a real matrix.

    Example:
        >>> center_classes(jnp.array([[1.0, 3.0], [5.0, 5.0]]))
        Array([[-1.,  1.],
               [ 0.,  0.]], dtype=float32)
    """
    return _centered("weights", weights)


def agreement(
    weights: Given[ArrayLike, "inputs classes"], reference: Given[ArrayLike, "inputs classes"]
) -> Float[Array, ""]:
    """Pearson correlation, a scalar, of two softmax layers' weights after `center_classes`; 0 if either is constant.

    Traceable. NaN in either gives NaN.

    Args:
        weights: [inputs, classes].
        reference: [inputs, classes] compared with weights.

    Raises:
        ValueError: not real matrices, or of different shapes.

    Example:
        >>> weights = jnp.array([[1.0, 3.0], [5.0, 4.0]])
        >>> round(float(agreement(weights, 2 * weights + jnp.array([[7.0], [-1.0]]))), 5)
        1.0
    """
    weights, reference = _centered("weights", weights), _centered("reference", reference)
    check_shape("reference", reference, weights.shape)
    # Centered over classes, the mean over everything is already zero, so this cosine is the correlation.
    return jnp.vdot(_unit(weights), _unit(reference), precision="highest")


def jump_profile(weights: Given[ArrayLike, "length positions"], *, first: int = 21, reach: int = 20) -> Profile:
    """`Profile`: the classes' filters averaged at equal offsets from their jump, centered as in `center_classes`.

        mean[o] = 1 / positions  Σ_k W[first + k + o, k]

    Traceable.
    Magnitudes beyond 1e19 overflow to NaN.

    Args:
        weights: [length, positions] a filter per position, column k for position ``first + k`` (1-based).
        first: position of column 0.
        reach: offsets −reach … reach − 1 are returned, in samples.

    Raises:
        ValueError: weights that are not a real matrix, counts below one, or offsets that reach outside the signal for
            some class.

    Example:
        >>> from interp_jax.kernels.jumps import posterior_network
        >>> profile = jump_profile(posterior_network().weights)
        >>> profile.offsets[:2], profile.mean.shape
        (array([-20, -19]), (40,))
    """
    weights = _centered("weights", weights)
    first, reach = as_count("first", first), as_count("reach", reach)
    length, positions = weights.shape
    offsets = np.arange(-reach, reach)
    rows = np.arange(first - 1, first - 1 + positions)[None, :] + offsets[:, None]
    if rows.min() < 0 or rows.max() >= length:
        raise ValueError(
            f"reach: found {reach} samples around positions {first} to {first + positions - 1}, "
            f"wanted them inside the signal's {length}"
        )
    aligned = weights[rows, np.arange(positions)[None, :]]
    return Profile(offsets, jnp.mean(aligned, axis=1), jnp.std(aligned, axis=1))


def _centered(name, weights):
    weights, _ = as_centered(name, weights, axis=1, shape=["inputs", "classes"])
    return centered(weights, 1)


def _unit(array):
    """The array scaled to norm 1, or zeros unchanged; scaled first, so that no square over- or underflows."""
    largest = jnp.max(jnp.abs(array))
    scaled = array / jnp.where(largest > 0, largest, 1)
    norm = jnp.linalg.norm(scaled)
    return scaled / jnp.where(norm > 0, norm, 1)


def smoothing_share(kernel: Given[ArrayLike, "taps *rest"]) -> Float[Array, ""]:
    """The smoothing share of a filter, a scalar: 1 if all taps have one sign, 0 for a pure difference.

        |Σ_u k_u| / Σ_u |k_u|

    Traceable; a filter of zeros has share 0, one with NaN or infinity NaN.

    Args:
        kernel: [taps, …] the filter.

    Raises:
        ValueError: a filter that is not real, or empty.

    Example:
        >>> [float(smoothing_share(jnp.array(taps))) for taps in ([1.0, 2.0], [1.0, -1.0], [1.0, 1.0, 1.0, 1.0, -1.0])]
        [1.0, 0.0, 0.6000000238418579]

    Source: Chen 2017, section 3.2.2 ("smoothing versus differentiation filters"), made a number.
    """
    kernel = as_real("kernel", kernel, shape=["taps", "…"])
    largest = jnp.max(jnp.abs(kernel))
    kernel = kernel / jnp.where(largest == 0, 1, largest)  # so that no sum overflows
    size = jnp.sum(jnp.abs(kernel))
    return jnp.abs(jnp.sum(kernel)) / jnp.where(size == 0, 1, size)
