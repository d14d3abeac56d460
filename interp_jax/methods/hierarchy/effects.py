"""Magnitudes, without signs, of the effects of inputs on hidden units and of hidden units on outputs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Segments, as_count
from interp_jax.methods._accept import applied, as_floating_rows, as_taken_rows, callable_pytree
from interp_jax.methods._segments import accept_segments
from interp_jax.methods.ablation import unit_means


def input_effects(
    head: Callable[..., Any], inputs: Given[ArrayLike, "rows *features"], *, batch_size: int = 1
) -> Float[Array, "inputs units"]:
    """Root mean square change of each hidden unit when one input is held at its mean.

        e[i, k] = √ E_n (o_k(x_n) − o_k(x_n with x_i at its mean over the rows))²

    Traceable. One forward pass per input over all rows: 196 inputs, 5,000 rows and 196 × 100 weights take a third of a
    second on two CPU cores. Memory: batch_size copies of the inputs and of the head's activations. Zero, up to
    rounding, for a constant input, a dead unit, or a single row.
    Effects beyond 1e19 overflow to infinity.

    Args:
        head: ``[rows, *features] -> hidden [rows, …, units]``, or a pytree of several layers, concatenated in order.
            Positions between rows and units are averaged over as rows are. A plain function is compiled once: variables
            that it captures must not change.
        inputs: [rows, …]; several feature axes are numbered as if flattened. Floats, uint8 or bool: token ids
            have no mean. NaN in an input makes its effects, and those on all that depends on it, NaN.
        batch_size: inputs replaced at a time.

    Raises:
        TypeError: a head that is not callable.
        ValueError: no rows, integers but uint8 (they may be token ids), a head that fails on them, batch_size below
            one.

    Example:
        >>> input_effects(lambda x: x * jnp.array([[3.0, 0.0]]), jnp.array([[1.0, 5.0], [-1.0, 7.0]]))
        Array([[3., 0.],
               [0., 0.]], dtype=float32)

    Source: Watanabe et al., arXiv:1805.07137, as used by Watanabe, arXiv:1810.01588, Appendix 1.
    """
    head = callable_pytree(head, name="head")
    inputs = as_floating_rows("inputs", inputs, head)
    return _input_effects(head, inputs, as_count("batch_size", batch_size))


@partial(jax.jit, static_argnames="batch_size")
def _input_effects(head, inputs, batch_size):
    shape = inputs.shape[1:]
    features = jnp.arange(int(np.prod(shape))).reshape(shape)
    head = partial(applied, head, name="head", hidden=True)
    return _changes(head, inputs, jnp.mean(inputs, axis=0), features, features.size, batch_size)


def output_effects(
    segments: Segments, inputs: Given[ArrayLike, "rows *features"], *, batch_size: int = 1
) -> Float[Array, "units outputs"]:
    """Root mean square change of each output when one hidden unit is held at its mean.

        e[k, j] = √ E_n (f_j(x_n) − f_j(x_n with o_k at its mean over the rows))²

    Traceable. One pass per unit through the segments after it, over all rows. Memory: all hidden activations, and
    batch_size copies of the longest remaining pass. A channel is replaced at all positions, by its mean over rows and
    positions. Zero, up to rounding, for a dead unit or a single row.
    Effects beyond 1e19 overflow to infinity.

    Args:
        segments: the network split at its hidden layers, as for `ablation.replace_units`.
        inputs: [rows, …]; integers stay integers, but uint8 and bool become float32 if the network takes that.
        batch_size: units replaced at a time.

    Returns:
        [units, outputs], all hidden layers' units concatenated in order.

    Raises:
        ValueError: fewer than two segments, one that is not callable or fails, no rows, batch_size below one.

    Example:
        >>> network = (lambda x: 2 * x, lambda hidden: jnp.stack([hidden[:, 0], hidden[:, 0] - hidden[:, 1]], 1))
        >>> output_effects(network, jnp.array([[1.0, 3.0], [-1.0, 3.0]]))
        Array([[2., 2.],
               [0., 0.]], dtype=float32)

    Source: Watanabe et al., arXiv:1805.07137, as used by Watanabe, arXiv:1810.01588, Appendix 1.
    """
    network = accept_segments(segments)
    inputs = as_taken_rows("inputs", inputs, network.run)
    return _output_effects(network, inputs, as_count("batch_size", batch_size))


@partial(jax.jit, static_argnames="batch_size")
def _output_effects(network, inputs, batch_size):
    hidden, _ = network.run(inputs)
    effects = []
    for number, layer in enumerate(hidden):
        units = jnp.broadcast_to(jnp.arange(layer.shape[-1]), layer.shape[1:])
        means = jnp.broadcast_to(unit_means(layer), layer.shape[1:])
        tail = network.after(number, inputs)
        effects.append(_changes(tail, layer, means, units, layer.shape[-1], batch_size))
    return jnp.concatenate(effects, axis=0)


def effect_magnitudes(
    segments: Segments, inputs: Given[ArrayLike, "rows *features"], *, batch_size: int = 1
) -> Float[Array, "units features"]:
    """The non-negative feature vectors of all hidden units: effects of the inputs on them, then of them on the outputs.

        V[k] = [e_in[i, k] for every input i, e_out[k, j] for every output j]

    Traceable; costs `input_effects` and `output_effects`. `kernels.nmf.nmf` takes the result.
    Effects beyond 1e19 overflow to infinity.

    Args:
        segments: the network split at its hidden layers, as for `ablation.replace_units`.
        inputs: [rows, …], as for `input_effects`.
        batch_size: inputs, then units, replaced at a time.

    Returns:
        [units, inputs + outputs], all hidden layers' units concatenated in order.

    Raises:
        ValueError: segments, inputs or a batch_size that `input_effects` or `output_effects` refuses.

    Example:
        >>> network = (lambda x: x[:, :1] - x[:, 1:], lambda hidden: 3 * hidden)
        >>> effect_magnitudes(network, jnp.array([[1.0, 2.0], [-1.0, 2.0]]))
        Array([[1., 0., 3.]], dtype=float32)

    Source: Watanabe et al., arXiv:1805.07137, as used by Watanabe, arXiv:1810.01588, Appendix 1.
    """
    network = accept_segments(segments)
    head = jax.tree_util.Partial(_hidden_layers, network)
    on_units = input_effects(head, inputs, batch_size=batch_size)
    return jnp.concatenate([on_units.T, output_effects(segments, inputs, batch_size=batch_size)], axis=1)


def _changes(function, arrays, means, numbers, count, batch_size):
    """Root mean square change of the function's outputs when the entries of each number are set to their means."""
    intact = jax.tree.leaves(function(arrays))
    if not intact:
        raise ValueError("head: found a function without outputs, wanted one or more arrays [rows, …]")

    def change(number):
        chosen = jnp.broadcast_to(numbers == number, arrays.shape)
        moved = jax.tree.leaves(function(jnp.where(chosen, jnp.broadcast_to(means, arrays.shape), arrays)))
        return jnp.concatenate([_root_mean_squares(*pair) for pair in zip(moved, intact, strict=True)])

    return jax.lax.map(change, jnp.arange(count), batch_size=batch_size)


def _root_mean_squares(after, before):
    # In half precision the squares of small changes would be zero.
    kind = jnp.promote_types(after.dtype, jnp.float32)
    return jnp.sqrt(unit_means(jnp.square(after.astype(kind) - before.astype(kind))))


def _hidden_layers(network, inputs):
    return network.run(inputs)[0]
