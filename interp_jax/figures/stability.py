"""How far explanations can be trusted: agreement between networks, and a causal check of modules."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import check_finite
from interp_jax.figures._arrays import as_array, as_mapping, as_names, check_range
from interp_jax.figures._style import GRAY, INK, LIGHT, color, largest, legend_above, marker, new_figure, styled

GOLDEN = 0.618034  # steps of this fraction of the width spread points evenly, whatever their number


@styled
def agreement(
    values: Mapping[str, Mapping[str, ArrayLike]],
    *,
    y_label: str = "adjusted Rand index",
    x_label: str = "",
) -> Figure:
    """A figure of the agreement of several series in groups: a dot per value, a bar between quartiles, the median.

    A dashed line marks zero, the agreement expected by chance; the axis ends at 1.

    Host-level.

    Args:
        values: series → (group → values [pairs], at most 1), e.g. kind of network → resolution → one number per pair of
            networks; values that are not finite are skipped, and a series may lack a group.
        y_label, x_label: of the axes.

    Raises:
        ValueError: no series or group, arrays of the wrong shape, a value above 1, no finite number.

    Example:
        >>> figure = agreement({"trained": {"4": [0.8, 0.9]}, "untrained": {"4": [0.1, 0.0]}})
    """
    values = {series: as_mapping(f"values[{series!r}]", each) for series, each in as_mapping("values", values).items()}
    groups = list(dict.fromkeys(group for entries in values.values() for group in entries))
    width = 0.8 / len(values)
    figure = new_figure(min(9.0, max(5.5, 1.6 + 0.55 * len(groups) * len(values))), 4.2)
    axes = figure.subplots()
    lowest = 0.0
    for index, (series, entries) in enumerate(values.items()):
        for group, numbers in entries.items():
            numbers = as_array(f"values[{series!r}][{group!r}]", numbers, "pairs")
            numbers = numbers[np.isfinite(numbers)]
            check_range(f"values[{series!r}][{group!r}]", numbers, low=-np.inf)
            if numbers.size:
                place = groups.index(group) + (index - (len(values) - 1) / 2) * width
                _distribution(axes, numbers, place, width, index)
                lowest = min(lowest, numbers.min())
    if not axes.patches:
        raise ValueError("values: found no finite number, wanted at least one")
    axes.axhline(0, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.1, zorder=1.5)
    axes.set(xlim=(-0.5, len(groups) - 0.5), ylim=(1.05 * lowest - 0.03, 1.02), xlabel=x_label, ylabel=y_label)
    axes.set_xticks(range(len(groups)), groups)
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    for border in range(1, len(groups)):
        axes.axvline(border - 0.5, color=LIGHT, linewidth=0.9, zorder=1)
    looks: list[dict[str, Any]] = [{"color": color(index), "marker": marker(index)} for index in range(len(values))]
    legend_above(figure, [Line2D([], [], linewidth=2.4, markersize=5, **look) for look in looks], list(values))
    return figure


@styled
def causal_check(
    predicted: ArrayLike,
    measured: ArrayLike | Mapping[str, ArrayLike],
    *,
    names: Sequence[str] | None = None,
    colors: ArrayLike | None = None,
    x_label: str = "role: correlation with the output",
    y_label: str = "ablation: measured correlation",
) -> Figure:
    """A figure of outputs predicted by the roles of modules against outputs measured by ablating the modules.

    The quadrants of equal sign are shaded; titles state the share of points in them.

    Host-level. NaN and infinity are not drawn.

    Args:
        predicted: [modules, outputs], the output part of the role of each module.
        measured: [modules, outputs], the same, measured by ablation; or name of the ablation → such an array, one panel
            each.
        names: one per module, for the legend.
        colors: [modules, 4], of the modules, as from `cluster_colors`.
        x_label, y_label: of the axes.

    Raises:
        ValueError: arrays of the wrong shape, a wrong number of names, colors outside 0…1.

    Example:
        >>> figure = causal_check([[0.5, -0.2]], {"zero": [[0.4, -0.1]]}, names=["module 1"])
    """
    predicted = as_array("predicted", predicted, "modules", "outputs")
    ablations = as_mapping("measured", measured) if isinstance(measured, Mapping) else {"": measured}
    modules = len(predicted)
    shades = [color(0)] * modules
    if colors is not None:
        shades = as_array("colors", colors, modules, 4)
        check_finite("colors", shades)
        check_range("colors", shades)
    if names is not None:
        names = as_names("names", names, modules)
    ablations = {
        name: as_array(f"measured[{name!r}]" if name else "measured", values, *predicted.shape)
        for name, values in ablations.items()
    }
    figure = new_figure(min(9.0, 0.6 + 4.2 * len(ablations)), 4.5)
    panels = figure.subplots(1, len(ablations), sharey=True, squeeze=False)[0]
    limits = [1.08 * largest(predicted), 1.08 * largest(np.stack(list(ablations.values())))]
    for axes, (name, values) in zip(panels, ablations.items(), strict=True):
        handles = [
            axes.plot(x, y, marker(0 if colors is not None else index), color=shade, markersize=5.5, alpha=0.85)[0]
            for index, (x, y, shade) in enumerate(zip(predicted, values, shades, strict=True))
        ]
        _quadrants(axes, limits)
        axes.set_title(_title(name, predicted, values))
        axes.set_xlabel(x_label)
    panels[0].set_ylabel(y_label)
    if names is not None:
        legend_above(figure, handles, names)
    return figure


def _distribution(axes: Axes, numbers: np.ndarray, place: float, width: float, index: int) -> None:
    shade = color(index)
    spread = (np.arange(numbers.size) * GOLDEN + 0.5) % 1 - 0.5
    size = np.clip(60 / np.sqrt(numbers.size), 2, 5)
    look = {"linestyle": "", "markeredgewidth": 0, "alpha": 0.5, "zorder": 3, "clip_on": False, "label": "values"}
    axes.plot(place + 0.62 * width * spread, numbers, marker(index), color=shade, markersize=size, **look)
    low, median, high = np.percentile(numbers, (25, 50, 75))
    box = {"facecolor": shade, "alpha": 0.18, "linewidth": 0, "zorder": 2}
    axes.add_patch(Rectangle((place - 0.4 * width, low), 0.8 * width, high - low, **box))
    ends = [place - 0.4 * width, place + 0.4 * width]
    axes.plot(ends, [median, median], color=shade, linewidth=2.4, zorder=4, solid_capstyle="butt", label="median")


def _quadrants(axes: Axes, limits: list[float]) -> None:
    """Shades the quadrants of equal sign and sets ranges that are symmetric about zero."""
    across, up = limits
    for sign in (-1, 1):
        axes.add_patch(Rectangle((0, 0), sign * across, sign * up, facecolor="#EDF3EC", linewidth=0, zorder=0.5))
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1.5)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1.5)
    axes.set(xlim=(-across, across), ylim=(-up, up))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _title(name: str, predicted: np.ndarray, measured: np.ndarray) -> str:
    """A title with the share of pairs of equal sign among those in which neither number is zero or missing."""
    product = predicted * measured
    product = product[np.isfinite(product) & (product != 0)]
    share = f"{100 * np.mean(product > 0):.0f}% of {product.size} signs agree" if product.size else "no sign known"
    return f"{name}: {share}" if name else share
