"""Trees of units: dendrograms one above the other, and the numbered clusters of several resolutions under one.

`cluster_colors` returns the colors of those clusters, also for other figures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import is_valid_linkage, leaves_list

from interp_jax._checks import as_count
from interp_jax.figures._arrays import as_array, as_entries, as_mapping, as_order, check_range
from interp_jax.figures._clusters import SIZE, as_levels, cluster_colors, ink_on, numbers_apart, points_per_unit
from interp_jax.figures._labels import apart
from interp_jax.figures._style import GRAY, INK, canvas, color, new_figure, styled, whole

HEIGHT = "merge height √(2ΔESS)"
BLOCK = 0.52  # height of a block; rows are 1 apart


@styled
def dendrograms(linkages: Mapping[str, ArrayLike], *, y_label: str = HEIGHT) -> Figure:
    """Dendrograms one above the other on a common height axis, so that their heights can be compared.

    Each title states the height of the last merge.

    Host-level.

    Args:
        linkages: name → SciPy's linkage matrix [n − 1, 4] (two nodes, height, size).
        y_label: label of the height axis.

    Raises:
        ValueError: no tree, or an invalid linkage matrix.

    Example:
        >>> figure = dendrograms({"signs aligned": [[0, 1, 0.5, 2], [2, 3, 1.5, 3]]})
    """
    linkages = as_mapping("linkages", linkages)
    trees = {name: _linkage(f"linkages[{name!r}]", linkage) for name, linkage in linkages.items()}
    top = max(linkage[-1, 2] for linkage in trees.values())
    figure = new_figure(9.0, 0.4 + 2.3 * len(trees))
    panels = figure.subplots(len(trees), 1, squeeze=False)[:, 0]
    for index, (axes, (name, linkage)) in enumerate(zip(panels, trees.items(), strict=True)):
        _tree(axes, _links(linkage, leaves_list(linkage)), [color(index)] * len(linkage))
        axes.set(title=f"{name}: top at {linkage[-1, 2]:.3g}", ylim=(0, 1.04 * top or 1))
    figure.supylabel(y_label, fontsize="medium")
    panels[-1].set_xlabel("units")
    return figure


@styled
def resolutions(
    linkage: ArrayLike,
    order: ArrayLike,
    levels: Sequence[ArrayLike],
    *,
    numbers: ArrayLike | Sequence[SupportsIndex],
    support: Sequence[ArrayLike] | None = None,
    y_label: str = HEIGHT,
    unit_name: str = "hidden units",
    figure: FigureBase | None = None,
) -> Figure:
    """A figure of a tree and, below it, its clusters at several resolutions as numbered blocks under their units.

    Lines lead from a cluster to the clusters that it splits into; dashed lines mark the heights of the cuts. The
    colors are those of ``cluster_colors(levels)``; support is left out of narrow blocks, and numbers of a level whose
    narrow blocks have no room for them.

    Host-level.

    Args:
        linkage: [n − 1, 4], SciPy's linkage matrix.
        order: [n], the units from left to right, those of each cluster contiguous.
        levels: labels [n] of the units, 0…c − 1, for each resolution from coarse to fine; cuts of this tree.
        numbers: [levels], the number of each level's cluster 0; the paper counts 1–4, 5–12, 13–28, that is (1, 5, 13).
        support: for each level the support [c] of its clusters, fractions in 0…1, NaN where unknown.
        y_label, unit_name: what the heights and the units are.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: arrays of the wrong shape, an order that is not a permutation or splits a cluster, levels that are
            not cuts of the tree or do not split each other, support outside 0…1.

    Example:
        >>> linkage = [[0, 1, 0.5, 2], [2, 3, 1.5, 3]]
        >>> figure = resolutions(linkage, [2, 0, 1], [[0, 0, 1], [0, 1, 2]], numbers=(1, 3))
    """
    linkage = _linkage("linkage", linkage)
    units = len(linkage) + 1
    levels = as_levels(levels, units)
    order = as_order("order", order, units)
    spans = [_spans(f"levels[{index}]", labels[order]) for index, labels in enumerate(levels)]
    cuts = [_cut(f"levels[{index}]", linkage, labels) for index, labels in enumerate(levels)]
    numbers = as_entries("numbers", numbers, len(levels))
    numbers = [as_count("numbers", number, least=0) for number in numbers]
    shares = _support(support, [len(ends) for ends in spans])
    colors = cluster_colors(levels)

    figure = canvas(figure, 9.0, 3.4 + 0.8 * len(levels))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 0.8 * len(levels)))
    clusters = _clusters_of_links(linkage, levels[0])
    shades = [GRAY if cluster < 0 else colors[0][cluster] for cluster in clusters]
    _tree(above, _links(linkage, order), shades)
    above.set(ylim=(0, 1.04 * max(linkage[-1, 2], *cuts) or 1), ylabel=y_label)
    for cut, place, ends in zip(cuts, apart(cuts, 0.09 * above.get_ylim()[1]), spans, strict=True):
        above.axhline(cut, color=INK, linestyle=(0, (5, 3)), linewidth=0.9, zorder=3)
        where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "annotation_clip": False}
        above.annotate(f"c = {len(ends)}", (1, place), (4, 0), va="center", fontsize=SIZE, **where)
    below.set(ylim=(0.5 - len(levels), BLOCK / 2 + 0.06), xlabel=f"{units} {unit_name} in the order of the tree")
    if support is not None:
        below.set_xlabel(f"{below.get_xlabel()}; percentages: support of the cluster")
    below.set_yticks(-np.arange(len(levels)), [f"{len(ends)} cluster{'' if len(ends) == 1 else 's'}" for ends in spans])
    below.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True, min_n_ticks=1))
    below.tick_params(length=0)
    below.grid(False)
    below.spines[:].set_visible(False)
    for row in range(1, len(levels)):
        _connect(below, row, levels[row - 1 : row + 1], spans[row - 1 : row + 1])
    scale = points_per_unit(below)
    for row, (ends, first) in enumerate(zip(spans, numbers, strict=True)):
        _blocks(below, row, ends, first, shares[row], colors[row], scale)
    return whole(figure)


def _linkage(name: str, linkage: ArrayLike) -> np.ndarray:
    linkage = as_array(name, linkage, "n − 1", 4)
    known = np.arange(len(linkage)) + len(linkage) + 1  # number of nodes before each merge
    if not (np.all(linkage[:, :2].max(axis=1) < known) and np.all(np.isfinite(linkage)) and is_valid_linkage(linkage)):
        raise ValueError(f"{name}: found no tree, wanted SciPy's linkage matrix: each node merged once, heights ≥ 0")
    return linkage


def _links(linkage: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The path [4, 2] of each merge: up from one node, across, and down to the other."""
    units = len(order)
    x, y = np.zeros(2 * units - 1), np.zeros(2 * units - 1)
    x[order] = np.arange(1, units + 1)
    links = np.empty((units - 1, 4, 2))
    for step, (first, second, height) in enumerate(zip(*linkage[:, :2].astype(int).T, linkage[:, 2], strict=True)):
        if x[first] > x[second]:
            first, second = second, first
        links[step] = [(x[first], y[first]), (x[first], height), (x[second], height), (x[second], y[second])]
        x[units + step], y[units + step] = (x[first] + x[second]) / 2, height
    return links


def _tree(axes: Axes, links: np.ndarray, shades: Sequence) -> None:
    axes.add_collection(LineCollection(list(links), colors=shades, linewidths=1.1 if len(links) < 150 else 0.8))
    axes.set_xlim(0.5, len(links) + 1.5)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.grid(False, axis="x")
    axes.spines["bottom"].set_visible(False)


def _clusters_of_links(linkage: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cluster [n − 1] within which each merge takes place, −1 for one across clusters."""
    nodes = list(labels)
    for first, second in linkage[:, :2].astype(int):
        nodes.append(nodes[first] if nodes[first] == nodes[second] else -1)
    return np.array(nodes[labels.size :])


def _cut(name: str, linkage: np.ndarray, labels: np.ndarray) -> float:
    """A height at which the tree has the given clusters: halfway between the merges on both sides."""
    inside = len(linkage) - labels.max()  # merges that take place within the clusters
    if np.any(_clusters_of_links(linkage, labels)[:inside] < 0):
        raise ValueError(f"{name}: found no cut of the linkage, wanted the clusters left by its first {inside} merges")
    heights = [0.0, *linkage[:, 2], 1.1 * linkage[-1, 2]]
    return (heights[inside] + heights[inside + 1]) / 2


def _spans(name: str, labels: np.ndarray) -> np.ndarray:
    """First and last position [c, 2], counted from 1, of each cluster's run of units."""
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    if starts.size != labels.max() + 1:
        raise ValueError(f"order: found units of other clusters between those of one in {name}, wanted them together")
    spans = np.empty((starts.size, 2))
    spans[labels[starts]] = np.stack([starts + 1, [*starts[1:], labels.size]], axis=1)
    return spans


def _support(support: Sequence[ArrayLike] | None, counts: list[int]) -> list[np.ndarray]:
    if support is None:
        return [np.full(count, np.nan) for count in counts]
    support = as_entries("support", support, len(counts))
    shares = [as_array(f"support[{row}]", support[row], count) for row, count in enumerate(counts)]
    for row, share in enumerate(shares):
        check_range(f"support[{row}]", share)
    return shares


def _connect(axes: Axes, row: int, levels: Sequence[np.ndarray], spans: Sequence[np.ndarray]) -> None:
    """Draws lines from each cluster of the row above to those of this row into which it splits."""
    parents = levels[0][np.unique(levels[1], return_index=True)[1]]
    from_, to = spans[0][parents].mean(axis=1), spans[1].mean(axis=1)
    heights = np.broadcast_to((1 - row - BLOCK / 2, BLOCK / 2 - row), (to.size, 2))
    ends = np.stack([np.stack([from_, to], 1), heights], 2)
    axes.add_collection(LineCollection(list(ends), colors=GRAY, linewidths=0.9))


def _blocks(
    axes: Axes, row: int, spans: np.ndarray, first: int, shares: np.ndarray, colors: np.ndarray, scale: float
) -> None:
    outside = []
    for label, ((start, stop), share, shade) in enumerate(zip(spans, shares, colors, strict=True)):
        look = {"facecolor": shade, "edgecolor": "white", "linewidth": 0.8}
        axes.add_patch(Rectangle((start - 0.5, -row - BLOCK / 2), stop - start + 1, BLOCK, **look))
        room, place = scale * (stop - start + 1) - 2, (start + stop) / 2
        number, note = str(first + label), "" if np.isnan(share) else f"{100 * share:.0f}%"
        if room < 0.72 * SIZE * len(number):
            outside.append((place, number))
            continue
        below = bool(note) and room >= 0.64 * SIZE * len(note)
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": ink_on(shade)}
        size = 10.5 if room >= 0.72 * 10.5 * len(number) else SIZE
        axes.text(place, -row + 0.11 * below, number, weight="bold", fontsize=size, **look)
        if below:
            axes.text(place, -row - 0.13, note, fontsize=SIZE, **look)
    outside.sort()
    places, texts = zip(*outside, strict=True) if outside else ((), ())
    numbers_apart(axes, places, texts, -row - BLOCK / 2, -row - BLOCK / 2 - 0.17, scale)
