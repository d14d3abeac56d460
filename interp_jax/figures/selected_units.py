"""The units chosen for each class: which ones, run after run, and how many."""

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import (
    as_array,
    as_ends,
    as_mapping,
    as_names,
    by_seed,
    finite_entries,
    mean_and_deviation,
)
from interp_jax.figures._labels import shortened, too_long
from interp_jax.figures._style import (
    GRAY,
    INK,
    LIGHT,
    PALETTE,
    canvas,
    color,
    legend_above,
    marker,
    new_figure,
    styled,
    whole,
)

EMPTY, CHOSEN, ALWAYS = "#F1F1F1", PALETTE[5], PALETTE[1]
GAP = 0.75  # between two classes, in rows
SEPARATE = 128  # up to this many units have white lines between them
LEAST = 1.0  # width of a chosen unit, however many there are, in points
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # from one numbered unit to the next
SIZE = 9.0  # of the small letters, in points
BESIDE = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "annotation_clip": False}


@styled
def positions(
    masks: Mapping[str, ArrayLike],
    *,
    x_label: str = "unit",
    size_label: str = "a run",
    figure: FigureBase | None = None,
) -> Figure:
    """A figure of the units that each run chose: a block of rows per class, a row per run, a column per unit.

    Units that every run of a class chose have their own color. Numbers at the right state how many units a run chose,
    and how many of them every run did. A chosen unit of a wide layer is drawn a point wide, so that each is visible.

    Host-level.

    Args:
        masks: class → [runs, units], 1 where the run chose the unit, else 0; classes may differ in number of runs.
        x_label: of the columns, which are counted from 0.
        size_label: heading of the numbers of units that a run chose; letters beyond twelve are left out.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: no class, masks of the wrong shape, or numbers other than 0 and 1.

    Example:
        >>> figure = positions({"cat": [[1, 0, 1], [1, 0, 0]], "dog": [[0, 1, 1]]})
    """
    masks = as_mapping("masks", masks)
    name, first = next(iter(masks.items()))
    first = as_array(f"masks[{name!r}]", first, "runs", "units")
    chosen = {name: _as_mask(f"masks[{name!r}]", mask, first.shape[1]) for name, mask in masks.items()}
    units = first.shape[1]
    several = any(len(mask) > 1 for mask in chosen.values())
    rows = sum(len(mask) for mask in chosen.values()) + GAP * (len(chosen) - 1)
    figure = canvas(figure, 9.0, 1.3 + rows * np.clip(6.0 / rows, 0.11, 0.24))
    axes = figure.subplots()
    top = 0.0
    for name, mask in chosen.items():
        _block(axes, mask, top)
        place = top + len(mask) / 2
        axes.annotate(name, (0, place), (-6, 0), ha="right", va="center", **BESIDE)
        sizes = mask.sum(axis=1)
        _column(axes, 0, f"{sizes.min()}" if np.ptp(sizes) == 0 else f"{sizes.min()}–{sizes.max()}", place)
        if len(mask) > 1:
            _column(axes, 1, f"{mask.all(axis=0).sum()}", place)
        top += len(mask) + GAP
    for column, heading in enumerate(
        (shortened(as_names("size_label", [size_label])[0], 12), "every run")[: 1 + several]
    ):
        _column(axes, column, heading, 0, above=10, color=GRAY)
    axes.set(xlim=(-0.5, units - 0.5), ylim=(top - GAP, 0), yticks=[], xlabel=x_label)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    room = 7 * len(str(units - 1)) + 3  # of a unit's number, in points
    axes.set_xticks(range(0, units, next(step for step in STEPS if 500 * step / units >= room or step == STEPS[-1])))
    axes.tick_params(axis="x", labelsize=SIZE, length=2.5)
    keys = {"chosen": CHOSEN} | ({"chosen in every run of the class": ALWAYS} if several else {})
    legend_above(figure, [Patch(color=shade) for shade in keys.values()], list(keys))
    return whole(figure)


@styled
def by_class(
    classes: Sequence[str],
    values: Mapping[str, ArrayLike],
    references: Mapping[str, ArrayLike] | None = None,
    *,
    y_label: str = "units kept",
    x_label: str = "class",
    repeat_name: str = "repeat",
    y_range: tuple[SupportsFloat | None, SupportsFloat | None] = (0, None),
) -> Figure:
    """A dot plot of one number per class, series side by side: their means, and a small dot per repeat.

    Host-level.

    Args:
        classes: their names.
        values: series → [classes] or [classes, repeats]; NaN is not drawn.
        references: name → [classes], a bar across the whole class, e.g. published numbers; NaN is not drawn.
        y_label, x_label: of the axes.
        repeat_name: what a repeat is, for the legend.
        y_range: the ends of the vertical axis; None fits one to the data.

    Raises:
        ValueError: no class or series, arrays of the wrong shape, no finite number.

    Example:
        >>> figure = by_class(["cat", "dog"], {"ours": [[3, 4], [7, 6]]}, {"published": [5, 9]})
    """
    classes = as_names("classes", classes)
    values = as_mapping("values", values)
    series = {name: by_seed(f"values[{name!r}]", numbers, len(classes)) for name, numbers in values.items()}
    bars = {} if not references else as_mapping("references", references)
    bars = {name: as_array(f"references[{name!r}]", numbers, len(classes)) for name, numbers in bars.items()}
    finite_entries("values", *series.values())
    bottom, top = as_ends("y_range", y_range)
    width = min(0.22, 0.84 / len(series))
    inches = min(9.0, max(5.0, 1.2 + len(classes) * (0.35 + 0.14 * len(series))))
    figure = new_figure(inches, 4.4)
    axes = figure.subplots()
    slots = np.arange(len(classes))
    size = np.clip(0.8 * 72 * (inches - 0.8) * width / len(classes), 6, 8)
    handles = []
    for index, numbers in enumerate(series.values()):
        places = slots + (index - (len(series) - 1) / 2) * width
        look: dict[str, Any] = {"color": color(index), "linestyle": ""}
        if numbers.shape[1] > 1:
            dots = np.repeat(places, numbers.shape[1])
            axes.plot(dots, numbers.ravel(), ".", markersize=4.5, alpha=0.45, zorder=3, label="repeats", **look)
        mean = mean_and_deviation(numbers)[0]
        shape = {"marker": marker(index), "markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.6}
        handles += axes.plot(places, mean, zorder=4, label="mean", **look, **shape)
    names = list(series)
    if any(numbers.shape[1] > 1 for numbers in series.values()):
        handles.append(Line2D([], [], linestyle="", marker=".", color=GRAY, markersize=6))
        names.append(f"one {repeat_name}")
    for index, (name, heights) in enumerate(bars.items()):
        look: dict[str, Any] = {
            "color": (INK, GRAY)[index % 2],
            "linestyle": ("-", "--", ":")[index % 3],
            "linewidth": 1.5,
        }
        axes.hlines(heights, slots - 0.46, slots + 0.46, zorder=2, label=name, **look)
        handles.append(Line2D([], [], **look))
        names.append(name)
    axes.set_ylim(bottom, top)
    axes.set(xlim=(-0.5, len(classes) - 0.5), xlabel=x_label, ylabel=y_label)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    turned = too_long(classes, 72 * (inches - 0.8), 10)
    axes.set_xticks(slots, classes, **({"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if turned else {}))
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    for border in slots[1:]:
        axes.axvline(border - 0.5, color=LIGHT, linewidth=0.9, zorder=1)
    legend_above(figure, handles, names)
    return figure


def _as_mask(name: str, values: ArrayLike, units: int) -> np.ndarray:
    mask = as_array(name, values, "runs", units)
    if not np.all((mask == 0) | (mask == 1)):
        raise ValueError(f"{name}: found {mask[(mask != 0) & (mask != 1)][0]:g}, wanted 0 or 1")
    return mask.astype(bool)


def _block(axes: Axes, mask: np.ndarray, top: float) -> None:
    """The rows of one class, from the given height downwards."""
    runs, units = mask.shape
    always = mask & mask.all(axis=0) & (runs > 1)
    axes.pcolormesh(
        np.arange(units + 1) - 0.5,
        top + np.arange(runs + 1),
        mask.astype(int) + always,
        cmap=ListedColormap([EMPTY, CHOSEN, ALWAYS]),
        vmin=0,
        vmax=2,
        edgecolors="white" if units <= SEPARATE else "none",
        linewidth=0.8,
        antialiased=True,
    )
    if units > SEPARATE:  # a cell can be narrower than a pixel, and is then lost; a line is not
        for cells, shade in ((mask & ~always, CHOSEN), (always, ALWAYS)):
            run, unit = np.nonzero(cells)
            ends = np.stack([top + run, top + run + 1.0, np.full(run.size, np.nan)], axis=1)
            look: dict[str, Any] = {"color": shade, "linewidth": LEAST, "solid_capstyle": "butt", "snap": True}
            axes.plot(np.repeat(unit, 3), ends.ravel(), clip_on=False, **look)


def _column(axes: Axes, column: int, text: str, place: SupportsFloat, above: int = 0, **look: Any) -> None:
    """Writes into a column of numbers right of the axes."""
    axes.annotate(
        text, (1, place), ((30, 82)[column], above), ha="center", va="center", fontsize=SIZE, **BESIDE, **look
    )
