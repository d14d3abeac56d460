"""The figure of the n-grams that a unit's windows hold."""

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.receptive import Ngrams

OBSERVED, EXPECTED, ADJUSTED = np.array([9, 8, 3]), np.array([1.2, 2.5, 2.6]), np.array([1e-5, 0.01, 0.8])
TESTED = Ngrams((tuple(b"import"), tuple(b"\n\n"), (256, 7)), OBSERVED, EXPECTED, ADJUSTED / 3, ADJUSTED, 10, 9)


def test_observed_and_expected_groups_are_drawn_and_enriched_ngrams_are_filled(check_readable):
    figure = check_readable(figures.ngrams(TESTED))
    (axes,) = figure.axes
    chance, enriched, others = axes.lines
    np.testing.assert_allclose(chance.get_xdata(), EXPECTED)
    np.testing.assert_allclose(enriched.get_xdata(), [9, 8])
    np.testing.assert_allclose(others.get_xdata(), [3])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b'import'", "b'\\n\\n'", "(256, 7)"]


def test_only_the_first_ngrams_are_drawn_and_all_are_counted():
    figure = figures.ngrams(TESTED, count=1, level=0.001)
    assert len(figure.axes[0].get_yticklabels()) == 1
    assert "1 of 3 n-grams are enriched (p ≤ 0.001" in figure.get_suptitle()


def test_what_is_no_result_is_refused():
    with pytest.raises(ValueError, match="^ngrams: found 3, wanted Ngrams"):
        figures.ngrams(3)
    with pytest.raises(ValueError, match="^ngrams.observed: found shape"):
        figures.ngrams(Ngrams((), *[np.zeros(0)] * 4, 3, 3))
