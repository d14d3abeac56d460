"""Heat maps of weights, of activations averaged by class, and of how classes overlap."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, not_empty
from interp_jax.figures._clusters import ink_on
from interp_jax.figures._labels import too_long
from interp_jax.figures.style import GRAY, color, fitting_image, image, new_figure, signed_image, styled

BARS = 120  # up to so many biases are bars, more are a line
PRINTED = 18  # up to so many classes have their overlaps printed


@styled
def weights(layers: Mapping[str, tuple[ArrayLike, ArrayLike]], *, columns: int = 2) -> Figure:
    """The kernel of each layer as an image and, below it, its bias.

    layers: name → (kernel [in, out], bias [out]).
    columns: layers side by side.
    Returns the figure.
    """
    not_empty("layers", layers)
    columns = min(columns, len(layers))
    lines = -(-len(layers) // columns)
    figure = new_figure(9.0 if columns > 1 else 6.5, 4.6 * lines)
    figure.get_layout_engine().set(wspace=0.06)
    grid = figure.add_gridspec(2 * lines, columns, height_ratios=(3, 1) * lines)
    for index, (name, (kernel, bias)) in enumerate(layers.items()):
        kernel = as_array(f"kernel of layers[{name!r}]", kernel, "in", "out")
        bias = as_array(f"bias of layers[{name!r}]", bias, kernel.shape[1])
        line, column = divmod(index, columns)
        above = figure.add_subplot(grid[2 * line, column])
        below = figure.add_subplot(grid[2 * line + 1, column], sharex=above)
        signed_image(above, kernel, label="weight")
        above.set(title=name, ylabel="input unit")
        above.tick_params(labelbottom=False)
        _bias(below, bias)
        figure.align_ylabels([above, below])
    return figure


@styled
def class_averages(layers: Mapping[str, ArrayLike], positions: ArrayLike, *, columns: int = 2) -> Figure:
    """The activation of each unit averaged over the rows of each class, one heat map a layer.

    layers: name → averages [classes, units].
    positions [classes]: the true jump position of each class, rising in equal steps.
    columns: layers side by side.
    Returns the figure; a layer without negative averages has a color scale from zero, others one about zero.
    """
    not_empty("layers", layers)
    positions = as_array("positions", positions, "classes")
    columns = min(columns, len(layers))
    lines = -(-len(layers) // columns)
    figure = new_figure(9.0 if columns > 1 else 6.0, 3.5 * lines)
    figure.get_layout_engine().set(wspace=0.06)
    panels = figure.subplots(lines, columns, squeeze=False)
    for axes, (name, averages) in zip(panels.flat, layers.items(), strict=False):
        averages = as_array(f"layers[{name!r}]", averages, positions.size, "units")
        _averages(axes, averages, positions)
        axes.set_title(name)
    for axes in panels.flat[len(layers) :]:
        axes.set_axis_off()
    return figure


@styled
def weights_and_averages(
    kernel: ArrayLike,
    averages: ArrayLike,
    positions: ArrayLike,
    *,
    titles: tuple[str, str] = ("weights", "activations averaged by class"),
) -> Figure:
    """The kernel of a layer beside its activations averaged by class.

    kernel [in, units]: the weights.
    averages [classes, units]: the activations.
    positions [classes]: the true jump position of each class, rising in equal steps.
    titles: one a panel.
    Returns the figure.
    """
    kernel = as_array("kernel", kernel, "in", "units")
    positions = as_array("positions", positions, "classes")
    averages = as_array("averages", averages, positions.size, kernel.shape[1])
    figure = new_figure(9.0, 3.9)
    figure.get_layout_engine().set(wspace=0.06)
    left, right = figure.subplots(1, 2)
    signed_image(left, kernel, label="weight")
    left.set(title=titles[0], xlabel="output unit", ylabel="input unit")
    _averages(right, averages, positions)
    right.set_title(titles[1])
    return figure


@styled
def overlap(matrix: ArrayLike, names: Sequence[str], *, label: str = "Jaccard index") -> Figure:
    """How much the sets of any two classes have in common, as colors and numbers.

    matrix [classes, classes]: symmetric, values in 0…1; NaN is gray. The diagonal may hold the overlap of a class's own
        repeated sets.
    names: one a class.
    label: what the values are.
    Returns the figure; the first class is at the top.
    """
    matrix = as_array("matrix", matrix, len(names), len(names))
    if not np.allclose(matrix, matrix.T, equal_nan=True):
        raise ValueError("matrix differs from its transpose, wanted the same value on both sides of the diagonal")
    return _shares(matrix, names, label)


@styled
def confusion(matrix: ArrayLike, names: Sequence[str], rows: str, columns: str, *, label: str = "share") -> Figure:
    """How often what is called one class is called each of them by another, as colors and numbers.

    matrix [classes, classes]: shares in 0…1; NaN is gray.
    names: one a class.
    rows, columns: who calls.
    label: what the shares are of.
    Returns the figure; the first class is at the top.
    """
    figure = _shares(as_array("matrix", matrix, len(names), len(names)), names, label)
    figure.axes[0].set(xlabel=columns, ylabel=rows)
    return figure


def _shares(matrix: np.ndarray, names: Sequence[str], label: str) -> Figure:
    if np.any((matrix < 0) | (matrix > 1)):
        raise ValueError(f"matrix reaches from {np.nanmin(matrix):g} to {np.nanmax(matrix):g}, wanted values in 0…1")
    size = np.clip(0.52 * len(names), 2.4, 6.2)
    figure = new_figure(size + 1.6, size + 0.7)
    axes = figure.subplots()
    drawn = image(axes, matrix, limit=1, label=label)
    if len(names) <= PRINTED:
        shades = drawn.cmap(matrix)
        for (row, column), value in np.ndenumerate(matrix):
            if np.isfinite(value):
                look = {"ha": "center", "va": "center", "fontsize": 9, "color": ink_on(shades[row, column])}
                axes.text(column + 1, row + 1, f"{value:.2f}", **look)
    places = range(1, len(names) + 1)
    axes.set_xticks(places, names, rotation=90 if too_long(names, 72 * size, 10) else 0)
    axes.set_yticks(places, names)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    return figure


def _averages(axes: Axes, averages: np.ndarray, positions: np.ndarray) -> None:
    fitting_image(axes, averages.T, x=positions, label="mean activation")
    axes.set(xlabel="true jump position", ylabel="unit")


def _bias(axes: Axes, bias: np.ndarray) -> None:
    units = np.arange(1, bias.size + 1)
    if bias.size <= BARS:
        axes.bar(units, bias, width=0.8, color=color(0))
    else:
        axes.plot(units, bias, color=color(0), linewidth=1.2)
    axes.axhline(0, color=GRAY, linewidth=0.9)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set(xlabel="output unit", ylabel="bias")
