from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.methods import core_units
from interp_jax.methods.core_units import gates as module
from tests import reference

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
# One shape, because each is compiled.
FOUR = st.lists(st.one_of(FINITE, st.floats(-1.5, 1.5, width=32, allow_subnormal=False)), min_size=4, max_size=4)

# Differences of scores near the least normal number are subnormal, 0 to compiled programs: those scores are 0 here.
SCORES = st.floats(-100, 100, width=32, allow_subnormal=False).map(lambda score: score if abs(score) > 1e-30 else 0.0)

_gate = jax.jit(core_units.gate)
_penalty = jax.jit(core_units.relaxation_penalty)
_straight_through = jax.jit(core_units.straight_through)
_hard_concrete = jax.jit(core_units.hard_concrete)
_open_probability = jax.jit(core_units.open_probability)


@given(FOUR)
@settings(max_examples=40, deadline=None)
def test_gates_and_penalty_are_the_papers_formulas(values):
    x = np.array(values, np.float32)
    np.testing.assert_allclose(_gate(x), [reference.switch_gate(value, 10) for value in x], atol=2e-6)
    b = np.array(_gate(x))
    np.testing.assert_allclose(_penalty(b), [reference.relaxation_penalty(value) for value in b], atol=2e-6)
    for found in (_gate(x), _penalty(x), _hard_concrete(x), _open_probability(x)):
        assert np.isfinite(found).all()
        assert np.all((np.asarray(found) >= 0) & (np.asarray(found) <= 1))


def test_the_penalty_is_greatest_half_open_and_not_zero_at_the_ends():
    found = np.asarray(core_units.relaxation_penalty(np.linspace(0, 1, 5)))
    assert found.argmax() == 2
    np.testing.assert_allclose(found[[0, 2, 4]], [0.0759, 0.5, 0.0759], atol=1e-4)


def test_gradients_are_finite_however_far_a_gate_is_open():
    x = jnp.array([-1e30, -3.0, 0.0, 3.0, 1e30])
    for function in (core_units.gate, core_units.hard_concrete, core_units.open_probability):
        assert np.isfinite(jax.vmap(jax.grad(function))(x)).all()


@given(st.lists(st.floats(0, 1, width=32, allow_subnormal=False), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_rounded_gates_are_exactly_0_and_1(values):
    b = np.array(values, np.float32)
    np.testing.assert_array_equal(_straight_through(b), (b >= 0.5).astype(np.float32))
    np.testing.assert_array_equal(jax.vmap(jax.grad(core_units.straight_through))(b), np.ones(4))


def test_drawn_gates_are_open_as_often_as_their_probability():
    log_odds = jnp.array([-4.0, -1.0, 0.0, 2.0])
    uniform = jax.random.uniform(jax.random.key(0), (20_000, 4), minval=1e-6, maxval=1 - 1e-6)
    drawn = np.asarray(jax.jit(jax.vmap(core_units.hard_concrete, in_axes=(None, 0)))(log_odds, uniform))
    np.testing.assert_allclose((drawn > 0).mean(axis=0), core_units.open_probability(log_odds), atol=0.012)
    assert np.all(np.any(drawn == 0, axis=0) & np.any(drawn == 1, axis=0))
    # Draws of exactly 0 and 1 are no accident to be feared.
    np.testing.assert_array_equal(core_units.hard_concrete(log_odds, jnp.array([0.0, 1.0, 0.0, 1.0])), [0, 1, 0, 1])


@given(
    st.lists(st.lists(SCORES, min_size=3, max_size=3), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.integers(0, 2),
    st.floats(0.125, 8, width=32),
)
@settings(max_examples=30, deadline=None)
def test_the_objective_is_the_papers_formula(scores, decisions, target, weight):
    scores, decisions = np.array(scores, np.float32), np.array(decisions, np.float32)
    gates = np.array([0.1, 0.6, 0.99, 0.5], np.float32)
    found = _objective(scores, decisions, target, weight, gates)
    wanted = reference.gate_objective(scores, decisions, target, weight, gates, 0.02, 0.3)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


@jax.jit
def _objective(scores, decisions, target, weight, gates):
    decided = core_units.center_score(scores, target, weight)
    return core_units.objective(decided, decisions, gates, alpha=0.02, penalty=0.3)


STEPS = jnp.arange(400)


def _minibatches(monkeypatch, counts):
    """The rows [steps, 5] that gates are trained on, of positives 0, 1, 2, … and negatives 100, 101, …."""
    monkeypatch.setattr(module, "descend", lambda network, draw, *others, **options: jax.jit(jax.vmap(draw))(STEPS))
    rows, classes, counts = jnp.arange(8), jnp.zeros(200, jnp.int32), jnp.array(counts)
    recipe = module.make_recipe("hard_concrete", 0.0, len(STEPS), 5, optax.sgd(0.0))
    drawn = unwrap(module.train_gates)(
        None, lambda rows: rows, classes, rows, 100 + rows, counts, 0, None, None, jax.random.key(0), recipe
    )
    np.testing.assert_array_equal(drawn.decisions, drawn.prepared < 100)
    return np.asarray(drawn.prepared)


def test_minibatches_are_new_rows_in_each_step_of_which_more_than_half_are_positives(monkeypatch):
    rows = _minibatches(monkeypatch, [4, 3])
    assert np.all((rows < 100).sum(axis=1) == 3)
    found, times = np.unique(rows, return_counts=True)
    assert found.tolist() == [0, 1, 2, 3, 100, 101, 102]
    np.testing.assert_allclose(times / len(STEPS), [3 / 4] * 4 + [2 / 3] * 3, rtol=0.15)
    assert len(np.unique(rows, axis=0)) > len(STEPS) / 2


def test_minibatches_are_positives_alone_where_there_are_no_negatives(monkeypatch):
    assert np.unique(_minibatches(monkeypatch, [4, 0])).tolist() == [0, 1, 2, 3]


class _SumOfGates:
    """Scores of three units: the further they are open, the further is class 0 behind."""

    units = 3

    def scores(self, prepared, gates):
        return jnp.stack([-jnp.sum(gates), jnp.zeros(()), jnp.ones(())])[None]


def _descended(rate, has_negatives):
    recipe = module.make_recipe("hard_concrete", 0.0, 20, 1, optax.sgd(rate))
    batch, keys = module.Minibatch(None, 0, jnp.ones(1)), jax.random.split(jax.random.key(0), 2)
    return module.descend(_SumOfGates(), lambda _: batch, jnp.zeros(2), keys, recipe, has_negatives=has_negatives)


def test_each_step_draws_gates_anew():
    trace = np.asarray(jax.jit(lambda: _descended(0.0, True).trace)())
    assert [len(np.unique(lane)) for lane in trace.T] == [20, 20]


def test_the_weight_is_trained_with_negatives_alone():
    weight = jax.jit(lambda has_negatives: _descended(0.1, has_negatives).weight)
    np.testing.assert_allclose(weight(False), 2, rtol=1e-6)
    assert np.all(np.asarray(weight(True)) < 1.99)


def test_gates_beyond_0_and_1_are_rounded_exactly_and_whole_numbers_are_taken():
    np.testing.assert_array_equal(core_units.straight_through(np.array([1e30, -1e30, 0.5, 0.25])), [1, 0, 1, 0])
    np.testing.assert_allclose(core_units.gate(np.array([-1, 0, 1], np.int8)), core_units.gate(np.array([-1.0, 0, 1])))
    assert core_units.relaxation_penalty(np.full(2, 0.5, np.float16)).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: core_units.gate(np.ones(2), float("nan")), "sharpness: found nan"),
        (lambda: core_units.gate(np.ones(2), 0.0), "sharpness: found 0.0, wanted a finite number, above 0"),
        (lambda: core_units.gate(np.ones(2) * 1j), "x: found complex128"),
        (lambda: core_units.hard_concrete(np.ones(3), np.ones(2)), r"uniform: found shape \[2\], wanted \[3\]"),
        (
            lambda: core_units.objective(np.ones(2), np.ones(2), np.ones(1), alpha=-1.0, penalty=0.0),
            "alpha: found -1.0, wanted a finite number, at least 0",
        ),
        (
            lambda: core_units.objective(np.ones(2), np.ones(2), np.ones(1), alpha=0.0, penalty=float("inf")),
            "penalty: found inf",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


def test_an_objective_without_rows_is_refused():
    with pytest.raises(ValueError, match="^center_scores: found shape"):
        core_units.objective(jnp.ones(0), jnp.ones(0), jnp.ones(2), alpha=0.1, penalty=0.1)
    with pytest.raises(ValueError, match="^decisions: found shape"):
        core_units.objective(jnp.ones(2), jnp.ones(3), jnp.ones(2), alpha=0.1, penalty=0.1)
