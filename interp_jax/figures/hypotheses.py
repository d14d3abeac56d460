"""The grid that holds a class against every other, level by level down a tree's path."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, not_empty
from interp_jax.figures.style import GRAY, INK, new_figure, styled

RULED_OUT, OPEN = "#009E73", "#CC79A7"  # frames, near the paper's green and red, in no color of the points
MINE, OTHER = "#D55E00", "#0072B2"


class Panel(NamedTuple):
    """Two clouds of points of the plane, how separable they are (NaN: a dash), and whether the second is ruled out."""

    mine: ArrayLike
    other: ArrayLike
    separability: float
    ruled_out: bool


@styled
def grid(columns: Mapping[str, Sequence[Panel]], levels: Sequence[str], *, mine: str) -> Figure:
    """A column a hypothesis, a row a level of the path; a column ends with the level that rules its hypothesis out.

    columns: name of the other class → a panel a level, from the root down.
    levels: the condition of each level.
    mine: name of the class that the others are held against.
    Returns the figure: points of the class and of the other, the separability above them, a frame in green where the
    other class is ruled out, else in purple.
    """
    not_empty("columns", columns)
    not_empty("levels", levels)
    for name, panels in columns.items():
        if not 0 < len(panels) <= len(levels):
            raise ValueError(f"columns[{name!r}] has {len(panels)} panels, wanted 1 to {len(levels)}, one a level")
    figure = new_figure(min(9.0, 2.4 + 1.1 * len(columns)), 1.0 + 1.0 * len(levels))
    axes = figure.subplots(len(levels), len(columns), squeeze=False)
    for panel in axes.flat:
        panel.set_axis_off()
    for column, (name, panels) in enumerate(columns.items()):
        for row, panel in enumerate(panels):
            _draw(axes[row, column], panel, f"columns[{name!r}][{row}]")
        axes[0, column].annotate(
            name, (0.5, 1.3), xycoords="axes fraction", ha="center", va="bottom", color=INK, annotation_clip=False
        )
    for row, condition in enumerate(levels):
        axes[row, 0].annotate(
            condition,
            (-0.12, 0.5),
            xycoords="axes fraction",
            ha="right",
            va="center",
            annotation_clip=False,
            fontsize=9,
        )
    dot = {"linestyle": "", "marker": "o", "markersize": 6}
    figure.legend(
        [
            Line2D([], [], color=MINE, **dot),
            Line2D([], [], color=OTHER, **dot),
            Patch(facecolor="none", edgecolor=RULED_OUT, linewidth=2),
            Patch(facecolor="none", edgecolor=OPEN, linewidth=2),
        ],
        [mine, "hypothesis", "ruled out", "not yet"],
        loc="outside upper center",
        ncols=2,
    )
    return figure


def _draw(axes, panel, name):
    axes.set_axis_on()
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    for points, shade in ((panel.mine, MINE), (panel.other, OTHER)):
        points = np.asarray(points, float)
        if points.size:
            points = as_array(name, points, "n", 2)
            axes.scatter(*points.T, s=3, c=shade, alpha=0.5, linewidths=0, rasterized=True)
    for spine in axes.spines.values():
        spine.set(visible=True, color=RULED_OUT if panel.ruled_out else OPEN, linewidth=2)
    score = f"{panel.separability:.2f}" if np.isfinite(panel.separability) else "–"
    axes.set_title(score, loc="center", fontsize=9, color=GRAY, pad=2)
