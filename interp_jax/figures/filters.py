"""One-dimensional filters, learned and optimal."""

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_finite, check_number
from interp_jax._files import escaped
from interp_jax.figures._arrays import (
    as_array,
    as_entries,
    as_heights,
    as_mapping,
    as_names,
    by_seed,
    mean_and_deviation,
)
from interp_jax.figures._style import (
    GRAY,
    color,
    jump_line,
    legend_above,
    new_figure,
    series_look,
    small_multiples,
    stems,
    styled,
    whole_ticks,
)

FEW = 30  # up to this many taps are shown as points


@styled
def profiles(
    positions: ArrayLike,
    filters: Mapping[str, ArrayLike],
    x_label: str = "position in the signal",
    y_label: str = "weight",
    zero: SupportsFloat | None = None,
    *,
    zero_name: str = "jump",
) -> Figure:
    """A figure of one or several filters in one panel; a single short filter is drawn as stems.

    Host-level.

    Args:
        positions: [k], the position of each tap, finite.
        filters: name → taps [k], NaN where there is none.
        x_label, y_label: of the axes.
        zero: the position of the jump, marked by a vertical line.
        zero_name: the name of that line in the legend.

    Raises:
        ValueError: no filter, or arrays of the wrong shape.

    Example:
        >>> figure = profiles([-1, 0, 1], {"derivative": [-1, 0, 1]}, zero=0)
    """
    positions = _as_positions("positions", positions)
    filters = as_mapping("filters", filters)
    figure = new_figure(7.5, 4.0)
    axes = figure.subplots()
    axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
    handles, names = [], list(filters)
    for index, (name, taps) in enumerate(filters.items()):
        taps = as_array(f"filters[{name!r}]", taps, positions.size)
        if len(filters) == 1 and positions.size <= FEW:
            handles.append(stems(axes, positions, taps))
        else:
            handles += _curve(axes, positions, taps, index)
    if zero is not None:
        check_number("zero", zero)
        handles.append(jump_line(axes, float(zero)))
        names.append(escaped(zero_name, "zero_name"))
    axes.set(xlabel=x_label, ylabel=y_label)
    whole_ticks(axes.xaxis, positions)
    legend_above(figure, handles, names)
    return figure


@styled
def composition(
    parts: Mapping[str, tuple[ArrayLike, ArrayLike]],
    signs: Sequence[str] | None = None,
    *,
    x_label: str = "tap",
    y_label: str = "weight",
) -> Figure:
    """A figure of a filter and its parts, side by side.

    Host-level.

    Args:
        parts: name → (positions [k], taps [k]), each of its own length.
        signs: the sign before each panel but the first; by default "∗" and "=" for three parts, else none.
        x_label, y_label: of the axes.

    Raises:
        ValueError: no part, arrays of the wrong shape, a wrong number of signs.

    Example:
        >>> figure = composition({"first": ([1, 2], [1, 1]), "second": ([1, 2], [1, -1])})
    """
    parts = as_mapping("parts", parts)
    if signs is None:
        signs = ("∗", "=") if len(parts) == 3 else ("",) * (len(parts) - 1)
    signs = as_names("signs", signs, len(parts) - 1)
    figure = new_figure(min(9.0, 3.0 * len(parts)), 2.9)
    panels = figure.subplots(1, len(parts), sharex=True, squeeze=False)[0]
    for index, (axes, (name, pair)) in enumerate(zip(panels, parts.items(), strict=True)):
        positions, taps = as_entries(f"parts[{name!r}]", pair, 2)
        positions = _as_positions(f"positions of parts[{name!r}]", positions)
        taps = as_array(f"taps of parts[{name!r}]", taps, positions.size)
        axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
        if positions.size <= FEW:
            stems(axes, positions, taps, index)
        else:
            _curve(axes, positions, taps, index)
        axes.margins(x=0.1, y=0.12)
        whole_ticks(axes.xaxis, positions)
        axes.set_title(name, loc="center")
        axes.set_xlabel(x_label)
        if index:
            axes.set_ylabel(signs[index - 1], rotation=0, fontsize=20, va="center", labelpad=8)
    panels[0].set_ylabel(y_label)
    return figure


@styled
def gallery(
    positions: ArrayLike,
    rows: Mapping[str, Mapping[str, ArrayLike]],
    *,
    jumps: Mapping[str, SupportsFloat] | None = None,
    x_label: str = "position in the signal",
    y_label: str = "weight",
    columns: int = 3,
    scale_by_row: bool = False,
) -> Figure:
    """Small multiples: one panel per class or position, with the same few curves and one shared legend.

    Seeds are shown as a mean and a band of ± 1 standard deviation.

    Host-level. NaN and infinity leave gaps.

    Args:
        positions: [k], the x values of all curves, finite.
        rows: title of the panel → (name of the curve → values [k] or [k, seeds]); a name has one color in all panels.
        jumps: title of the panel → position of its jump, marked by a vertical line.
        x_label, y_label: of the axes.
        columns: panels side by side.
        scale_by_row: whether each line of panels has its own vertical scale.

    Raises:
        ValueError: no panel, a panel without a curve, arrays of the wrong shape, unknown titles in jumps.

    Example:
        >>> figure = gallery([1, 2, 3], {"class 30": {"seed 0": [0, 1, 0]}, "class 50": {"seed 0": [0, 0, 1]}})
    """
    positions = _as_positions("positions", positions)
    rows = {title: as_mapping(f"rows[{title!r}]", entries) for title, entries in as_mapping("rows", rows).items()}
    jumps = as_heights("jumps", jumps)
    if unknown := set(jumps) - set(rows):
        raise ValueError(f"jumps: found the names {sorted(unknown)}, wanted those of rows, {list(rows)}")
    for place in jumps.values():
        check_number("jumps", place)
    names = list(dict.fromkeys(name for entries in rows.values() for name in entries))
    columns = min(as_count("columns", columns), len(rows))
    figure = new_figure(9.0 if columns > 2 else 8.0, 0.9 + 1.9 * -(-len(rows) // columns))
    panels = small_multiples(figure, len(rows), columns, x_label, y_label, scale_by_row=scale_by_row)
    handles, mark = {}, None
    for axes, (title, entries) in zip(panels, rows.items(), strict=True):
        axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
        for name, values in entries.items():
            values = by_seed(f"rows[{title!r}][{name!r}]", values, positions.size)
            mean, deviation = mean_and_deviation(values)
            (handles[name],) = _curve(axes, positions, mean, names.index(name), points=False)
            if values.shape[1] > 1:
                band = {"color": color(names.index(name)), "alpha": 0.15, "linewidth": 0}
                axes.fill_between(positions, mean - deviation, mean + deviation, **band)
        if title in jumps:
            mark = jump_line(axes, float(jumps[title]))
        axes.set_title(title)
        whole_ticks(axes.xaxis, positions)
    keys = [handles[name] for name in names]
    legend_above(figure, [*keys, mark] if mark else keys, [*names, "jump"] if mark else names)
    return figure


def _as_positions(name: str, positions: ArrayLike) -> np.ndarray:
    positions = as_array(name, positions, "k")
    check_finite(name, positions)
    return positions


def _curve(axes: Axes, positions: np.ndarray, taps: np.ndarray, index: int, *, points: bool = True) -> list[Line2D]:
    """Draws taps as a line, with points if they are few; returns a list of that line."""
    few = points and positions.size <= FEW
    look: dict[str, Any] = series_look(index, linewidth=1.5, markersize=5.5) | ({} if few else {"marker": ""})
    return axes.plot(positions, taps, **look)
