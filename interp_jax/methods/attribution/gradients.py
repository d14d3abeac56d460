"""What the gradient says each input number does for a class score: the usual rivals of a contribution map."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_real
from interp_jax.methods._accept import callable_pytree


def gradient_times_input(
    network: Callable, inputs: Shaped[Array | np.ndarray, "rows ..."], target
) -> Float[Array, "rows ..."]:
    """The input times the slope of a class score, x · ∂z_c / ∂x.

    Traceable; one forward and one backward pass.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, rows independent.
        inputs: the rows to explain.
        target: the class c, one for all rows or [rows].

    Returns:
        As the inputs, signed: positive where the number raises the score. NaN in a row whose target, traced, is no
        class.

    Raises:
        ValueError: no rows, a network that does not give [rows, classes], or a target that is not whole numbers, one
            or one a row, or no class of the network's.

    Example:
        >>> import jax.numpy as jnp
        >>> gradient_times_input(lambda x: jnp.stack([x[:, 0], x[:, 1] ** 2], 1), jnp.array([[3.0, 2.0]]), 1)
        Array([[0., 8.]], dtype=float32)

    Source: Shrikumar, Greenside, Shcherbina & Kundaje, arXiv:1605.01713.
    """
    network, inputs, target = network_rows_and_target(network, inputs, target)
    return inputs * _slopes(network, inputs, target)


def integrated_gradients(
    network: Callable,
    inputs: Shaped[Array | np.ndarray, "rows ..."],
    target,
    *,
    baseline: float = 0.0,
    nodes: int = 32,
) -> Float[Array, "rows ..."]:
    """The slope of a class score averaged on the straight way from a baseline, times the way.

        (x − b) ∫₀¹ ∂z_c / ∂x (b + t (x − b)) dt,   which adds up to z_c(x) − z_c(b)

    Traceable; ``nodes`` forward and backward passes, a Gauss-Legendre sum.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, rows independent.
        inputs: the rows to explain.
        target: the class c, one for all rows or [rows].
        baseline: b, for all numbers of a row.
        nodes: of the integral.

    Returns:
        As the inputs, signed.

    Raises:
        ValueError: as of `gradient_times_input`, and nodes below one.

    Example:
        >>> import jax.numpy as jnp
        >>> integrated_gradients(lambda x: jnp.stack([x[:, 0], x[:, 1] ** 2], 1), jnp.array([[3.0, 2.0]]), 1).round(4)
        Array([[0., 4.]], dtype=float32)

    Source: Sundararajan, Taly & Yan, arXiv:1703.01365, equation 1.
    """
    network, inputs, target = network_rows_and_target(network, inputs, target)
    if nodes < 1:
        raise ValueError(f"nodes: found {nodes}, wanted at least 1")
    return _integrated(network, inputs, target, baseline, nodes)


@jax.jit
def _slopes(network, inputs, target):
    def total(x):
        scores = network(x)
        is_class = (target >= 0) & (target < scores.shape[1])
        return jnp.sum(jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=0)), is_class

    slopes, is_class = jax.grad(total, has_aux=True)(inputs)
    # A score that is not there has slope 0, which would read as numbers that do nothing.
    return jnp.where(is_class.reshape(-1, *[1] * (inputs.ndim - 1)), slopes, jnp.nan)


@partial(jax.jit, static_argnames="nodes")
def _integrated(network, inputs, target, baseline, nodes):
    way = inputs - baseline
    places, weights = np.polynomial.legendre.leggauss(nodes)
    along = jnp.asarray((places + 1) / 2, inputs.dtype), jnp.asarray(weights / 2, inputs.dtype)

    def add(total, node):
        place, weight = node
        return total + weight * _slopes(network, baseline + place * way, target), None

    return way * jax.lax.scan(add, jnp.zeros_like(way), along)[0]


def network_rows_and_target(network, inputs, target):
    """The network as a callable pytree, the rows as floating numbers and the class of each."""
    inputs, target = as_real("inputs", inputs), jnp.asarray(target)
    if inputs.ndim < 2 or not inputs.size:
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted [rows, …] with at least one row")
    if target.shape not in ((), inputs.shape[:1]) or not jnp.issubdtype(target.dtype, jnp.integer):
        wanted = f"a class or whole numbers of shape {inputs.shape[:1]}"
        raise ValueError(f"target: found {target.dtype} of shape {target.shape}, wanted {wanted}")
    network, inputs = callable_pytree(network), inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
    scores = jax.eval_shape(lambda network, x: network(x), network, inputs)
    if len(scores.shape) != 2 or scores.shape[0] != len(inputs):
        raise ValueError(f"network: found scores of shape {scores.shape}, wanted [{len(inputs)} rows, classes]")
    classes = scores.shape[1]
    if not isinstance(target, jax.core.Tracer) and not 0 <= int(target.min()) <= int(target.max()) < classes:
        raise ValueError(f"target: found {int(target.min())} to {int(target.max())}, wanted 0 to {classes - 1}")
    # A negative number would count from the end.
    target = jnp.where(target < 0, jnp.iinfo(target.dtype).max, target)
    return network, inputs, jnp.broadcast_to(target, inputs.shape[:1])
