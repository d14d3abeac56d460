import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import data


def test_signals_are_what_the_thesis_draws():
    signals, positions = map(np.asarray, data.jump_signals(jax.random.key(0), 20_000, noise=0.5, jump=2.0))
    assert (signals.dtype, positions.dtype) == (np.float32, np.int32)
    assert (positions.min(), positions.max()) == (21, 80)
    counts = np.bincount(positions - 21, minlength=60)
    assert abs(counts - 20_000 / 60).max() < 6 * np.sqrt(20_000 / 60), "uniform over 60 positions"
    residual = signals - np.where(np.arange(1, 101) >= positions[:, None], 2.0, 0.0)
    assert abs(residual.mean()) < 0.002
    assert abs(residual.std() - 0.5) < 0.002
    neighbors = np.mean(residual[:, 1:] * residual[:, :-1]) / 0.25
    assert abs(neighbors) < 0.01, "samples are independent"


def test_a_smaller_draw_is_the_start_of_a_larger_one():
    small, large = (data.jump_signals(jax.random.key(3), n) for n in (7, 1000))
    np.testing.assert_array_equal(small.signals, large.signals[:7])
    np.testing.assert_array_equal(small.positions, large.positions[:7])


def test_given_positions_are_used_and_labels_count_from_zero():
    positions = np.array([21, 80, 50])
    drawn = data.jump_signals(jax.random.key(0), 3, noise=1e-3, positions=positions)
    np.testing.assert_array_equal(drawn.positions, positions)
    np.testing.assert_array_equal(drawn.labels, [0, 59, 29])
    np.testing.assert_array_equal(np.argmax(np.asarray(drawn.signals) > 1.5, axis=1) + 1, positions)


def test_the_traceable_draw_is_the_same(assert_compiles):
    keys = jax.random.split(jax.random.key(0), 2)
    lanes = jax.jit(jax.vmap(lambda key: data.sample_jump_signals(key, 5)))(keys)
    np.testing.assert_allclose(lanes.signals[1], data.jump_signals(keys[1], 5).signals, atol=1e-6)
    with assert_compiles(0):
        data.jump_signals(keys[0], 5)


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (0, {}, "n: found 0"),
        (-1, {}, "n: found -1"),
        (3, {"noise": 0.0}, "noise: found 0.0"),
        (3, {"noise": -1.0}, "noise: found -1.0"),
        (3, {"noise": float("nan")}, "noise: found nan"),
        (3, {"noise": 1e300}, "noise: found 1e\\+300"),
        (3, {"jump": -1e39}, "jump: found -1e\\+39"),
        (3, {"jump": 1e-50}, "jump: found 1e-50, wanted a height other than 0"),
        (1, {"positions": [2**32 + 50]}, "positions: found"),
        (3, {"jump": 0.0}, "jump: found 0.0"),
        (3, {"jump": float("inf")}, "jump: found inf"),
        (2, {"positions": [21, 101]}, "positions: found 21 to 101, wanted jumps inside the signal"),
        (2, {"positions": [1, 50]}, "positions: found 1 to 50"),
        (2, {"positions": [50]}, r"positions: found shape \[1\], wanted whole numbers \[2\]"),
        (1, {"positions": [50.5]}, "positions: found float64"),
    ],
)
def test_bad_arguments_are_named(n, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.jump_signals(jax.random.key(0), n, **options)


@pytest.mark.parametrize("draw", [data.jump_signals, data.sample_jump_signals])
@pytest.mark.parametrize("key", [0, None, np.zeros(3)])
def test_what_is_no_key_is_named(draw, key):
    with pytest.raises(ValueError, match="^key: found .*, wanted a JAX random key"):
        draw(key, 3)


def test_both_sorts_of_key_draw_the_same():
    old, new = (data.jump_signals(key(5), 4) for key in (jax.random.PRNGKey, jax.random.key))
    np.testing.assert_array_equal(old.signals, new.signals)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, jnp.int32])
def test_positions_may_be_whole_numbers_of_any_type(kind):
    drawn = data.jump_signals(jax.random.key(0), 2, noise=1e-3, positions=np.array([2, 100]).astype(kind))
    np.testing.assert_array_equal(np.argmax(np.asarray(drawn.signals) > 1.5, axis=1) + 1, [2, 100])
