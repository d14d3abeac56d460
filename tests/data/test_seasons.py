import jax
import numpy as np
import pytest

from interp_jax import data
from tests.real_data import REAL_DATA

PRICES = REAL_DATA / "food_cpi" / "taro_radish_carrot_1970-01_2018-01.csv"


def seasonal_profile(series):
    """Mean log price of January … December around the centered twelve-month mean: [12, items]."""
    logs = np.log(series.values)
    year = np.array([0.5, *[1] * 11, 0.5]) / 12
    trend = np.stack([np.convolve(item, year, "valid") for item in logs.T], axis=1)
    calendar = np.array([int(month[5:]) for month in series.months])[6:-6]
    return np.stack([(logs[6:-6] - trend)[calendar == month].mean(axis=0) for month in range(1, 13)])


def test_the_planted_seasons_are_found_again():
    series = data.seasonal_prices(jax.random.key(0))
    planted = np.stack([data.SEASONS[item].profile() for item in series.items], axis=1)
    np.testing.assert_allclose(planted.mean(axis=0), 0, atol=1e-12)
    found = seasonal_profile(series)
    # Some 47 years of noise: a month's mean is off by a few hundredths.
    np.testing.assert_allclose(found, planted, atol=0.08)
    np.testing.assert_array_equal(found[:, 0].argmax(), 6)
    assert found[:, 1].argmax() in (7, 8), "radish is dearest in August or September"


@pytest.mark.skipif(not PRICES.is_file(), reason="needs the consumer price index file")
def test_the_simulation_resembles_the_real_series():
    real = data.read_prices(PRICES)
    simulated = data.seasonal_prices(jax.random.key(1))
    assert simulated.months == real.months
    assert simulated.items == real.items
    for a, b in zip(seasonal_profile(simulated).T, seasonal_profile(real).T, strict=True):
        assert np.corrcoef(a, b)[0, 1] > 0.9
        assert 0.5 < np.ptp(a) / np.ptp(b) < 2
    for values in (simulated.values, real.values):
        assert (values > 0).all()
        assert (values[:24].mean(axis=0) < 50).all(), "it starts low"
        assert (abs(values[-60:].mean(axis=0) - 100) < 25).all(), "and ends around the base"
        early, late = (np.diff(part, axis=0).std(axis=0) for part in (values[:60], values[-60:]))
        assert (late > 0.8 * early).all(), "changes do not shrink as the level grows"


def test_noise_is_autocorrelated_and_grows_with_the_level():
    series = data.seasonal_prices(jax.random.key(0), rows=3000)
    planted = np.stack([data.SEASONS[item].profile() for item in series.items], axis=1)
    calendar = np.array([int(month[5:]) - 1 for month in series.months])
    # After ten time constants the growth is over and what is left is season, wander and shocks.
    rest = (np.log(series.values / 100) - planted[calendar])[1200:]
    for item, column in zip(series.items, rest.T, strict=True):
        expected = np.hypot(0.08, data.SEASONS[item].shock)
        assert abs(column.std() - expected) < 0.25 * expected
        assert 0.5 < np.corrcoef(column[1:], column[:-1])[0, 1] < 0.95
    between = np.corrcoef(rest.T)[np.triu_indices(3, 1)]
    assert (abs(between) < 0.4).all(), "items have noise of their own"


def test_prices_depend_on_the_key_and_the_items_name_alone():
    three, again = (data.seasonal_prices(jax.random.key(0), 50) for _ in range(2))
    np.testing.assert_array_equal(three.values, again.values)
    alone = data.seasonal_prices(jax.random.key(0), 50, ["carrot"])
    np.testing.assert_array_equal(alone.values[:, 0], three.values[:, 2])
    assert alone.items == ("carrot",)
    assert (data.seasonal_prices(jax.random.key(1), 50).values != three.values).mean() > 0.9
    assert data.seasonal_prices(jax.random.key(0), 1).months == ("1970-01",)


def test_windows_take_simulated_prices():
    windows = data.price_windows(data.seasonal_prices(jax.random.key(0)))
    assert windows.inputs.shape == (541, 108)


@pytest.mark.parametrize(
    ("rows", "items", "message"),
    [
        (0, ("taro",), "rows: found 0"),
        (2.5, ("taro",), "rows: found 2.5"),
        (96_361, ("taro",), "rows: found 96361, wanted a whole number from 1 to 96360"),
        (10, "taro", "items: found 'taro', wanted a sequence of names"),
        (10, None, "items: found None"),
        (10, ([],), r"items: found \[\], wanted one of"),
        (10, (), r"items: found \(\)"),
        (10, ("taro", "taro"), "items: found"),
        (10, ("leek",), "items: found 'leek', wanted one of 'taro', 'radish', 'carrot'"),
    ],
)
def test_bad_arguments_are_named(rows, items, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.seasonal_prices(jax.random.key(0), rows, items)


@pytest.mark.parametrize("key", [0, None, np.zeros(3)])
def test_what_is_no_key_is_named(key):
    with pytest.raises(ValueError, match="^key: found .*, wanted a JAX random key"):
        data.seasonal_prices(key, 3)


def test_both_sorts_of_key_simulate_the_same():
    old, new = (data.seasonal_prices(key(5), 20).values for key in (jax.random.PRNGKey, jax.random.key))
    np.testing.assert_array_equal(old, new)


def test_the_last_month_has_a_year_of_four_digits(monkeypatch):
    monkeypatch.setattr("interp_jax.data.seasons._simulate", lambda key, item, numbers: np.ones(len(numbers)))
    assert data.seasonal_prices(jax.random.key(0), 96_360, ("taro",)).months[-1] == "9999-12"
