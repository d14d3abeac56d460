"""The rates of nested sets of units on calibration rows, with their lower bounds and the rate to be certified."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from interp_jax._checks import describe
from interp_jax.figures._arrays import as_array
from interp_jax.figures._lines import draw_series
from interp_jax.figures._style import GRAY, INK, headline, legend_above, new_figure, percent, styled, whole_ticks


@styled
def certificate(certificate: Any, *, unit_name: str = "unit") -> Figure:
    """A figure of the decisions that each tested set of units holds, by size, and of the lower bounds.

    The dashed line is the rate to be certified; a ring marks the certified set.

    Host-level.

    Args:
        certificate: the `Certificate` that `methods.core_units.certify` returned.
        unit_name: what the units are.

    Raises:
        ValueError: not a `Certificate`.

    Example:
        >>> import jax
        >>> from interp_jax import methods
        >>> hidden = jax.random.normal(jax.random.key(0), (400, 6))
        >>> predictions, masks = hidden[:, :2].argmax(axis=1), np.arange(6) < np.arange(6, 0, -1)[:, None]
        >>> options = {"holding": 0.9, "confidence": 0.95, "key": jax.random.key(1)}
        >>> found = methods.core_units.certify(lambda h: h[:, :2], hidden, predictions, 1, masks, **options)
        >>> figure = certificate(found, unit_name="hidden unit")
    """
    wanted = ("sizes", "holding_rates", "lower_bounds", "holding", "confidence", "certified", "place", "joint")
    if not all(hasattr(certificate, name) for name in wanted):
        raise ValueError(f"certificate: found {describe(certificate)}, wanted a Certificate")
    sizes = as_array("certificate.sizes", certificate.sizes, "masks")
    series = {
        name: as_array(f"certificate.{field}", getattr(certificate, field), sizes.size)
        for name, field in (
            ("on the calibration rows", "holding_rates"),
            ("lower bound, of each set by itself", "lower_bounds"),
        )
    }
    tested = np.isfinite(series["on the calibration rows"])
    figure = new_figure(7.5, 4.6)
    headline(figure, _title(certificate, unit_name))
    body = figure.subfigures(squeeze=False)[0, 0]
    axes = body.subplots()
    lines = {name: values[tested][:, None] for name, values in series.items()}
    handles = draw_series(axes, sizes[tested].astype(float), lines)
    axes.axhline(certificate.holding, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.2, zorder=1.7)
    if certificate.certified:
        place = sizes[certificate.place], certificate.lower_bound
        axes.plot(*place, "o", markersize=13, markerfacecolor="none", markeredgecolor=INK)
    axes.set(xlabel=f"{unit_name}s kept", ylabel="decisions that hold")
    whole_ticks(axes.xaxis, sizes[tested])
    percent(axes.yaxis)
    legend_above(body, handles, list(series))
    return figure


def _title(certificate: Any, unit_name: str) -> str:
    whose = "all classes" if certificate.target is None else f"class {certificate.target}"
    together = " for all classes together" if certificate.joint else ""
    new = f"at least {100 * certificate.holding:g}% of the decisions for {whose} on new rows"
    confidence = f"with {100 * certificate.confidence:g}% confidence{together}"
    if not certificate.certified:
        return f"No set is certified to keep {new}, {confidence}"
    single = certificate.units == 1
    return f"{certificate.units} {unit_name}{'' if single else 's'} {'keeps' if single else 'keep'} {new}, {confidence}"
