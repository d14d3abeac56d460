"""A network's tail split by units: the parts that gates multiply are computed once for all gates."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from interp_jax._checks import Given, as_counts, describe
from interp_jax._readable import readable
from interp_jax.networks.chain import Chain

_HIGHEST = jax.lax.Precision.HIGHEST


@readable()
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LiftedTail:
    """A tail whose first layer L is linear, so that gates and layer commute; made by `lift`. Traceable.

        L(b ∘ h) + bias = bias + Σ_i b_i L(h_i)

    A callable pytree: ``tail(hidden) -> scores`` is the chain itself. ``combine_units(lift_units(hidden), gates)``
    equals ``tail(hidden * gates)`` and runs the layer once for all gates, which pays if many gates are applied to the
    same rows. ``scores_of_units(hidden, units, gates)`` runs the layer on some units only, for a mask that closes the
    others.
    """

    tail: Chain
    weights: Any  # of the layer, units leading
    layer: str = dataclasses.field(metadata={"static": True})

    def __call__(self, hidden: Float[Array | np.ndarray, "rows *features"]) -> Float[Array, "rows *outputs"]:
        """The chain's scores of whole hidden layers."""
        return self.tail(hidden)

    def lift_units(self, hidden: Float[Array | np.ndarray, "rows *features"]) -> Float[Array, "rows units *outputs"]:
        """Every unit's part of the layer's output, L(h_i) without bias: units × the outputs' memory.

        A row's parts are contiguous, so that rows can be lifted once and selected many times.
        """
        hidden, layer = jnp.asarray(hidden), getattr(self.tail, self.layer)
        units = self.weights.shape[0]
        if isinstance(layer, nnx.Linear):
            # Axes that the layer does not sum over count as rows.
            rows = jnp.moveaxis(hidden.reshape(-1, self.weights.shape[1], units), 2, 0)
            parts = jnp.matmul(rows, self.weights, precision=_HIGHEST).reshape(units, *self._output_shape(hidden))
        else:
            # Unit by unit: a convolution of all at once, in groups of one channel, is slower than this loop on CPU.
            channels = jnp.moveaxis(hidden, -1, 0)[..., None]
            parts = jax.lax.map(lambda unit: _convolved(layer, *unit), (self.weights, channels))
        return jnp.moveaxis(parts, 0, 1)

    def combine_units(
        self, lifted: Float[Array, "rows units *parts"], gates: Float[Array, " units"]
    ) -> Float[Array, "rows *outputs"]:
        """The scores of lifted rows, every unit multiplied by its gate. For reverse-mode gradients."""
        return self.scores_after_layer(_weighted_sum(jnp.asarray(gates), jnp.asarray(lifted)))

    def scores_of_units(
        self,
        hidden: Float[Array | np.ndarray, "rows *features"],
        units: Int[Array | np.ndarray, " open"],
        gates: Float[Array | np.ndarray, " open"],
    ) -> Float[Array, "rows *outputs"]:
        """The scores with only these units left, each multiplied by its gate; the cost is proportional to their number.

        A unit may come twice, e.g. with a gate of 0, so that masks of different sizes share a compilation.
        """
        return self.scores_after_layer(self.layer_of_units(gated_units(hidden, units, gates), units))

    def layer_of_units(
        self, rows: Float[Array, "rows *features"], units: Int[Array | np.ndarray, " open"]
    ) -> Float[Array, "rows *parts"]:
        """The layer's output, without bias, for a hidden layer that has only these units."""
        layer, weights = getattr(self.tail, self.layer), self.weights[units]
        if isinstance(layer, nnx.Linear):
            matrix = jnp.swapaxes(weights, 0, 1).reshape(-1, weights.shape[-1])
            output = jnp.matmul(rows.reshape(-1, len(matrix)), matrix, precision=_HIGHEST)
            whole = jax.ShapeDtypeStruct((*rows.shape[:-1], len(self.weights)), rows.dtype)
            return output.reshape(self._output_shape(whole))
        return _convolved(layer, jnp.moveaxis(weights[..., 0, :], 0, -2), rows)

    def scores_after_layer(self, output: Float[Array, "rows *parts"]) -> Float[Array, "rows *outputs"]:
        """The scores for the layer's output without its bias."""
        layer = getattr(self.tail, self.layer)
        if layer.bias is not None:
            output += jnp.broadcast_to(layer.bias[...], output.shape)
        return self.tail.after(self.layer)(output)

    def _output_shape(self, hidden):
        return jax.eval_shape(self.tail.until(self.layer), hidden).shape


def lift(tail: Given[Chain, "hidden -> scores"], shape: Sequence[int]) -> LiftedTail:
    """The tail in a form whose first layer can be computed before gates are applied, for methods that try many gates.

    Host-level, but pure: it may be called while tracing. Holds a copy of the first layer's kernel.

    Args:
        tail: a chain whose first layer is a dense layer or a convolution, such as ``net.after("max2")``; stages before
            it may flatten.
        shape: of one row's hidden layer, (height, width, units) or (units,).

    Returns:
        The tail with three further methods: ``lift_units``, ``combine_units`` and ``scores_of_units``.

    Raises:
        ValueError: not a chain, another stage first, or a shape that the layer does not take.

    Example:
        >>> tail = lift(Chain(dense=nnx.Linear(3, 2, rngs=nnx.Rngs(0)), relu=nnx.relu), (3,))
        >>> hidden, gates = jnp.ones((5, 3)), jnp.array([1.0, 0.0, 0.5])
        >>> scores = tail.combine_units(tail.lift_units(hidden), gates)
        >>> bool(jnp.allclose(scores, tail(hidden * gates[None]), atol=1e-6))
        True
    """
    if not isinstance(tail, Chain):
        raise ValueError(f"tail: found {describe(tail)}, wanted a Chain")
    shape = as_counts("shape", shape)
    if not shape:
        raise ValueError("shape: found (), wanted sizes of one row, units last")
    units, rows = shape[-1], (1, *shape)
    for name in tail.stage_names:
        stage = getattr(tail, name)
        if type(stage) is nnx.Linear:
            features, outputs = stage.kernel.shape
            if features != rows[-1] or features % units or math.prod(rows) % features:
                raise ValueError(f"shape: found {shape}, wanted {features} values for stage {name!r}, units last")
            return LiftedTail(tail, jnp.swapaxes(stage.kernel[...].reshape(-1, units, outputs), 0, 1), name)
        if type(stage) is nnx.Conv and stage.feature_group_count == 1:
            *window, wanted, _ = stage.kernel.shape
            if units != wanted or len(shape) <= len(window) or rows != (1, *shape):
                sizes = ", ".join(["…"] * len(window) + [str(wanted)])
                raise ValueError(f"shape: found {shape}, wanted ({sizes}) for stage {name!r}")
            return LiftedTail(tail, jnp.moveaxis(_masked_kernel(stage), -2, 0)[..., None, :], name)
        rows = _flattened(stage, rows)
        if rows is None:
            raise ValueError(
                f"tail: found stage {name!r} first, which is not linear; wanted a dense layer or a convolution"
            )
    raise ValueError("tail: found no layer, wanted a dense layer or a convolution")


def gated_units(hidden, units, gates):
    """The units with these indices, last axis of a hidden layer, each multiplied by its gate. Traceable."""
    return jnp.asarray(hidden)[..., units] * jnp.broadcast_to(jnp.asarray(gates), (*hidden.shape[:-1], len(units)))


def _masked_kernel(layer):
    kernel = layer.kernel[...]
    return kernel if layer.mask is None else kernel * layer.mask


def _convolved(layer, kernel, rows):
    """The convolution of some of a layer's input channels, without bias."""
    one = nnx.clone(layer)
    one.kernel, one.mask, one.bias, one.use_bias, one.precision = nnx.Param(kernel), None, None, False, _HIGHEST
    return one(rows)


@jax.custom_vjp
def _weighted_sum(gates, lifted):
    # For each row one product of all lanes' gates with the parts as they lie in memory: if it knew that all rows have
    # the same gates, XLA's CPU compiler would first copy all lifted parts into another order of axes.
    for_rows = jax.lax.optimization_barrier(jnp.broadcast_to(gates, lifted.shape[:2]))
    return jnp.einsum("ru,ru...->r...", for_rows, lifted, precision=_HIGHEST)


def _forward(gates, lifted):
    return _weighted_sum(gates, lifted), (gates, lifted)


def _backward(residuals, gradient):
    gates, lifted = residuals
    # The greater factor first: the compiler reorders the second.
    by_row = jnp.einsum("ru...,r...->ru", lifted, gradient, precision=_HIGHEST)
    return by_row.sum(axis=0), jnp.einsum("u,r...->ru...", gates, gradient, precision=_HIGHEST)


_weighted_sum.defvjp(_forward, _backward)


def _flattened(stage, shape):
    """The shape of a row after a stage that neither moves nor changes values, else None."""
    # Neither integers nor of one sign: every rectifier, clipping or rounding changes them.
    values = np.arange(math.prod(shape), dtype=np.float32).reshape(shape) - math.prod(shape) // 2 - 0.25
    try:
        with jax.ensure_compile_time_eval():
            output = np.asarray(stage(jnp.asarray(values)))
    except Exception:  # e.g. dropout in training mode: whatever fails here is not a flatten
        return None
    return output.shape if np.array_equal(output.reshape(-1), values.reshape(-1)) else None
