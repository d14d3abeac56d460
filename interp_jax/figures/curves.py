"""Curves: success against filter width, training, any quantity against any other."""

from collections.abc import Mapping, Sequence
from typing import SupportsFloat, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, check_finite
from interp_jax.figures._arrays import (
    as_array,
    as_ends,
    as_heights,
    as_mapping,
    as_names,
    by_seed,
    check_positive,
    check_range,
    finite_entries,
    mean_and_deviation,
)
from interp_jax.figures._labels import apart
from interp_jax.figures._lines import draw_series
from interp_jax.figures._style import (
    GRAY,
    INK,
    ORDERED,
    color,
    jump_line,
    legend_above,
    log_axis,
    new_figure,
    percent,
    styled,
    whole_ticks,
)


@styled
def success_against_width(
    widths: ArrayLike,
    success: ArrayLike,
    noises: ArrayLike,
    *,
    x_label: str = "filter width (samples)",
    y_label: str = "jumps found at the exact position",
) -> Figure:
    """A figure of success rate against filter width, one curve per noise level, with a star at the best width of each.

    Of equally good widths the middle one has the star.

    Host-level.

    Args:
        widths: [W], increasing.
        success: [N, W], fractions in 0…1, NaN where unknown.
        noises: [N], standard deviation of the noise of each curve.
        x_label, y_label: of the axes.

    Raises:
        ValueError: arrays of the wrong shape, no finite number, or fractions outside 0…1.

    Example:
        >>> figure = success_against_width([3, 5, 7], [[0.2, 0.4, 0.3]], [1.0])
    """
    widths = as_array("widths", widths, "W")
    noises = as_array("noises", noises, "N")
    success = as_array("success", success, noises.size, widths.size)
    check_range("success", success)
    finite_entries("success", success)
    figure = new_figure(7.5, 4.4)
    axes = figure.subplots()
    shades = ORDERED(np.linspace(0, 0.85, noises.size))
    handles = []
    for noise, curve, shade in zip(noises, success, shades, strict=True):
        known = np.isfinite(curve)
        if not known.any():
            continue
        look = {"color": shade, "marker": "o", "markersize": 3.5, "label": f"noise σ = {noise:g}"}
        handles += axes.plot(widths[known], curve[known], **look)
        ties = np.flatnonzero(curve == np.nanmax(curve))
        best = int(ties[len(ties) // 2])
        star = {"marker": "*", "markersize": 16, "markeredgecolor": "white", "zorder": 4}
        axes.plot(widths[best], curve[best], color=shade, label="best width", **star)
    axes.set(xlabel=x_label, ylabel=y_label, ylim=(0, min(1.04, 1.15 * np.nanmax(success)) or 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    percent(axes.yaxis)
    handles.append(Line2D([], [], linestyle="", marker="*", markersize=12, color=GRAY, label="best width"))
    legend_above(figure, handles, [handle.get_label() for handle in handles])
    return figure


@styled
def training(
    loss: ArrayLike,
    validation_loss: ArrayLike,
    error: ArrayLike,
    validation_error: ArrayLike,
    best_epoch: SupportsIndex | None = None,
    *,
    loss_label: str = "loss (cross-entropy)",
    error_label: str = "classification error",
    log_loss: bool = False,
) -> Figure:
    """A figure of loss and classification error during training, on training and validation rows.

    With several seeds, thin lines are the seeds and thick ones their mean.

    Host-level.

    Args:
        loss, validation_loss: [epochs] or [epochs, seeds], loss after each epoch, NaN where not measured.
        error, validation_error: [epochs] or [epochs, seeds], fraction of rows classified wrong.
        best_epoch: the epoch to mark, counted from 1.
        loss_label, error_label: of the vertical axes.
        log_loss: whether the loss has a logarithmic axis, which leaves out losses ≤ 0.

    Raises:
        ValueError: arrays of the wrong shape, no finite number, or a best epoch outside the epochs.

    Example:
        >>> figure = training([2.0, 1.0], [2.1, 1.5], [0.5, 0.2], [0.6, 0.4], best_epoch=2)
    """
    curves = {"loss": loss, "validation_loss": validation_loss, "error": error, "validation_error": validation_error}
    first = by_seed("loss", loss, "epochs")
    curves = {name: by_seed(name, values, len(first)) for name, values in curves.items()}
    epochs = np.arange(1, len(first) + 1)
    best = None if best_epoch is None else as_count("best_epoch", best_epoch, most=len(first))
    for name in ("loss", "error"):
        finite_entries(name, curves[name], curves[f"validation_{name}"])
    figure = new_figure(8.5, 3.8)
    left, right = figure.subplots(1, 2)
    handles = []
    for axes, names in ((left, ("loss", "validation_loss")), (right, ("error", "validation_error"))):
        for series, name in enumerate(names):
            values = curves[name]
            mean = mean_and_deviation(values)[0]
            for seed in values.T if values.shape[1] > 1 else ():
                known = np.isfinite(seed)
                axes.plot(epochs[known], seed[known], color=color(series), linewidth=0.8, alpha=0.5, zorder=2)
            known = np.isfinite(mean)
            handles += axes.plot(epochs[known], mean[known], color=color(series), linewidth=2, zorder=3, label=name)
            if best is not None and series == 1:
                look = {"marker": "o", "markersize": 8, "markeredgecolor": "white", "clip_on": False}
                axes.plot(best, mean[best - 1], color=color(series), zorder=4, **look)
        if best is not None:
            jump_line(axes, best, color=GRAY)
            axes.annotate(
                f"best epoch: {best}",
                (best, 1),
                (0, 3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center" if 0.2 < best / len(first) < 0.8 else "left" if best < len(first) / 2 else "right",
                color=INK,
            )
        axes.set(xlabel="epoch", xlim=(min(1, len(first) - 1), len(first)))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    left.set_ylabel(loss_label)
    right.set(ylabel=error_label, ylim=(0, None))
    percent(right.yaxis)
    if log_loss:
        shown = finite_entries("loss", curves["loss"], curves["validation_loss"])
        if not np.any(shown > 0):
            raise ValueError("loss: found no number > 0, wanted at least one on a logarithmic axis")
        shown = shown[shown > 0]
        log_axis(left, "y", 0.85 * shown.min(), 1.15 * shown.max())
    legend_above(figure, handles[:2], ["training", "validation"])
    return figure


@styled
def against(
    x: ArrayLike,
    values: Mapping[str, ArrayLike],
    x_label: str,
    y_label: str,
    references: Mapping[str, SupportsFloat] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    *,
    extremes: bool = False,
    y_range: tuple[SupportsFloat | None, SupportsFloat | None] = (None, None),
    x_names: Sequence[str] | None = None,
) -> Figure:
    """A figure of one quantity against another: per series a line of means, a band of ± 1 deviation, a dot per seed.

    Lines of more than 30 points have markers at only some of them, and no dots. References outside the vertical range
    are left out.

    Host-level.

    Args:
        x: [X], the x values, finite.
        values: name → [X, seeds] or [X]; values that are not finite are skipped.
        x_label, y_label: of the axes.
        references: name → height of a horizontal line.
        log_x, log_y: whether an axis is logarithmic; its numbers must then be positive.
        extremes: whether the band reaches from the least to the greatest seed instead.
        y_range: the ends of the vertical axis; None fits one to the data.
        x_names: a name for each x value, in place of its number.

    Raises:
        ValueError: arrays of the wrong shape, no finite number, a number ≤ 0 on a logarithmic axis, a wrong number of
            names, or names on a logarithmic axis.

    Example:
        >>> figure = against([1, 2, 4], {"ours": [[0.1, 0.2], [0.3, 0.3], [0.5, 0.4]]}, "units", "rate", log_x=True)
    """
    x = as_array("x", x, "X")
    check_finite("x", x)
    if x_names is not None:
        x_names = as_names("x_names", x_names, x.size)
        if log_x:
            raise ValueError("log_x: found True, wanted False with x_names")
    references = as_heights("references", references)
    bottom, top = as_ends("y_range", y_range)
    series = {
        name: by_seed(f"values[{name!r}]", entries, x.size) for name, entries in as_mapping("values", values).items()
    }
    shown = finite_entries("values", *series.values(), list(references.values()))
    for name, numbers, logarithmic in (("x", x, log_x), ("values", shown, log_y)):
        if logarithmic:
            check_positive(name, numbers)
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    handles = draw_series(axes, x, series, extremes=extremes, least=shown.min() if log_y else -np.inf)
    axes.set(xlabel=x_label, ylabel=y_label)
    for name, height in references.items():
        axes.axhline(height, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.2, zorder=1.7, label=name)
    if log_x:
        margin = (x.max() / x.min()) ** 0.04 if x.max() > x.min() else 1.5
        log_axis(axes, "x", x.min() / margin, x.max() * margin)
    elif x_names is not None:
        axes.set_xticks(x, x_names)
    else:
        whole_ticks(axes.xaxis, x)
    if log_y:
        margin = (shown.max() / shown.min()) ** 0.06 if shown.max() > shown.min() else 1.5
        log_axis(axes, "y", shown.min() / margin, shown.max() * margin)
    axes.set_ylim(bottom, top)  # names of references are placed at their lines in the final range
    low, high = axes.get_ylim()
    references = {name: height for name, height in references.items() if low <= height <= high}
    to_fraction = axes.transData + axes.transAxes.inverted()
    heights = [to_fraction.transform((x[0], height))[1] for height in references.values()]
    for name, height, place in zip(references, heights, apart(heights, 0.06), strict=True):
        _beside(axes, name, height, place)
    legend_above(figure, handles, list(series))
    return figure


def _beside(axes: Axes, name: str, height: float, place: float) -> None:
    """Writes a name right of the axes, for the line that ends at a height (positions as fractions of the axes)."""
    leader = {"arrowstyle": "-", "color": GRAY, "linewidth": 0.8, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0}
    look = {"va": "center", "annotation_clip": False, "arrowprops": leader}
    axes.annotate(name, (1, height), (1.03, place), xycoords="axes fraction", textcoords="axes fraction", **look)
