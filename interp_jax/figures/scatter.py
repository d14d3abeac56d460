"""Points of the plane, coloured by class."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array
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
    """A two-dimensional embedding or code, coloured by class, with some class numbers at their medians.

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
