"""Points of the plane, colored by class."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, not_empty
from interp_jax.figures.style import INK, ORDERED, new_figure, styled


@styled
def embedding(
    points: ArrayLike,
    labels: ArrayLike,
    label_name: str = "jump position",
    *,
    named: int = 7,
    x_label: str = "first coordinate",
    y_label: str = "second coordinate",
    equal: bool = True,
) -> Figure:
    """A two-dimensional embedding or code, colored by class, with some class numbers at their medians.

    points [n, 2]: one point a row; rows with NaN are left out.
    labels [n]: the class of each point, a number.
    label_name: what the labels are.
    named: how many classes get their number written, evenly spread over the classes.
    x_label, y_label: what the coordinates are.
    equal: whether one unit is equally long on both axes.
    Returns the figure.
    """
    points = as_array("points", points, "n", 2)
    labels = as_array("labels", labels, len(points))
    kept = np.isfinite(points).all(axis=1) & np.isfinite(labels)
    if not kept.any():
        raise ValueError("points has no row of finite numbers, wanted at least one")
    points, labels = points[kept], labels[kept]
    figure = new_figure(7.0, 5.8)
    axes = figure.subplots()
    size = np.clip(20_000 / len(points), 5, 30)
    drawn = axes.scatter(*points.T, c=labels, s=size, cmap=ORDERED, alpha=0.75, linewidths=0, rasterized=True)
    classes = np.unique(labels)
    for index in np.unique(np.linspace(0, len(classes) - 1, min(named, len(classes))).round().astype(int)):
        x, y = np.median(points[labels == classes[index]], axis=0)
        outline = [withStroke(linewidth=3.5, foreground="white")]
        text = f"{classes[index]:g}"
        axes.text(x, y, text, ha="center", va="center", weight="bold", color=INK, path_effects=outline)
    if equal:
        axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel=x_label, ylabel=y_label)
    bar = figure.colorbar(drawn, ax=axes, label=label_name, fraction=0.06, pad=0.02, aspect=30)
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)
    return figure


@styled
def embeddings(panels: Mapping[str, tuple[ArrayLike, ArrayLike]], label_name: str, *, columns: int = 3) -> Figure:
    """Several embeddings side by side, colored by class on one scale; their coordinates have no meaning.

    panels: title → (points [n, 2], labels [n]), the class of each point a number.
    label_name: what the labels are.
    columns: panels side by side.
    Returns the figure.
    """
    not_empty("panels", panels)
    found = {}
    for title, (points, labels) in panels.items():
        points = as_array(f"points of panels[{title!r}]", points, "n", 2)
        found[title] = points, as_array(f"labels of panels[{title!r}]", labels, len(points))
    least, greatest = (extreme([extreme(labels) for _, labels in found.values()]) for extreme in (np.min, np.max))
    columns = min(columns, len(found))
    lines = -(-len(found) // columns)
    figure = new_figure(9.0 if columns > 1 else 5.0, 0.6 + 2.9 * lines)
    axes = figure.subplots(lines, columns, squeeze=False)
    for panel in axes.flat[len(found) :]:
        panel.set_axis_off()
    for panel, (title, (points, labels)) in zip(axes.flat, found.items(), strict=False):
        size = np.clip(6_000 / len(points), 1.5, 20)
        look = {"cmap": ORDERED, "vmin": least, "vmax": greatest, "alpha": 0.75, "linewidths": 0, "rasterized": True}
        drawn = panel.scatter(*points.T, c=labels, s=size, **look)
        panel.set_title(title)
        panel.set(xticks=[], yticks=[])
    bar = figure.colorbar(drawn, ax=axes, label=label_name, location="bottom", fraction=0.03, pad=0.02, aspect=50)
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)
    return figure
