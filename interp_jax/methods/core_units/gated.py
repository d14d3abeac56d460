"""A network's tail with a gate on every unit, whatever the units are: channels, elements, or those of several layers."""

import dataclasses
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods.accept import callable_pytree


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GatedTail:
    """A tail whose units are multiplied by gates [units]; a pytree, so that it goes through ``jax.jit``.

    ``shapes`` are the masks' own: one shape that fits the last axes of the hidden layer, or pairs (layer, shape) for a
    tail that takes a mapping of masks itself. A tail that offers ``lift`` and ``combine`` is taken through them: what
    does not depend on the gates is then computed once for all of them.
    """

    tail: Callable
    shapes: tuple = dataclasses.field(metadata={"static": True})
    lifts: bool = dataclasses.field(metadata={"static": True})

    @property
    def units(self) -> int:
        """How many gates there are, those of all layers together."""
        return sum(math.prod(shape) for _, shape in self._layers())

    def prepare(self, hidden):
        """What the gates act upon: the hidden layer, or every unit's part of the next layer's input."""
        return self.tail.lift(hidden) if self.lifts else hidden

    def direct(self, hidden, gates):
        """The scores of rows for one set of gates: then there is nothing to compute once for all."""
        masks = self.unpack(gates)
        return self.tail(hidden, masks) if isinstance(masks, dict) else self.tail(hidden * masks)

    def scores(self, prepared, gates):
        """The scores of rows that ``prepare`` has seen, for gates [units]."""
        if self.lifts:
            return self.tail.combine(prepared, gates)
        return self.direct(prepared, gates)

    def unpack(self, gates):
        """Gates [units] in the shape of the caller's mask: an array, or one by layer."""
        parts, start = {}, 0
        for name, shape in self._layers():
            parts[name] = gates[start : start + math.prod(shape)].reshape(shape)
            start += math.prod(shape)
        return parts[None] if None in parts else parts

    def pack(self, mask):
        """The inverse of ``unpack``."""
        layers = mask if isinstance(mask, Mapping) else {None: mask}
        return jnp.concatenate([jnp.asarray(layers[name]).reshape(-1) for name, _ in self._layers()])

    def _layers(self):
        return self.shapes if self.shapes and isinstance(self.shapes[0], tuple) else ((None, self.shapes),)


def gated(tail: Callable, hidden, mask_shape=None) -> GatedTail:
    """The tail with gates in the shapes asked for, by default one for every unit of the last axis.

    Raises:
        TypeError: a tail that cannot be called.
        ValueError: a mask that does not fit the hidden layer, or a tail that does not take it.
    """
    if not callable(tail):
        raise TypeError(f"tail: found {type(tail).__name__}, wanted something callable")
    if hidden.ndim < 2:
        raise ValueError(f"hidden: found shape {hidden.shape}, wanted [rows, …, units]")
    if isinstance(mask_shape, Mapping):
        if not mask_shape:
            raise ValueError("mask_shape: found no layers, wanted the shape of a mask by the name of its layer")
        shapes = tuple((name, _shape(shape)) for name, shape in mask_shape.items())
    else:
        shapes = _shape(hidden.shape[-1:] if mask_shape is None else mask_shape)
        if shapes != hidden.shape[hidden.ndim - len(shapes) :] or len(shapes) > hidden.ndim - 1:
            raise ValueError(f"mask: found shape {shapes}, wanted the last axes of hidden, {hidden.shape[1:]}")
    lifts = hasattr(tail, "lift") and shapes == hidden.shape[-1:]
    found = GatedTail(tail if lifts else callable_pytree(tail), shapes, lifts)
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    try:
        scores = jax.eval_shape(lambda row, gates: found.scores(found.prepare(row), gates), row, _gates(found))
    except Exception as error:
        raise ValueError(f"tail: it does not take hidden units of shape {hidden.shape[1:]}: {error}") from error
    if scores.ndim != 2 or scores.shape[0] != 1:
        raise ValueError(f"tail: found scores of shape {scores.shape} for one row, wanted [1, classes]")
    return found


def mask_shape_of(mask):
    """The ``mask_shape`` that a mask has."""
    if isinstance(mask, Mapping):
        return {name: jnp.shape(value) for name, value in mask.items()}
    return jnp.shape(mask)


def _shape(shape) -> tuple[int, ...]:
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not shape or min(shape) < 1:
        raise ValueError(f"mask_shape: found {shape}, wanted sizes of at least 1")
    return tuple(int(size) for size in shape)


def _gates(gated):
    return jax.ShapeDtypeStruct((gated.units,), jnp.float32)
