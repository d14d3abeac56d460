"""What every hidden unit correlates with: its feature vector."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from interp_jax.kernels.correlation import Moments
from interp_jax.methods._accept import accept_network, accept_segments
from interp_jax.methods.ablation import intact_layers


class FeatureVectors(NamedTuple):
    """What every hidden unit correlates with: the inputs, then the outputs; and where there was nothing to correlate.

    A constant input or output and a dead unit (one that never changes) have correlation 0 and are flagged.
    """

    vectors: Float[Array, "units features"]
    constant_inputs: Bool[Array, " inputs"]
    constant_outputs: Bool[Array, " outputs"]
    dead_units: Bool[Array, " units"]


def feature_vectors(
    inputs: Shaped[Array | np.ndarray, "..."],
    hidden: Shaped[Array | np.ndarray, "..."] | Sequence[Shaped[Array | np.ndarray, "..."]],
    outputs: Shaped[Array | np.ndarray, "..."],
) -> FeatureVectors:
    """Correlations of every hidden unit with every input and every output of the network, over the rows.

        v_k = [corr(x_i, o_k) for every input i, corr(o_k, y_j) for every output j]

    Traceable; one matrix product. y is what the network puts out, not the label. A NaN activation makes the unit's
    vector NaN, which `build` refuses.

    Args:
        inputs: [rows, …] one row an input; more axes are flattened.
        hidden: [rows, *places, units] the hidden units' outputs, or several layers, which are pooled in their order.
            Places (of a feature map) are averaged over.
        outputs: [rows, outputs] the network's outputs.

    Raises:
        ValueError: parts with different numbers of rows, no hidden layer or one without a units axis, inputs without
            rows, outputs not a matrix.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
        >>> found = feature_vectors(x, hidden=-3 * x[:, :1], outputs=x[:, :1] + 5)
        >>> found.vectors.round(3), found.constant_inputs
        (Array([[-1.,  0., -1.]], dtype=float32), Array([False,  True], dtype=bool))

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    both, units, split = pooled_columns(inputs, hidden, outputs)
    return _vectors(Moments.init(both.shape[1], units.shape[1], both.dtype).update(both, units), split)


def network_vectors(segments, inputs, *, batch_size: int = 10_000) -> FeatureVectors:
    """`feature_vectors` of a network, over any number of rows taken ``batch_size`` at a time.

    Host-level. Memory: one batch's activations; the rows may be a memory-mapped array larger than memory.

    Args:
        segments: the network cut where its hidden units are: callables to apply one after the other, the outputs of
            all but the last being hidden layers (units last). ``network.segments()`` of an LNN,
            ``(chain.until("relu1"), chain.after("relu1"))`` of a chain.
        inputs: [rows, …].
        batch_size: rows at a time.

    Raises:
        ValueError: fewer than two segments or one that is not callable, inputs that are no array of rows, NaN or
            infinity in inputs or activations, batch_size below one, outputs not a matrix, or a network whose rows
            depend on each other.

    Example:
        >>> import jax.numpy as jnp
        >>> found = network_vectors((jnp.sin, lambda hidden: 2 * hidden), jnp.linspace(-1, 1, 20).reshape(10, 2))
        >>> found.vectors.shape
        (2, 4)

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    segments = accept_segments(segments)
    if not getattr(inputs, "shape", ()):
        raise ValueError(f"inputs: found a {type(inputs).__name__} without rows, wanted an array [rows, …]")
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    layers = jax.tree_util.Partial(intact_layers, segments)
    accept_network(layers, inputs[:8])
    row = jnp.asarray(inputs[:1])
    both, units = jax.eval_shape(lambda row: pooled_columns(row, *layers(row))[:2], row)
    moments = Moments.init(both.shape[1], units.shape[1], both.dtype)
    for start in range(0, len(inputs), batch_size):
        moments = _updated(moments, layers, jnp.asarray(inputs[start : start + batch_size]))
    found = _vectors(moments, math.prod(inputs.shape[1:]))
    wrong = np.flatnonzero(~np.isfinite(np.asarray(found.vectors)).all(axis=1))
    if wrong.size:
        found = f"NaN or infinity in them, in the outputs or in the activations of {numbered(wrong)}"
        raise ValueError(f"inputs: found {found}, wanted none")
    return found


def pooled_columns(inputs, hidden, outputs):
    """What `feature_vectors` correlates: [rows, inputs + outputs], [rows, units] and the number of inputs. Traceable.

    Integers and half precision come out as float32.

    Raises:
        ValueError: as for `feature_vectors`.

    Example:
        >>> import jax.numpy as jnp
        >>> x, layers = jnp.ones((5, 2, 2)), [jnp.ones((5, 3, 7)), jnp.ones((5, 6))]
        >>> both, units, split = pooled_columns(x, layers, jnp.ones((5, 1)))
        >>> both.shape, units.shape, split
        ((5, 5), (5, 13), 4)
    """
    inputs, outputs = jnp.asarray(inputs), jnp.asarray(outputs)
    layers = [_places_averaged(layer) for layer in (hidden if isinstance(hidden, tuple | list) else [hidden])]
    if not layers:
        raise ValueError("hidden: found no layers, wanted at least one")
    if not inputs.ndim:
        raise ValueError("inputs: found shape (), wanted [rows, …]")
    if outputs.ndim != 2:
        raise ValueError(f"outputs: found shape {outputs.shape}, wanted [rows, outputs]")
    rows = {len(part) for part in (inputs, *layers, outputs)}
    if len(rows) > 1:
        found = f"{len(inputs)}, {[len(layer) for layer in layers]} and {len(outputs)}"
        raise ValueError(f"hidden: found {found} rows in inputs, hidden and outputs, wanted equally many")
    flat = inputs.reshape(len(inputs), math.prod(inputs.shape[1:]))
    dtype = jnp.result_type(jnp.float32, flat, outputs, *layers)
    both = jnp.concatenate([flat, outputs], axis=1, dtype=dtype)
    return both, jnp.concatenate(layers, axis=1, dtype=dtype), flat.shape[1]


def _places_averaged(layer):
    layer = jnp.asarray(layer)
    if layer.ndim < 2:
        raise ValueError(f"hidden: found a layer of shape {layer.shape}, wanted [rows, …, units]")
    dtype = jnp.promote_types(layer.dtype, jnp.float32)
    return jnp.mean(layer, axis=tuple(range(1, layer.ndim - 1)), dtype=dtype) if layer.ndim > 2 else layer


@partial(jax.jit, static_argnames="split")
def _vectors(moments, split):
    constant = moments.constant_a
    return FeatureVectors(moments.pearson().T, constant[:split], constant[split:], moments.constant_b)


@jax.jit
def _updated(moments, layers, inputs):
    both, units, _ = pooled_columns(inputs, *layers(inputs))
    return moments.update(both, units)


def numbered(indices) -> str:
    """The units of these numbers, named in an error."""
    shown = ", ".join(str(index) for index in indices[:5])
    return f"unit{'s' * (len(indices) > 1)} {shown}{', …' * (len(indices) > 5)}"
