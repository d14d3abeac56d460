"""The tree of a network's hidden units, its clusters, and what each of the coarsest responds to."""

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.figure import Figure, SubFigure

from interp_jax._checks import as_counts, describe
from interp_jax.figures import roles, trees
from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._labels import too_long
from interp_jax.figures._style import INK, headline, image, new_figure, styled, whole

SIZE = 9.0  # of the small letters, in points
NAMED = 40  # up to this many features have their names below the heat map


@styled
def hierarchy(
    tree: Any,
    *,
    clusters: Sequence[SupportsIndex] = (4, 8, 16),
    input_shape: Sequence[SupportsIndex] | None = None,
    feature_names: Sequence[Any] | None = None,
    output_names: Sequence[Any] | None = None,
    unit_name: str = "hidden units",
) -> Figure:
    """A figure of a `Hierarchy`: the tree, its clusters at a few resolutions, and the roles of the coarsest ones.

    A role is the mean of the feature vectors of a cluster's units: their correlations with the inputs and outputs, with
    reversed signs where ``tree.signs`` is −1. The title says for how many units that is so. With the shape of images,
    inputs are drawn as images and outputs as bars, else all features are a heat map with a row for each cluster.

    Host-level.

    Args:
        tree: the `Hierarchy` that `methods.hierarchy.build` returned.
        clusters: numbers of clusters, ascending; those above the number of units are left out.
        input_shape: of one input, [height, width] or [height, width, channels] (their mean is drawn), if images; the
            features beyond it are outputs.
        feature_names: one for each feature of the heat map.
        output_names: one for each output beside the images; their numbers by default.
        unit_name: what the units are.

    Raises:
        ValueError: not a Hierarchy, numbers of clusters not ascending, an input shape that is not one of images or
            leaves no output, a wrong number of names.

    Example:
        >>> from interp_jax import methods
        >>> tree = methods.hierarchy.build(np.eye(5) + np.eye(5, k=1))
        >>> figure = hierarchy(tree, clusters=[2, 3])

    Source: Watanabe, arXiv:1810.01588, Figs 3 and 4.
    """
    if not all(hasattr(tree, name) for name in ("linkage", "order", "vectors", "signs", "cut", "roles", "outputs")):
        raise ValueError(f"tree: found {describe(tree)}, wanted a Hierarchy, e.g. of methods.hierarchy.build")
    counts = _counts(clusters, len(tree.vectors))
    levels = [tree.cut(count) for count in counts]
    numbers = np.cumsum([1, *counts[:-1]])
    titles = [
        f"Cluster {number}: {size} unit{'' if size == 1 else 's'}"
        for number, size in enumerate(np.bincount(levels[0]), 1)
    ]
    values = tree.roles(counts[0])
    upper = 3.4 + 0.8 * len(levels)
    if input_shape is None:
        lower = 1.4 + 0.3 * len(values)
        above, below = _parts(upper, lower)
        _heat_map(below, values, titles, feature_names, tree.outputs)
    else:
        shape = as_counts("input_shape", input_shape)
        inputs, outputs = _split(values, shape, ~np.any(tree.vectors, axis=0), tree.outputs)
        names = as_names("output_names", range(outputs.shape[1]) if output_names is None else output_names)
        lower = 0.75 + 1.75 * math.ceil(len(values) / 2)
        above, below = _parts(upper, lower)
        below.suptitle("Mean correlations of the units of each cluster with pixels and outputs", fontsize=SIZE + 2)
        roles.image_roles(inputs, outputs, titles=titles, output_names=names, figure=below)
    trees.resolutions(tree.linkage, tree.order, levels, numbers=numbers, unit_name=unit_name, figure=above)
    figure = whole(above)
    sizes = [f"{size}" for size in np.bincount(levels[0])]
    of = f"{', '.join(sizes[:-1])} and {sizes[-1]}" if len(sizes) > 1 else sizes[0]
    flipped = int(np.sum(np.asarray(tree.signs) < 0))
    title = f"{len(tree.vectors)} {unit_name} in {counts[0]} clusters by their correlations, of {of} units"
    headline(figure, title + (f"; the signs of {flipped} unit{'s' * (flipped > 1)} are reversed" if flipped else ""))
    return figure


def _counts(clusters: Sequence[SupportsIndex], units: int) -> list[int]:
    counts = as_counts("clusters", clusters)
    if np.any(np.diff(counts) <= 0):
        raise ValueError(f"clusters: found {describe(clusters)}, wanted ascending numbers")
    return [count for count in counts if count <= units] or [units]


def _parts(*heights: float) -> list[SubFigure]:
    """Subfigures of the given heights in inches, one below the other."""
    figure = new_figure(9.0, sum(heights) + 0.3)
    return list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])


def _split(
    values: np.ndarray, shape: tuple[int, ...], constant: np.ndarray, outputs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Roles as images [c, height, width], NaN where the input is constant, and as correlations with outputs."""
    pixels, features = math.prod(shape), values.shape[1]
    if len(shape) not in (2, 3) or pixels >= features or (outputs and pixels != features - outputs):
        size = f"{features - outputs} inputs" if outputs else f"fewer than {features} features"
        wanted = f"(height, width) or (height, width, channels) of {size}"
        raise ValueError(f"input_shape: found {shape}, wanted {wanted}")
    images = np.where(constant, np.nan, values)[:, :pixels].reshape(len(values), *shape)
    return images if len(shape) == 2 else images.mean(axis=3), values[:, pixels:]


def _heat_map(
    figure: SubFigure, values: np.ndarray, titles: Sequence[str], names: Sequence[Any] | None, outputs: int
) -> None:
    values = as_array("roles", values, "clusters", "features")
    axes = figure.subplots()
    image(axes, values[::-1], signed=True, label="mean over the cluster's units")
    axes.set_yticks(np.arange(len(titles), 0, -1), titles, fontsize=SIZE)
    axes.set_xlabel(f"feature; right of the line: {outputs} outputs" if outputs else "feature")
    if outputs:
        axes.axvline(values.shape[1] - outputs + 0.5, color=INK, linewidth=1.2)
    if names is not None:
        names = as_names("feature_names", names, values.shape[1])
        if len(names) <= NAMED:
            rotation = 90 if too_long(names, 480, SIZE) else 0
            axes.set_xticks(np.arange(1, len(names) + 1), names, rotation=rotation, fontsize=SIZE)
