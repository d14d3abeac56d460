"""Histograms of errors."""

from typing import SupportsFloat

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from interp_jax._checks import check_number, renamed
from interp_jax.figures._arrays import as_array, finite_entries
from interp_jax.figures._style import color, new_figure, styled


@styled
@renamed(kept="share")
def absolute_errors(
    errors: ArrayLike, share: SupportsFloat = 0.99, *, x_label: str = "|estimated − true position| (samples)"
) -> Figure:
    """Histograms of the magnitude of errors on a log scale: of all rows, and of the share with least error.

    Each panel states n, the mean, the root mean square and the largest error.

    Host-level.

    Args:
        errors: [n], signed or absolute; those that are not finite are left out and counted in the text.
        share: of the rows, those with least error, in the second panel, in (0, 1].
        x_label: what the errors are.

    Raises:
        ValueError: not a vector, no finite number, or a share outside (0, 1].

    Example:
        >>> figure = absolute_errors([0, 1, -1, 3, 0, 12], share=0.8)
    """
    errors = as_array("errors", errors, "n")
    finite = np.sort(np.abs(finite_entries("errors", errors)))
    check_number("share", share, above=0, most=1)
    missing = errors.size - finite.size
    best = finite[: max(1, round(float(share) * finite.size))]
    figure = new_figure(8.5, 3.8)
    panels = figure.subplots(1, 2, sharey=True)
    titles = ("all rows", f"best {100 * float(share):g}% of the rows")
    for axes, values, title in zip(panels, (finite, best), titles, strict=True):
        counts, edges = np.histogram(values, bins=_edges(values))
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=color(0), edgecolor="white", linewidth=0.5)
        lines = [f"n = {values.size:,}", f"mean |error| (L1) = {_digits(values.mean())}"]
        lines += [f"root mean square (L2) = {_digits(np.sqrt(np.mean(values**2)))}", f"max = {values.max():.3g}"]
        lines += [f"left out, not finite: {missing:,}"] if missing else []
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        axes.text(0.98, 0.98, "\n".join(lines), transform=axes.transAxes, ha="right", va="top", bbox=box)
        axes.set(title=title, xlabel=x_label, yscale="log", xlim=(edges[0], edges[-1]))
        if edges[0] < 0:
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.grid(False, axis="x")
    most = np.max(panels[0].containers[0].datavalues)
    panels[0].set(ylabel="number of rows", ylim=(0.7, 30 * most))
    panels[0].yaxis.set_major_locator(LogLocator(numticks=20))
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    return figure


def _digits(value: float) -> str:
    """A number with three significant digits, including trailing zeros."""
    return f"{value:#.3g}".rstrip(".")


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of at most about 60 bins: centered at integers for integer errors, equal from zero for others."""
    largest = values.max()
    if np.all(values == np.round(values)) and largest < 2**52:  # beyond it, halves are not representable
        width = int(largest // 60) + 1
        return np.arange(-0.5, largest + width, width)
    return np.linspace(0, largest, 51)
