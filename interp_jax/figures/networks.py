"""A layered network drawn unit by unit, its hidden units colored by cluster."""

from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_finite, check_number
from interp_jax.figures._arrays import as_array, as_entries, as_names, check_range
from interp_jax.figures._clusters import SIZE, as_labels, numbers_apart, points_per_unit
from interp_jax.figures._labels import too_long
from interp_jax.figures._style import GRAY, SIGNED, legend_above, new_figure, styled

GAP = 1.5  # between two clusters of a layer, in units' spacings
POSITIVE, NEGATIVE = SIGNED(0.87), SIGNED(0.13)


@styled
def layered_network(
    kernels: Sequence[ArrayLike],
    labels: Sequence[ArrayLike],
    *,
    threshold: SupportsFloat,
    colors: ArrayLike,
    first_number: SupportsIndex = 1,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Figure:
    """A drawing of a network from inputs (below) to outputs (above), units as dots, strong weights as lines.

    The units of a hidden layer are sorted by cluster, each run of one cluster with its number. Positive weights are
    red, negative ones blue, stronger ones within their layer more opaque.

    Host-level.

    Args:
        kernels: the weights [in, out] of each layer, first to last, finite.
        labels: the cluster [units] of the units of each hidden layer, 0…c − 1; a cluster may have units in several
            layers.
        threshold: weights of at least this magnitude are drawn.
        colors: [c, 4], of the clusters, as from `cluster_colors`.
        first_number: the number of cluster 0.
        input_names: names of equal consecutive groups of inputs, e.g. the items of a window, or of each.
        output_names: one per output.

    Raises:
        ValueError: kernels that do not fit each other, labels outside the clusters, a wrong number of names.

    Example:
        >>> kernels, colors = [[[1.0, -1.0]], [[0.5], [2.0]]], [[0.2, 0.4, 0.6, 1.0], [0.8, 0.4, 0.1, 1.0]]
        >>> figure = layered_network(kernels, [[0, 1]], threshold=0.6, colors=colors)
    """
    kernels, labels, colors = _checked(kernels, labels, colors)
    check_number("threshold", threshold, least=0)
    threshold, first_number = float(threshold), as_count("first_number", first_number, least=0)
    sizes = [kernel.shape[0] for kernel in kernels] + [kernels[-1].shape[1]]
    if input_names is not None:
        input_names = as_names("input_names", input_names)
        if sizes[0] % len(input_names):
            found = f"{len(input_names)} names"
            raise ValueError(f"input_names: found {found}, wanted a number that divides {sizes[0]} inputs")
    if output_names is not None:
        output_names = as_names("output_names", output_names, sizes[-1])
    clusters = [None, *labels, None]
    places = [_places(size, cluster) for size, cluster in zip(sizes, clusters, strict=True)]
    figure = new_figure(9.0, 1.6 + 2.3 * len(kernels))
    axes = figure.subplots()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, len(kernels) + 0.02), xticks=[])
    hidden = [f"hidden layer {index}" for index in range(1, len(sizes) - 1)] if len(sizes) > 3 else ["hidden layer"]
    names = ["inputs", *(hidden if len(sizes) > 2 else []), "outputs"]
    axes.set_yticks(range(len(sizes)), [f"{name}\n({size})" for name, size in zip(names, sizes, strict=True)])
    axes.tick_params(length=0, pad=8)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    drawn = _edges(axes, kernels, places, threshold)
    for layer, (place, cluster) in enumerate(zip(places, clusters, strict=True)):
        shades = GRAY if cluster is None else colors[cluster]
        size = np.clip(4500 / place.size, 6, 70)
        axes.scatter(place, np.full(place.size, layer), size, c=shades, linewidths=0, zorder=4, clip_on=False)
    scale = points_per_unit(axes)
    for layer, cluster in enumerate(labels, start=1):
        centers = [places[layer][cluster == label].mean() for label in np.unique(cluster)]
        numbers = [str(first_number + label) for label in np.unique(cluster)]
        numbers_apart(axes, centers, numbers, layer + 0.03, layer + 0.13, scale)
    _name(axes, input_names, places[0], 0, "top")
    _name(axes, output_names, places[-1], len(kernels), "bottom")
    total = sum(kernel.size for kernel in kernels)
    axes.set_title(f"{drawn:,} of {total:,} weights drawn: |w| ≥ {threshold:.3g}", pad=34 if output_names else 12)
    lines = [Line2D([], [], color=shade, linewidth=2) for shade in (POSITIVE, NEGATIVE)]
    legend_above(figure, lines, ["positive weight", "negative weight"])
    return figure


def _checked(
    kernels: Sequence[ArrayLike], labels: Sequence[ArrayLike], colors: ArrayLike
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    first, *later = as_entries("kernels", kernels)
    arrays = [as_array("kernels[0]", first, "in", "out")]
    for index, kernel in enumerate(later, start=1):
        arrays.append(as_array(f"kernels[{index}]", kernel, arrays[-1].shape[1], "out"))
    for index, kernel in enumerate(arrays):
        check_finite(f"kernels[{index}]", kernel)
    colors = as_array("colors", colors, "c", 4)
    check_range("colors", colors)
    check_finite("colors", colors)
    labels = as_entries("labels", labels, len(later))
    clusters = [
        as_labels(f"labels[{index}]", label, kernel.shape[1], len(colors))
        for index, (label, kernel) in enumerate(zip(labels, arrays, strict=False))
    ]
    return arrays, clusters, colors


def _places(size: int, labels: np.ndarray | None) -> np.ndarray:
    """The positions of a layer's units between 0 and 1: even, those of a cluster together, clusters apart."""
    if labels is None:
        return (np.arange(size) + 0.5) / size
    order = np.argsort(labels, kind="stable")
    steps = 1 + GAP * (np.diff(labels[order], prepend=labels[order[0]]) > 0)
    places = np.empty(size)
    places[order] = (np.cumsum(steps) - 0.5) / (steps.sum())
    return places


def _edges(axes: Axes, kernels: list[np.ndarray], places: list[np.ndarray], threshold: float) -> int:
    """Draws the weights from weak to strong, so that strong ones lie above; returns their number."""
    ends, strengths, positive = [np.empty((0, 2, 2))], [np.empty(0)], [np.empty(0, dtype=bool)]
    for layer, kernel in enumerate(kernels):
        source, target = np.nonzero(np.abs(kernel) >= threshold)
        if source.size:
            weights = kernel[source, target]
            # Full strength for the few strongest: a single outlier would leave the others invisible.
            full = np.sort(np.abs(weights))[-1 - min(20, weights.size // 50)] or 1.0
            strengths.append(np.minimum(np.abs(weights) / full, 1))
            positive.append(weights > 0)
            levels = np.full(source.size, float(layer))
            low = np.stack([places[layer][source], levels], axis=1)
            ends.append(np.stack([low, np.stack([places[layer + 1][target], levels + 1], axis=1)], axis=1))
    strength = np.concatenate(strengths)
    order = np.argsort(strength, kind="stable")
    strength = strength[order]
    shades = np.where(np.concatenate(positive)[order, None], POSITIVE, NEGATIVE)
    fading = 1 + np.log10(max(1, order.size / 300))  # the more lines, the fainter all but the strongest
    shades[:, 3] = 0.05 + 0.75 * strength**fading
    widths = 0.3 + 1.5 * strength**fading
    lines = LineCollection(list(np.concatenate(ends)[order]), colors=shades, linewidths=widths, rasterized=True)
    axes.add_collection(lines)
    return order.size


def _name(axes: Axes, names: Sequence[str] | None, places: np.ndarray, layer: int, side: str) -> None:
    """Writes the names of units, or of equal runs of them, below the first layer or above the last."""
    if names is None:
        return
    groups = places.reshape(len(names), -1)
    offset = 0.06 if side == "bottom" else -0.06
    turned = too_long(names, 520, SIZE)
    for group, name in zip(groups, names, strict=True):
        if len(group) > 1:
            axes.plot(group[[0, -1]], [layer + offset] * 2, color=GRAY, linewidth=1.2, clip_on=False)
        look = {"ha": "center", "va": side, "rotation": 90 if turned else 0, "fontsize": SIZE}
        axes.text(group.mean(), layer + 1.4 * offset, name, **look)
