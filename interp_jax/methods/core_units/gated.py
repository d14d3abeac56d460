"""A network's tail with a gate on every unit, be units channels, elements, or those of several layers."""

import dataclasses
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods._accept import callable_pytree
from interp_jax.methods.core_units.checks import check_predictions, check_values


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GatedTail:
    """A tail whose units are multiplied by gates [units]; a pytree, so that it goes through ``jax.jit``.

    ``shapes`` are the masks' own: one shape that fits the last axes of the hidden layer, or pairs (layer, shape) for a
    tail that takes a mapping of masks itself. A tail that offers ``lift`` and ``combine`` is taken through them: what
    does not depend on the gates is then computed once for all of them; ``kept``, of open units alone, and ``gated`` and
    ``moved``, of units whose gates differ, are used where a tail offers them.
    """

    tail: Callable
    shapes: tuple = dataclasses.field(metadata={"static": True})
    lifts: bool = dataclasses.field(metadata={"static": True})
    narrows: bool = dataclasses.field(metadata={"static": True})
    moves: bool = dataclasses.field(metadata={"static": True})
    classes: int = dataclasses.field(default=0, metadata={"static": True})

    @property
    def units(self) -> int:
        """How many gates there are, those of all layers together."""
        return sum(math.prod(shape) for _, shape in self._layers())

    def prepare(self, hidden):
        """What the gates act upon: the hidden layer, or every unit's part of the next layer's input."""
        return self.tail.lift(hidden) if self.lifts else hidden

    def scores(self, prepared, gates):
        """The scores of rows that ``prepare`` has seen, for gates [units]."""
        return self.tail.combine(prepared, _like(gates, prepared)) if self.lifts else self.direct(prepared, gates)

    def direct(self, hidden, gates):
        """The scores of rows as they are: for one set of gates, ``prepare`` would cost more than it saves."""
        masks = self.unpack(_like(gates, hidden))
        if isinstance(masks, dict):
            return self.tail(hidden, masks)
        return self.tail(hidden * jnp.broadcast_to(masks, hidden.shape))

    def kept(self, hidden, units, gates):
        """The scores of rows as they are, with the units of these numbers only: a gate for each. If it ``narrows``."""
        return self.tail.kept(hidden, units, _like(gates, hidden))

    def start(self, hidden, gates):
        """What ``moved`` starts from: rows as they are under these gates. If it ``moves``."""
        return self.tail.gated(hidden, _like(gates, hidden))

    def moved(self, start, units, gates):
        """The scores where the units of these numbers, each different, have other gates."""
        return self.tail.moved(start, units, _like(gates, start.hidden))

    def unpack(self, gates):
        """Gates […, units] in the shape of the caller's mask: an array, or one by layer."""
        parts, start = {}, 0
        for name, shape in self._layers():
            size = math.prod(shape)
            parts[name] = gates[..., start : start + size].reshape(*gates.shape[:-1], *shape)
            start += size
        return parts.get(None, parts)

    def pack(self, mask):
        """The inverse of ``unpack``."""
        layers = mask if isinstance(mask, Mapping) else {None: mask}
        return jnp.concatenate([jnp.asarray(layers[name]).reshape(-1) for name, _ in self._layers()])

    def _layers(self):
        return self.shapes if isinstance(self.shapes[0], tuple) else ((None, self.shapes),)


def gated(tail, hidden, mask_shape=None, *, name: str = "mask_shape") -> GatedTail:
    """The tail with gates in the shapes asked for, by default one for every unit of the last axis.

    ``name`` is the argument that errors speak of.

    Raises:
        TypeError: a tail that cannot be called.
        ValueError: a mask that does not fit the hidden layer, or a tail that does not take it.
    """
    if not callable(tail):
        raise TypeError(f"tail: found {type(tail).__name__}, wanted something callable")
    if isinstance(mask_shape, Mapping):
        if not mask_shape:
            raise ValueError(f"{name}: found no layers, wanted one by the name of its layer")
        shapes = tuple((layer, _shape(shape, name)) for layer, shape in mask_shape.items())
    else:
        shapes = _shape(hidden.shape[-1:] if mask_shape is None else mask_shape, name)
        if shapes != hidden.shape[1:][-len(shapes) :]:
            raise ValueError(f"{name}: found shape {shapes}, wanted the last axes of hidden, {hidden.shape[1:]}")
    lifts, narrows, moves = (
        shapes == hidden.shape[-1:] and all(callable(getattr(tail, name, None)) for name in names)
        for names in (("lift", "combine"), ("kept",), ("gated", "moved"))
    )
    # What is lifted does not start over from other gates.
    moves = moves and not lifts
    offers = lifts or narrows or moves
    found = GatedTail(tail if offers else callable_pytree(tail), shapes, lifts, narrows, moves)
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    gates = jax.ShapeDtypeStruct((found.units,), jnp.float32)
    try:
        scores = jax.eval_shape(lambda row, gates: found.scores(found.prepare(row), gates), row, gates)
    except Exception as error:
        raise ValueError(f"tail: it does not take hidden units of shape {hidden.shape[1:]}: {error}") from error
    found_shape = getattr(scores, "shape", None)
    if found_shape is None or len(found_shape) != 2 or found_shape[0] != 1 or not found_shape[1]:
        raise ValueError(f"tail: found scores of shape {found_shape} for one row, wanted [1, classes]")
    return dataclasses.replace(found, classes=found_shape[1])


def accept(tail, hidden, predictions, mask_shape=None):
    """The gated tail, the hidden layer and the predictions of a function that loops on the host.

    Raises:
        TypeError: a tail that cannot be called.
        ValueError: arrays that do not fit each other or the tail, or values that are none of the classes or not finite.
    """
    hidden, predictions = jnp.asarray(hidden), np.asarray(predictions)
    check_predictions(hidden, predictions)
    network = gated(tail, hidden, mask_shape)
    check_values(hidden, predictions, network.classes)
    return network, hidden, predictions


def _like(gates, hidden):
    return gates.astype(hidden.dtype) if jnp.issubdtype(hidden.dtype, jnp.inexact) else gates


def mask_shape_of(mask):
    """The ``mask_shape`` that a mask has."""
    if isinstance(mask, Mapping):
        return {name: jnp.shape(value) for name, value in mask.items()}
    return jnp.shape(mask)


def _shape(shape, name) -> tuple[int, ...]:
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not shape or min(shape) < 1:
        raise ValueError(f"{name}: found shape {shape}, wanted sizes of at least 1")
    return tuple(int(size) for size in shape)
