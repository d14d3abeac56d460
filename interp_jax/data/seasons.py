"""Simulated monthly prices with planted seasons, for work offline and for checks with a known answer."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from interp_jax._checks import Count, Given, Key, as_count, as_key, check_choice
from interp_jax.data.prices import PriceSeries, month_name, month_number

FIRST_MONTH = "1970-01"
BASE = 100.0
GROWTH_MONTHS = 120
WANDER = (0.98, 0.08)  # memory from one month to the next, standard deviation
SHOCK_MEMORY = 0.65
MOST_ROWS = 12 * (10_000 - 1970)  # a year has four digits


class Season(NamedTuple):
    """The season planted in one item: when in the year its price peaks, by how much, and the noise around that.

    ``peaks``: calendar months, 1 = January; ``heights``: log-price rise at each; ``sharpness``: κ, larger is narrower;
    ``start``: price level of the first month; ``shock``: standard deviation of the monthly log-price shocks.
    """

    peaks: tuple[float, ...]
    heights: tuple[float, ...]
    sharpness: float
    start: float
    shock: float

    def profile(self) -> Float64[np.ndarray, " 12"]:
        """The planted log price of January … December, relative to the year's mean.

            s(m) = Σ_p h_p exp(κ (cos(2π(m − p)/12) − 1)) − its mean

        Host-level.

        Example:
            >>> int(SEASONS["taro"].profile().argmax()) + 1
            7
        """
        angles = 2 * np.pi * np.subtract.outer(self.peaks, np.arange(1, 13)) / 12
        bumps = np.asarray(self.heights) @ np.exp(self.sharpness * (np.cos(angles) - 1))
        return bumps - bumps.mean()


# Least-squares fits to the monthly means of the real series, 1970 to 2018, after a 12-month moving average.
SEASONS = {
    "taro": Season(peaks=(6.7,), heights=(0.67,), sharpness=2.3, start=19.0, shock=0.12),
    "radish": Season(peaks=(4.1, 8.6), heights=(0.50, 0.63), sharpness=1.7, start=35.0, shock=0.18),
    "carrot": Season(peaks=(5.0, 9.1), heights=(0.33, 0.34), sharpness=1.6, start=27.0, shock=0.14),
}


def seasonal_prices(
    key: Key, rows: Count = 577, items: Given[Sequence[str], "items"] = ("taro", "radish", "carrot")
) -> PriceSeries:
    """Monthly prices from 1970-01 whose seasons are known.

        log p(t) = log 100 + (log start − log 100) e^{−t/120} + s(month of t) + w(t) + e(t)

    with the planted season s, `Season.profile`, a slow wander w and monthly shocks e: first-order autoregressions of
    memory 0.98 and 0.65, standard deviations 0.08 and the item's ``shock``. All act on the logarithm, so prices stay
    positive and both season and noise grow with the level.

    Host-level. The real series differ in that their seasons fade by about a half over the decades and in that the
    items' shocks are correlated (by 0.2). An item's prices depend on the key and its name, not on the other items.

    Args:
        key: a JAX random key.
        rows: number of months, at most 96,360: those of years with four digits.
        items: names from `SEASONS`; ``SEASONS[item].profile()`` is the planted season. Taro peaks once, in early
            summer; radish twice, in spring and, higher, in late summer; carrot twice, alike and weaker.

    Returns:
        `PriceSeries`, prices rounded to one decimal as an index is published.

    Raises:
        ValueError: not a random key; rows that are not an integer in this range; no items, an unknown one or one named
            twice.

    Example:
        >>> import jax
        >>> series = seasonal_prices(jax.random.key(0))
        >>> series.values.shape, series.months[0], series.months[-1]
        ((577, 3), '1970-01', '2018-01')

    Source: qualities of the prices in Watanabe 2018, section 4.2 (a consumer price index).
    """
    key, rows = as_key(key), as_count("rows", rows, most=MOST_ROWS)
    if isinstance(items, str) or not hasattr(items, "__len__") or len(items) == 0:
        raise ValueError(f"items: found {items!r}, wanted a sequence of names out of {', '.join(SEASONS)}")
    items = tuple(items)
    for item in items:
        check_choice("items", item, SEASONS)
    if len(set(items)) < len(items):
        raise ValueError(f"items: found {items}, wanted different ones of {', '.join(SEASONS)}")
    numbers = month_number(FIRST_MONTH) + np.arange(rows)
    values = np.stack([_simulate(key, item, numbers) for item in items], axis=1)
    return PriceSeries(tuple(month_name(number) for number in numbers.tolist()), values, items)


def _simulate(key, item: str, numbers) -> Float64[np.ndarray, " rows"]:
    season = SEASONS[item]
    lane = jax.random.fold_in(key, list(SEASONS).index(item))
    slow, fast = np.asarray(jax.random.normal(lane, (2, len(numbers)), jnp.float32), np.float64)
    growth = np.log(season.start / BASE) * np.exp(-(numbers - numbers[0]) / GROWTH_MONTHS)
    wander = WANDER[1] * _autoregression(slow, WANDER[0])
    shocks = season.shock * _autoregression(fast, SHOCK_MEMORY)
    return np.round(BASE * np.exp(growth + season.profile()[numbers % 12] + wander + shocks), 1)


def _autoregression(draws, memory: float) -> Float64[np.ndarray, " rows"]:
    """xₜ = ρ xₜ₋₁ + √(1 − ρ²) zₜ with x₁ = z₁: unit variance throughout."""
    state, states = draws[0], [draws[0]]
    for draw in draws[1:]:
        state = memory * state + np.sqrt(1 - memory**2) * draw
        states.append(state)
    return np.array(states)
