"""N-grams that a unit's windows hold: in how many held-out groups, beside what windows placed at random would hold."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from interp_jax._checks import as_count, check_number, describe
from interp_jax.figures._arrays import as_array
from interp_jax.figures._labels import shortened
from interp_jax.figures._style import GRAY, color, headline, legend_above, new_figure, styled

_LETTERS = 24  # of an n-gram


@styled
def ngrams(ngrams: Any, *, count: int = 12, level: float = 0.05, unit_name: str = "the unit") -> Figure:
    """A figure of the n-grams in a unit's windows: held-out groups observed, and expected of windows at random.

    Filled dots are n-grams whose adjusted p-value is at most the level; the smallest p-value stands on top.

    Host-level.

    Args:
        ngrams: the `Ngrams` that `methods.receptive.ngrams` returned.
        count: the most n-grams shown.
        level: of the adjusted p-values, above 0 and below 1.
        unit_name: whose windows they are.

    Raises:
        ValueError: not `Ngrams`, none of them, or a level out of range.

    Example:
        >>> from interp_jax import methods
        >>> p_value = np.array([1e-6, 0.4])
        >>> tested = methods.receptive.Ngrams(
        ...     (tuple(b"import"), tuple(b"if")), np.array([9, 3]), np.array([1.2, 2.5]), p_value, 2 * p_value, 10, 10
        ... )
        >>> figure = ngrams(tested)
    """
    count = as_count("count", count)
    check_number("level", level, above=0, below=1)
    if not all(hasattr(ngrams, field) for field in ("observed", "expected", "adjusted", "groups", "texts")):
        raise ValueError(f"ngrams: found {describe(ngrams)}, wanted Ngrams, as methods.receptive.ngrams returns")
    fields = ("observed", "expected", "adjusted")
    observed, expected, adjusted = (as_array(f"ngrams.{name}", getattr(ngrams, name), "ngrams") for name in fields)
    names = [shortened(text, _LETTERS) for text in ngrams.texts()[:count]]
    observed, expected, passed = observed[:count], expected[:count], adjusted[:count] <= level
    places = -np.arange(len(names))
    figure = new_figure(7.0, 1.5 + 0.28 * len(names))
    total = f"{np.sum(adjusted <= level)} of {len(adjusted)} n-grams are enriched (p ≤ {level:g} by Holm's method)"
    headline(figure, f"{total}\nin the windows of {shortened(str(unit_name), 2 * _LETTERS)}")
    body = figure.subfigures(squeeze=False)[0, 0]
    axes = body.subplots()
    axes.hlines(places, expected, observed, color=GRAY, linewidth=1.2, zorder=1)
    (chance,) = axes.plot(expected, places, "|", color=GRAY, markersize=11, markeredgewidth=2)
    handles = []
    for rows, fill in ((passed, color(0)), (~passed, "none")):
        handles += axes.plot(observed[rows], places[rows], "o", color=color(0), markerfacecolor=fill, markersize=7)
    axes.set_yticks(places, names, family="monospace")
    axes.set(xlabel=f"held-out groups with the n-gram, of {ngrams.groups}", xlim=(-0.02 * ngrams.groups, None))
    axes.set_ylim(places[-1] - 0.7, 0.7)
    shown = [(chance, "windows at random"), (handles[0], "observed, enriched"), (handles[1], "observed, not enriched")]
    drawn = [True, passed.any(), not passed.all()]
    used = [pair for pair, there in zip(shown, drawn, strict=True) if there]
    legend_above(body, [handle for handle, _ in used], [name for _, name in used])
    return figure
