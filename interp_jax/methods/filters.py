"""What a classifier of signals computes from its input, read as one linear filter a class."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax.methods._accept import callable_pytree


class Profile(NamedTuple):
    """Weights by their offset from the jump, averaged over the classes, and their standard deviation over them."""

    offsets: np.ndarray
    mean: Float[Array, " offsets"]
    spread: Float[Array, " offsets"]


def effective_weights(
    network: Callable, inputs: Float[Array | np.ndarray, "rows length"]
) -> Float[Array, "length classes"]:
    """The linear filters a network amounts to on some rows: its mean Jacobian.

        W[i, c] = 1 / rows  Σ_n ∂ score_c(x_n) / ∂ x_{n,i}

    Traceable. For a linear network exact and the same on any row; for others an average over the rows given.
    Costs a forward pass and a backward pass a class over all rows; memory as of one backward pass.

    Args:
        network: ``[batch, length] -> scores [batch, classes]``.
        inputs: the rows to average over.

    Example:
        >>> import jax.numpy as jnp
        >>> effective_weights(lambda x: x @ jnp.array([[1.0, 2.0]]).T, jnp.zeros((3, 2)))
        Array([[1.],
               [2.]], dtype=float32)

    Source: the reading of Chen 2017, section 3.3.3 (Fig. 3.15), carried over to deeper networks.
    """
    return _effective_weights(callable_pytree(network), jnp.asarray(inputs))


@jax.jit
def _effective_weights(network, inputs):
    # The mean Jacobian is the Jacobian of the mean score in a shift of all rows: no Jacobian a row is ever held.
    def mean_scores(shift):
        return jnp.mean(network(inputs + shift[None]), axis=0)

    scores, pull_back = jax.vjp(mean_scores, jnp.zeros(inputs.shape[1], inputs.dtype))
    return jax.lax.map(lambda direction: pull_back(direction)[0], jnp.eye(scores.shape[0], dtype=scores.dtype)).T


def center_classes(weights: Float[Array | np.ndarray, "inputs classes"]) -> Float[Array, "inputs classes"]:
    """Weights of a softmax layer in the gauge where they are unique: every input's mean over the classes is zero.

    A softmax does not see a vector added to all classes, so raw weights of two equal classifiers can differ.
    Traceable.

    Example:
        >>> import jax.numpy as jnp
        >>> center_classes(jnp.array([[1.0, 3.0], [5.0, 5.0]]))
        Array([[-1.,  1.],
               [ 0.,  0.]], dtype=float32)
    """
    weights = jnp.asarray(weights)
    return weights - jnp.mean(weights, axis=1, keepdims=True)


def agreement(
    weights: Float[Array | np.ndarray, "inputs classes"], reference: Float[Array | np.ndarray, "inputs classes"]
) -> Float[Array, ""]:
    """Pearson correlation of two softmax layers' weights after `center_classes`; 0 where one of them is constant.

    Traceable.

    Example:
        >>> import jax.numpy as jnp
        >>> weights = jnp.array([[1.0, 3.0], [5.0, 4.0]])
        >>> round(float(agreement(weights, 2 * weights + jnp.array([[7.0], [-1.0]]))), 5)
        1.0
    """
    # Centered over classes the mean over everything is zero already, so this cosine is the correlation.
    return jnp.vdot(_unit(center_classes(weights)), _unit(center_classes(reference)), precision="highest")


def jump_profile(
    weights: Float[Array | np.ndarray, "length positions"], *, first: int = 21, reach: int = 20
) -> Profile:
    """The classes' filters laid over one another at their jump, centered as in `center_classes`.

    Traceable. Offset 0 is the first sample after the jump.

    Args:
        weights: a filter a position, column k for position ``first + k`` (1-based).
        first: position of column 0.
        reach: offsets −reach … reach − 1 are returned.

    Raises:
        ValueError: offsets that reach outside the signal for some class.

    Example:
        >>> from interp_jax.kernels.jumps import posterior_network
        >>> profile = jump_profile(posterior_network().weights)
        >>> profile.offsets[:2], profile.mean.shape
        (array([-20, -19]), (40,))
    """
    length, positions = weights.shape
    offsets = np.arange(-reach, reach)
    rows = np.arange(first - 1, first - 1 + positions)[None, :] + offsets[:, None]
    if rows.min() < 0 or rows.max() >= length:
        raise ValueError(
            f"reach: found {reach} samples around positions {first} to {first + positions - 1}, "
            f"wanted them inside the signal's {length}"
        )
    aligned = center_classes(weights)[rows, np.arange(positions)[None, :]]
    return Profile(offsets, jnp.mean(aligned, axis=1), jnp.std(aligned, axis=1))


def _unit(array):
    """The array with norm 1, or zeros as they are; scaled first, so that no square over- or underflows."""
    largest = jnp.max(jnp.abs(array))
    scaled = array / jnp.where(largest > 0, largest, 1)
    norm = jnp.linalg.norm(scaled)
    return scaled / jnp.where(norm > 0, norm, 1)


def smoothing_share(kernel: Float[Array | np.ndarray, " taps"]) -> Float[Array, ""]:
    """How much of a filter only smooths: 1 where all taps have one sign, 0 for a pure difference.

        |Σ_u k_u| / Σ_u |k_u|

    Traceable; a filter of zeros has share 0.

    Example:
        >>> import jax.numpy as jnp
        >>> [float(smoothing_share(jnp.array(taps))) for taps in ([1.0, 2.0], [1.0, -1.0], [1.0, 1.0, 1.0, 1.0, -1.0])]
        [1.0, 0.0, 0.6000000238418579]

    Source: Chen 2017, section 3.2.2 ("smoothing versus differentiation filters"), made a number.
    """
    size = jnp.sum(jnp.abs(kernel))
    return jnp.where(size > 0, jnp.abs(jnp.sum(kernel)) / jnp.where(size > 0, size, 1), 0)
