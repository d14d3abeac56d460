"""Roles of clusters of units: the correlation of each with the inputs beside that with the outputs."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._labels import shortened, too_long, turned_room
from interp_jax.figures._style import (
    GRAY,
    INK,
    MISSING,
    POSITIVE,
    SIGNED,
    canvas,
    color,
    has_negative,
    largest,
    legend_above,
    line_style,
    new_figure,
    styled,
    whole,
)

SIZE = 9.0  # of the small letters, in points
LINE = 1.75  # height of a cluster's image and bars with names of one line, in inches
BESIDE = 200  # width of the bars beside an image, in points
LONGEST = 24  # letters of an output's name below bars
YEAR = 12  # months between two grid lines


@styled
def image_roles(
    inputs: ArrayLike,
    outputs: ArrayLike,
    *,
    titles: Sequence[str],
    output_names: Sequence[str],
    input_label: str = "correlation with the input",
    output_label: str = "correlation with the output",
    figure: FigureBase | None = None,
) -> Figure:
    """A figure of the roles of clusters whose inputs are pixels: an image and bars per cluster, on common scales.

    Scales are symmetric about zero, or from zero if no value is negative.

    Host-level.

    Args:
        inputs: [clusters, height, width], correlation of each cluster with the pixels, row 0 at the top; NaN is gray.
        outputs: [clusters, classes], correlation of each cluster with the outputs.
        titles: one per cluster, e.g. "Cluster 1 (23 units, support 94%)".
        output_names: one per output; long ones are shortened.
        input_label, output_label: what the colors and the bars are, if not correlations.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: arrays of the wrong shape, or a wrong number of titles or names.

    Example:
        >>> figure = image_roles([[[0.5, -0.2]]], [[0.9, -0.9]], titles=["Cluster 1"], output_names=["cat", "dog"])
    """
    inputs = as_array("inputs", inputs, "clusters", "height", "width")
    outputs = as_array("outputs", outputs, len(inputs), "classes")
    titles = as_names("titles", titles, len(inputs))
    output_names = [shortened(name, LONGEST) for name in as_names("output_names", output_names, outputs.shape[1])]
    low, high = _scale(inputs)
    lines = -(-len(inputs) // 2)
    turned = too_long(output_names, BESIDE, SIZE)
    line = LINE + turned_room(output_names, BESIDE, SIZE)
    figure = canvas(figure, 9.0, line * lines + 0.75)
    grid = figure.add_gridspec(lines + 1, 4, width_ratios=(1, 1.5) * 2, height_ratios=(line,) * lines + (0.14,))
    cmap = (SIGNED if low < 0 else POSITIVE).with_extremes(bad=MISSING)
    for index, (picture, values) in enumerate(zip(inputs, outputs, strict=True)):
        left, right = _pair(figure, grid, index, titles[index])
        drawn = left.imshow(np.ma.masked_invalid(picture), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        left.grid(False)
        left.spines[:].set_visible(True)
        left.set(xticks=[], yticks=[], anchor="N")
        signs = [SIGNED(0.87 if value > 0 else 0.13) for value in values]
        _bars(right, values, output_names, signs, turned)
        _value_axis(right, output_label, _scale(outputs))
    bar = figure.colorbar(drawn, cax=figure.add_subplot(grid[-1, 1:3], label="<colorbar>"), orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_label(input_label)
    return whole(figure)


@styled
def series_roles(
    inputs: ArrayLike,
    outputs: ArrayLike,
    *,
    titles: Sequence[str],
    item_names: Sequence[str],
    input_label: str = "correlation with the input",
    output_label: str = "correlation with the output",
    month_label: str = "months before the target",
) -> Figure:
    """A figure of the roles of clusters whose inputs are past months of several series: a line per series, and bars.

    A series has one color in lines and bars; scales are common to all clusters.

    Host-level.

    Args:
        inputs: [clusters, items, months], correlation of each cluster with the series, oldest month first; NaN is a
            gap.
        outputs: [clusters, items], correlation of each cluster with the next value of each series.
        titles: one per cluster, e.g. "Cluster 1 (23 units, support 94%)".
        item_names: one per series.
        input_label, output_label, month_label: of the axes.

    Raises:
        ValueError: arrays of the wrong shape, or a wrong number of titles or names.

    Example:
        >>> figure = series_roles([[[0.5, -0.2]]], [[0.9]], titles=["Cluster 1"], item_names=["taro"])
    """
    inputs = as_array("inputs", inputs, "clusters", "items", "months")
    outputs = as_array("outputs", outputs, *inputs.shape[:2])
    titles = as_names("titles", titles, len(inputs))
    item_names = as_names("item_names", item_names, inputs.shape[1])
    months = np.arange(inputs.shape[2], 0, -1)
    lines = -(-len(inputs) // 2)
    turned = too_long(item_names, 66, SIZE)
    figure = new_figure(9.0, (1.9 if turned else 1.7) * lines + 0.6)
    grid = figure.add_gridspec(lines, 4, width_ratios=(2.9, 1) * 2)
    for index, (series, values) in enumerate(zip(inputs, outputs, strict=True)):
        left, right = _pair(figure, grid, index, titles[index])
        handles = [
            left.plot(months, line, color=color(item), linestyle=line_style(item), linewidth=1.5)[0]
            for item, line in enumerate(series)
        ]
        _value_axis(left, input_label, _scale(inputs))
        left.set_xlim(months[0] + 0.5, 0.5)
        left.set_xticks([*range(YEAR, months[0] + 1, YEAR), 1] if months[0] > YEAR else months)
        left.tick_params(axis="x", labelsize=SIZE)
        left.grid(axis="x", color=MISSING)
        if index + 2 >= len(inputs):
            left.set_xlabel(month_label, fontsize=SIZE)
        shades = [color(item) for item in range(values.size)]
        _bars(right, values, item_names, shades, turned)
        _value_axis(right, output_label, _scale(outputs))
    legend_above(figure, handles, item_names)
    return figure


def _scale(values: np.ndarray) -> tuple[float, float]:
    """Least and largest value of a scale for all finite values."""
    return (-largest(values) if has_negative(values) else 0.0), largest(values)


def _pair(figure: FigureBase, grid: GridSpec, index: int, title: str) -> tuple[Axes, Axes]:
    """The two panels of a cluster, under one title that spans both."""
    line, column = divmod(index, 2)
    left, right = (figure.add_subplot(grid[line, 2 * column + side]) for side in (0, 1))
    left.set_title(title, fontsize=10.5, weight="bold").set_in_layout(False)  # else its length would widen the panel
    right.set_title(" ", fontsize=10.5)  # keeps the line for it
    return left, right


def _bars(axes: Axes, values: np.ndarray, names: Sequence[str], shades: Any, turned: bool) -> None:
    places = np.arange(1, values.size + 1)
    axes.bar(places, np.where(np.isfinite(values), values, np.nan), width=0.78, color=shades)
    axes.set_xticks(places, names, rotation=90 if turned else 0, fontsize=SIZE)
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    axes.set_xlim(0.4, values.size + 0.6)


def _value_axis(axes: Axes, label: str, limits: tuple[float, float]) -> None:
    label = as_names("label", [label])[0]
    axes.axhline(0, color=INK if limits[0] < 0 else GRAY, linewidth=0.8, zorder=1.5)
    axes.set_ylim(1.05 * limits[0], 1.05 * limits[1])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.tick_params(axis="y", labelsize=SIZE)
    axes.set_ylabel(textwrap.fill(label, 16), fontsize=SIZE)
