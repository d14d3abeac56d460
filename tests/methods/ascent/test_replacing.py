import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import ascent
from interp_jax.methods.ascent.replacing import SEARCHES

LENGTH, VOCABULARY, WIDTH, CLASSES, LANES = 4, 5, 3, 3, 4
TABLE = jax.random.normal(jax.random.key(0), (VOCABULARY, WIDTH))
WEIGHTS = jax.random.normal(jax.random.key(1), (LENGTH, WIDTH, 8)), jax.random.normal(jax.random.key(2), (8, CLASSES))
START = np.random.default_rng(0).integers(0, VOCABULARY, (LANES, LENGTH))
UNITS = np.arange(LANES) % CLASSES
KEY = jax.random.key(3)


def _scores(weights, embedded):
    hidden = jnp.tanh(jnp.einsum("rlw,lwh->rh", embedded, weights[0], precision="highest"))
    return jnp.matmul(hidden, weights[1], precision="highest")


NETWORK = jax.tree_util.Partial(_scores, WEIGHTS)
FREE = {"objective": "logit", "threshold": float("inf")}


def _values(rows, unit):
    return np.asarray(NETWORK(TABLE[np.asarray(rows)]))[:, unit]


def _greedy(start, unit, steps, changes=LENGTH, allowed=None):
    """The greedy search by loops; tokens, trace, evaluations."""
    current, value, evaluations = list(start), _values([start], unit)[0], 1
    trace = [value]
    for _ in range(steps):
        rows = []
        for place, token in itertools.product(range(LENGTH), range(VOCABULARY)):
            other = [*current[:place], token, *current[place + 1 :]]
            differs = sum(a != b for a, b in zip(other, start, strict=True))
            if token == current[place] or (allowed is not None and not allowed[place]):
                continue
            if differs <= changes:
                rows.append(other)
        if not rows:
            break
        values = _values(rows, unit)
        evaluations += len(rows)
        if values.max() <= value:
            break
        current, value = rows[int(np.argmax(values))], values.max()
        trace.append(value)
    return current, trace, evaluations


def test_the_greedy_search_is_that_of_loops():
    allowed = np.array([True, True, False, True])
    for changes, places in ((LENGTH, None), (2, allowed)):
        found = ascent.tokens(
            NETWORK, START, UNITS, embed=TABLE, search="greedy", changes=changes, allowed=places, steps=9, **FREE
        )
        for lane, unit in enumerate(UNITS):
            row, trace, evaluations = _greedy(START[lane], unit, 9, changes, places)
            assert found.tokens[lane].tolist() == row
            np.testing.assert_allclose(found.trace[lane, : len(trace)], trace, rtol=1e-5)
            np.testing.assert_allclose(found.trace[lane, len(trace) :], trace[-1], rtol=1e-5)
            assert int(found.evaluations[lane]) == evaluations
        assert found.stalled.all()
        assert (found.changes <= changes).all()


@pytest.mark.parametrize("search", SEARCHES)
def test_a_lane_that_stalls_has_no_better_sequence_one_replacement_away(search):
    found = ascent.tokens(NETWORK, START, UNITS, embed=TABLE, search=search, candidates=3, steps=60, key=KEY, **FREE)
    assert found.stalled.all()
    every = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
    for lane, unit in enumerate(UNITS):
        values, here = _values(every, unit), float(found.objective[lane])
        one_apart = np.sum(every != np.asarray(found.tokens[lane]), axis=1) == 1
        assert values[one_apart].max() <= here + 1e-6
        np.testing.assert_allclose(_values(found.tokens[lane][None], unit)[0], here, rtol=1e-5)
        assert here <= values.max() + 1e-5


@pytest.mark.parametrize("search", SEARCHES)
def test_the_objective_never_falls(search):
    found = ascent.tokens(NETWORK, START, UNITS, embed=TABLE, search=search, candidates=2, steps=12, key=KEY, **FREE)
    assert (np.diff(found.trace, axis=1) >= 0).all()
    np.testing.assert_array_equal(found.trace[:, -1], found.objective)
    first = [_values(row[None], unit)[0] for row, unit in zip(START, UNITS, strict=True)]
    np.testing.assert_allclose(found.trace[:, 0], first, rtol=1e-5)
    most = LENGTH * (VOCABULARY - 1) if search == "greedy" else 2
    assert (found.evaluations <= 1 + most * found.steps).all()


def test_of_a_linear_network_one_candidate_of_first_order_finds_what_an_exhaustive_search_finds():
    def linear(embedded):
        return jnp.einsum("rlw,lwh->rh", embedded, WEIGHTS[0][..., :CLASSES], precision="highest")

    one = ascent.tokens(linear, START, UNITS, embed=TABLE, candidates=1, steps=30, **FREE)
    greedy = ascent.tokens(linear, START, UNITS, embed=TABLE, search="greedy", steps=30, **FREE)
    np.testing.assert_array_equal(one.tokens, greedy.tokens)
    np.testing.assert_allclose(one.trace[:, :5], greedy.trace[:, :5], rtol=1e-5)
    every = np.array(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
    best = np.asarray(linear(TABLE[every])).max(axis=0)
    np.testing.assert_allclose(one.objective, best[UNITS], rtol=1e-5)


def test_first_order_gains_more_than_random_replacement_at_equal_evaluations():
    table = jax.random.normal(jax.random.key(4), (50, 6))
    weights = jax.random.normal(jax.random.key(5), (20, 6, 8)), WEIGHTS[1]
    start = np.random.default_rng(1).integers(0, 50, (12, 20))
    options = {"embed": table, "candidates": 8, "steps": 10, "key": KEY} | FREE
    network = jax.tree_util.Partial(_scores, weights)
    first, random = (ascent.tokens(network, start, 1, search=name, **options) for name in ("first_order", "random"))
    assert (random.evaluations == 1 + 80).all()
    assert (first.evaluations <= random.evaluations).all()
    assert (first.objective > random.objective).mean() > 0.8


def test_an_embedding_may_be_a_function_and_a_network_may_take_tokens():
    table = ascent.tokens(NETWORK, START, UNITS, embed=TABLE, candidates=3, steps=5, **FREE)
    called = ascent.tokens(
        NETWORK, START, UNITS, embed=lambda x: TABLE[x], vocabulary=np.arange(VOCABULARY), candidates=3, steps=5, **FREE
    )
    np.testing.assert_array_equal(table.tokens, called.tokens)
    whole = ascent.tokens(
        lambda x: NETWORK(TABLE[x]), START, UNITS, vocabulary=np.arange(VOCABULARY), search="greedy", steps=5, **FREE
    )
    greedy = ascent.tokens(NETWORK, START, UNITS, embed=TABLE, search="greedy", steps=5, **FREE)
    np.testing.assert_array_equal(whole.tokens, greedy.tokens)


def test_only_the_vocabulary_is_put_in_and_only_where_allowed():
    allowed = np.arange(LANES * LENGTH).reshape(LANES, LENGTH) % 3 > 0
    found = ascent.tokens(
        NETWORK, START, UNITS, embed=TABLE, vocabulary=[1, 3], allowed=allowed, steps=20, candidates=5, **FREE
    )
    changed = np.asarray(found.tokens) != START
    assert changed.any()
    assert not (changed & ~allowed).any()
    assert set(np.asarray(found.tokens)[changed].tolist()) <= {1, 3}
    np.testing.assert_array_equal(found.changes, changed.sum(axis=1))


def test_lanes_do_not_depend_on_batches_or_on_others_and_another_network_does_not_compile(assert_compiles):
    options = {"embed": TABLE, "candidates": 3, "steps": 6, "key": KEY, "search": "random"}
    whole = ascent.tokens(NETWORK, START, UNITS, **options)
    batched = ascent.tokens(NETWORK, START, UNITS, batch_size=5, **options)
    first = ascent.tokens(NETWORK, START[:2], UNITS[:2], **options)
    for a, b, c in zip(whole, batched, first, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        np.testing.assert_allclose(np.asarray(a)[:2], c, atol=1e-5)
    other = jax.tree_util.Partial(_scores, jax.tree.map(lambda leaf: leaf[::-1], WEIGHTS))
    start = START[::-1].copy()
    with assert_compiles(0):
        ascent.tokens(other, start, UNITS, changes=2, threshold=0.9, **options)


def test_a_lane_that_has_passed_stays_and_its_evaluations_stop():
    found = ascent.tokens(NETWORK, START, UNITS, embed=TABLE, threshold=0.0, steps=5)
    assert found.converged.all()
    np.testing.assert_array_equal(found.tokens, START)
    np.testing.assert_array_equal(found.evaluations, 1)
    np.testing.assert_array_equal(found.steps, 0)


def test_lanes_are_traceable():
    options = {"embed": TABLE, "candidates": 3, "steps": 4}
    eager = ascent.tokens(NETWORK, START, UNITS, **options)
    for found in (
        jax.jit(lambda start: ascent.tokens(NETWORK, start, UNITS, **options))(START),
        jax.tree.map(
            lambda leaf: leaf[0], jax.vmap(lambda start: ascent.tokens(NETWORK, start, UNITS, **options))(START[None])
        ),
    ):
        for a, b in zip(eager, found, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_nan_is_no_gain():
    def network(embedded):
        scores = NETWORK(embedded)
        return jnp.where(embedded[:, :1, 0] == TABLE[2, 0], jnp.nan, scores)

    start = np.zeros((1, LENGTH), int)
    found = ascent.tokens(network, start, 0, embed=TABLE, search="greedy", steps=8, objective="value", threshold=99.0)
    assert int(found.tokens[0, 0]) != 2
    assert np.isfinite(found.objective).all()


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="start: found tokens 0 to 9, wanted 0 to 4"):
        ascent.tokens(NETWORK, np.array([[0, 9, 1, 1]]), 0, embed=TABLE)
    with pytest.raises(ValueError, match="start: found float32"):
        ascent.tokens(NETWORK, np.ones((2, 4), np.float32), 0, embed=TABLE)
    with pytest.raises(ValueError, match="embed: found None"):
        ascent.tokens(NETWORK, START, 0)
    with pytest.raises(ValueError, match="vocabulary: found None"):
        ascent.tokens(NETWORK, START, 0, embed=lambda x: TABLE[x])
    with pytest.raises(ValueError, match="vocabulary: found 0 to 9"):
        ascent.tokens(NETWORK, START, 0, embed=TABLE, vocabulary=[0, 9])
    with pytest.raises(ValueError, match="key: found None"):
        ascent.tokens(NETWORK, START, 0, embed=TABLE, search="random")
    with pytest.raises(ValueError, match="search: found 'best'"):
        ascent.tokens(NETWORK, START, 0, embed=TABLE, search="best")
    with pytest.raises(ValueError, match="allowed: found shape"):
        ascent.tokens(NETWORK, START, 0, embed=TABLE, allowed=np.ones(3, bool))
    with pytest.raises(ValueError, match="units: found 3"):
        ascent.tokens(NETWORK, START, 3, embed=TABLE)
