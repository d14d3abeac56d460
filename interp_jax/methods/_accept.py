"""What every method asks of a network it is given: a callable pytree whose rows do not influence each other."""

import inspect
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np


def accept_network(network, inputs) -> Callable:
    """The network as a callable pytree, once it has shown that a row's scores depend on that row alone.

    Host-level; four calls on ten rows. Refused are scores that change with the other rows, with the row's place or
    from call to call: dropout and batch norm left in training mode, whichever library they come from.

    Args:
        network: ``[batch, …] -> array or pytree of arrays [batch, …]``; a callable pytree, a method of one
            (``chain.activations``), or a plain function.
        inputs: rows to try it on; the first eight are used.

    Returns:
        The network in a form that goes through ``jax.jit`` as an argument.

    Raises:
        TypeError: a network that cannot be called.
        ValueError: no rows, NaN or infinite inputs, or a network that fails on them, gives no row a row, or whose rows
            are not independent.

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
    if not bool(jnp.isfinite(inputs).all()):
        raise ValueError("inputs: found NaN or infinity, wanted finite numbers")
    # Made-up rows surely differ from the first and from zero, also where all given rows are equal.
    rows = jnp.concatenate([-1 - inputs[:1], 2 * inputs[:1] + 3, inputs[:8]]).astype(inputs.dtype)
    try:
        scores, again = network(rows), network(rows)
        copies = {row: network(jnp.broadcast_to(rows[row], rows.shape)) for row in (1, 2)}
    except Exception as error:
        raise _refusal(f"it fails on inputs of shape {rows.shape} ({type(error).__name__}: {error})") from error
    if any(jnp.shape(leaf)[:1] != (len(rows),) for leaf in jax.tree.leaves(scores)):
        found = [jnp.shape(leaf) for leaf in jax.tree.leaves(scores)]
        raise ValueError(f"network: found outputs of shape {found} for {len(rows)} rows, wanted a row for each")
    scale = jax.tree.map(_noise, scores)
    if not _close(scores, again, scale):
        raise _refusal("a row's scores change from call to call")
    for row, of_copies in copies.items():
        first = jax.tree.map(lambda leaf: leaf[:1], of_copies)
        if not _close(of_copies, first, scale):
            raise _refusal("equal rows get different scores")
        if not _close(jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], scores), first, scale):
            raise _refusal("a row's scores change with the other rows")
    return callable_pytree(network)


def callable_pytree(network: Callable) -> Callable:
    """The network, a method of one or a plain function in a form that goes through ``jax.jit`` as an argument.

    Host-level, but pure: traceable methods use it while they are traced. What is no pytree of arrays, a plain function
    say, is compiled once for as long as it lives: what it reads from outside itself must not change.

    Example:
        >>> import jax
        >>> jax.jit(lambda network, x: network(x))(callable_pytree(lambda x: 2 * x), 1.0)
        Array(2., dtype=float32, weak_type=True)
    """
    if inspect.ismethod(network) and _holds_only_arrays(network.__self__):
        return jax.tree_util.Partial(network.__func__, network.__self__)
    if _holds_only_arrays(network):
        return network
    # A bound method can be hashed, as jit must, also where what it is bound to cannot.
    return jax.tree_util.Partial(network if _hashable(network) else network.__call__)


def accept_segments(segments) -> tuple[Callable, ...]:
    """A network cut at its hidden units, as callable pytrees (`callable_pytree`).

    Host-level, but pure: traceable methods use it while they are traced.

    Args:
        segments: callables to apply one after the other, the outputs of all but the last being hidden layers.

    Raises:
        ValueError: a segment that cannot be called (those of an uncut `LNN`, say), or fewer than two segments.

    Example:
        >>> len(accept_segments((lambda x: 2 * x, lambda hidden: hidden.sum(1))))
        2
    """
    if not isinstance(segments, Sequence):
        found = type(segments).__name__
        raise ValueError(f"segments: found a {found}, wanted a tuple such as (chain.until(name), chain.after(name))")
    for number, segment in enumerate(segments):
        if not callable(segment):
            found = f"{type(segments).__name__} with a {type(segment).__name__} at place {number}"
            raise ValueError(f"segments: found a {found}, wanted callables: network.segments() of an LNN")
    if len(segments) < 2:
        raise ValueError(f"segments: found {len(segments)}, wanted at least two with hidden units between them")
    return tuple(callable_pytree(segment) for segment in segments)


def _hashable(network) -> bool:
    try:
        hash(network)
    except TypeError:
        return False
    return True


def _holds_only_arrays(tree) -> bool:
    return all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(tree))


def _refusal(finding: str) -> ValueError:
    return ValueError(f"network: {finding}; freeze it first: networks.freeze(model)")


def _noise(scores) -> float:
    """How far scores may differ by rounding alone: products may be TF32 or bfloat16, and differ from row to row."""
    values = np.nan_to_num(np.asarray(scores, np.float64), posinf=0, neginf=0)  # a NaN would make its column's mean one
    spread = np.abs(values - values.mean(axis=0)).max(initial=0.0)
    precision = float(jnp.finfo(scores.dtype).eps) if jnp.issubdtype(scores.dtype, jnp.inexact) else 0.0
    return 1e-2 * spread + 8 * precision * np.abs(values).max(initial=0.0)


def _close(first, second, scale) -> bool:
    def close(a, b, noise):
        return np.allclose(np.asarray(a, np.float64), np.asarray(b, np.float64), rtol=0, atol=noise, equal_nan=True)

    return all(jax.tree.leaves(jax.tree.map(close, first, second, scale)))
