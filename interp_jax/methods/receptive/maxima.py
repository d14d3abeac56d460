"""Where in its input a pooled unit found its maximum."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, as_count, as_mask, as_numpy, check_shape, describe
from interp_jax._readable import readable
from interp_jax.methods._accept import accept_network, as_taken_rows
from interp_jax.methods.receptive.fields import Field, as_field, found_field, outputs_of


@readable()
class Windows(NamedTuple):
    """The input window of each unit's maximum over positions, row by row.

    Attributes:
        start: [rows, units] the window's first input position; [rows, units, axes] for images.
        stop: one beyond its last, likewise.
        value: [rows, units] the maximum.
        position: [rows, units] the number of the position where it lies, the first of several, counted along the last
            axis first.
        ties: [rows, units] the number of positions that have this value.
        field: the receptive field of every position.
    """

    start: np.ndarray
    stop: np.ndarray
    value: np.ndarray
    position: np.ndarray
    ties: np.ndarray
    field: Field

    def _finding(self) -> str | None:
        if np.ndim(self.value) != 2 or not np.size(self.value):
            return None
        rows, units = np.shape(self.value)
        tied = np.mean(np.asarray(self.ties) > 1)
        return f"windows of {units} units in {rows} rows; {tied:.1%} of the maxima lie at several positions"


@readable()
class TopWindows(NamedTuple):
    """The windows of one unit in the rows where it is greatest, greatest first.

    Attributes:
        rows: [windows] numbers of the rows.
        start: [windows] the first input position; [windows, axes] for images.
        stop: one beyond the last, likewise.
        value: [windows] the unit's maximum.
    """

    rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    value: np.ndarray

    def cut(self, inputs: Given[ArrayLike, "rows *positions rest"]) -> list[np.ndarray]:
        """What lies in each window, a list of arrays.

        Host-level.

        Args:
            inputs: [rows, *positions, …] the rows in which the windows lie.

        Raises:
            ValueError: fewer rows or positions than the windows need.

        Example:
            >>> text = np.frombuffer(b"a=1 import", np.uint8)[None]
            >>> window = TopWindows(np.array([0]), np.array([4]), np.array([10]), np.array([1.0]))
            >>> window.cut(text)[0].tobytes()
            b'import'
        """
        inputs = as_numpy("inputs", inputs)
        starts, stops = (each[:, None] if each.ndim == 1 else each for each in (self.start, self.stop))
        check_shape("inputs", inputs, ["rows", *[None] * starts.shape[1], "…"])
        most = [int(self.rows.max(initial=-1)) + 1, *stops.max(axis=0, initial=0)]
        if any(size < least for size, least in zip(inputs.shape, most, strict=False)):
            raise ValueError(f"inputs: found shape {list(inputs.shape)}, wanted at least {[int(x) for x in most]}")
        boxes = [tuple(map(slice, *ends)) for ends in zip(starts, stops, strict=True)]
        return [inputs[(row, *box)] for row, box in zip(self.rows, boxes, strict=True)]

    def _finding(self) -> str | None:
        if not len(self.value):
            return None
        return f"{len(self.value)} windows of values {self.value[0]:.4g} to {self.value[-1]:.4g}"


def windows(
    head: Callable[..., Any],
    inputs: Given[ArrayLike, "rows *positions rest"],
    *,
    pooled: Given[ArrayLike, "rows units"] | None = None,
    field: Given[Field, "of receptive.field"] | None = None,
    batch_size: Count = 64,
) -> Windows:
    """`Windows`: for every row and unit, where a layer's maximum over positions lies, and its window of the input.

        p* = argmax_p head(x)[p, u],    window = the receptive field of p*

    Host-level. One forward pass over the rows, besides what `field` costs. The window holds all that can change the
    value at that position; a change elsewhere can only put a greater one at another position. Where the head couples
    all positions (a layer normalization over them) the window is the whole input, unless ``field`` says otherwise: it
    is then the window without the normalization's share. NaN is the maximum of its unit.

    Args:
        head: ``[rows, …] -> [rows, *positions, units]``, up to the pooling and without it: activations that are not
            monotone, such as gelu, belong to the head if the network applies them before it pools.
        inputs: [rows, *positions, …], tokens as the head takes them, or floats.
        pooled: [rows, units] the network's own maxima, compared with those found; None for no comparison.
        field: the receptive field of the head's positions, of `receptive.field` (of parts of the head, joined by
            `Field.behind`) or `receptive.sliding`; None finds it from the head.
        batch_size: rows at a time.

    Raises:
        TypeError: a head that is not callable, or a field that is none.
        ValueError: no rows, a head without positions, a field of other positions or lengths, pooled values that are not
            the head's maxima, or what `receptive.field` refuses if it has to find the field.

    Example:
        >>> x = jnp.array([[0.0, 1.0, 5.0, 1.0, 0.0], [9.0, 9.0, 0.0, 0.0, 0.0]])[..., None]
        >>> where = windows(lambda x: x[:, 1:] + x[:, :-1], x)
        >>> where.start[:, 0], where.stop[:, 0], where.value[:, 0]
        (array([1, 0]), array([3, 2]), array([ 6., 18.], dtype=float32))
    """
    batch_size = as_count("batch_size", batch_size)
    inputs = as_taken_rows("inputs", inputs, head)
    accepted = accept_network(head, inputs, name="head")
    rows, *places, _ = outputs_of(accepted, inputs)
    if field is None:
        field = found_field(accepted, inputs, None, 2, batch_size)
    field = as_field("field", field)
    axes = len(field.lengths)
    if field.start.shape[:-1] != tuple(places) or inputs.shape[1 : 1 + axes] != field.lengths:
        found = f"{list(field.start.shape[:-1])} positions of inputs {list(field.lengths)}"
        raise ValueError(
            f"field: found {found}, wanted {places} of {list(inputs.shape[1 : 1 + axes])}, as the head has"
        )
    parts = []
    for start in range(0, rows, batch_size):
        batch = inputs[start : start + batch_size]
        missing = min(batch_size, rows) - len(batch)
        padded = jnp.concatenate([batch, jnp.broadcast_to(batch[:1], (missing, *batch.shape[1:]))])
        parts.append([np.asarray(each)[: len(batch)] for each in _maxima(accepted, padded)])
    value, position, ties = (np.concatenate(each) for each in zip(*parts, strict=True))
    if pooled is not None:
        _check_pooled(pooled, value)
    start, stop = (each.reshape(-1, axes)[position] for each in (field.start, field.stop))
    start, stop = (each[..., 0] if axes == 1 else each for each in (start, stop))
    return Windows(start, stop, value, position, ties, field)


@jax.jit
def _maxima(head, rows):
    outputs = head(rows)
    outputs = outputs.reshape(len(rows), -1, outputs.shape[-1])
    value = jnp.max(outputs, axis=1)
    same = (outputs == value[:, None]) | ((outputs != outputs) & (value != value)[:, None])  # NaN equals nothing
    return value, jnp.argmax(outputs, axis=1), jnp.sum(same, axis=1, dtype=jnp.int32)


def _check_pooled(pooled, value):
    pooled = as_numpy("pooled", pooled, shape=value.shape)
    # Another program rounds otherwise, and a normalization may magnify that; another head differs by far more.
    finite = np.where(np.isfinite(value), value, 0).astype(np.float64)
    spread = np.abs(finite - finite.mean(axis=0)).max(axis=0)
    noise = 1e-2 * spread + 1e-3 * np.median(spread) + 1e-6 * np.abs(finite).max(axis=0)
    known = np.isfinite(pooled) & np.isfinite(value)
    apart = np.abs(np.where(known, pooled, 0) - np.where(known, finite, 0))
    if (apart > noise).any() or not np.array_equal(pooled[~known], value[~known], equal_nan=True):
        worst = float(apart.max())
        raise ValueError(
            f"pooled: found values up to {worst:.3g} from the head's maxima, wanted the maxima of the head"
        )


def top(
    windows: Given[Windows, "of receptive.windows"],
    unit: Count,
    *,
    count: Count = 10,
    rows: Given[ArrayLike, "rows"] | None = None,
    groups: Given[ArrayLike, "rows"] | None = None,
) -> TopWindows:
    """`TopWindows`: a unit's windows in the rows where its maximum is greatest, in falling order; ties by row.

    Host-level.

    Args:
        windows: what `windows` returned.
        unit: the unit's number.
        count: the most windows.
        rows: [rows] True for rows that take part; None for all.
        groups: [rows] what each row belongs to (a package, a speaker), numbers or strings: at most one window of each
            group is taken, so that copies of one text do not fill the list. None for no limit.

    Raises:
        TypeError: windows of another kind.
        ValueError: a unit out of range, a count below one, rows or groups that are not one a row.

    Example:
        >>> x = jnp.array([[0.0, 1.0, 5.0], [9.0, 9.0, 0.0], [7.0, 0.0, 0.0]])[..., None]
        >>> top(windows(lambda x: x[:, 1:] + x[:, :-1], x), 0, count=2).rows
        array([1, 2])
    """
    windows = as_windows("windows", windows)
    count = as_count("count", count)
    total, units = windows.value.shape
    unit = as_count("unit", unit, least=0, most=units - 1)
    value = windows.value[:, unit]
    numbers = value.astype(np.float64)
    order = np.lexsort((-numbers, ~np.isnan(numbers)))  # NaN is the greatest
    order = order[chosen_rows(rows, total)[order]]
    if groups is not None:
        _, first = np.unique(as_groups("groups", groups, total)[order], return_index=True)
        order = order[np.sort(first)]
    order = order[:count]
    return TopWindows(order, windows.start[order, unit], windows.stop[order, unit], value[order])


def as_windows(name: str, value: Any) -> Windows:
    """Windows with arrays that fit each other.

    Raises:
        TypeError: something else.
    """
    if not isinstance(value, Windows):
        raise TypeError(f"{name}: found {describe(value)}, wanted Windows, as methods.receptive.windows returns")
    return value


def as_groups(name: str, values: Any, rows: int) -> np.ndarray:
    """The number of each row's group, from 0.

    Raises:
        ValueError: not one a row, or neither whole numbers nor strings.
    """
    try:
        found = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: found {describe(values)}, wanted whole numbers or strings [{rows}]") from error
    if found.shape != (rows,) or found.dtype.kind not in "iuSU":
        raise ValueError(f"{name}: found {describe(found)}, wanted whole numbers or strings [{rows}]")
    return np.unique(found, return_inverse=True)[1]


def chosen_rows(rows: Any, total: int) -> np.ndarray:
    """[total] which rows take part, all if nothing is given.

    Raises:
        ValueError: no mask of this length.
    """
    return np.ones(total, bool) if rows is None else np.asarray(as_mask("rows", rows, (total,)))
