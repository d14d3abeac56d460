"""Detectors side by side: how large their errors are, and where in the signal they occur."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_number, check_shape
from interp_jax.figures._arrays import (
    as_array,
    as_entries,
    as_heights,
    as_mapping,
    check_positive,
    finite_entries,
    mean_and_deviation,
)
from interp_jax.figures._labels import lanes
from interp_jax.figures._style import GRAY, INK, color, legend_above, line_style, log_axis, new_figure, styled

DIAMOND = {
    "linestyle": "",
    "marker": "D",
    "markersize": 8,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 1.4,
}


class ErrorRow(NamedTuple):
    """One line of the comparison.

    Attributes:
        name: of the method.
        values: [seeds], its errors; NaN is skipped, an empty list shows only the published value.
        published: the value to compare with, or None.
        group: rows of the same group are shown together under its name.
    """

    name: str
    values: ArrayLike
    published: SupportsFloat | None = None
    group: str | None = None


@styled
def errors(
    rows: Sequence[ErrorRow],
    limits: Mapping[str, SupportsFloat] | None = None,
    x_label: str = "mean |error| (samples)",
    *,
    log_x: bool = False,
    decimals: int = 2,
) -> Figure:
    """A dot plot of errors, row by row: seeds, their mean ± standard deviation, the published value.

    Host-level. NaN and infinity are not drawn.

    Args:
        rows: `ErrorRow`s from top to bottom; ungrouped ones first, then each group under its name.
        limits: name → a vertical line, such as the best that any detector can do.
        x_label: what the errors are.
        log_x: whether the axis is logarithmic; all numbers must then be positive.
        decimals: of the numbers at the right.

    Raises:
        ValueError: no finite number, values not in a vector, a number ≤ 0 on a logarithmic axis.

    Example:
        >>> figure = errors([ErrorRow("perceptron", [2.9, 3.1], published=3.0)], limits={"optimum": 2.7})
    """
    limits = as_heights("limits", limits)
    for name, limit in limits.items():
        check_number(f"limits[{name!r}]", limit)
    decimals = as_count("decimals", decimals, least=0, most=20)
    rows = [row._replace(name=f"{row.name}") for row in as_entries("rows", rows, kind=ErrorRow)]
    order = [None, *dict.fromkeys(row.group for row in rows if row.group is not None)]
    rows = sorted(rows, key=lambda row: order.index(row.group))
    seeds = []
    for row in rows:
        values = as_array(f"values of {row.name}", row.values)
        if values.ndim != 1:
            check_shape(f"values of {row.name}", values, ("seeds",))
        seeds.append(values[np.isfinite(values)])
        if row.published is not None:
            check_number(f"published of {row.name}", row.published)
    published = [np.nan if row.published is None else float(row.published) for row in rows]
    shown = finite_entries("rows", *seeds, published, list(limits.values()))
    if log_x:
        check_positive("rows", shown)
    places, headers, bottom = _slots(rows)
    figure = new_figure(8.4, 1.5 + 0.36 * bottom)
    axes = figure.subplots()
    _range(axes, shown, log_x)
    axes.set(xlabel=x_label, ylim=(bottom - 0.4, -0.6))
    axes.set_yticks(places, [row.name for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for group, place in headers.items():
        _header(axes, group, place)
    for row, values, place, old in zip(rows, seeds, places, published, strict=True):
        _row(axes, values, place, old, color(max(0, order.index(row.group) - 1)), decimals)
    _columns(axes, any(np.isfinite(published)))
    _limits(axes, limits, figure.get_figwidth())
    _legend(figure, any(np.isfinite(published)), any(len(values) > 1 for values in seeds))
    return figure


@styled
def by_position(
    positions: ArrayLike,
    errors: Mapping[str, ArrayLike],
    y_label: str = "mean |error| (samples)",
    *,
    x_label: str = "true jump position",
) -> Figure:
    """A figure of the error against the true position of the jump, a line per detector.

    Host-level.

    Args:
        positions: [P], the true positions.
        errors: name of the detector → error [P], NaN where unknown.
        y_label, x_label: of the axes.

    Raises:
        ValueError: no detector, or arrays of the wrong shape.

    Example:
        >>> figure = by_position([21, 50, 80], {"perceptron": [3.0, 2.5, 3.1]})
    """
    positions = as_array("positions", positions, "P")
    errors = as_mapping("errors", errors)
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for index, (name, values) in enumerate(errors.items()):
        values = as_array(f"errors[{name!r}]", values, positions.size)
        axes.plot(positions, values, color=color(index), linestyle=line_style(index), label=name)
    axes.set(xlabel=x_label, ylabel=y_label, ylim=(0, None))
    legend_above(figure, axes.get_lines(), list(errors))
    return figure


def _slots(rows: Sequence[ErrorRow]) -> tuple[list[int], dict[str, int], int]:
    """The slot of each row and of each group's name, counted from the top, and the number of slots."""
    places, headers, slot = [], {}, 0
    for row in rows:
        if row.group is not None and row.group not in headers:
            headers[row.group] = slot
            slot += 1
        places.append(slot)
        slot += 1
    return places, headers, slot


def _header(axes: Axes, group: str, place: int) -> None:
    """Heads a group with its name on a band as wide as the figure."""
    band = Rectangle((-3, place - 0.4), 7, 0.8, color="#F1F1F1", linewidth=0, zorder=2, clip_on=False)
    band.set_transform(axes.get_yaxis_transform())
    band.set_in_layout(False)
    axes.add_patch(band)
    look = {"va": "center_baseline", "weight": "bold", "zorder": 6, "annotation_clip": False, "in_layout": False}
    across = ("figure fraction", "data")
    axes.annotate(group, (0, place), (8, 0), xycoords=across, textcoords="offset points", **look)


def _range(axes: Axes, shown: np.ndarray, log_x: bool) -> None:
    low, high = shown.min(), shown.max()
    if log_x:
        margin = (high / low) ** 0.05 if high > low else 1.5
        log_axis(axes, "x", low / margin, high * margin)
    else:
        margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_xlim(low - margin, high + margin)
        axes.xaxis.set_major_locator(MaxNLocator(6))


def _row(axes: Axes, values: np.ndarray, place: int, published: float, shade: str, decimals: int) -> None:
    """Draws one row and writes its numbers at the right."""
    if len(values) > 1:
        axes.plot(values, np.full(len(values), place + 0.26), ".", color=shade, markersize=5, alpha=0.6, label="seeds")
    if len(values):
        mean, deviation = (float(number[0]) for number in mean_and_deviation(values[None]))
        if np.isfinite(deviation):
            axes.plot([mean - deviation, mean + deviation], [place, place], color=shade, linewidth=2.6, alpha=0.55)
        axes.plot(mean, place, "o", color=shade, markersize=8.5, markeredgecolor="white", zorder=4, label="mean")
        spread = f" ± {deviation:.{decimals}f}" if np.isfinite(deviation) else ""
        _beside(axes, f"{_number(mean, decimals)}{spread}", place, 0)
    if np.isfinite(published):
        axes.plot(published, place, **DIAMOND, zorder=5, label="published")
        _beside(axes, _number(published, decimals), place, 1)


def _number(value: float, decimals: int) -> str:
    return f"{value:z.{decimals}f}".replace("-", "−")  # z: no minus sign before 0


def _beside(axes: Axes, text: str, place: SupportsFloat, column: int, **options: Any) -> None:
    """Writes a number at the right of the axes, in the first column (measured) or the second (published)."""
    options |= {"va": "center_baseline", "annotation_clip": False, "textcoords": "offset points"}
    axes.annotate(text, (1, place), ((12, 98)[column], 0), xycoords=("axes fraction", "data"), **options)


def _columns(axes: Axes, published: bool) -> None:
    _beside(axes, "mean ± s.d.", -0.9, 0, color=GRAY)
    if published:
        _beside(axes, "published", -0.9, 1, color=GRAY)


def _limits(axes: Axes, limits: Mapping[str, float], width: float) -> None:
    """Draws the limits, their names above the axes, in as many lanes as needed so that none touch."""
    to_fraction = axes.transData + axes.transAxes.inverted()
    flags = []  # the side of the name at which its line is, name, limit, the interval that the name covers
    for name, limit in limits.items():
        place = to_fraction.transform((limit, 0))[0]
        length = 0.09 * (len(name) + 1) / (0.5 * width)
        fits = place + length < 1.0
        stretch = (place, place + length) if fits else (place - length, place)
        flags.append(("left" if fits else "right", name, limit, stretch))
    # The lowest lane is for the name that no other line of its side has to pass.
    flags.sort(key=lambda flag: -flag[2] if flag[0] == "left" else flag[2])
    for (side, name, limit, _), lane in zip(flags, lanes([flag[3] for flag in flags]), strict=True):
        axes.axvline(limit, color=INK, linestyle=(0, (5, 3)), linewidth=1.1, zorder=1.5, label=name)
        options = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
        axes.annotate(name, (limit, 1), (4 if side == "left" else -4, 5 + 15 * lane), ha=side, va="bottom", **options)
        pole = {"arrowstyle": "-", "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (limit, 1), (0, 17 + 15 * lane), arrowprops=pole, **options)


def _legend(figure: Figure, published: bool, several: bool) -> None:
    keys = [(Line2D([], [], linestyle="", marker=".", color=GRAY, markersize=6), "one seed")] if several else []
    name = "mean ± standard deviation" if several else "mean"
    look = {"marker": "o", "markersize": 8.5, "markeredgecolor": "white", "linewidth": 2.6 if several else 0}
    keys.append((Line2D([], [], color=GRAY, **look), name))
    if published:
        keys.append((Line2D([], [], **DIAMOND), "published"))
    handles, names = zip(*keys, strict=True)
    figure.legend(handles, names, loc="outside lower center", ncols=len(keys))
