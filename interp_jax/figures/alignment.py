"""The effect of aligning the signs of feature vectors."""

from typing import SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count
from interp_jax.figures._arrays import as_array, as_order
from interp_jax.figures._style import INK, color, image, new_figure, styled


@styled
def aligned_vectors(
    before: ArrayLike,
    after: ArrayLike,
    similarity: ArrayLike,
    *,
    split: SupportsIndex,
    order: ArrayLike | None = None,
    label: str = "correlation",
) -> Figure:
    """A figure of feature vectors before and after aligning their signs, and the sum of their cosines at each step.

    Both matrices have one color scale, symmetric about zero.

    Host-level.

    Args:
        before, after: [units, features], one feature vector per row; NaN and infinity are gray.
        similarity: [steps + 1], the sum of all pairwise cosines before the first step and after each.
        split: the number of features that concern inputs; those after them concern outputs.
        order: [units], the units from top to bottom, e.g. in the tree's order; 0, 1, … by default.
        label: of the color bar.

    Raises:
        ValueError: arrays of the wrong shape, a split outside the features, an order that is not a permutation.

    Example:
        >>> figure = aligned_vectors([[1, 2], [-1, 2]], [[1, 2], [1, -2]], [0.6, 1.2], split=1)

    Source: Watanabe 2018, section 3 (alignment of signs).
    """
    before = as_array("before", before, "units", "features")
    units, features = before.shape
    after = as_array("after", after, units, features)
    similarity = as_array("similarity", similarity, "steps + 1")
    split = as_count("split", split, most=features - 1)
    order = np.arange(units) if order is None else as_order("order", order, units)
    both = np.stack([before, after])[:, order]
    limit = float(np.max(np.abs(both), initial=0.0, where=np.isfinite(both))) or 1.0
    figure = new_figure(9.0, 4.0)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 0.85))
    for axes, matrix, title in zip((left, middle), both, ("before alignment", "after alignment"), strict=True):
        drawn = image(axes, matrix, signed=True, limit=limit, label=label)
        if axes is left and drawn.colorbar:
            drawn.colorbar.remove()  # the second matrix's color bar serves both
        _mark_split(axes, split, features)
        axes.invert_yaxis()
        axes.set_title(title, pad=20)
        axes.set_xlabel("feature")
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    left.set_ylabel("hidden unit")
    middle.tick_params(labelleft=False)
    right.plot(similarity, color=color(0))
    right.set_title("sum of pairwise cosines", pad=20)
    right.set(xlabel="step of the alignment", xlim=(0, max(1, similarity.size - 1)))
    right.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}".replace("-", "−")))
    text = f"{similarity[0]:,.0f} → {similarity[-1]:,.0f}".replace("-", "−")
    right.annotate(text, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points")
    return figure


def _mark_split(axes: Axes, split: int, features: int) -> None:
    """Draws a line between the features of inputs and those of outputs, and names both above the matrix."""
    axes.axvline(split + 0.5, color=INK, linewidth=1.0)
    where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": 9}
    axes.annotate("inputs", (0.5, 1), (0, 4), **where)
    axes.annotate("outputs", (features + 0.5, 1), (0, 4), ha="right", **where)
