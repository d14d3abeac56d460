"""The search for other answers nearby, against itself in NumPy and on networks whose boundaries are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods.sensitivity import critical_rows

KEY = jax.random.key(3)
DRAW = np.random.default_rng(1)
SLOPES, OFFSETS = DRAW.normal(size=(4, 3)), DRAW.normal(size=3)
INPUTS = DRAW.normal(size=(40, 4)).astype(np.float32)


def _network(x):
    return jnp.sin(x @ jnp.asarray(SLOPES, jnp.float32)) + jnp.asarray(OFFSETS, jnp.float32)[None]


def _scores(v):
    return np.sin(v @ SLOPES) + OFFSETS


def _slow(row, number, radius, steps, rate, noise):
    """The search of one row in float64."""
    x = row.astype(np.float64)
    answer, v, key = int(np.argmax(_scores(x))), x, jax.random.fold_in(KEY, number)
    for step in range(1, steps + 1):
        scores = _scores(v)
        other = int(np.argmax(np.where(np.arange(3) == answer, -np.inf, scores)))
        slopes = np.cos(v @ SLOPES) * SLOPES
        draw = np.asarray(jax.random.normal(jax.random.fold_in(key, step), x.shape), np.float64)
        v = v + radius * (noise * draw - rate * np.sign(slopes[:, answer] - slopes[:, other]))
        v = np.clip(v, x - radius, x + radius)
        if np.argmax(_scores(v)) != answer:
            return True, v, step
    return False, x, 0


@pytest.mark.parametrize(("radius", "noise"), [(0.1, 0.2), (0.3, 0.0), (1.0, 0.5)])
def test_each_row_is_searched_as_in_numpy(radius, noise):
    found = critical_rows(_network, INPUTS, radius=radius, key=KEY, steps=5, noise=noise, batch_size=7)
    slow = [_slow(row, number, radius, 5, 0.25, noise) for number, row in enumerate(INPUTS)]
    critical, inputs, steps = (np.array(each) for each in zip(*slow, strict=True))
    assert 0 < critical.sum() < len(critical)
    np.testing.assert_array_equal(found.critical, critical)
    np.testing.assert_array_equal(found.steps, steps)
    np.testing.assert_allclose(found.inputs, inputs, atol=1e-5)


def test_what_is_found_lies_in_the_box_and_has_another_answer():
    found = critical_rows(_network, INPUTS, radius=0.3, key=KEY)
    assert np.abs(found.inputs - INPUTS).max() <= 0.3 + 1e-6
    changed = np.asarray(_network(found.inputs)).argmax(axis=1) != np.asarray(_network(INPUTS)).argmax(axis=1)
    np.testing.assert_array_equal(changed, found.critical)
    np.testing.assert_array_equal(np.asarray(found.inputs)[~changed], INPUTS[~changed])


def test_exactly_the_rows_within_the_radius_of_a_plane_are_critical():
    rows = np.linspace(-1, 1, 41, dtype=np.float32)[:, None] + np.float32(0.01)
    found = critical_rows(lambda x: jnp.concatenate([x, -x], 1), rows, radius=0.25, key=KEY, noise=0.0)
    np.testing.assert_array_equal(found.critical, np.abs(rows[:, 0]) < 0.25)


def test_a_row_depends_on_its_number_and_not_on_the_batch():
    whole = critical_rows(_network, INPUTS, radius=0.3, key=KEY, batch_size=512)
    parts = critical_rows(_network, INPUTS[:11], radius=0.3, key=KEY, batch_size=1)
    np.testing.assert_array_equal(whole.critical[:11], parts.critical)
    np.testing.assert_array_equal(whole.steps[:11], parts.steps)


def test_jit_gives_the_same_and_another_radius_compiles_nothing(assert_compiles):
    eager = critical_rows(_network, INPUTS, radius=0.3, key=KEY)
    with assert_compiles(0):
        critical_rows(_network, INPUTS, radius=0.2, key=KEY, noise=0.1)
    traced = jax.jit(lambda x, radius: critical_rows(_network, x, radius=radius, key=KEY))(INPUTS, 0.3)
    np.testing.assert_array_equal(traced.steps, eager.steps)


def test_a_row_with_nan_is_not_critical_and_spoils_no_other():
    inputs = jnp.asarray(INPUTS).at[3, 1].set(jnp.nan)
    found, whole = (critical_rows(_network, each, radius=0.3, key=KEY) for each in (inputs, INPUTS))
    assert not found.critical[3]
    np.testing.assert_array_equal(np.delete(found.critical, 3), np.delete(whole.critical, 3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"radius": 0.0}, "radius: found 0.0"),
        ({"rate": 0.0}, "rate: found 0.0"),
        ({"noise": -0.1}, "noise: found -0.1"),
        ({"steps": 0}, "steps: found 0"),
        ({"key": 0}, "key: found 0"),
        ({"inputs": INPUTS[:0]}, "inputs: found"),
        ({"network": lambda x: x[:, :1]}, "at least 2 classes"),
    ],
)
def test_what_it_cannot_take_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        critical_rows(**{"network": _network, "inputs": INPUTS, "radius": 0.1, "key": KEY} | changes)


def test_scores_that_are_no_numbers_are_no_other_answer():
    def network(x):
        return jnp.concatenate([0 * jnp.log(x), 0 * jnp.log(x) + 2], axis=1)  # NaN below 0

    found = critical_rows(network, np.array([[0.05]], np.float32), radius=0.1, key=KEY)
    assert not found.critical.any()
