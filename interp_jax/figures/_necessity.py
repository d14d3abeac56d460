"""The decisions that hold with a core alone kept and alone removed, by what its units are replaced with."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from interp_jax._checks import check_number, describe
from interp_jax.figures._arrays import as_array
from interp_jax.figures._style import PALETTE, headline, legend_above, new_figure, percent, styled

_LABELS = {"zero": "zero", "mean": "the mean", "resample": "another row's"}


@styled
def necessity(necessity: Any, *, confidence: float = 0.95, class_name: str = "the class") -> Figure:
    """A figure of the rates with the core alone kept and with it removed, for each ablation.

    Lines reach from the lower to the upper confidence bound of each rate on new rows, if there are such.

    Host-level.

    Args:
        necessity: the `Necessity` that `methods.core_units.necessity` returned.
        confidence: of each bound, in [0.75, 1).
        class_name: whose decisions they are.

    Raises:
        ValueError: not a `Necessity` of one core, or a confidence out of range.

    Example:
        >>> import jax
        >>> from interp_jax import methods
        >>> hidden = jax.random.normal(jax.random.key(0), (400, 6))
        >>> predictions, core = hidden[:, :2].argmax(axis=1), np.arange(6) < 2
        >>> options = {"key": jax.random.key(1), "reference": hidden[:200]}
        >>> tested = hidden[200:], predictions[200:], 1, core
        >>> figure = necessity(methods.core_units.necessity(lambda h: h[:, :2], *tested, **options))
    """
    check_number("confidence", confidence, least=0.75, below=1)
    sides = {"kept": "the core alone kept", "removed": "the core alone removed"}
    if not all(hasattr(necessity, f"{side}_{way}") for side in sides for way in _LABELS):
        raise ValueError(f"necessity: found {describe(necessity)}, wanted a Necessity")
    rates = np.array(
        [
            [as_array(f"necessity.{side}_{way}", getattr(necessity, f"{side}_{way}")) for way in _LABELS]
            for side in sides
        ]
    )
    if rates.ndim != 2:
        raise ValueError(f"necessity: found rates of shape {rates.shape[2:]}, wanted those of one core")
    fixed = getattr(necessity, "fixed", None)
    bounds = necessity.bounds(confidence) if fixed is not None and bool(fixed) else None
    figure = new_figure(7.0, 4.2)
    headline(figure, _title(rates, bounds, confidence, class_name))
    body = figure.subfigures(squeeze=False)[0, 0]
    axes, handles = body.subplots(), []
    for place, rate in enumerate(rates):
        across = np.arange(len(_LABELS)) + (place - 0.5) * 0.25
        if bounds is not None:
            axes.vlines(across, bounds[place, :, 0], bounds[place, :, 1], color=PALETTE[place], linewidth=2, alpha=0.6)
        handles += axes.plot(across, rate, "o", color=PALETTE[place], markersize=8)
    axes.set_xticks(range(len(_LABELS)), list(_LABELS.values()))
    axes.set(xlabel="closed units' values", ylabel="decisions that hold", xlim=(-0.6, len(_LABELS) - 0.4))
    percent(axes.yaxis)
    legend_above(body, handles, list(sides.values()))
    return figure


def _title(rates: np.ndarray, bounds: np.ndarray | None, confidence: float, class_name: str) -> str:
    alone, removed = (f"{100 * values.min():.1f} to {100 * values.max():.1f}%" for values in rates)
    title = f"Decisions for {class_name} that hold: {alone} with the core alone kept, {removed} with it removed"
    return title if bounds is None else f"{title}\nlines: bounds for new rows, {100 * confidence:g}% confidence each"
