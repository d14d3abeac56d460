"""A network layer by layer: weights, averages by class, one class, one signal."""

from collections.abc import Sequence
from typing import NamedTuple, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import check_finite, check_number
from interp_jax.figures._arrays import as_array, as_entries, even_steps
from interp_jax.figures._style import GRAY, INK, color, image, jump_line, new_figure, stems, styled


class LayerRow(NamedTuple):
    """One row of the grid, which shows a layer.

    Attributes:
        name: of the layer.
        kernel: taps [k] of a convolution, a matrix [in, out], or None for a layer without weights.
        averages: [classes, units], activations averaged by class.
        example: [units], the activations for a single signal, or None.
        units: [units], the position of each unit on the signal's axis; by default the class positions if there are as
            many, else 1, 2, ….
    """

    name: str
    kernel: ArrayLike | None
    averages: ArrayLike
    example: ArrayLike | None = None
    units: ArrayLike | None = None


@styled
def grid(rows: Sequence[LayerRow], positions: ArrayLike, at: SupportsFloat) -> Figure:
    """A grid with one row per layer: weights, activations averaged by class, the average of one class, one signal's.

    Dashed lines mark the jump.

    Host-level. NaN and infinity are gray or leave gaps.

    Args:
        rows: the `LayerRow`s, first layer first; the last column appears if any of them has an example.
        positions: [classes], the true jump position of each class, increasing in equal steps.
        at: the jump position, one of the positions, of the class in the third column and of the examples.

    Raises:
        ValueError: no row, arrays of the wrong shape, or a jump that is not one of the positions.

    Example:
        >>> figure = grid([LayerRow("ReLU", None, [[0.1, 0.9, 0.0], [0.8, 0.2, 0.1]])], [21, 22], at=21)
    """
    rows = as_entries("rows", rows, kind=LayerRow)
    positions = as_array("positions", positions, "classes")
    check_number("at", at)
    at = float(at)
    chosen = np.flatnonzero(positions == at)
    if chosen.size == 0:
        raise ValueError(f"at: found {at:g}, wanted one of the positions {positions[0]:g}…{positions[-1]:g}")
    with_example = any(row.example is not None for row in rows)
    headings = ["weights", "average of\neach class", f"average,\njump at {at:g}"]
    headings += [f"one signal,\njump at {at:g}"] if with_example else []
    figure = new_figure(9.0, 0.8 + 1.9 * len(rows))
    panels = figure.subplots(len(rows), len(headings), squeeze=False)
    for axes, heading in zip(panels[0], headings, strict=True):
        axes.set_title(heading, loc="center")
    for line, row in zip(panels, rows, strict=True):
        averages = as_array(f"averages of {row.name}", row.averages, positions.size, "units")
        units = _units(row, averages.shape[1], positions)
        _weights(line[0], row)
        _name(line[0], row.name)
        image(line[1], averages.T, x=even_steps("positions", positions), y=units)
        line[1].set_ylabel("unit")
        line[1].xaxis.set_major_locator(MaxNLocator(4, integer=True))
        _activations(line[2], units, averages[chosen[0]], at, color(0))
        if row.example is not None:
            _activations(line[3], units, as_array(f"example of {row.name}", row.example, units.size), at, color(1))
        elif with_example:
            line[3].set_axis_off()
    for axes, label in zip(panels[-1, 1:], ["true jump position", "unit", "unit"], strict=False):
        axes.set_xlabel(label)
    return figure


def _units(row: LayerRow, number: int, positions: np.ndarray) -> np.ndarray:
    if row.units is not None:
        units = as_array(f"units of {row.name}", row.units, number)
        check_finite(f"units of {row.name}", units)
        return units
    return positions if number == positions.size else np.arange(1.0, number + 1)


def _weights(axes: Axes, row: LayerRow) -> None:
    if row.kernel is None:
        axes.text(0.5, 0.5, "no weights", transform=axes.transAxes, ha="center", va="center", color=GRAY)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
    elif (taps := as_array(f"kernel of {row.name}", row.kernel)).ndim == 1:
        axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
        stems(axes, np.arange(1, taps.size + 1), taps, index=2, size=5.0)
        axes.margins(x=0.1, y=0.15)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("tap")
    else:
        image(axes, as_array(f"kernel of {row.name}", row.kernel, "in", "out"), signed=True)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set(xlabel="output unit", ylabel="input unit")


def _name(axes: Axes, name: str) -> None:
    """Writes the layer's name, rotated, at the left of its row."""
    axes.annotate(
        name,
        (0, 0.5),
        (-48, 0),
        xycoords="axes fraction",
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="center",
        weight="bold",
        color=INK,
        fontsize=11,
    )


def _activations(axes: Axes, units: np.ndarray, values: np.ndarray, at: float, shade: str) -> None:
    axes.plot(units, values, color=shade, linewidth=1.4)
    if units.min() <= at <= units.max():
        jump_line(axes, at)
    axes.set_xlim(units.min(), units.max())
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
