"""One-dimensional filters, learned and optimal."""

from collections.abc import Mapping, Sequence
from typing import SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import StemContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, by_seed, mean_and_deviation, not_empty
from interp_jax.figures.style import (
    GRAY,
    color,
    jump_line,
    legend_above,
    line_style,
    marker,
    new_figure,
    small_multiples,
    styled,
    whole_ticks,
)

FEW = 30  # up to so many taps a filter shows them as points


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
    """One or several filters over one another.

    positions [k]: place of each tap.
    filters: name → taps [k], NaN where there is none.
    x_label, y_label: what the axes show.
    zero: the place of the jump, marked by a vertical line.
    zero_name: what the legend calls that line.
    Returns the figure; a single short filter is drawn as stems.
    """
    positions = as_array("positions", positions, "k")
    not_empty("filters", filters)
    figure = new_figure(7.5, 4.0)
    axes = figure.subplots()
    axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
    handles, names = [], list(filters)
    for index, (name, taps) in enumerate(filters.items()):
        taps = as_array(f"filters[{name!r}]", taps, positions.size)
        if len(filters) == 1 and positions.size <= FEW:
            handles.append(stems(axes, positions, taps))
        else:
            handles += curve(axes, positions, taps, index)
    if zero is not None:
        handles.append(jump_line(axes, float(zero)))
        names.append(zero_name)
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
    """A filter and what it is made of, side by side.

    parts: name → (positions [k], taps [k]), each of its own length.
    signs: the sign before each panel but the first; "∗" and "=" for three parts (convolution), none for others.
    x_label, y_label: what the axes show.
    Returns the figure.
    """
    not_empty("parts", parts)
    if signs is None:
        signs = ("∗", "=") if len(parts) == 3 else ("",) * (len(parts) - 1)
    if len(signs) != len(parts) - 1:
        raise ValueError(f"signs has {len(signs)} entries, wanted one between each two of the {len(parts)} parts")
    figure = new_figure(min(9.0, 3.0 * len(parts)), 2.9)
    panels = figure.subplots(1, len(parts), sharex=True, squeeze=False)[0]
    for index, (axes, (name, (positions, taps))) in enumerate(zip(panels, parts.items(), strict=True)):
        positions = as_array(f"positions of parts[{name!r}]", positions, "k")
        taps = as_array(f"taps of parts[{name!r}]", taps, positions.size)
        axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
        if positions.size <= FEW:
            stems(axes, positions, taps, index)
        else:
            curve(axes, positions, taps, index)
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
    """Small multiples: one panel a class or position, in each the same few curves.

    positions [k]: the abscissa of all curves.
    rows: title of the panel → (name of the curve → values [k], or [k, seeds]); a name has one color in all panels.
    jumps: title of the panel → place of its jump, marked by a vertical line.
    x_label, y_label: what the axes show.
    columns: panels side by side.
    scale_by_row: whether each row of panels has a vertical scale of its own.
    Returns the figure, with one legend for all panels; several seeds are a mean and a band of ± one deviation.
    """
    positions = as_array("positions", positions, "k")
    not_empty("rows", rows)
    for title, entries in rows.items():
        not_empty(f"rows[{title!r}]", entries)
    if unknown := set(jumps or {}) - set(rows):
        raise ValueError(f"jumps has the names {sorted(unknown)}, wanted names of rows: {list(rows)}")
    names = list(dict.fromkeys(name for entries in rows.values() for name in entries))
    columns = min(columns, len(rows))
    figure = new_figure(9.0 if columns > 2 else 8.0, 0.9 + 1.9 * -(-len(rows) // columns))
    panels = small_multiples(figure, len(rows), columns, x_label, y_label, scale_by_row=scale_by_row)
    handles, mark = {}, None
    for axes, (title, entries) in zip(panels, rows.items(), strict=True):
        axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
        for name, values in entries.items():
            values = by_seed(f"rows[{title!r}][{name!r}]", values, positions.size)
            mean, deviation = mean_and_deviation(values)
            (handles[name],) = curve(axes, positions, mean, names.index(name), points=False)
            if values.shape[1] > 1:
                band = {"color": color(names.index(name)), "alpha": 0.15, "linewidth": 0}
                axes.fill_between(positions, mean - deviation, mean + deviation, **band)
        if jumps and title in jumps:
            mark = jump_line(axes, float(jumps[title]))
        axes.set_title(title)
        whole_ticks(axes.xaxis, positions)
    keys = [handles[name] for name in names]
    legend_above(figure, [*keys, mark] if mark else keys, [*names, "jump"] if mark else names)
    return figure


def stems(axes: Axes, positions: np.ndarray, taps: np.ndarray, index: int = 0, size: float = 6.0) -> StemContainer:
    """Draws taps as stems from zero; returns the container, which a legend takes."""
    drawn = axes.stem(positions, taps, basefmt=" ")
    drawn.markerline.set(color=color(index), markersize=size)
    drawn.stemlines.set(color=color(index), linewidth=size / 3.5)
    return drawn


def curve(axes: Axes, positions: np.ndarray, taps: np.ndarray, index: int, *, points: bool = True) -> list[Line2D]:
    """Draws taps as a line, with points where they are few; returns the list of the one line."""
    look = {"color": color(index), "linestyle": line_style(index), "linewidth": 1.5}
    if points and positions.size <= FEW:
        look |= {"marker": marker(index), "markersize": 5.5, "markeredgecolor": "white"}
    return axes.plot(positions, taps, **look)
