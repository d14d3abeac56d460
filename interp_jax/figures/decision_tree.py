"""A decision tree drawn from its root down."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure, FigureBase
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_finite, describe
from interp_jax.figures._arrays import as_array, as_entries, as_mapping, as_names, check_range
from interp_jax.figures._labels import shortened
from interp_jax.figures._style import GRAY, INK, LIGHT, canvas, inches, styled, whole

CLASSES = tuple(to_hex(matplotlib.colormaps["tab10"](index)) for index in range(10))  # unordered; repeated beyond ten
LETTERS = 32  # of a class's name
WIDE = 6.2  # of a bold character, in points


@styled
def tree(
    children: Mapping[int, tuple[int, int]],
    conditions: Mapping[int, str],
    shares: ArrayLike,
    class_names: Sequence[str],
    path: Sequence[int] = (),
    *,
    figure: FigureBase | None = None,
) -> Figure:
    """A drawing of a decision tree: each split with its condition, each leaf with its class and that class's share.

    The root is at the left; a split's condition holds in its upper branch; leaves of one class have one color.

    Host-level.

    Args:
        children: number of a split → its left child, where the condition holds, and its right one; the root is 0.
        conditions: number of a split → its condition.
        shares: [nodes, classes], of the training rows of each node, in 0…1.
        class_names: of the classes.
        path: nodes to mark, e.g. those of an instance.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: shares of the wrong shape or outside 0…1, children that are not a tree, a split without a condition.

    Example:
        >>> figure = tree({0: (1, 2)}, {0: "unit 3 > 0.5"}, [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]], ["cat", "dog"])
    """
    class_names = as_names("class_names", class_names)
    shares = as_array("shares", shares, "nodes", len(class_names))
    check_range("shares", shares)
    check_finite("shares", shares)
    as_mapping("children", children)
    as_mapping("conditions", conditions)
    marked = {as_count("path", node, least=0, most=len(shares) - 1) for node in as_entries("path", path, least=0)}
    if 0 not in children:
        raise ValueError(f"children: found {describe(children)}, wanted an entry for the root, node 0")
    for node, pair in children.items():
        if not (isinstance(pair, tuple | list | np.ndarray) and len(pair) == 2):
            raise ValueError(f"children: found {describe(pair)} of node {node}, wanted two nodes")
        for child in pair:
            as_count("children", child, most=len(shares) - 1)
        if node not in conditions:
            raise ValueError(f"conditions: found none for node {node}, wanted one for each split")
    parents = [child for pair in children.values() for child in pair]
    if len(set(parents)) < len(parents) or 0 in parents:
        raise ValueError("children: found a node with two parents, wanted a tree from node 0")
    places: dict[int, tuple[float, float]] = {}

    def place(node, level, below):
        """Places leaves one below the other, a split between its children. Returns the next free line."""
        if node not in children:
            places[node] = (level, below)
            return below + 1
        left, right = children[node]
        below = place(right, level + 1, place(left, level + 1, below))
        places[node] = (level, (places[left][1] + places[right][1]) / 2)
        return below

    leaves = place(0, 0, 0)
    depth = max(level for level, _ in places.values())
    figure = canvas(figure, 9.0, 0.6 + 0.26 * leaves)
    axes = figure.subplots()
    axes.set_axis_off()
    names = [shortened(name, LETTERS) for name in class_names]
    # As much room to the right of the last leaf as its text needs: a number of levels, of all points.
    points, text = 72 * inches(figure) - 12, WIDE * (max(map(len, names)) + 6)
    room = max(0.75, text * (depth + 0.25) / (points - text))
    letters = max(16, int(0.95 * points / (depth + 0.25 + room) / 4.6))
    for node, (level, height) in places.items():
        on_path = {"color": INK if node in marked else GRAY, "linewidth": 2.2 if node in marked else 0.9}
        for child in children.get(node, ()):
            thick = on_path if child in marked else {"color": "#B5B5B5", "linewidth": 0.9}
            (x, y) = places[child]
            axes.plot([level, level + 0.45, x], [height, y, y], zorder=1, **thick)
        if node in children:
            box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": LIGHT}
            condition = textwrap.fill(f"{conditions[node]}", letters, max_lines=2, placeholder=" …")
            axes.text(level, height, condition, ha="left", va="center", fontsize=9, bbox=box, zorder=3)
        else:
            best = int(np.argmax(shares[node]))
            shade = CLASSES[best % len(CLASSES)]
            axes.plot(level + 0.05, height, "s", color=shade, markersize=8, zorder=3)
            text = f"{names[best]}  {shares[node, best]:.0%}"
            weight = "bold" if node in marked else "normal"
            axes.text(level + 0.15, height, text, ha="left", va="center", fontsize=9, weight=weight, zorder=3)
    axes.set(xlim=(-0.1, depth + 0.15 + room), ylim=(leaves - 0.3, -0.7))
    return whole(figure)
