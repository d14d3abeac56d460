"""Points in the plane, colored by class."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from interp_jax._checks import as_count
from interp_jax.figures._arrays import as_array, as_entries, as_mapping
from interp_jax.figures._style import INK, ORDERED, color_bar, new_figure, styled


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
    """A figure of a two-dimensional embedding or code, colored by class, with some class numbers at their medians.

    Host-level. Points or labels of NaN or infinity are left out.

    Args:
        points: [n, 2], one point per row; rows with NaN or infinity are left out.
        labels: [n], the class of each point, a number.
        label_name: of the color bar.
        named: number of classes whose number is written, evenly spread over the classes.
        x_label, y_label: of the axes.
        equal: whether one unit is equally long on both axes.

    Raises:
        ValueError: arrays of the wrong shape, or no finite row.

    Example:
        >>> figure = embedding([[0.0, 0.0], [1.0, 0.5], [0.2, 1.0]], [21, 50, 80])
    """
    points, labels = _finite_rows("points", points, "labels", labels)
    named = as_count("named", named, least=0)
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
    _solid(color_bar(drawn, axes, label_name, fraction=0.06, pad=0.02, aspect=30))
    return figure


@styled
def embeddings(panels: Mapping[str, tuple[ArrayLike, ArrayLike]], label_name: str, *, columns: int = 3) -> Figure:
    """A figure of several embeddings, colored by class on one scale, without axes: coordinates have no meaning.

    Host-level.

    Args:
        panels: title → (points [n, 2], labels [n]), the class of each point a number; rows that are not finite are left
            out.
        label_name: of the color bar.
        columns: panels per row.

    Raises:
        ValueError: no panel, arrays of the wrong shape, or no finite row.

    Example:
        >>> figure = embeddings({"layer 1": ([[0.0, 0.0], [1.0, 0.5]], [0, 1])}, "class")
    """
    clouds = {}
    for title, pair in as_mapping("panels", panels).items():
        points, labels = as_entries(f"panels[{title!r}]", pair, 2)
        clouds[title] = _finite_rows(f"points of panels[{title!r}]", points, f"labels of panels[{title!r}]", labels)
    least, greatest = (extreme([extreme(labels) for _, labels in clouds.values()]) for extreme in (np.min, np.max))
    columns = min(as_count("columns", columns), len(clouds))
    lines = -(-len(clouds) // columns)
    figure = new_figure(9.0 if columns > 1 else 5.0, 0.6 + 2.9 * lines)
    axes = figure.subplots(lines, columns, squeeze=False)
    for panel in axes.flat[len(clouds) :]:
        panel.set_axis_off()
    for panel, (title, (points, labels)) in zip(axes.flat, clouds.items(), strict=False):
        size = np.clip(6_000 / len(points), 1.5, 20)
        look = {"cmap": ORDERED, "vmin": least, "vmax": greatest, "alpha": 0.75, "linewidths": 0, "rasterized": True}
        drawn = panel.scatter(*points.T, c=labels, s=size, **look)
        panel.set_title(title)
        panel.set(xticks=[], yticks=[])
    _solid(color_bar(drawn, axes, label_name, location="bottom", fraction=0.03, pad=0.02, aspect=50))
    return figure


def _solid(bar: Colorbar) -> None:
    """The color bar's colors without the points' transparency."""
    if bar.solids:
        bar.solids.set_alpha(1)


def _finite_rows(name: str, points: ArrayLike, label_name: str, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    points = as_array(name, points, "n", 2)
    labels = as_array(label_name, labels, len(points))
    finite = np.isfinite(points).all(axis=1) & np.isfinite(labels)
    if not finite.any():
        raise ValueError(f"{name}: found no row of finite numbers, wanted at least one")
    return points[finite], labels[finite]
