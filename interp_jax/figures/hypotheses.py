"""The grid that compares a class with every other, level by level down a tree's path."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, as_entries, as_mapping, as_names
from interp_jax.figures._labels import shortened
from interp_jax.figures._style import GRAY, INK, canvas, inches, styled, whole

RULED_OUT, OPEN = "#009E73", "#CC79A7"  # frames, near the paper's green and red, distinct from the colors of the points
MINE, OTHER = "#D55E00", "#0072B2"
LINES = 3  # of a column's name, and of a condition
CONDITION = 24  # letters in a line of a condition


class Panel(NamedTuple):
    """Two classes at one level of the path.

    Attributes:
        mine, other: [n, 2], points of the two classes; n may be 0.
        separability: of the two, NaN where unknown.
        ruled_out: whether the other class is ruled out here.
    """

    mine: ArrayLike
    other: ArrayLike
    separability: float
    ruled_out: bool


@styled
def grid(
    columns: Mapping[str, Sequence[Panel]],
    levels: Sequence[str],
    *,
    mine: str,
    figure: FigureBase | None = None,
) -> Figure:
    """A grid of panels, a column per hypothesis and a row per level down to the one that rules the hypothesis out.

    Each panel shows the points of the class and of the other, with their separability above and a green frame if the
    other class is ruled out, else a purple one.

    Host-level. NaN and infinity are not drawn.

    Args:
        columns: name of the other class → one `Panel` per level, from the root down.
        levels: the condition of each level.
        mine: name of the class that is compared with the others.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: no column, a column without panels or with more panels than levels, points that are not [n, 2].

    Example:
        >>> panel = Panel([[0.0, 0.0]], [[1.0, 1.0]], 0.9, True)
        >>> figure = grid({"dog": [panel]}, ["unit 3 > 0.5"], mine="cat")
    """
    levels = as_names("levels", levels)
    columns = {
        name: as_entries(f"columns[{name!r}]", each, kind=Panel)
        for name, each in as_mapping("columns", columns).items()
    }
    for name, panels in columns.items():
        if len(panels) > len(levels):
            raise ValueError(f"columns[{name!r}]: found {len(panels)} panels, wanted 1 to {len(levels)}, one a level")
    figure = canvas(figure, min(9.0, 2.4 + 1.1 * len(columns)), 1.0 + 1.0 * len(levels))
    letters = max(4, int(72 * (inches(figure) - 2) / len(columns) / 5.1))
    axes = figure.subplots(len(levels), len(columns), squeeze=False)
    for panel in axes.flat:
        panel.set_axis_off()
    for column, (name, panels) in enumerate(columns.items()):
        for row, panel in enumerate(panels):
            _draw(axes[row, column], panel, f"columns[{name!r}][{row}]")
        axes[0, column].annotate(
            _lines(name, letters),
            (0.5, 1),
            (0, 16),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=INK,
            annotation_clip=False,
            fontsize=9,
        )
    for row, condition in enumerate(levels):
        axes[row, 0].annotate(
            _lines(condition, CONDITION),
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
        [shortened(mine, max(8, int((72 * inches(figure) - 150) / 6))), "hypothesis", "ruled out", "not yet"],
        loc="outside upper center",
        ncols=2,
    )
    return whole(figure)


def _lines(name: str, letters: int) -> str:
    """A name in up to three lines of so many letters, without its middle if it is longer."""
    lines = [shortened(line, letters) for line in textwrap.wrap(name, letters, break_long_words=False)]
    if len(lines) > LINES:  # the last line has the name's end, by which numbered names differ
        lines = [*lines[: LINES - 1], f"…{name[1 - letters :].strip()}"]
    return "\n".join(lines)


def _draw(axes, panel, name):
    axes.set_axis_on()
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    for points, shade in ((panel.mine, MINE), (panel.other, OTHER)):
        points = as_array(name, points)
        if points.size:
            points = as_array(name, points, "n", 2)
            axes.scatter(*points.T, s=3, c=shade, alpha=0.5, linewidths=0, rasterized=True)
    for spine in axes.spines.values():
        spine.set(visible=True, color=RULED_OUT if panel.ruled_out else OPEN, linewidth=2)
    separability = as_array(f"separability of {name}", panel.separability).item()
    score = f"{separability:.2f}" if np.isfinite(separability) else "–"
    axes.set_title(score, loc="center", fontsize=9, color=GRAY, pad=2)
