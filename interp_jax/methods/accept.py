"""What every method asks of a network it is given: a callable pytree whose rows do not influence each other."""

import inspect
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np


def accept_network(network, inputs) -> Callable:
    """The network as a callable pytree, once it has shown that a row's scores depend on that row alone.

    Host-level; three calls on ten rows. Refused are scores that change with the other rows, with the row's place or
    from call to call: dropout and batch norm left in training mode, whichever library they come from.

    Args:
        network: ``[batch, …] -> array or pytree of arrays [batch, …]``; a callable pytree, a method of one
            (``chain.activations``), or a plain function.
        inputs: rows to try it on; the first eight are used.

    Returns:
        The network in a form that goes through ``jax.jit`` as an argument.

    Raises:
        TypeError: a network that cannot be called.
        ValueError: no rows, or a network whose rows are not independent.

    Example:
        >>> import jax.numpy as jnp
        >>> network = accept_network(lambda x: 2 * x, jnp.ones((3, 2)))
        >>> accept_network(lambda x: x - x.mean(0, keepdims=True), jnp.array([[1.0], [2.0]]))
        Traceback (most recent call last):
        ...
        ValueError: network: a row's scores change with the other rows; freeze it first: networks.freeze(model)
    """
    if not callable(network):
        raise TypeError(f"network: found {type(network).__name__}, wanted something callable")
    inputs = jnp.asarray(inputs)
    if inputs.ndim == 0 or not inputs.shape[0]:
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted at least one row")
    # Other rows that surely differ from the first, also where all given rows are equal.
    rows = jnp.concatenate([inputs[:8], -1 - inputs[:1], 2 * inputs[:1] + 3]).astype(inputs.dtype)
    copies = jnp.broadcast_to(rows[:1], rows.shape)
    scores, again, of_copies = network(rows), network(rows), network(copies)
    if not _close(scores, again):
        raise _refusal("a row's scores change from call to call")
    if not _close(of_copies, jax.tree.map(lambda a: jnp.broadcast_to(a[:1], a.shape), of_copies)):
        raise _refusal("equal rows get different scores")
    if not _close(jax.tree.map(lambda a: a[:1], scores), jax.tree.map(lambda a: a[:1], of_copies)):
        raise _refusal("a row's scores change with the other rows")
    return _callable_pytree(network)


def _callable_pytree(network):
    if inspect.ismethod(network) and _holds_only_arrays(network.__self__):
        return jax.tree_util.Partial(network.__func__, network.__self__)
    return network if _holds_only_arrays(network) else jax.tree_util.Partial(network)


def _holds_only_arrays(tree) -> bool:
    return all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(tree))


def _refusal(finding: str) -> ValueError:
    return ValueError(f"network: {finding}; freeze it first: networks.freeze(model)")


def _close(first, second) -> bool:
    # Matrix products may round differently from row to row: allow float noise (TF32 and bfloat16 products too).
    def close(a, b):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        scale = np.abs(a[np.isfinite(a)]).max(initial=0.0)
        return np.allclose(a, b, rtol=0, atol=1e-2 * scale, equal_nan=True)

    return all(jax.tree.leaves(jax.tree.map(close, first, second)))
