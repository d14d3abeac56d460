"""The study with small settings, its forecasts without a network, and what it chooses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from experiments.price_forecasts import choice, forecasts
from experiments.price_forecasts import study as study_main
from experiments.price_forecasts.forecasts import CHOSEN, PAPER, PERMUTED
from experiments.price_forecasts.forms import FORMS, error, folds, in_form, naive, ridge
from interp_jax import data
from tests.experiments.small import PRICE_FORECASTS

WINDOWS = data.price_windows(data.seasonal_prices(jax.random.key(0), rows=96), 14)
TRAINING = np.arange(40)


@pytest.mark.slow
def test_a_network_of_differences_is_chosen_and_beats_last_months_price(run):
    """Simulated prices return to a season, so that last month's price can be beaten; levels drift."""
    report, metrics = run(study_main, PRICE_FORECASTS)
    assert {path.stem for path in report.parent.glob("sections/*")} == set(study_main.SECTIONS)
    chosen = metrics["choice"]["settings"][metrics["choice"]["chosen"]]
    assert chosen["form"] != "levels"
    last = metrics["forecasts"]["naive"]["last month"]["held out"]
    assert max(metrics["forecasts"]["networks"][CHOSEN]["held out"]) < last
    assert min(metrics["forecasts"]["networks"][PERMUTED]["held out"]) > last * 0.9
    assert set(metrics["trees"]["roles"]) == {PAPER, CHOSEN, PERMUTED}


@pytest.mark.parametrize("form", FORMS)
def test_outputs_stand_for_the_prices_that_their_targets_were(form):
    rows = in_form(WINDOWS, TRAINING, form)
    every = np.arange(len(WINDOWS.inputs))
    np.testing.assert_allclose(rows.prices(rows.targets, every), WINDOWS.targets, rtol=1e-4)
    several = np.stack([rows.targets, rows.targets])[:, 5:9]
    np.testing.assert_allclose(rows.prices(several, every[5:9]), [WINDOWS.targets[5:9]] * 2, rtol=1e-4)
    inside = rows.targets[TRAINING]
    np.testing.assert_allclose([inside.min(), inside.max()], [0.01, 0.99], atol=1e-6)
    assert np.abs(rows.inputs[TRAINING]).max() <= 1 + 1e-6


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_the_rows_to_forecast_is_in_the_scaling(form):
    later = WINDOWS._replace(
        inputs=np.where(np.arange(len(WINDOWS.inputs))[:, None] < 40, WINDOWS.inputs, 7 * WINDOWS.inputs),
        targets=np.where(np.arange(len(WINDOWS.inputs))[:, None] < 40, WINDOWS.targets, 9 * WINDOWS.targets),
    )
    before, after = (in_form(each, TRAINING, form) for each in (WINDOWS, later))
    np.testing.assert_array_equal(before.inputs[:40], after.inputs[:40])
    np.testing.assert_array_equal(before.targets[:40], after.targets[:40])


def test_folds_forecast_the_end_of_the_training_rows_from_what_is_before():
    parts = folds(270, 4)
    assert [len(train) for train, _ in parts] == [150] * 4
    np.testing.assert_array_equal(np.concatenate([test for _, test in parts]), np.arange(150, 270))
    assert all(train[-1] + 1 == test[0] for train, test in parts)
    with pytest.raises(ValueError, match="folds: found 10 for 20 training rows"):
        folds(20, 10)


def test_naive_forecasts_are_prices_of_earlier_months():
    found, series = naive(WINDOWS), data.seasonal_prices(jax.random.key(0), rows=96).values
    np.testing.assert_allclose(found["last month"], series[13:-1], rtol=1e-6)
    np.testing.assert_allclose(found["the same month of last year"], series[2:-12], rtol=1e-6)
    changed = series[13:-1] + series[2:-12] - series[1:-13]
    np.testing.assert_allclose(found["last month, changed as a year before"], changed, rtol=1e-4)
    short = data.price_windows(data.seasonal_prices(jax.random.key(0), rows=30), 12)
    assert list(naive(short)) == ["last month"]


def test_ridge_regression_is_scikit_learns():
    rows = in_form(WINDOWS, TRAINING, "levels")
    wanted = Ridge(alpha=3.0).fit(rows.inputs[TRAINING].astype(float), rows.targets[TRAINING]).predict(rows.inputs)
    np.testing.assert_allclose(ridge(rows, TRAINING, 3.0), wanted, rtol=1e-4, atol=1e-5)


def test_errors_of_settings_are_those_of_networks_trained_one_by_one():
    keys = jnp.stack([jax.random.split(jax.random.key(number)) for number in range(2)])
    parts = [(np.arange(20), np.arange(20, 25)), (np.arange(5, 25), np.arange(25, 30))]
    found = choice.trained(WINDOWS, parts, "differences", 12, 1, (2e-5, 1e-3), keys)
    assert found.shape == (2, 2)
    alone = choice.trained(WINDOWS, parts[1:], "differences", 12, 1, (1e-3,), keys[1:])
    first = choice.trained(WINDOWS, parts[:1], "differences", 12, 1, (1e-3,), keys[1:])
    np.testing.assert_allclose(found[1, 1], np.sqrt((alone[0, 0] ** 2 + first[0, 0] ** 2) / 2), rtol=1e-3)


def _choice(validation, held_out):
    columns = ["levels", "differences"], [12, 12], [1, 2], [0.1, 0.2]
    return choice.Choice(*columns, np.array(validation), np.array(held_out), (5.0, 4.0), 4)


def test_the_choice_rests_on_validation_alone_and_the_outcomes_not_chosen_are_in_words():
    result = _choice([[3.0, 3.0], [2.0, 2.0]], [[1.0, 1.0], [9.0, 9.0]])
    assert result.best() == 1
    words = choice.in_words(result)
    assert words.startswith("Chosen are differences, 12 hidden units, 2 passes and a penalty of 0.2")
    assert "1 of 2 settings are better than last month's price there, the best with 1.00" in words


def test_the_finding_counts_the_networks_that_beat_last_months_price():
    networks = {PAPER: {"held out": [18.0, 12.0]}, CHOSEN: {"held out": [12.0, 12.5]}}
    networks[forecasts.PERMUTED] = {"held out": [13.5, 13.5]}
    of_naive = {"last month": {"held out": 13.0}, "ridge regression": {"held out": 12.4}}
    result = forecasts.Forecasts("x", (1, 1), of_naive, "levels", networks, {})
    words = forecasts.in_words(result)
    assert "(better in 1 of 2)" in words
    assert "(better in 2 of 2), the same trained on permuted targets 13.50 ± 0.00." in words.replace("\u00a0", " ")
    assert words.endswith(
        "The best forecast without a network, ridge regression, errs by 12.40, no less than the chosen network."
    )
    assert error(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == pytest.approx(2**0.5)
