"""Each refinement of the search finds a smaller set than the search without it, on a small network."""

from functools import cache

import jax
import numpy as np

from interp_jax.methods.core_units import _search, class_data, select
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._search import smallest_set
from interp_jax.methods.core_units._tails import accept
from interp_jax.methods.core_units.selection import _best_first
from tests.methods.core_units.planted import TRAINING, dense

UNITS = 12


@cache
def _problem(seed):
    network = dense(seed, units=UNITS)
    target = int(np.bincount(network[2]).argmax())
    return *accept(*network), class_data(network[2], target, key=jax.random.key(seed)), target


def _starts(seed):
    """Three random sets, and the empty one."""
    draw = np.random.default_rng(seed)
    return [draw.random(UNITS) < share for share in (0.9, 0.6, 0.4)] + [np.zeros(UNITS, bool)]


def _size(seed, starts, holding, swaps):
    # A new evaluator each time: what one remembers changes which rows the search looks at.
    evaluator = MaskEvaluator(*_problem(seed))
    mask = smallest_set(evaluator, starts, holding, rows=40, swaps=swaps)
    assert evaluator.rate(mask) >= holding - 1e-9
    return mask.sum()


def test_a_set_is_grown_on_a_sample_and_shrunk_in_view_of_all_rows_and_by_fewer_units_where_they_object():
    """5 units are left if the set grows on the rows nearest to changing in place of a random sample, 7 if wrong rows
    outside the compared ones do not count, 5 if a drop of many units that fails is not halved.
    """
    assert _size(0, _starts(0)[3:], 0.85, swaps=0) <= 4


def test_exchanged_units_stay_away_for_a_while():
    """10 units are left without exchanges, and 10 if a unit that was just removed may come back at once."""
    start = _starts(3)[:1]
    assert _size(3, start, 0.95, swaps=0) == 10
    assert _size(3, start, 0.95, swaps=10) <= 7
    # Where the last of those that were removed may come back, 8 are left.
    assert _size(3, _starts(3)[1:2], 0.85, swaps=10) <= 6


def test_exchanges_lead_to_no_set_twice():
    """6 units are left if they may come back to a set that they have left."""
    assert _size(3, _starts(3)[:1], 0.85, swaps=20) <= 5


def test_of_sets_of_one_size_that_with_the_higher_rate_is_best(monkeypatch):
    monkeypatch.setattr(_search, "_grown", lambda near, mask: mask)
    monkeypatch.setattr(_search, "_shrunk", lambda near, mask: mask)
    monkeypatch.setattr(_search, "_exchanged", lambda near, mask, swaps: None)
    evaluator = MaskEvaluator(*_problem(0))
    halves = [np.arange(UNITS) < UNITS // 2, np.arange(UNITS) >= UNITS // 2]
    low, high = sorted(halves, key=evaluator.rate)
    assert evaluator.rate(low) < evaluator.rate(high)
    for starts in ([low, high], [high, low]):
        np.testing.assert_array_equal(smallest_set(evaluator, starts, 0.0, rows=40, swaps=0), high)


def test_united_sets_shrink_to_fewer_units_than_each_set_alone():
    alone = min(_size(3, [start], 0.85, swaps=0) for start in _starts(3))
    assert _size(3, _starts(3), 0.85, swaps=0) < alone


def test_a_set_grown_from_no_units_is_smaller_than_those_shrunk_from_others():
    starts = _starts(3)
    assert _size(3, starts, 0.85, swaps=0) < _size(3, starts[:-1], 0.85, swaps=0)


def test_selections_start_from_no_units_too():
    """7 units are left without the set that is grown from none."""
    network = dense(22, units=UNITS)
    target = int(np.bincount(network[2]).argmax())
    options = {"key": jax.random.key(0), "holding": 0.85, "starts": 3, "swaps": 5}
    assert select(*network, target, **options, **TRAINING).units <= 5


def test_lanes_are_ordered_by_whether_they_reach_the_rate_then_by_size_then_by_rate():
    masks = np.arange(6)[None] < np.array([5, 2, 3, 3, 1, 4])[:, None]
    rates = np.array([1.0, 0.8, 0.96, 0.97, 0.6, 0.94])
    assert _best_first(masks, rates, 0.95).tolist() == [3, 2, 0, 5, 1, 4]
    assert _best_first(masks, rates, 1.1).tolist() == [0, 3, 2, 5, 1, 4]
