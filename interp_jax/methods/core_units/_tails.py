"""A network's tail with a gate on each unit: one of three strategies, by the tail's methods."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._checks import (
    as_counts,
    as_labels,
    as_numpy,
    as_real,
    check_callable,
    check_choice,
    check_finite,
    is_traced,
)
from interp_jax._shards import map_rows
from interp_jax.methods._accept import SCORES, accept_scores, callable_pytree

_UNITS_AT_ONCE = 8
_DONORS_AT_ONCE = 128
_FEW = 2  # units in which masks may differ from a common one to be evaluated by what changes


@runtime_checkable
class LinearTail(Protocol):
    """A tail whose first layer L is linear in the hidden units, so that gates b on them commute with it.

        L(b ∘ h) = Σ_i b_i L(h_i)

    The gates' training and the search then compute each L(h_i) once for all gates. `networks.lift` makes such a tail;
    any pytree of arrays with these four methods is one. All of them are traceable and treat rows independently.
    """

    def __call__(self, hidden: Any) -> Any:
        """The scores [rows, classes] of hidden layers [rows, …, units]."""

    def lift_units(self, hidden: Any) -> Any:
        """Each unit's part L(h_i) of the first layer's output, one array [rows, units, …]."""

    def combine_units(self, lifted: Any, gates: Any) -> Any:
        """The scores of lifted rows with each unit multiplied by its gate [units]; differentiable in the gates.

        If something other than zero stands in for closed units, its part is one more, with a gate of 1; a tail that
        takes no more parts than units is then run as any other.
        """

    def scores_of_units(self, hidden: Any, units: Any, gates: Any) -> Any:
        """The scores with only the units of these numbers, each multiplied by its gate: [open] each.

        A number may be repeated if all its gates but one are 0.
        """


@runtime_checkable
class SubsetTail(Protocol):
    """A tail that is cheaper if few units are open or few gates change, although gates do not commute with it.

    A normalization across neighboring units is the usual case: `networks.narrow` makes such a tail; any pytree of
    arrays with these four methods is one. All of them are traceable and treat rows independently.
    """

    def __call__(self, hidden: Any) -> Any:
        """The scores [rows, classes] of hidden layers [rows, …, units]."""

    def scores_of_units(self, hidden: Any, units: Any, gates: Any) -> Any:
        """The scores with only the units of these numbers, as in `LinearTail`."""

    def under_gates(self, hidden: Any, gates: Any) -> Any:
        """The start of ``scores_with_changed_units``, from hidden layers under gates [units]: a pytree of arrays."""

    def scores_with_changed_units(self, start: Any, units: Any, gates: Any) -> Any:
        """The scores if the units of these distinct numbers have these gates instead."""


@runtime_checkable
class _OpenLayer(Protocol):
    """A `LinearTail` whose first layer can be computed for some units alone and added to, such as `LiftedTail`."""

    def layer_of_units(self, rows: Any, units: Any) -> Any:
        """The first layer's output, without bias, of a hidden layer that has only these units."""

    def scores_after_layer(self, output: Any) -> Any:
        """The scores for the first layer's output without its bias."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Donors:
    """Rows [donors, …, units] from which the activations of closed units are taken, by a key, ``draws`` of each row.

    A row's draws are numbered as if they were rows: row · draws, row · draws + 1, …
    ``outputs`` are those of the next layer for each donor, without bias, where they are computed once for all rows.
    """

    rows: jax.Array
    key: jax.Array
    draws: int = dataclasses.field(metadata={"static": True})
    outputs: Any = None

    def pick(self, hidden, numbers):
        """The rows of these draws, their donors, and the donors' outputs.

        A donor is never a row that equals the draw's own, if there is another.
        """

        def draw(number):
            return jax.random.randint(jax.random.fold_in(self.key, number), (), 0, len(self.rows))

        rows, first = hidden[numbers // self.draws], jax.vmap(draw)(numbers)
        same = jnp.all(rows == self.rows[first], axis=tuple(range(1, rows.ndim)))
        donors = jnp.where(same, (first + 1) % len(self.rows), first)
        return rows, self.rows[donors].astype(rows.dtype), None if self.outputs is None else self.outputs[donors]


def masked_rows(hidden, gates, reference):
    """The layer b ∘ h + (1 − b) ∘ r for gates b and values r of any last axes; None for zero."""
    gates = jnp.broadcast_to(gates, hidden.shape)
    if reference is None:
        return hidden * gates
    return hidden * gates + jnp.broadcast_to(reference.astype(hidden.dtype), hidden.shape) * (1 - gates)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GatedTail:
    """Any tail, its hidden layer multiplied by gates [units]; a pytree for ``jax.jit``.

    ``shapes`` are the masks': one shape that fits the last axes of the hidden layer, or pairs (layer, shape) for a tail
    that takes a mapping of masks. ``replacement`` is what stands in for closed units: None for zero, constants of any
    last axes, or `Donors`; rows are then what ``pick`` returns. The two subclasses are the strategies for tails that
    can do more.
    """

    tail: Callable
    shapes: tuple = dataclasses.field(metadata={"static": True})
    scores_are: str = dataclasses.field(default="logits", metadata={"static": True})
    classes: int = dataclasses.field(default=0, metadata={"static": True})
    replacement: Any = None

    def __call__(self, hidden):
        """The scores with all gates open."""
        return self.direct(hidden, jnp.ones(self.units))

    @property
    def most_changed(self) -> int:
        """Masks that differ in no more units from a common one are evaluated by what changes; −1: none are."""
        return -1

    @property
    def units(self) -> int:
        """The number of gates of all layers together."""
        return sum(math.prod(shape) for _, shape in self._layers())

    @property
    def draws_rows(self) -> bool:
        """Whether closed units are taken from other rows."""
        return isinstance(self.replacement, Donors)

    @property
    def draws(self) -> int:
        """How many rows each row counts as."""
        return self.replacement.draws if self.draws_rows else 1

    def pick(self, hidden, numbers):
        """The rows of these numbers, as the other methods take them; of a row's draws if units are resampled."""
        return self.replacement.pick(hidden, numbers) if isinstance(self.replacement, Donors) else hidden[numbers]

    def split(self, rows):
        """The rows' hidden layer, what stands in for their closed units, and the next layer's outputs for that."""
        return rows if self.draws_rows else (rows, self.replacement, None)

    def ahead(self):
        """The same with all that can be computed once for all rows and masks."""
        return self

    def prepare(self, rows):
        """The part of the rows' computation that does not depend on the gates."""
        return rows

    def scores(self, prepared, gates):
        """The scores of prepared rows for gates [units]."""
        return self.direct(prepared, gates)

    def direct(self, rows, gates):
        """The scores of unprepared rows: for one set of gates, ``prepare`` may cost more than it saves."""
        hidden, reference, _ = self.split(rows)
        masks = self.unpack(_like(gates, hidden))
        if isinstance(masks, dict):
            return self._logits(self.tail(hidden, masks))
        return self._logits(self.tail(masked_rows(hidden, masks, reference)))

    def encode(self, masks: np.ndarray):
        """Masks [masks, units] as ``encoded_scores`` takes them: numbers of units, None for all, and their gates."""
        return None, masks.astype(np.float32)

    def encoded_scores(self, prepared, units, gates):
        """The scores of prepared rows for one of the masks encoded together."""
        return self.scores(prepared, gates)

    def encode_alone(self, mask: np.ndarray):
        """A mask [units] as ``alone_scores`` takes it."""
        return None, mask.astype(np.float32)

    def alone_scores(self, rows, units, gates):
        """The scores of unprepared rows for a mask encoded alone."""
        return self.direct(rows, gates)

    def encode_start(self, mask: np.ndarray):
        """A mask [units] as ``start`` takes it, for strategies that evaluate what changes."""
        return None, mask.astype(np.float32)

    def unpack(self, gates):
        """Gates […, units] in the shape of the caller's mask: an array, or one per layer."""
        parts, start = {}, 0
        for name, shape in self._layers():
            size = math.prod(shape)
            parts[name] = gates[..., start : start + size].reshape(*gates.shape[:-1], *shape)
            start += size
        return parts.get(None, parts)

    def pack(self, mask, leading: int = 0):
        """The inverse of ``unpack``, for masks with ``leading`` leading axes."""
        layers = mask if isinstance(mask, Mapping) else {None: mask}
        parts = [jnp.asarray(layers[name]) for name, _ in self._layers()]
        return jnp.concatenate([part.reshape(*part.shape[:leading], -1) for part in parts], axis=-1)

    def _logits(self, scores):
        if self.scores_are == "logits":
            return scores
        scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
        return jnp.log(jnp.maximum(scores, jnp.finfo(scores.dtype).tiny))

    def _layers(self):
        return self.shapes if isinstance(self.shapes[0], tuple) else ((None, self.shapes),)


class _OpenUnits(GatedTail):
    """Shared by the two strategies: a single mask runs on its open units, given by number."""

    def encode_alone(self, mask: np.ndarray):
        units, gates = _open_units(mask[None])
        return units, gates[0]

    def alone_scores(self, hidden, units, gates):
        return self._logits(self.tail.scores_of_units(hidden, units, _like(gates, hidden)))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LinearGatedTail(_OpenUnits):
    """The strategy for a `LinearTail`: rows are lifted once for all gates."""

    # Gates act on h − r, and L(r) is the part of one more unit, which is always open:
    #     L(b ∘ h + (1 − b) ∘ r) = L(r) + Σ_i b_i L(h_i − r_i)

    def ahead(self):
        if not (isinstance(self.replacement, Donors) and isinstance(self.tail, _OpenLayer)):
            return self
        donors = dataclasses.replace(self.replacement, outputs=_of_donors(self, self.replacement.rows))
        return dataclasses.replace(self, replacement=donors)

    def prepare(self, rows):
        hidden, reference, outputs = self.split(rows)
        if reference is None:
            return self.tail.lift_units(hidden)
        apart, reference = _apart(hidden, reference)
        parts = self.tail.lift_units(apart)
        more = (self.tail.lift_units(reference).sum(axis=1) if outputs is None else outputs)[:, None]
        return jnp.concatenate([parts, jnp.broadcast_to(more, (len(parts), *more.shape[1:]))], axis=1)

    def scores(self, prepared, gates):
        if self.replacement is not None:
            gates = jnp.append(gates, 1)
        return self._logits(self.tail.combine_units(prepared, _like(gates, prepared)))

    def encode_alone(self, mask: np.ndarray):
        if self.replacement is None or isinstance(self.tail, _OpenLayer):
            return super().encode_alone(mask)
        return None, mask.astype(np.float32)

    def alone_scores(self, rows, units, gates):
        hidden, reference, _ = self.split(rows)
        if reference is None:
            return super().alone_scores(hidden, units, gates)
        if units is None or not isinstance(self.tail, _OpenLayer):
            return self.direct(rows, gates)
        apart, of_reference = self._difference(rows)
        return self._logits(self.tail.scores_after_layer(self._part(apart, units, gates) + of_reference))

    @property
    def most_changed(self) -> int:
        return _FEW if isinstance(self.tail, _OpenLayer) else -1

    def encode_start(self, mask: np.ndarray):
        # Padded to twice as many each time, so that masks of all sizes share few compilations.
        units, gates = _open_units(mask[None], max(_UNITS_AT_ONCE, 1 << (int(mask.sum()) - 1).bit_length()))
        return units, gates[0]

    def start(self, rows, units, gates):
        """What ``changed_scores`` starts from: unprepared rows under the mask of ``encode_start``."""
        apart, of_reference = self._difference(rows)
        return apart, jnp.zeros(self.units).at[units].add(gates), self._part(apart, units, gates) + of_reference

    def changed_scores(self, start, units, gates):
        """The scores if some units' gates differ from those at the start: [masks, rows, classes].

        Each mask has its own units and gates, [masks, changed].
        """
        apart, before, output = start
        # Only the first layer has weights of its own for each mask.
        parts = jax.lax.map(lambda changed: self._part(apart, *changed), (units, gates - before[units]))
        outputs = parts + jnp.broadcast_to(output, parts.shape)
        return self._logits(jax.vmap(self.tail.scores_after_layer)(outputs))

    def _difference(self, rows):
        """The hidden layer less what stands in for closed units, and the first layer's output for the latter."""
        hidden, reference, outputs = self.split(rows)
        if reference is None:
            return hidden, 0
        apart, reference = _apart(hidden, reference)
        return apart, self.of_reference(reference) if outputs is None else outputs

    def of_reference(self, reference):
        """The first layer's output, without bias, for what stands in for closed units."""
        return self.tail.layer_of_units(reference, jnp.arange(reference.shape[-1]))

    def _part(self, apart, units, gates):
        """The first layer's output, without bias, for these units under gates."""
        gates = jnp.broadcast_to(_like(gates, apart), (*apart.shape[:-1], len(units)))
        return self.tail.layer_of_units(apart[..., units] * gates, units)


@jax.jit
def _of_donors(network, donors):
    return map_rows(lambda row: network.of_reference(row[None])[0], donors, batch_size=_DONORS_AT_ONCE)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SubsetGatedTail(_OpenUnits):
    """The strategy for a `SubsetTail`: masks run on their open units, or on what differs from a common one."""

    @property
    def most_changed(self) -> int:
        return _FEW

    def encode(self, masks: np.ndarray):
        return _open_units(masks)

    def encoded_scores(self, prepared, units, gates):
        return self.alone_scores(prepared, units, gates)

    def start(self, rows, units, gates):
        """As of a `LinearGatedTail`, from the gates of all units."""
        return self.tail.under_gates(rows, _like(gates, rows))

    def changed_scores(self, start, units, gates):
        """As of a `LinearGatedTail`."""
        # One after the other: together, each has weights of its own, which is slow in a convolution on CPUs.
        scores = jax.lax.map(lambda changed: self.tail.scores_with_changed_units(start, *changed), (units, gates))
        return self._logits(scores)


def gate_tail(tail, hidden, mask_shape=None, *, name: str = "mask_shape", scores: str = "logits") -> GatedTail:
    """The tail with gates in the given shapes, by default one per unit of the last axis.

    Only here are a tail's methods looked at. ``name`` is the argument named in errors.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: a mask that does not fit the hidden layer, a tail that fails on it or has fewer than two outputs, or
            one with a protocol's methods that is not a pytree of arrays.
    """
    check_callable("tail", tail)
    check_choice("scores", scores, SCORES)
    shapes, strategy = _shapes(mask_shape, hidden, name), GatedTail
    if shapes == hidden.shape[-1:]:
        strategies = ((LinearTail, LinearGatedTail), (SubsetTail, SubsetGatedTail))
        strategy = next((made for protocol, made in strategies if isinstance(tail, protocol)), GatedTail)
    network = callable_pytree(tail, name="tail")
    if strategy is not GatedTail and network is not tail:
        found = f"found {type(tail).__name__}, which is no pytree of arrays"
        raise ValueError(f"tail: {found}, wanted one: see jax.tree_util.register_dataclass")
    gated = strategy(network, shapes, scores)
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    gates = jax.ShapeDtypeStruct((gated.units,), jnp.float32)
    try:
        outputs = jax.eval_shape(lambda row, gates: gated.scores(gated.prepare(row), gates), row, gates)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        wanted = "a function hidden -> scores [rows, classes]"
        shape = shown_shape(hidden.shape[1:])
        found = f"one that fails on hidden units of shape {shape} ({type(error).__name__}: {reason})"
        raise ValueError(f"tail: found {found}, wanted {wanted}") from error
    shape, dtype = getattr(outputs, "shape", None), getattr(outputs, "dtype", None)
    real = dtype is not None and any(jnp.issubdtype(dtype, kind) for kind in (jnp.floating, jnp.integer))
    if shape is None or not real or len(shape) != 2 or shape[0] != 1:
        found = type(outputs).__name__ if shape is None else f"{dtype} scores of shape {shown_shape(shape)}"
        raise ValueError(f"tail: found {found} for one row, wanted real scores [1, classes]")
    if shape[1] < 2:
        two = "jnp.concatenate([jnp.zeros_like(s), s], axis=1)"
        remedy = f"of a single score s make the logits of two classes, [0, s]: {two}"
        raise ValueError(f"tail: found {shape[1]} output, wanted a score for each of at least two classes; {remedy}")
    return dataclasses.replace(gated, classes=shape[1])


def with_replacement(network: GatedTail, hidden, replacement) -> GatedTail:
    """The tail with something other than zero for closed units: constants or `Donors`; None for zero.

    Closed units then act on their neighbors, so that a `SubsetTail` is run as any other.
    """
    if replacement is None:
        return network
    plain = GatedTail(network.tail, network.shapes, network.scores_are, network.classes, replacement)
    if not isinstance(network, LinearGatedTail):
        return plain
    linear = dataclasses.replace(network, replacement=replacement)
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    rows = (row, row, None) if isinstance(replacement, Donors) else row
    gates = jax.ShapeDtypeStruct((network.units,), jnp.float32)
    try:
        jax.eval_shape(lambda rows, gates: linear.scores(linear.prepare(rows), gates), rows, gates)
    except Exception:  # a tail that takes no more parts than it has units
        return plain
    return linear


def as_hidden(hidden):
    """The hidden layer as a JAX array of at least float32, [rows, …, units]."""
    hidden = as_real("hidden", hidden, shape=["rows", "…", "units"])
    if not hidden.size:
        raise ValueError(f"hidden: found shape {shown_shape(hidden.shape)}, wanted no axis of length 0")
    return hidden


def accept(tail, hidden, predictions, mask_shape=None, *, scores: str = "logits", name: str = "mask_shape"):
    """The gated tail, the hidden layer and the predictions (int32, NumPy) of a host-level function.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arrays that do not fit each other or the tail, values that are not finite or outside the classes, or
            probabilities declared as logits, or the reverse.
    """
    if is_traced(hidden):
        raise ValueError("hidden: found a traced array, wanted one at hand: this function runs on the host")
    hidden = as_hidden(hidden)
    check_finite("hidden", hidden)
    network = gate_tail(tail, hidden, mask_shape, scores=scores, name=name)
    predictions = as_labels("predictions", as_numpy("predictions", predictions), rows=len(hidden))
    predictions = np.asarray(as_labels("predictions", predictions, classes=network.classes))
    check_scores(network, hidden)
    return network, hidden, predictions


def check_scores(network: GatedTail, hidden) -> None:
    """Refuses probabilities declared as logits, and the reverse, unless network or rows are traced."""
    tail = dataclasses.replace(network, scores_are="logits")
    accept_scores(tail, hidden, scores=network.scores_are, name="tail")


def mask_shape_of(mask, leading: int = 0):
    """A mask's ``mask_shape``, after its leading axes."""
    if isinstance(mask, Mapping):
        return {name: jnp.shape(value)[leading:] for name, value in mask.items()}
    return jnp.shape(mask)[leading:]


def mask_axes(mask_shape, hidden, *, name: str = "mask_shape") -> int:
    """The number of last axes of the hidden layer that a mask has.

    Raises:
        ValueError: a mask that does not fit, or masks of several layers.
    """
    if isinstance(mask_shape, Mapping):
        raise ValueError(f"{name}: found masks of several layers, wanted one shape")
    return len(_shapes(mask_shape, hidden, name))


def _shapes(mask_shape, hidden, name) -> tuple:
    if isinstance(mask_shape, Mapping):
        if not mask_shape:
            raise ValueError(f"{name}: found no layers, wanted one by the name of its layer")
        return tuple((layer, _shape(shape, f"{name}[{layer!r}]")) for layer, shape in mask_shape.items())
    shapes = _shape(hidden.shape[-1:] if mask_shape is None else mask_shape, name)
    if shapes != hidden.shape[1:][-len(shapes) :]:
        wanted = f"the last axes of hidden, {shown_shape(hidden.shape[1:])}"
        raise ValueError(f"{name}: found shape {shown_shape(shapes)}, wanted {wanted}")
    return shapes


def _shape(shape, name) -> tuple[int, ...]:
    shape = as_counts(name, (shape,) if isinstance(shape, int | np.integer) else shape)
    if not shape:
        raise ValueError(f"{name}: found shape [], wanted sizes of at least 1")
    return shape


def shown_shape(shape) -> str:
    """A shape as errors show it."""
    return f"[{', '.join(map(str, shape))}]"


def _like(gates, hidden):
    return gates.astype(hidden.dtype) if jnp.issubdtype(hidden.dtype, jnp.inexact) else gates


def _open_units(masks, at_once=_UNITS_AT_ONCE):
    """The numbers of the units open in any mask, padded to share compilations, and gates: 0 for padding."""
    used = np.flatnonzero(masks.any(axis=0))
    units = np.pad(used, (0, max(1, -(-len(used) // at_once)) * at_once - len(used)))
    return units, (masks[:, units] & (np.arange(len(units)) < len(used))).astype(np.float32)


def _apart(hidden, reference):
    """The hidden layer less what stands in for closed units, and that, as rows: one if it is the same for all."""
    if reference.shape != hidden.shape:
        reference = jnp.broadcast_to(reference, (1, *hidden.shape[1:]))
    reference = reference.astype(hidden.dtype)
    return hidden - jnp.broadcast_to(reference, hidden.shape), reference
