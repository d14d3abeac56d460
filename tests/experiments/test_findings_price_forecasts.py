"""The sentences of the study of price forecasts, on both sides of what each depends on, from made-up results."""

import numpy as np
import pytest

from experiments.price_forecasts import choice, forecasts, trees
from experiments.price_forecasts.forecasts import CHOSEN, PAPER, PERMUTED


def _choice(validation, held_out):
    columns = ["levels", "logarithms"], [12, 24], [1, 2], [0.1, 0.2]
    return choice.Choice(*columns, np.array(validation), np.array(held_out), (5.0, 4.0), 4)


def test_settings_better_than_last_months_price_are_counted_whatever_was_chosen():
    words = choice.in_words(_choice([[2.0], [3.0]], [[6.0], [7.0]]))
    assert words.startswith("Chosen are levels, 12 hidden units, 1 passes and a penalty of 0.1, with")
    assert "validation: 2.00 points, last month's price 5.00. On the held-out half" in words
    assert "an error of 6.00, last month's price 4.00; 0 of 2 settings are better" in words
    assert words.endswith("there, the best with 6.00.")
    words = choice.in_words(_choice([[3.0], [2.0]], [[1.0], [3.0]]))
    assert words.startswith("Chosen are logarithms, 24 hidden units, 2 passes and a penalty of 0.2, with")
    assert "an error of 3.00, last month's price 4.00; 2 of 2 settings are better" in words
    assert words.endswith("there, the best with 1.00.")
    assert "1 of 2 settings are better" in choice.in_words(_choice([[3.0], [2.0]], [[4.0], [3.9]]))


def _forecasts(paper, chosen, ridge):
    networks = {PAPER: {"held out": paper}, CHOSEN: {"held out": chosen}, PERMUTED: {"held out": [14.0, 14.0]}}
    of_naive = {"last month": {"held out": 13.0}, "ridge regression": {"held out": ridge}}
    return forecasts.in_words(forecasts.Forecasts("x", (1, 1), of_naive, "levels", networks, {})).replace("\u00a0", " ")


def test_networks_are_compared_with_last_months_price_and_the_best_forecast_without_one_is_named():
    words = _forecasts([18.0, 13.0], [20.0, 22.0], 13.5)
    assert "last month's price 13.00, the paper's network 15.50 ± 3.54 (better in 0 of 2)" in words
    assert "within the training half 21.00 ± 1.41 (better in 0 of 2), the same" in words
    assert words.endswith(
        "The best forecast without a network, last month, errs by 13.00, less than the chosen network."
    )
    words = _forecasts([12.0, 12.0], [11.0, 13.5], 12.5)
    assert "the paper's network 12.00 ± 0.00 (better in 2 of 2)" in words
    assert "(better in 1 of 2), the same trained on permuted targets 14.00 ± 0.00." in words
    assert words.endswith("network, ridge regression, errs by 12.50, no less than the chosen network.")


@pytest.mark.parametrize("own", [(0.9, 0.5, 0.1), (0.1, 0.5, 0.9)])
def test_agreement_and_season_are_those_of_the_coarsest_clusters_of_each_kind(own):
    roles = {kind: np.array([[value, -1.0]]) for kind, value in zip(trees.KINDS, own, strict=True)}
    season = {kind: np.array([[value / 2, value / 2]]) for kind, value in zip(trees.KINDS, own, strict=True)}
    first, second, third = own
    words = trees.in_words(trees.Trees({}, (), 12, roles, {}, season))
    assert f"cosine of {first:.2f} (the paper's), {second:.2f} (chosen) and {third:.2f} (chosen settings, p" in words
    assert words.endswith(f"follows the season is {first / 2:.0%}, {second / 2:.0%} and {third / 2:.0%}.")
