"""The tree of a network's hidden units, its clusters, and what each of the coarsest responds to."""

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.figure import Figure, SubFigure

from interp_jax._checks import as_counts, describe
from interp_jax.figures import roles, trees
from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._labels import shortened, too_long, turned_room
from interp_jax.figures._style import INK, headline, image, new_figure, styled, whole

SIZE = 9.0  # of the small letters, in points
NAMED = 40  # up to this many features have their names below the heat map
LONGEST = 32  # letters of their names
BELOW = 480  # width of the heat map, in points
LISTED = 6  # up to this many clusters have their sizes in the title


@styled
def hierarchy(
    tree: Any,
    *,
    clusters: Sequence[SupportsIndex] = (4, 8, 16),
    input_shape: Sequence[SupportsIndex] | None = None,
    feature_names: Sequence[Any] | np.ndarray | None = None,
    output_names: Sequence[Any] | np.ndarray | None = None,
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
        feature_names: one for each feature of the heat map, or for each input. Of more than 40 features every second,
            third, … has its name; long names are shortened.
        output_names: one for each output; their numbers by default.
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
        outputs = tree.outputs or (0 if output_names is None else len(as_names("output_names", output_names)))
        names = _names(feature_names, output_names, values.shape[1], outputs)
        lower = 1.4 + 0.3 * len(values) + turned_room(names or [""], BELOW, SIZE)
        above, below = _parts(upper, lower)
        _heat_map(below, values, titles, names, outputs)
    else:
        shape = as_counts("input_shape", input_shape)
        inputs, outputs = _split(values, shape, ~np.any(tree.vectors, axis=0), tree.outputs)
        if feature_names is not None:
            raise ValueError(f"feature_names: found {describe(feature_names)}, wanted none for images")
        names = range(outputs.shape[1]) if output_names is None else output_names
        names = as_names("output_names", names, outputs.shape[1])
        short = [shortened(name, roles.LONGEST) for name in names]
        lower = 1.05 + (roles.LINE + turned_room(short, roles.BESIDE, SIZE)) * math.ceil(len(values) / 2)
        above, below = _parts(upper, lower)
        below.suptitle("Mean correlations of the units of each cluster with pixels and outputs", fontsize=SIZE + 2)
        roles.image_roles(inputs, outputs, titles=titles, output_names=names, figure=below)
    trees.resolutions(tree.linkage, tree.order, levels, numbers=numbers, unit_name=unit_name, figure=above)
    figure = whole(above)
    flipped = int(np.sum(np.asarray(tree.signs) < 0))
    reversed_ = (
        "" if not flipped else f"; the sign{f's of {flipped} units are' if flipped > 1 else ' of 1 unit is'} reversed"
    )
    clusters_ = f"{counts[0]} cluster{'' if counts[0] == 1 else 's'}"
    title = f"{len(tree.vectors)} {unit_name} in {clusters_} by their correlations{_sizes(np.bincount(levels[0]))}"
    headline(figure, title + reversed_)
    return figure


def _sizes(sizes: np.ndarray) -> str:
    """The sizes of clusters in words; of many clusters only the least and the largest."""
    least, most = sizes.min(), sizes.max()
    if least == most:
        return f", of {least} unit{'' if least == 1 else 's'}{' each' if len(sizes) > 1 else ''}"
    if len(sizes) > LISTED:
        return f", of {least} to {most} units"
    return f", of {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} units"


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


def _names(
    feature_names: Sequence[Any] | np.ndarray | None,
    output_names: Sequence[Any] | np.ndarray | None,
    features: int,
    outputs: int,
) -> list[str]:
    """A name, possibly empty, for each feature, or none at all."""
    if feature_names is None and output_names is None:
        return []
    inputs = features - outputs
    given = ["" for _ in range(inputs)] if feature_names is None else as_names("feature_names", feature_names)
    if output_names is None:
        wanted = f"a sequence of {features}" + (f", or of the {inputs} inputs" if outputs else "")
        last = [f"output {output}" for output in range(outputs)] if len(given) == inputs else []
    else:
        wanted = f"a sequence of {inputs}, beside {outputs} output_names"
        last = as_names("output_names", output_names, outputs)
    if len(given) + len(last) != features:
        raise ValueError(f"feature_names: found {len(given)} entries, wanted {wanted}")
    return [shortened(name, LONGEST) for name in given + last]


def _heat_map(figure: SubFigure, values: np.ndarray, titles: Sequence[str], names: list[str], outputs: int) -> None:
    values = as_array("roles", values, "clusters", "features")
    axes = figure.subplots()
    image(axes, values[::-1], signed=True, label="mean over the\ncluster's units")
    axes.set_yticks(np.arange(len(titles), 0, -1), titles, fontsize=SIZE)
    label = "feature"
    if names:
        step = math.ceil(len(names) / NAMED)
        label += f"; one of {step} is named" if step > 1 else ""
        places = [place for place in range(0, len(names), step) if names[place]]
        rotation = 90 if too_long(names, BELOW, SIZE) else 0
        axes.set_xticks([1 + p for p in places], [names[p] for p in places], rotation=rotation, fontsize=SIZE)
    if outputs:
        axes.axvline(values.shape[1] - outputs + 0.5, color=INK, linewidth=1.2)
        label += f"; right of the line: {outputs} output{'' if outputs == 1 else 's'}"
    axes.set_xlabel(label)
