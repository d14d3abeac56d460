"""Images that explain units: those that drive them most, and the pixels that a class needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_shape
from interp_jax.figures._arrays import as_array, as_entries, as_mapping, as_names, check_range, same_names
from interp_jax.figures._style import (
    GRAY,
    MISSING,
    POSITIVE,
    SIGNED,
    canvas,
    color_bar,
    largest,
    new_figure,
    styled,
    whole,
)

SIZE = 9.0  # of the small letters, in points
WIDTH = 8.9  # of a page, in inches
LEAST, MOST = 0.42, 0.9  # sides of a small image, in inches
SPACE, BETWEEN = 0.05, 0.15  # between two of them, and between two columns of units
FEW = 4  # up to this many units are in one column


@styled
def strongest_inputs(
    images: ArrayLike,
    units: ArrayLike | Sequence[Any],
    *,
    labels: ArrayLike | None = None,
    figure: FigureBase | None = None,
) -> Figure:
    """A figure of the images that drive each unit most: a row per unit, named at its left, the strongest image first.

    More than four units are in two columns if there is room, read downwards.

    Host-level.

    Args:
        images: [units, k, height, width] or [units, k, height, width, channels], values in 0…1, row 0 at the top, one
            channel (drawn dark on light) or three; an image of NaN is left out, e.g. if fewer than k images drive the
            unit.
        units: the number or name of each unit.
        labels: [units, k], written below each image, e.g. its class.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: images of the wrong shape or outside 0…1, a wrong number of units or labels.

    Example:
        >>> figure = strongest_inputs([[[[0.0, 1.0]], [[1.0, 0.5]]]], ["unit 3"], labels=[["cat", "dog"]])
    """
    images = _as_images("images", images, "units", "k")
    rows, k = images.shape[:2]
    units = as_names("units", units, rows)
    texts = None if labels is None else [as_names("labels", row, k) for row in as_entries("labels", labels, rows)]
    margin = BETWEEN + 0.075 * max(map(len, units))
    line = SPACE if texts is None else 0.2
    longest = 0 if texts is None else max(len(text) for row in texts for text in row)
    least = max(LEAST, 0.075 * longest)
    columns = 2 if rows > FEW and 2 * (margin + k * (least + SPACE)) <= WIDTH else 1
    lines = -(-rows // columns)
    side = min((WIDTH / columns - margin) / k - SPACE, max(least, min(MOST, WIDTH / lines)))
    block = margin + k * (side + SPACE)

    figure = canvas(figure, columns * block + 0.05, lines * (side + line) + 0.1)
    axes = figure.subplots()
    axes.set_axis_off()
    for row, (unit, pictures) in enumerate(zip(units, images, strict=True)):
        column, place = divmod(row, lines)
        left, top = column * block + margin, place * (side + line)
        look = {"ha": "right", "va": "center", "weight": "bold", "fontsize": SIZE}
        axes.text(left - SPACE, top + side / 2, unit, **look)
        for index, picture in enumerate(pictures):
            if np.isnan(picture).all():
                continue
            across = left + index * (side + SPACE)
            _show(axes, picture, extent=(across, across + side, top + side, top))
            if texts is not None:
                where = (across + side / 2, top + side + 0.02)
                axes.text(*where, texts[row][index], ha="center", va="top", fontsize=SIZE, color=GRAY)
    axes.set(xlim=(0, columns * block), ylim=(lines * (side + line), 0), aspect="equal")
    return whole(figure)


@styled
def pixel_gates(
    gates: Mapping[str, ArrayLike],
    images: Mapping[str, ArrayLike] | None = None,
    *,
    columns: int = 5,
    label: str = "gate",
) -> Figure:
    """A figure with a map of the gates of all pixels for each class, below the image of the class if there is one.

    All maps have one color scale from 0 to 1.

    Host-level.

    Args:
        gates: class → [height, width], values in 0…1, row 0 at the top; NaN is gray.
        images: class → [height, width] or [height, width, channels], values in 0…1, e.g. the mean image of the class.
        columns: classes per row.
        label: of the color bar.

    Raises:
        ValueError: no class, maps of the wrong shape or outside 0…1, images of other classes.

    Example:
        >>> figure = pixel_gates({"cat": [[0.0, 1.0], [0.5, 0.2]]})
    """
    gates = as_mapping("gates", gates)
    if images is not None:
        images = as_mapping("images", images)
        same_names("gates", gates, "images", images)
    maps = {name: as_array(f"gates[{name!r}]", values, "height", "width") for name, values in gates.items()}
    for name, values in maps.items():
        check_range(f"gates[{name!r}]", values)
    columns = min(as_count("columns", columns), len(maps))
    lines, each = -(-len(maps) // columns), 1 if images is None else 2
    side = min(2.2, (WIDTH - 0.9) / columns)
    figure = new_figure(columns * side + 0.9, lines * (each * (side - 0.05) + 0.25) + 0.1, w_pad=0.02, h_pad=0.03)
    panels = figure.subplots(each * lines, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for index, (name, values) in enumerate(maps.items()):
        row, column = divmod(index, columns)
        stack = panels[each * row : each * (row + 1), column]
        stack[0].set_title(name, loc="center")
        if images is not None:
            _frame(stack[0])
            _show(stack[0], _as_images(f"images[{name!r}]", images[name]))
        _frame(stack[-1])
        cmap = POSITIVE.with_extremes(bad=MISSING)
        drawn = stack[-1].imshow(np.ma.masked_invalid(values), cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    color_bar(drawn, panels, label, fraction=0.04, pad=0.02, aspect=30, shrink=0.8 if lines > 1 else 1)
    return figure


@styled
def learned(images: Mapping[str, ArrayLike], classes: Sequence[Any]) -> Figure:
    """A grid of signed images, a row per method and a column per class; values relative to the largest of the row.

    Host-level.

    Args:
        images: name of the row → [classes, height, width], row 0 at the top; pixels that are not finite are left out.
        classes: the names of the columns.

    Raises:
        ValueError: no row, or images of the wrong shape.

    Example:
        >>> figure = learned({"gradient ascent": [[[-1.0, 2.0]], [[0.5, 0.0]]]}, ["cat", "dog"])
    """
    classes = as_names("classes", classes)
    rows = {
        name: as_array(f"images[{name!r}]", values, len(classes), "height", "width")
        for name, values in as_mapping("images", images).items()
    }
    margin = 0.2 + 0.085 * max(map(len, rows))
    side = min(MOST, (WIDTH - margin - 0.9) / len(classes))
    figure = new_figure(margin + side * len(classes) + 0.9, side * len(rows) + 0.5, w_pad=0.03, h_pad=0.02)
    panels = figure.subplots(len(rows), len(classes), squeeze=False)
    for row, (name, values) in zip(panels, rows.items(), strict=True):
        limit = largest(values)
        for axes, picture in zip(row, values, strict=True):
            _frame(axes)
            drawn = axes.imshow(
                np.ma.masked_invalid(picture / limit), cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest"
            )
        look = {"rotation": 0, "ha": "right", "va": "center", "fontsize": SIZE}
        row[0].set_ylabel(name, **look)
    for axes, name in zip(panels[0], classes, strict=True):
        axes.set_title(name, loc="center")
    color_bar(drawn, panels, "relative value", fraction=0.04, pad=0.02, aspect=30, shrink=0.8)
    return figure


def _as_images(name: str, values: ArrayLike, *shape: str) -> np.ndarray:
    """Images [*shape, height, width, channels], or without the last axis if they have one channel."""
    images = as_array(name, values)
    if images.ndim != len(shape) + 2:
        check_shape(name, images, (*shape, "height", "width", "channels"))
        if images.shape[-1] not in (1, 3):
            raise ValueError(f"{name}: found {images.shape[-1]} channels, wanted 1 or 3")
        images = images[..., 0] if images.shape[-1] == 1 else images
    check_shape(name, images[..., 0] if images.ndim > len(shape) + 2 else images, (*shape, "height", "width"))
    check_range(name, images)
    return images


def _show(axes: Axes, picture: np.ndarray, **place: Any) -> None:
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest", **place)


def _frame(axes: Axes) -> None:
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(True)
