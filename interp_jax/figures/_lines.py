"""Series of one quantity against another: lines of means, bands of deviations, a dot per seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from interp_jax.figures._arrays import mean_and_deviation
from interp_jax.figures._style import color, series_look

FEW = 30  # up to this many points of a curve each have a marker and their seeds' dots


def draw_series(
    axes: Axes, x: np.ndarray, series: Mapping[str, np.ndarray], *, extremes: bool = False, least: float = -np.inf
) -> list[Any]:
    """Draws series [x, seeds], each a line of means with a band and dots if it has several seeds.

    Bands are ± one deviation or, as ``extremes``, from the least to the greatest seed, and end at ``least``. Returns
    the lines, for a legend.
    """
    order = np.argsort(x, kind="stable")
    handles = []
    for index, (name, entries) in enumerate(series.items()):
        mean, deviation = mean_and_deviation(entries[order])
        known = np.isfinite(mean)
        shade, few = color(index), known.sum() <= FEW
        look = series_look(index, markevery=1 if few else int(known.sum()) // 10)
        handles += axes.plot(x[order][known], mean[known], **look, label=name)
        if entries.shape[1] > 1:
            finite = np.isfinite(entries)
            if few:
                dots = np.repeat(x[:, None], entries.shape[1], axis=1)
                axes.plot(dots[finite], entries[finite], ".", color=shade, markersize=4.5, alpha=0.45, zorder=1.8)
            measured = np.where(finite, entries, np.nan)[order][known]
            width = np.nan_to_num(deviation[known])
            low = np.nanmin(measured, axis=1) if extremes else mean[known] - width
            high = np.nanmax(measured, axis=1) if extremes else mean[known] + width
            axes.fill_between(x[order][known], np.maximum(low, least), high, color=shade, alpha=0.15, linewidth=0)
    return handles
