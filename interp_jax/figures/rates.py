"""Counted rates with their confidence intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from interp_jax._checks import check_finite
from interp_jax.figures._arrays import as_array, as_mapping, finite_entries
from interp_jax.figures._style import (
    color,
    legend_above,
    log_axis,
    new_figure,
    percent,
    series_look,
    styled,
    whole_ticks,
)


@styled
def with_intervals(
    x: ArrayLike, rates: Mapping[str, ArrayLike], x_label: str, y_label: str, *, log_y: bool = False
) -> Figure:
    """A figure of rates against a quantity, with confidence intervals as error bars, one curve per series.

    Host-level.

    Args:
        x: [X], the x values, finite.
        rates: name → [X, 3], each row a rate and the ends of its interval, as the first three entries of a
            ``methods.embedding.SuccessRate``; NaN where a series has none.
        x_label, y_label: of the axes.
        log_y: whether the rates have a logarithmic axis. A rate of 0 is then an arrow pointing down from the upper end
            of its interval, and the curve omits it.

    Raises:
        ValueError: no series, arrays of the wrong shape, rates outside their interval or outside 0…1.

    Example:
        >>> figure = with_intervals([3, 5], {"ours": [[0.5, 0.4, 0.6], [0.2, 0.1, 0.3]]}, "points", "success")
    """
    x = as_array("x", x, "X")
    check_finite("x", x)
    rates = as_mapping("rates", rates)
    series = {name: as_array(f"rates[{name!r}]", numbers, x.size, 3) for name, numbers in rates.items()}
    shown = np.concatenate(list(series.values()))
    shown = finite_entries("rates", shown[np.isfinite(shown).all(axis=1)]).reshape(-1, 3)
    rate, low, high = shown.T
    wrong = ~((low >= 0) & (low <= rate) & (rate <= high) & (high <= 1) & (high > 0))
    if wrong.any():
        raise ValueError(f"rates: found the row {shown[wrong][0].tolist()}, wanted 0 ≤ low ≤ rate ≤ high ≤ 1, high > 0")
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    axes.set(xlabel=x_label, ylabel=y_label)
    whole_ticks(axes.xaxis, x)
    if log_y:
        ends = np.concatenate([low[low > 0], high])
        log_axis(axes, "y", 0.5 * ends.min(), 1.5 * ends.max())
    else:
        axes.set_ylim(0, 1.05 * high.max())
        percent(axes.yaxis)
    bottom = axes.get_ylim()[0]
    order, handles = np.argsort(x, kind="stable"), []
    for index, (name, rows) in enumerate(series.items()):
        known = order[np.isfinite(rows[order]).all(axis=1)]
        places = known[rows[known, 0] > 0] if log_y else known
        rate, low, high = rows[places].T
        handles += axes.plot(x[places], rate, label=name, **series_look(index))
        reach = [rate - np.maximum(low, bottom), high - rate]
        axes.errorbar(x[places], rate, reach, fmt="none", ecolor=color(index), elinewidth=1.2, capsize=3, zorder=1.9)
        for place in np.setdiff1d(known, places):
            arrow = {"arrowstyle": "-|>", "color": color(index), "shrinkA": 0, "shrinkB": 0, "linewidth": 1.2}
            axes.annotate("", (x[place], bottom), (x[place], rows[place, 2]), arrowprops=arrow)
            axes.plot(x[place], rows[place, 2], marker="_", color=color(index), markersize=8)
    legend_above(figure, handles, list(series))
    return figure
