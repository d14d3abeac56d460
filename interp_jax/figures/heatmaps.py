"""Heat maps of weights, of activations averaged by class, and of how classes overlap."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count
from interp_jax.figures._arrays import as_array, as_entries, as_mapping, as_names, check_range, even_steps
from interp_jax.figures._clusters import ink_on
from interp_jax.figures._labels import too_long
from interp_jax.figures._style import GRAY, color, image, new_figure, styled

BARS = 120  # up to this many biases are bars, more are a line
PRINTED = 18  # up to this many classes have their overlaps printed


@styled
def weights(layers: Mapping[str, tuple[ArrayLike, ArrayLike]], *, columns: int = 2) -> Figure:
    """A figure of the kernel of each layer as an image and, below it, its bias.

    Host-level. NaN and infinity are gray, or missing bars.

    Args:
        layers: name → (kernel [in, out], bias [out]).
        columns: layers per row.

    Raises:
        ValueError: no layer, or arrays of the wrong shape.

    Example:
        >>> figure = weights({"hidden": ([[1.0, -1.0], [0.5, 2.0]], [0.1, 0.2])})
    """
    layers = as_mapping("layers", layers)
    columns = min(as_count("columns", columns), len(layers))
    lines = -(-len(layers) // columns)
    figure = new_figure(9.0 if columns > 1 else 6.5, 4.6 * lines, wspace=0.06)
    grid = figure.add_gridspec(2 * lines, columns, height_ratios=(3, 1) * lines)
    for index, (name, pair) in enumerate(layers.items()):
        kernel, bias = as_entries(f"layers[{name!r}]", pair, 2)
        kernel = as_array(f"kernel of layers[{name!r}]", kernel, "in", "out")
        bias = as_array(f"bias of layers[{name!r}]", bias, kernel.shape[1])
        bias = np.where(np.isfinite(bias), bias, np.nan)
        line, column = divmod(index, columns)
        above = figure.add_subplot(grid[2 * line, column])
        below = figure.add_subplot(grid[2 * line + 1, column], sharex=above)
        image(above, kernel, signed=True, label="weight")
        above.set(title=name, ylabel="input unit")
        above.tick_params(labelbottom=False)
        _bias(below, bias)
        figure.align_ylabels([above, below])
    return figure


@styled
def class_averages(
    layers: Mapping[str, ArrayLike], positions: ArrayLike, *, columns: int = 2, x_label: str = "true jump position"
) -> Figure:
    """Heat maps of the activation of each unit averaged over the rows of each class, one per layer.

    A layer without negative averages has a color scale from zero, others one symmetric about zero.

    Host-level. NaN and infinity are gray.

    Args:
        layers: name → averages [classes, units].
        positions: [classes], the number or jump position of each class, increasing in equal steps.
        columns: panels per row.
        x_label: of the classes.

    Raises:
        ValueError: no layer, arrays of the wrong shape, or positions that do not increase in equal steps.

    Example:
        >>> figure = class_averages({"hidden": [[0.1, 0.9], [0.8, 0.2]]}, [21, 22])
    """
    layers = as_mapping("layers", layers)
    positions = as_array("positions", positions, "classes")
    columns = min(as_count("columns", columns), len(layers))
    lines = -(-len(layers) // columns)
    figure = new_figure(9.0 if columns > 1 else 6.0, 3.5 * lines, wspace=0.06)
    panels = figure.subplots(lines, columns, squeeze=False)
    for axes, (name, averages) in zip(panels.flat, layers.items(), strict=False):
        averages = as_array(f"layers[{name!r}]", averages, positions.size, "units")
        _averages(axes, averages, positions, x_label)
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
    """A figure of the kernel of a layer beside its activations averaged by class.

    Host-level. NaN and infinity are gray.

    Args:
        kernel: [in, units], the weights.
        averages: [classes, units], the activations.
        positions: [classes], the true jump position of each class, increasing in equal steps.
        titles: one per panel.

    Raises:
        ValueError: arrays of the wrong shape, or positions that do not increase in equal steps.

    Example:
        >>> figure = weights_and_averages([[1.0, -1.0]], [[0.1, 0.9], [0.8, 0.2]], [21, 22])
    """
    kernel = as_array("kernel", kernel, "in", "units")
    positions = as_array("positions", positions, "classes")
    averages = as_array("averages", averages, positions.size, kernel.shape[1])
    figure = new_figure(9.0, 3.9, wspace=0.06)
    left, right = figure.subplots(1, 2)
    left_title, right_title = as_names("titles", titles, 2)
    image(left, kernel, signed=True, label="weight")
    left.set(title=left_title, xlabel="output unit", ylabel="input unit")
    _averages(right, averages, positions, "true jump position")
    right.set_title(right_title)
    return figure


@styled
def overlap(matrix: ArrayLike, names: Sequence[str], *, label: str = "Jaccard index") -> Figure:
    """A figure of the overlap of the sets of any two classes, as colors and numbers, the first class at the top.

    Host-level.

    Args:
        matrix: [classes, classes], symmetric, values in 0…1; NaN is gray. The diagonal may hold the overlap of repeated
            sets of one class.
        names: one per class.
        label: of the color bar.

    Raises:
        ValueError: a matrix of the wrong shape, not symmetric, or with values outside 0…1.

    Example:
        >>> figure = overlap([[1, 0.2], [0.2, 1]], ["cat", "dog"])
    """
    names = as_names("names", names)
    matrix = as_array("matrix", matrix, len(names), len(names))
    if not np.allclose(matrix, matrix.T, equal_nan=True):
        raise ValueError("matrix: found other values in its transpose, wanted the same on both sides of the diagonal")
    return _shares(matrix, names, label)


@styled
def confusion(matrix: ArrayLike, names: Sequence[str], rows: str, columns: str, *, label: str = "share") -> Figure:
    """A confusion matrix of two classifiers' decisions, or of labels and decisions, as colors and numbers.

    Host-level.

    Args:
        matrix: [classes, classes], shares in 0…1, one row per class of the given decisions; NaN is gray.
        names: one per class; the first is at the top and at the left.
        rows, columns: whose decisions the rows and the columns are.
        label: of the color bar.

    Raises:
        ValueError: a matrix of the wrong shape, or with values outside 0…1.

    Example:
        >>> figure = confusion([[0.9, 0.1], [0.2, 0.8]], ["cat", "dog"], "network", "decision tree")
    """
    names = as_names("names", names)
    figure = _shares(as_array("matrix", matrix, len(names), len(names)), names, label)
    figure.axes[0].set(xlabel=columns, ylabel=rows)
    return figure


def _shares(matrix: np.ndarray, names: Sequence[str], label: str) -> Figure:
    check_range("matrix", matrix)
    size = np.clip(0.52 * len(names), 2.4, 6.2)
    figure = new_figure(size + 1.6, size + 0.7)
    axes = figure.subplots()
    drawn = image(axes, matrix, signed=False, limit=1, label=label)
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


def _averages(axes: Axes, averages: np.ndarray, positions: np.ndarray, x_label: str) -> None:
    image(axes, averages.T, x=even_steps("positions", positions), label="mean over rows")
    axes.set(xlabel=x_label, ylabel="unit")


def _bias(axes: Axes, bias: np.ndarray) -> None:
    units = np.arange(1, bias.size + 1)
    if bias.size <= BARS:
        axes.bar(units, bias, width=0.8, color=color(0))
    else:
        axes.plot(units, bias, color=color(0), linewidth=1.2)
    axes.axhline(0, color=GRAY, linewidth=0.9)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set(xlabel="output unit", ylabel="bias")
