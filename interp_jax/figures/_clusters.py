"""Clusters of units at several resolutions: checked labels, one color per cluster, numbers that never overlap."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, as_entries
from interp_jax.figures._labels import apart
from interp_jax.figures._style import GRAY, INK, PALETTE, whole

HUES = PALETTE[:5]  # the sixth looks like a tint of the first, the seventh like gray
SIZE = 9.0  # of numbers and percentages, in points


def cluster_colors(levels: Sequence[ArrayLike]) -> list[np.ndarray]:
    """A color for each cluster of each resolution: coarse clusters differ in hue, those within one in lightness.

    The lightness of a cluster is the mean over the finest clusters within it, so that a cluster that does not split
    keeps its color and each coarse one has its pure hue.

    Host-level.

    Args:
        levels: labels [n] of the units at each resolution, 0…c − 1, from coarse to fine, each splitting the one before.

    Returns:
        For each level the colors [c, 4] (red, green, blue, opacity).

    Raises:
        ValueError: labels that do not use all of 0…c − 1, or clusters that cut across those of the level before.

    Example:
        >>> [colors.shape for colors in cluster_colors([[0, 0, 1], [0, 1, 2]])]
        [(2, 4), (3, 4)]
    """
    levels = as_levels(levels)
    first = [np.unique(labels, return_index=True)[1] for labels in levels]
    paths = np.array([labels[first[-1]] for labels in levels])  # of each finest cluster: the clusters that contain it
    order = np.lexsort(paths[::-1])
    tops = paths[0]
    lightness = np.empty(len(tops))
    for top in range(len(first[0])):
        inside = order[tops[order] == top]
        lightness[inside] = (2 * np.arange(len(inside)) + 1) / len(inside) - 1
    colors = []
    for path in paths:
        inside = [path == label for label in range(path.max() + 1)]
        several = len(first[0]) > len(HUES)
        colors.append(np.array([_shade(int(tops[mask][0]), lightness[mask].mean(), several) for mask in inside]))
    return colors


def as_labels(name: str, labels: ArrayLike, units: int | str, clusters: int | None = None) -> np.ndarray:
    """Labels [units] in 0…clusters − 1 as integers; without ``clusters`` each up to the largest must occur."""
    array = as_array(name, labels, units)
    whole = np.all(np.isfinite(array)) and np.all(array == np.round(array)) and array.min() >= 0
    if clusters is None and not (whole and np.unique(array).size == array.max() + 1):
        raise ValueError(f"{name}: found {np.unique(array)[:8]}, wanted labels 0…c − 1, each of them used")
    if clusters is not None and not (whole and array.max() < clusters):
        raise ValueError(f"{name}: found {np.unique(array)[:8]}, wanted labels 0…{clusters - 1}")
    return array.astype(int)


def as_levels(levels: Sequence[ArrayLike], units: int | str = "n") -> list[np.ndarray]:
    """Labels of several resolutions; refuses a level that does not split the clusters of the one before."""
    first, *finer = as_entries("levels", levels)
    checked = [as_labels("levels[0]", first, units)]
    for index, labels in enumerate(finer, start=1):
        checked.append(as_labels(f"levels[{index}]", labels, checked[0].size))
        pairs = np.unique(np.stack(checked[-2:]), axis=1).shape[1]
        if pairs != checked[-1].max() + 1:
            raise ValueError(
                f"levels[{index}]: found clusters across those of levels[{index - 1}], wanted parts of them"
            )
    return checked


def ink_on(color: np.ndarray) -> str:
    """The color of text that is readable on another color."""
    return INK if np.dot(color[:3], (0.299, 0.587, 0.114)) > 0.55 else "white"


def points_per_unit(axes: Axes) -> float:
    """The length of one unit of the x-axis in points, once the figure is laid out."""
    figure = whole(axes.figure)
    figure.draw_without_rendering()
    return axes.get_window_extent().width / figure.dpi * 72 / float(np.ptp(axes.get_xlim()))


def numbers_apart(
    axes: Axes, places: Sequence[float], texts: Sequence[str], start: float, end: float, scale: float
) -> None:
    """Writes numbers at the height ``end``, moved apart where they would touch, with lines to their x at ``start``.

    ``scale`` is the `points_per_unit` of the axes. Numbers for which the axes are too narrow are left out.
    """
    gap = 0.75 * SIZE * (max(map(len, texts), default=0) + 0.5) / scale
    low, high = sorted(axes.get_xlim())
    last = high - gap * (len(texts) - 1)  # where the first of a full row would start
    if last < low:
        return
    shifts = gap * np.argsort(np.argsort(places, kind="stable"), kind="stable")
    outline = [withStroke(linewidth=2.5, foreground="white")]
    ends = np.clip(apart(np.array(places), gap) - shifts, low, last) + shifts
    for place, moved, text in zip(places, ends, texts, strict=True):
        axes.plot([place, moved], [start, end], color=GRAY, linewidth=0.7, clip_on=False, zorder=3)
        look = {"ha": "center", "va": "center", "fontsize": SIZE, "weight": "bold", "path_effects": outline}
        axes.text(moved, end, text, zorder=6, **look)


def _shade(index: int, lightness: float, several: bool) -> tuple[float, float, float, float]:
    """A hue of the palette mixed with black (lightness −1…0) or with white (0…1).

    If the palette is used ``several`` times, each round is lighter or darker as a whole.
    """
    turn, hue = divmod(index, len(HUES))
    lightness = 0.2 * lightness + (0, 0.75, -0.75, 0.4, -0.4)[turn % 5] if several else 0.85 * lightness
    share = 0.65 * lightness if lightness > 0 else -0.55 * lightness
    red, green, blue = ((1 - share) * part + share * float(lightness > 0) for part in to_rgb(HUES[hue]))
    return red, green, blue, 1.0
