"""The receptive field of every position of a layer: the box of input positions that it depends on."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, as_count, as_counts, check_shape, describe
from interp_jax._readable import readable
from interp_jax.methods._accept import accept_network, applied, as_taken_rows


@readable()
class Field(NamedTuple):
    """For each position of a layer the smallest box of input positions that holds all it depends on.

    Attributes:
        start: [*positions, axes] the first input position along each input axis.
        stop: [*positions, axes] one beyond the last; start = stop = 0 where nothing was found.
        lengths: the inputs' number of positions along each axis.
    """

    start: np.ndarray
    stop: np.ndarray
    lengths: tuple[int, ...]

    def behind(self, earlier: Given["Field", "of an earlier part"]) -> "Field":
        """The receptive field in the inputs of an earlier part of the network.

        Host-level. For a head in two parts, ``head(x) = later(earlier(x))``, this is the field of the whole. What lies
        between the two parts is left out: a normalization over positions, which makes each depend on all.

        Args:
            earlier: the field of the earlier part, whose positions are this field's input positions.

        Raises:
            ValueError: an earlier part with other positions.

        Example:
            >>> places, bytes_of_place = sliding(6, 3), sliding(24, 4, stride=4)
            >>> whole = places.behind(bytes_of_place)
            >>> whole.start[:, 0], whole.stop[:, 0]
            (array([ 0,  4,  8, 12]), array([12, 16, 20, 24]))
        """
        earlier = as_field("earlier", earlier)
        if earlier.start.shape[:-1] != self.lengths:
            found = list(earlier.start.shape[:-1])
            raise ValueError(f"earlier: found a field of positions {found}, wanted {list(self.lengths)}")
        axes, number = len(earlier.lengths), len(self.lengths)
        empty = earlier.stop <= earlier.start
        first = np.where(empty, earlier.lengths, earlier.start)
        start, stop = np.zeros((2, *self.start.shape[:-1], axes), np.int64)
        for place in np.ndindex(self.start.shape[:-1]):
            box = tuple(slice(self.start[place][axis], self.stop[place][axis]) for axis in range(number))
            if earlier.stop[box].size:
                start[place] = first[box].reshape(-1, axes).min(axis=0)
                stop[place] = earlier.stop[box].reshape(-1, axes).max(axis=0)
        return Field(*_emptied(start, stop), earlier.lengths)

    def _finding(self) -> str | None:
        sizes = np.asarray(self.stop - self.start)
        if sizes.ndim < 2 or not sizes.size:
            return None
        positions = " × ".join(map(str, sizes.shape[:-1]))
        of = " × ".join(map(str, self.lengths))
        least, most = (
            " × ".join(map(str, extreme(sizes, axis=tuple(range(sizes.ndim - 1))))) for extreme in (np.min, np.max)
        )
        return f"{positions} positions; fields of {least if least == most else f'{least} to {most}'} of {of} inputs"


def field(
    head: Callable[..., Any],
    inputs: Given[ArrayLike, "rows *positions rest"],
    *,
    axes: Count | None = None,
    probes: Count = 2,
    batch_size: Count = 64,
) -> Field:
    """`Field`: the input positions on which each position of a layer depends, found by replacing inputs.

    Host-level. A position depends on what lies at an input position if replacing it changes one of its units. Every
    input position is replaced: tokens by other tokens of the given rows, numbers by others beyond the data. First whole
    blocks of √n positions at a time, then all positions that are as far apart as the widest field, so that n input
    positions cost about √n rows and as many as that field is wide, for each probe and axis. Images take n rows and n
    columns.

    What replacing never changes is not found: a unit that is off, or a pooling inside the head that others win. With
    many units, and more ``probes``, that becomes rare; the field is then a lower bound. A layer that couples all
    positions, such as a layer normalization over them or attention, has the whole input as its field. Give the parts
    before and behind it, and join their fields by `Field.behind`, or state the field by `sliding`.

    Args:
        head: ``[rows, …] -> [rows, *positions, units]``, rows independent, deterministic.
        inputs: [rows, *positions, …], tokens (integers) of at least two kinds, or floats; uint8 and bool become float32
            unless the head takes only whole numbers. The first ``probes`` rows are used.
        axes: the number of axes of an input that are positions; the rest belong to a position. By default as many as
            the head's outputs have.
        probes: rows in which every position is replaced once.
        batch_size: rows at a time.

    Raises:
        TypeError: a head that is not callable.
        ValueError: no rows, a head without positions, fewer input axes than asked for, tokens all equal, counts below
            one, or what `interp_jax.methods` refuses in a network.

    Example:
        >>> signal = jnp.arange(8.0)[None, :, None] + jnp.zeros((2, 1, 1))
        >>> convolved = field(lambda x: x[:, :-2] + x[:, 2:], signal)
        >>> convolved.start[:, 0], convolved.stop[:, 0]
        (array([0, 1, 2, 3, 4, 5]), array([3, 4, 5, 6, 7, 8]))
    """
    probes, batch_size = as_count("probes", probes), as_count("batch_size", batch_size)
    inputs = as_taken_rows("inputs", inputs, head)
    axes = None if axes is None else as_count("axes", axes)
    return found_field(accept_network(head, inputs, name="head"), inputs, axes, probes, batch_size)


def found_field(head: Callable, inputs: Any, axes: int | None, probes: int, batch_size: int) -> Field:
    """The `field` of a head that was accepted."""
    places = outputs_of(head, inputs)[1:-1]
    axes = len(places) if axes is None else axes
    if inputs.ndim < 1 + axes:
        raise ValueError(f"inputs: found {describe(inputs)}, wanted rows of {axes} axes of positions, or fewer axes")
    replaced = _replacements(inputs, probes)
    lengths = inputs.shape[1 : 1 + axes]
    boxes = np.zeros((2, *places, axes), np.int64)
    for axis, length in enumerate(lengths):
        trial = _Trial(head, replaced, axis, batch_size)
        boxes[0, ..., axis], boxes[1, ..., axis] = _along(trial, length)
    return Field(*_emptied(*boxes), lengths)


def sliding(
    length: Given[int | Sequence[int], "one an axis"],
    width: Given[int | Sequence[int], "one, or one an axis"],
    *,
    stride: Given[int | Sequence[int], "one, or one an axis"] = 1,
    padding: Count = 0,
) -> Field:
    """`Field` of a window that moves over the input, as of a single convolution or pooling.

        start_p = p · stride − padding,    stop_p = start_p + width,    cut to the input

    Host-level.

    Args:
        length: the input's number of positions, or one along each axis.
        width: the window's, a number for all axes or one for each.
        stride: from window to window, likewise.
        padding: positions before the first of the input where the first window starts, and behind the last.

    Raises:
        ValueError: windows wider than the input with its padding, or numbers that are not whole or too small.

    Example:
        >>> sliding(10, 4, stride=3).start[:, 0]
        array([0, 3, 6])
    """
    lengths = _several("length", length, None)
    widths, strides = (_several(name, each, len(lengths)) for name, each in (("width", width), ("stride", stride)))
    padding = as_count("padding", padding, least=0)
    around = [size + 2 * padding for size in lengths]
    if any(width > size for width, size in zip(widths, around, strict=True)):
        raise ValueError(f"width: found {list(widths)}, wanted at most the length and its padding {around}")
    counts = [(size - width) // stride + 1 for size, width, stride in zip(around, widths, strides, strict=True)]
    places = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), axis=-1)
    start = places * strides - padding
    boxes = np.clip(start, 0, lengths), np.clip(start + widths, 0, lengths)
    return Field(*_emptied(*boxes), lengths)


def as_field(name: str, value: Any) -> Field:
    """A receptive field whose arrays fit each other.

    Raises:
        TypeError: something else.
        ValueError: arrays that do not fit, or boxes outside the inputs.
    """
    if not isinstance(value, Field):
        raise TypeError(f"{name}: found {describe(value)}, wanted a Field, as methods.receptive.field returns")
    start, stop = np.asarray(value.start), np.asarray(value.stop)
    lengths = as_counts(f"{name}.lengths", value.lengths)
    check_shape(f"{name}.start", start, ["positions", "…", len(lengths)])
    check_shape(f"{name}.stop", stop, start.shape)
    if start.dtype.kind not in "iu" or stop.dtype.kind not in "iu":
        raise ValueError(f"{name}: found {start.dtype} and {stop.dtype}, wanted whole numbers")
    if (start < 0).any() or (start > stop).any() or (stop > np.array(lengths)).any():
        raise ValueError(f"{name}: found boxes outside the inputs {list(lengths)}, wanted 0 ≤ start ≤ stop ≤ length")
    return Field(start, stop, lengths)


def outputs_of(head: Callable, inputs: Any) -> tuple[int, ...]:
    """The shape [rows, *positions, units] of a head's outputs; nothing is computed.

    Raises:
        ValueError: outputs that are no single array with positions, by the name of the head.
    """
    outputs = jax.eval_shape(lambda rows: applied(head, rows, name="head"), inputs)
    leaves = jax.tree.leaves(outputs)
    if len(leaves) != 1 or leaves[0].ndim < 3 or not leaves[0].size:
        shapes = [list(leaf.shape) for leaf in leaves]
        raise ValueError(f"head: found outputs of shape {shapes}, wanted one array [rows, positions, …, units]")
    return leaves[0].shape


def _several(name, sizes, count) -> tuple[int, ...]:
    if isinstance(sizes, Sequence | np.ndarray) and not isinstance(sizes, str) and np.ndim(sizes):
        sizes = as_counts(name, sizes, length=count)
        return sizes if sizes else (as_count(name, 0),)
    return (as_count(name, sizes),) * (count or 1)


def _emptied(start, stop):
    empty = (stop <= start).any(axis=-1, keepdims=True)
    return np.where(empty, 0, start), np.where(empty, 0, stop)


def _replacements(inputs, probes) -> list[tuple[Any, Any]]:
    """Rows, and for each another one that differs from it everywhere."""
    pairs = []
    values = None if jnp.issubdtype(inputs.dtype, jnp.floating) else np.unique(np.asarray(inputs))
    if values is not None and len(values) < 2:
        raise ValueError(f"inputs: found tokens that are all {values[0]}, wanted at least two kinds")
    for probe in range(probes):
        rng = np.random.default_rng(probe)
        row = np.asarray(inputs[probe % len(inputs)])
        if values is None:
            # Each by a number of its own: one map of all would leave their differences or order as they are.
            spread = 1 + np.abs(np.where(np.isfinite(row), row, 0)).max(initial=0)
            other = row + spread * rng.uniform(1, 2, row.shape) * rng.choice([-1, 1], row.shape)
            other = np.where(np.isfinite(other), other, 0)
        else:
            # The numbers may be token ids: only those that are there are used.
            step = rng.integers(1, len(values), row.shape)
            places = np.searchsorted(values, row)
            other = values[(places + step) % len(values)]
        pairs.append((row, other.astype(row.dtype)))
    return pairs


class _Trial(NamedTuple):
    """What is replaced, and along which axis of an input."""

    head: Callable
    replaced: list[tuple[Any, Any]]
    axis: int
    batch_size: int

    def changed(self, masks: np.ndarray) -> np.ndarray:
        """[masks, *positions] the positions of the layer that change if the masked input positions are replaced."""
        return np.concatenate(list(self._batches(masks)))

    def _batches(self, masks) -> Iterator[np.ndarray]:
        size = min(self.batch_size, masks.shape[1])  # one shape, whatever is tried
        for start in range(0, len(masks), size):
            batch = masks[start : start + size]
            count = len(batch)
            batch = np.pad(batch, ((0, size - count), (0, 0)))
            ends = [np.asarray(_changed(self.head, *pair, batch, self.axis)) for pair in self.replaced]
            yield np.any(ends, axis=0)[:count]


@jax.jit(static_argnames="axis")
def _changed(head, row, other, masks, axis):
    around = [1] * axis, [1] * (row.ndim - axis - 1)
    masks = masks.reshape(len(masks), *around[0], masks.shape[1], *around[1])
    intact = jnp.broadcast_to(row[None], (len(masks), *row.shape))
    # The intact row is computed at the same place of the same batch, where products round alike.
    with_it, without = (_wide(head(rows)) for rows in (intact, jnp.where(masks, other[None], row[None])))
    eps = jnp.finfo(with_it.dtype).eps
    finite = jnp.where(jnp.isfinite(with_it), with_it, 0)
    equal = (with_it == without) | (jnp.abs(with_it - without) <= 8 * eps * jnp.max(jnp.abs(finite)))
    equal |= jnp.isnan(with_it) & jnp.isnan(without)
    return ~jnp.all(equal, axis=-1)


def _wide(outputs):
    return outputs.astype(jnp.promote_types(outputs.dtype, jnp.float32))


def _along(trial: _Trial, length: int) -> tuple[np.ndarray, np.ndarray]:
    """First and one beyond the last input position along the axis for each position; 0 and 0 where there is none."""
    numbers = np.arange(length)
    block = max(1, math.isqrt(length))
    blocks = numbers[None, :] // block == np.arange(-(-length // block))[:, None]
    start, stop = _ends(trial.changed(blocks))
    start, stop = start * block, np.minimum(stop * block, length)
    # No two positions of equal remainder lie in one field.
    apart = min(length, max(1, int((stop - start).max())))
    changed = trial.changed(numbers[None, :] % apart == np.arange(apart)[:, None])
    behind = (np.arange(apart).reshape(-1, *[1] * start.ndim) - start) % apart
    changed &= start + behind < stop
    first = np.where(changed, start + behind, length).min(axis=0)
    last = np.where(changed, start + behind, -1).max(axis=0)
    if not changed.any(axis=0).all():  # what blocks do not change, single positions may
        first, last = _singly(trial, length, first, last)
    some = last >= 0
    return np.where(some, first, 0), np.where(some, last + 1, 0)


def _singly(trial, length, first, last):
    """The first and the last input position that changes each position, one replaced at a time where none was found."""
    none, numbers = last < 0, np.arange(length)
    for begin in range(0, length, trial.batch_size):
        chosen = numbers[begin : begin + trial.batch_size]
        changed = trial.changed(numbers[None, :] == chosen[:, None]) & none
        places = chosen.reshape(-1, *[1] * first.ndim)
        first = np.minimum(first, np.where(changed, places, length).min(axis=0))
        last = np.maximum(last, np.where(changed, places, -1).max(axis=0))
    return first, last


def _ends(changed):
    """First and one beyond the last of the changes along the first axis."""
    some = changed.any(axis=0)
    first, behind = np.argmax(changed, axis=0), len(changed) - np.argmax(changed[::-1], axis=0)
    return np.where(some, first, 0), np.where(some, behind, 0)
