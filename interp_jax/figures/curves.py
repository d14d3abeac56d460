"""Curves: success against filter width, training, any quantity against any other."""

from collections.abc import Mapping, Sequence
from typing import SupportsFloat, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax.figures._arrays import as_array, by_seed, mean_and_deviation, not_empty
from interp_jax.figures._labels import apart
from interp_jax.figures.style import (
    GRAY,
    INK,
    ORDERED,
    color,
    jump_line,
    legend_above,
    line_style,
    log_axis,
    marker,
    new_figure,
    percent,
    styled,
    whole_ticks,
)

FEW = 30  # up to so many points of a curve each have a marker and their seeds' dots


@styled
def success_against_width(
    widths: ArrayLike,
    success: ArrayLike,
    noises: ArrayLike,
    *,
    x_label: str = "filter width (samples)",
    y_label: str = "jumps found at the exact position",
) -> Figure:
    """Success rate against the width of a filter, one curve a noise level, the best width of each marked.

    Of equally good widths the middle one is marked.

    widths [W]: the widths, rising.
    success [N, W]: fractions in 0…1, NaN where unknown.
    noises [N]: standard deviation of the noise of each curve.
    x_label, y_label: what the axes show.
    Returns the figure.
    """
    widths = as_array("widths", widths, "W")
    noises = as_array("noises", noises, "N")
    success = as_array("success", success, noises.size, widths.size)
    if np.any((success < 0) | (success > 1)):
        raise ValueError(f"success reaches from {np.nanmin(success):g} to {np.nanmax(success):g}, wanted fractions 0…1")
    figure = new_figure(7.5, 4.4)
    axes = figure.subplots()
    shades = ORDERED(np.linspace(0, 0.85, noises.size))
    handles = []
    for noise, curve, shade in zip(noises, success, shades, strict=True):
        kept = np.isfinite(curve)
        if not kept.any():
            continue
        handles += axes.plot(
            widths[kept], curve[kept], color=shade, marker="o", markersize=3.5, label=f"noise σ = {noise:g}"
        )
        ties = np.flatnonzero(curve == np.nanmax(curve))
        best = int(ties[len(ties) // 2])
        star = {"marker": "*", "markersize": 16, "markeredgecolor": "white", "zorder": 4}
        axes.plot(widths[best], curve[best], color=shade, label="best width", **star)
    if not handles:
        raise ValueError("success holds no finite number, wanted at least one")
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
    """Loss and classification error during training, on training and validation rows.

    loss, validation_loss [epochs] or [epochs, seeds]: loss after each epoch, NaN where not measured.
    error, validation_error [epochs] or [epochs, seeds]: fraction of rows put in a wrong class.
    best_epoch: the epoch to mark, counted from 1.
    loss_label, error_label: what the axes show.
    log_loss: whether the loss gets a logarithmic axis.
    Returns the figure; with several seeds thin lines are the seeds and thick ones their mean.
    """
    curves = {"loss": loss, "validation_loss": validation_loss, "error": error, "validation_error": validation_error}
    first = by_seed("loss", loss, "epochs")
    curves = {name: by_seed(name, values, len(first)) for name, values in curves.items()}
    epochs = np.arange(1, len(first) + 1)
    best = None if best_epoch is None else best_epoch.__index__()
    if best is not None and not 1 <= best <= len(first):
        raise ValueError(f"best_epoch is {best}, wanted an epoch in 1…{len(first)}")
    figure = new_figure(8.5, 3.8)
    left, right = figure.subplots(1, 2)
    handles = []
    for axes, names in ((left, ("loss", "validation_loss")), (right, ("error", "validation_error"))):
        for series, name in enumerate(names):
            values = curves[name]
            mean = mean_and_deviation(values)[0]
            for seed in values.T if values.shape[1] > 1 else ():
                kept = np.isfinite(seed)
                axes.plot(epochs[kept], seed[kept], color=color(series), linewidth=0.8, alpha=0.5, zorder=2)
            kept = np.isfinite(mean)
            handles += axes.plot(epochs[kept], mean[kept], color=color(series), linewidth=2, zorder=3, label=name)
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
        shown = np.concatenate([curves["loss"], curves["validation_loss"]], axis=1)
        shown = shown[np.isfinite(shown) & (shown > 0)]
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
    """One quantity against another: per series the mean line, a band of ± one standard deviation, a dot a seed.

    Lines of more than 30 points have a marker at some of them only, and no dots.

    x [X]: the abscissa.
    values: name → [X, seeds] or [X]; NaN values are skipped.
    x_label, y_label: what the axes show.
    references: name → height of a horizontal line.
    log_x, log_y: whether an axis is logarithmic; its numbers must then be positive.
    extremes: whether the band reaches from the least to the greatest seed, not one standard deviation to either side.
    y_range: the ends of the vertical axis, to look closer; None leaves one to the data.
    x_names: a name for each abscissa, in place of its number.
    Returns the figure; references outside its vertical range are left out.
    """
    x = as_array("x", x, "X")
    not_empty("values", values)
    if x_names is not None and (log_x or len(x_names) != x.size):
        raise ValueError(f"x_names has {len(x_names)} names, wanted one for each of {x.size} places on a linear axis")
    references = {name: float(height) for name, height in (references or {}).items()}
    series = {name: by_seed(f"values[{name!r}]", entries, x.size) for name, entries in values.items()}
    order = np.argsort(x, kind="stable")
    shown = np.concatenate([*(entries.ravel() for entries in series.values()), list(references.values())])
    shown = shown[np.isfinite(shown)]
    if shown.size == 0:
        raise ValueError("values holds no finite number, wanted at least one")
    for name, numbers, logarithmic in (("x", x, log_x), ("values", shown, log_y)):
        if logarithmic and np.min(numbers) <= 0:
            raise ValueError(f"{name} holds {np.min(numbers):g}, wanted numbers > 0 on a logarithmic axis")
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    handles = []
    for index, (name, entries) in enumerate(series.items()):
        mean, deviation = mean_and_deviation(entries[order])
        kept = np.isfinite(mean)
        shade, few = color(index), kept.sum() <= FEW
        look = {"color": shade, "linestyle": line_style(index), "marker": marker(index)}
        look |= {"markersize": 6, "markeredgecolor": "white", "markevery": 1 if few else int(kept.sum()) // 10}
        handles += axes.plot(x[order][kept], mean[kept], **look, label=name)
        if entries.shape[1] > 1:
            finite = np.isfinite(entries)
            if few:
                dots = np.repeat(x[:, None], entries.shape[1], axis=1)
                axes.plot(dots[finite], entries[finite], ".", color=shade, markersize=4.5, alpha=0.45, zorder=1.8)
            known = np.where(finite, entries, np.nan)[order][kept]
            width = np.nan_to_num(deviation[kept])
            low = np.nanmin(known, axis=1) if extremes else mean[kept] - width
            high = np.nanmax(known, axis=1) if extremes else mean[kept] + width
            low = np.maximum(low, shown.min()) if log_y else low
            axes.fill_between(x[order][kept], low, high, color=shade, alpha=0.15, linewidth=0)
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
    axes.set_ylim(*y_range)  # the names of the references stand where the final range puts their lines
    low, high = axes.get_ylim()
    references = {name: height for name, height in references.items() if low <= height <= high}
    to_fraction = axes.transData + axes.transAxes.inverted()
    heights = [to_fraction.transform((x[0], height))[1] for height in references.values()]
    for name, height, place in zip(references, heights, apart(heights, 0.06), strict=True):
        _beside(axes, name, height, place)
    legend_above(figure, handles, list(series))
    return figure


def _beside(axes: Axes, name: str, height: float, place: float) -> None:
    """Names, at a place to the right of the axes, the line that ends at a height (both as fractions of the axes)."""
    leader = {"arrowstyle": "-", "color": GRAY, "linewidth": 0.8, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0}
    look = {"va": "center", "annotation_clip": False, "arrowprops": leader}
    axes.annotate(name, (1, height), (1.03, place), xycoords="axes fraction", textcoords="axes fraction", **look)
