"""How often each unit is selected on resampled rows or from other starts, and which units are core."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from interp_jax._checks import describe
from interp_jax.figures._arrays import as_array, check_range
from interp_jax.figures._style import GRAY, LIGHT, color, headline, legend_above, new_figure, percent, styled

_NAMED = 40  # up to this many units have their numbers below their bars
_SMALL = 9.0  # letters of these numbers, in points


@styled
def unit_frequencies(resampled: Any, *, unit_name: str = "unit") -> Figure:
    """A figure of the share of the selected sets that has each unit, most frequent first, with the core in a color.

    The dashed line is the share from which on a unit counts as core. A panel for each layer.

    Host-level.

    Args:
        resampled: the `Resampled` that `methods.core_units.resampled` returned.
        unit_name: what the units are.

    Raises:
        ValueError: not a `Resampled`, or one of masks of elements, which have positions.

    Example:
        >>> import jax
        >>> from interp_jax import methods
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> tail = lambda hidden: hidden @ jax.numpy.eye(6)[:, :3]
        >>> options = {"key": jax.random.key(1), "resamples": 2}
        >>> found = methods.core_units.resampled(tail, hidden, tail(hidden).argmax(1), 1, **options)
        >>> figure = unit_frequencies(found, unit_name="hidden unit")
    """
    wanted = ("frequency", "core", "never", "units", "core_share", "varied", "target")
    if not all(hasattr(resampled, name) for name in wanted):
        raise ValueError(f"resampled: found {describe(resampled)}, wanted a Resampled")
    given = resampled.frequency
    layers = {f"{layer}": each for layer, each in given.items()} if isinstance(given, Mapping) else {"": given}
    shares = {layer: as_array("resampled.frequency", each, "units") for layer, each in layers.items()}
    for each in shares.values():
        check_range("resampled.frequency", each)
    figure = new_figure(7.5, 1.4 + 2.8 * len(shares))
    kinds = {"core": color(0), "interchangeable": LIGHT}
    headline(figure, _title(resampled, shares, unit_name))
    body = figure.subfigures(squeeze=False)[0, 0]
    panels = body.subplots(len(shares), 1, squeeze=False)[:, 0]
    for axes, (layer, share) in zip(panels, shares.items(), strict=True):
        order = np.argsort(-share, kind="stable")
        core = share[order] >= resampled.core_share - 1e-9
        shades = [kinds["core" if yes else "interchangeable"] for yes in core]
        axes.bar(np.arange(len(share)), share[order], color=shades, edgecolor=GRAY, linewidth=0.6)
        axes.axhline(resampled.core_share, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.2, zorder=1.7)
        named = range(0, len(share), max(1, -(-len(share) // _NAMED)))
        axes.set_xticks(list(named), [f"{order[place]}" for place in named], fontsize=_SMALL)
        name = f"{unit_name} of {layer}" if layer else unit_name
        axes.set(xlim=(-0.7, len(share) - 0.3), ylim=(0, 1.02), xlabel=name, ylabel="share of the sets")
        axes.grid(False, axis="x")
        percent(axes.yaxis)
    legend_above(body, [Patch(facecolor=shade, edgecolor=GRAY) for shade in kinds.values()], list(kinds))
    return figure


def _title(resampled: Any, shares: Mapping[str, np.ndarray], unit_name: str) -> str:
    every = np.concatenate(list(shares.values()))
    core, never = int(np.sum(every >= resampled.core_share - 1e-9)), int(np.sum(every == 0))
    many = f"{len(resampled.units)} {'resamples of rows' if resampled.varied == 'rows' else 'starts'}"
    whose = "all classes" if resampled.target is None else f"class {resampled.target}"
    plural = "" if every.size == 1 else "s"
    return f"Of {every.size} {unit_name}{plural} {core} are core for {whose} and {never} in no set, of {many}"
