"""Step signals: examples, and responses of filters to them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_finite
from interp_jax.figures._arrays import as_array, as_mapping, as_names, check_range, same_names
from interp_jax.figures._style import GRAY, color, jump_line, legend_above, new_figure, small_multiples, stems, styled


@styled
def examples(
    signals: ArrayLike, positions: ArrayLike, titles: Sequence[str] | None = None, *, columns: int = 2
) -> Figure:
    """A figure of noisy signals, one per panel, each with its true jump marked.

    Host-level. NaN and infinity leave gaps.

    Args:
        signals: [k, n], one signal per row.
        positions: [k], the true position of each jump, counted from 1.
        titles: one per panel; the position by default.
        columns: panels per row.

    Raises:
        ValueError: arrays of the wrong shape, or a wrong number of titles.

    Example:
        >>> figure = examples([[0.1, -0.2, 2.9, 3.1]], [3])
    """
    signals = as_array("signals", signals, "k", "n")
    count, length = signals.shape
    positions = as_array("positions", positions, count)
    check_finite("positions", positions)
    check_range("positions", positions, 1.0, float(length))
    titles = [f"jump at {position:g}" for position in positions] if titles is None else titles
    titles = as_names("titles", titles, count)
    columns = min(as_count("columns", columns), count)
    figure = new_figure(8.0, 0.8 + 1.75 * -(-count // columns))
    panels = small_multiples(figure, count, columns, "position in the signal", "value")
    for axes, signal, position, title in zip(panels, signals, positions, titles, strict=True):
        (line,) = axes.plot(np.arange(1, length + 1), signal, color=color(0), linewidth=1.1)
        mark = jump_line(axes, position, color=color(1), linewidth=1.6)
        axes.set_title(title)
        axes.set_xlim(1, length)
    legend_above(figure, [line, mark], ["signal", "true jump"])
    return figure


@styled
def filter_steps(
    step: ArrayLike, noisy: ArrayLike, filters: Mapping[str, ArrayLike], responses: Mapping[str, ArrayLike]
) -> Figure:
    """A figure of filters and their responses to a step, a filter per row: taps left, signal and response right.

    Host-level.

    Args:
        step: [n], the signal without noise.
        noisy: [n], the signal with noise.
        filters: name → taps, of any number.
        responses: name → response [n], NaN where the filter overlaps the border; the same names as the filters.

    Raises:
        ValueError: no filter, arrays of the wrong shape, responses of other filters.

    Example:
        >>> step, response = [0, 0, 3, 3], [float("nan"), 3, 3, float("nan")]
        >>> figure = filter_steps(step, [0.1, -0.2, 2.9, 3.1], {"derivative": [-1, 0, 1]}, {"derivative": response})
    """
    step = as_array("step", step, "n")
    length = step.size
    noisy = as_array("noisy", noisy, length)
    filters, responses = as_mapping("filters", filters), as_mapping("responses", responses)
    same_names("filters", filters, "responses", responses)
    figure = new_figure(8.5, 0.9 + 1.9 * len(filters))
    panels = figure.subplots(len(filters), 2, squeeze=False, width_ratios=(1, 2.4))
    index = np.arange(1, length + 1)
    for (left, right), name in zip(panels, filters, strict=True):
        taps = as_array(f"filters[{name!r}]", filters[name], "taps")
        stems(left, np.arange(1, taps.size + 1), taps, index=2)
        left.axhline(0, color=GRAY, linewidth=0.8, zorder=1)
        left.margins(x=0.12, y=0.15)
        left.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        left.set(title=name, ylabel="weight")
        (noise_line,) = right.plot(index, noisy, color=color(5), linewidth=1.0)
        (step_line,) = right.plot(index, step, color=color(0), linewidth=1.8)
        response = as_array(f"responses[{name!r}]", responses[name], length)
        (response_line,) = right.plot(index, response, color=color(1), linewidth=1.8)
        right.set(xlim=(1, length), ylabel="value")
    panels[-1, 0].set_xlabel("tap")
    panels[-1, 1].set_xlabel("position in the signal")
    figure.align_ylabels(panels)
    legend_above(figure, [noise_line, step_line, response_line], ["noisy signal", "step", "filter response"])
    return figure
