"""The figure of what a core keeps and what its removal leaves."""

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.core_units import Necessity

RATES = (1.0, 0.98, 0.75, 0.9, 0.8, 0.5)


def _fixed():
    held = np.array([[[100, 100], [98, 98], [100, 50]], [[90, 90], [60, 100], [0, 100]]])
    return Necessity(*RATES, held, np.array([100, 100]), True)


def test_rates_are_drawn_by_ablation_with_their_bounds_for_new_rows(check_readable):
    figure = check_readable(figures.necessity(_fixed(), confidence=0.9))
    (axes,) = figure.axes
    kept, removed = axes.lines
    np.testing.assert_allclose(kept.get_ydata(), RATES[:3])
    np.testing.assert_allclose(removed.get_ydata(), RATES[3:])
    ends = np.array([[segment[:, 1] for segment in lines.get_segments()] for lines in axes.collections])
    np.testing.assert_allclose(ends, _fixed().bounds(0.9))
    assert (ends[..., 0] <= np.reshape(RATES, (2, 3))).all()
    assert (ends[..., 1] >= np.reshape(RATES, (2, 3))).all()


def test_rates_of_the_searched_rows_have_no_bounds(check_readable):
    figure = check_readable(figures.necessity(Necessity(*RATES)))
    assert not figure.axes[0].collections


def test_what_is_no_necessity_of_one_core_is_refused():
    with pytest.raises(ValueError, match="^necessity: found 3, wanted a Necessity"):
        figures.necessity(3)
    with pytest.raises(ValueError, match="^necessity: found rates of shape"):
        figures.necessity(Necessity(*np.ones((6, 2))))
