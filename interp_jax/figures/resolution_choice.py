"""Which numbers of clusters represent a tree: error and lifetime at every resolution, the chosen ones marked."""

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count
from interp_jax.figures._arrays import as_array, as_entries
from interp_jax.figures._labels import apart
from interp_jax.figures._style import GRAY, color, log_axis, new_figure, styled, whole

_MOST = 2**31 - 1  # numbers of clusters that 32 bits hold


@styled
def choice(
    counts: ArrayLike,
    lifetimes: ArrayLike,
    ess: ArrayLike,
    chosen: ArrayLike | Sequence[SupportsIndex],
    *,
    ess_label: str = "error sum of squares",
    lifetime_label: str = "lifetime (log height)",
) -> Figure:
    """A figure of the error sum of squares and lifetime of each resolution against its number of clusters (log axis).

    Host-level.

    Args:
        counts: [k], numbers of clusters, in any order.
        lifetimes: [k], the range of cut heights with that many clusters; NaN if unknown, infinity allowed.
        ess: [k], the error sum of squares of that many clusters.
        chosen: [resolutions], the representative resolutions, some of the counts; marked in both panels.
        ess_label, lifetime_label: of the vertical axes.

    Raises:
        ValueError: arrays of the wrong shape, counts that are not integers from 1, chosen ones not among the counts.

    Example:
        >>> figure = choice([1, 2, 3], [float("inf"), 0.9, 0.2], [9.0, 2.0, 0.0], [2])
    """
    counts = np.array([as_count("counts", count, most=_MOST) for count in as_entries("counts", counts)])
    lifetimes = as_array("lifetimes", lifetimes, counts.size)
    ess = as_array("ess", ess, counts.size)
    chosen = np.array([as_count("chosen", count, most=_MOST) for count in as_entries("chosen", chosen)])
    missing = np.setdiff1d(chosen, counts)
    if missing.size:
        found, ends = f"{missing[0]:g}", f"{counts.min():g}…{counts.max():g}"
        raise ValueError(f"chosen: found {found}, wanted some of the counts {ends}")
    order = np.argsort(counts, kind="stable")
    counts, lifetimes, ess = counts[order], lifetimes[order], ess[order]
    marked = np.flatnonzero(np.isin(counts, chosen))

    figure = new_figure(8.0, 5.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.3, 1))
    upper.plot(counts, ess, color=color(0), marker="o", markersize=3)
    tops = [1.2 * np.max(values, initial=0.0, where=np.isfinite(values)) or 1.0 for values in (ess, lifetimes)]
    shown = np.minimum(lifetimes, 0.88 * tops[1])  # only infinite ones are longer
    known = ~np.isnan(shown)
    lower.vlines(counts[known], 0, shown[known], color=GRAY, linewidth=1.6)
    log_axis(lower, "x", counts.min() / 1.08, counts.max() * 1.08)
    lower.xaxis.set_minor_locator(NullLocator())
    for axes, values, top, label in zip((upper, lower), (ess, shown), tops, (ess_label, lifetime_label), strict=True):
        look = {"markersize": 9, "markeredgecolor": "white", "linestyle": "", "zorder": 4, "label": "chosen"}
        axes.plot(counts[marked], values[marked], "o", color=color(1), **look)
        axes.set(ylim=(0, top), ylabel=label)
        axes.grid(False, axis="x")
        for count in counts[marked]:
            axes.axvline(count, color=color(1), linewidth=0.9, alpha=0.5, zorder=1)
    names = [f"c = {count:g}" for count in counts[marked]]
    texts = ["∞" if np.isinf(value) else "?" if np.isnan(value) else f"{value:.2f}" for value in lifetimes[marked]]
    where = {"xycoords": ("data", "axes fraction"), "weight": "bold", "color": color(1), "fontsize": 9}
    _write(upper, names, counts[marked], np.ones(len(names)), 3, **where)
    outline = [withStroke(linewidth=3, foreground="white")]
    _write(lower, texts, counts[marked], np.nan_to_num(shown[marked]), 7, path_effects=outline, zorder=5)
    lower.set_xlabel("number of clusters")
    figure.align_ylabels([upper, lower])
    return figure


def _write(axes: Axes, texts: list[str], counts: np.ndarray, heights: np.ndarray, above: int, **options: Any) -> None:
    """Writes texts ``above`` points above their positions, moved apart where they would touch."""
    inches = whole(axes.figure).get_figwidth()
    decade = 0.85 * 72 * inches / np.diff(np.log10(axes.get_xlim())).item()  # in points, about
    wanted = decade * np.log10(counts)
    moved = apart(wanted, 7.0 * max(map(len, texts)))
    for text, count, height, shift in zip(texts, counts, heights, moved - wanted, strict=True):
        axes.annotate(text, (count, height), (shift, above), textcoords="offset points", ha="center", **options)
