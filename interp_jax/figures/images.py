"""Images that explain units: those that drive them most, and the pixels that a class needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, not_empty, same_names
from interp_jax.figures.style import GRAY, MISSING, POSITIVE, SIGNED, new_figure, styled

SIZE = 9.0  # of the small letters, in points
WIDTH = 8.9  # of a page, in inches
LEAST, MOST = 0.42, 0.9  # sides of a small image, in inches
SPACE, BETWEEN = 0.05, 0.15  # between two of them, and between two columns of units
FEW = 4  # up to so many units stand below one another


@styled
def strongest_inputs(images: ArrayLike, units: ArrayLike | Sequence[Any], *, labels: ArrayLike | None = None) -> Figure:
    """The images that drive each unit most: a row a unit, named at its left, the strongest image first.

    images [units, k, height, width] or [units, k, height, width, channels]: values in 0…1, row 0 at the top, one
        channel (drawn gray) or three; an image of NaN is left out, as where fewer than k images drive the unit.
    units: the unit's number or name, one a row.
    labels [units, k]: what stands below each image, as its class.
    Returns the figure; more than four units stand in two columns where there is room, to be read downwards.
    """
    images = _as_images("images", images, "units", "k")
    rows, k = images.shape[:2]
    if len(units) != rows:
        raise ValueError(f"units has {len(units)} entries, wanted one for each of the {rows} rows of images")
    if labels is not None and np.shape(labels) != (rows, k):
        raise ValueError(f"labels has shape {list(np.shape(labels))}, wanted {[rows, k]}")
    texts = None if labels is None else [[f"{label}" for label in row] for row in labels]
    margin = BETWEEN + 0.075 * max(len(f"{unit}") for unit in units)
    line = SPACE if texts is None else 0.2
    longest = 0 if texts is None else max(len(text) for row in texts for text in row)
    least = max(LEAST, 0.075 * longest)
    columns = 2 if rows > FEW and 2 * (margin + k * (least + SPACE)) <= WIDTH else 1
    lines = -(-rows // columns)
    side = min((WIDTH / columns - margin) / k - SPACE, max(least, min(MOST, WIDTH / lines)))
    block = margin + k * (side + SPACE)

    figure = new_figure(columns * block + 0.05, lines * (side + line) + 0.1)
    axes = figure.subplots()
    axes.set_axis_off()
    for row, (unit, pictures) in enumerate(zip(units, images, strict=True)):
        column, place = divmod(row, lines)
        left, top = column * block + margin, place * (side + line)
        look = {"ha": "right", "va": "center", "weight": "bold", "fontsize": SIZE}
        axes.text(left - SPACE, top + side / 2, f"{unit}", **look)
        for index, picture in enumerate(pictures):
            if np.isnan(picture).all():
                continue
            across = left + index * (side + SPACE)
            _show(axes, picture, extent=(across, across + side, top + side, top))
            if texts is not None:
                where = (across + side / 2, top + side + 0.02)
                axes.text(*where, texts[row][index], ha="center", va="top", fontsize=SIZE, color=GRAY)
    axes.set(xlim=(0, columns * block), ylim=(lines * (side + line), 0), aspect="equal")
    return figure


@styled
def pixel_gates(
    gates: Mapping[str, ArrayLike],
    images: Mapping[str, ArrayLike] | None = None,
    *,
    columns: int = 5,
    label: str = "gate",
) -> Figure:
    """A map of the gates of all pixels for each class, below the class's image where there is one.

    gates: class → [height, width], values in 0…1, row 0 at the top; NaN is gray.
    images: class → [height, width] or [height, width, channels], as the mean image of the class, values in 0…1.
    columns: classes side by side.
    label: what the colors are.
    Returns the figure; all maps have one color scale from 0 to 1.
    """
    not_empty("gates", gates)
    if images is not None:
        same_names("gates", gates, "images", images)
    found = {name: as_array(f"gates[{name!r}]", values, "height", "width") for name, values in gates.items()}
    for name, values in found.items():
        _check_range(f"gates[{name!r}]", values)
    columns = min(columns, len(found))
    lines, each = -(-len(found) // columns), 1 if images is None else 2
    side = min(2.2, (WIDTH - 0.9) / columns)
    figure = new_figure(columns * side + 0.9, lines * (each * (side - 0.05) + 0.25) + 0.1)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03)
    panels = figure.subplots(each * lines, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for index, (name, values) in enumerate(found.items()):
        row, column = divmod(index, columns)
        stack = panels[each * row : each * (row + 1), column]
        stack[0].set_title(name, loc="center")
        if images is not None:
            _frame(stack[0])
            _show(stack[0], _as_images(f"images[{name!r}]", images[name]))
        _frame(stack[-1])
        cmap = POSITIVE.with_extremes(bad=MISSING)
        drawn = stack[-1].imshow(np.ma.masked_invalid(values), cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    bar = figure.colorbar(drawn, ax=panels, fraction=0.04, pad=0.02, aspect=30, shrink=0.8 if lines > 1 else 1)
    bar.outline.set_visible(False)
    bar.set_label(label)
    return figure


@styled
def learned(images: Mapping[str, ArrayLike], classes: Sequence[Any]) -> Figure:
    """Signed images, a row a way to make them and a column a class; values relative to the row's largest.

    images: row's name → [classes, height, width], row 0 at the top.
    classes: the columns' names.
    Returns the figure.
    """
    not_empty("images", images)
    found = {
        name: as_array(f"images[{name!r}]", values, len(classes), "height", "width") for name, values in images.items()
    }
    margin = 0.2 + 0.085 * max(map(len, found))
    side = min(MOST, (WIDTH - margin - 0.9) / len(classes))
    figure = new_figure(margin + side * len(classes) + 0.9, side * len(found) + 0.5)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.02)
    panels = figure.subplots(len(found), len(classes), squeeze=False)
    for row, (name, values) in zip(panels, found.items(), strict=True):
        limit = np.nanmax(np.abs(values)) or 1.0
        for axes, picture in zip(row, values, strict=True):
            _frame(axes)
            drawn = axes.imshow(picture / limit, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
        look = {"rotation": 0, "ha": "right", "va": "center", "fontsize": SIZE}
        row[0].set_ylabel(name, **look)
    for axes, name in zip(panels[0], classes, strict=True):
        axes.set_title(f"{name}", loc="center")
    bar = figure.colorbar(drawn, ax=panels, fraction=0.04, pad=0.02, aspect=30, shrink=0.8)
    bar.outline.set_visible(False)
    bar.set_label("relative value")
    return figure


def _as_images(name: str, values: ArrayLike, *shape: str) -> np.ndarray:
    """Images [*shape, height, width, channels], or without the last axis where they have one channel."""
    if np.ndim(values) == len(shape) + 2:
        images = as_array(name, values, *shape, "height", "width")
    else:
        images = as_array(name, values, *shape, "height", "width", "channels")
        if images.shape[-1] not in (1, 3):
            raise ValueError(f"{name} has {images.shape[-1]} channels, wanted 1 or 3")
        images = images[..., 0] if images.shape[-1] == 1 else images
    _check_range(name, images)
    return images


def _check_range(name: str, values: np.ndarray) -> None:
    if np.any((values < 0) | (values > 1)):
        raise ValueError(f"{name} reaches from {np.nanmin(values):g} to {np.nanmax(values):g}, wanted values in 0…1")


def _show(axes: Axes, picture: np.ndarray, **place: Any) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest", **place)


def _frame(axes: Axes) -> None:
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(True)
