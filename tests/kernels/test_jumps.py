from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import data
from interp_jax.kernels import jumps
from tests import reference

_detect = jax.jit(jumps.gaussian_derivative, static_argnames=("window", "edges", "positions"))
_posterior, _estimates = jax.jit(jumps.log_posterior), jax.jit(jumps.estimates, static_argnames="first")


def _signals(rows=3, seed=0):
    return np.asarray(data.jump_signals(jax.random.key(seed), rows).signals)


@given(
    width=st.floats(0.3, 8.0),
    half=st.sampled_from([0, 4, 15]),
    positions=st.sampled_from([(2, 100), (60, 61)]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_gaussian_derivative_is_the_thesis_formula(width, half, positions, seed):
    signals = _signals(seed=seed)
    found = _detect(signals_of(signals), width, 2 * half + 1, positions=positions)
    wanted = [reference.gaussian_derivative(row, width, 2 * half + 1, *positions) for row in signals.astype(float)]
    np.testing.assert_allclose(found, wanted, atol=3e-5)


def signals_of(array):
    return jnp.asarray(array, jnp.float32)


@pytest.mark.parametrize("edges", ["constant", "nearest", "reflect", "mirror"])
def test_edges_are_scipys(edges):
    signals, window = _signals(), 19
    offsets = np.arange(window) - window // 2
    taps = np.exp(-0.5 * (offsets / 2.9) ** 2)
    smooth = scipy.ndimage.correlate1d(signals.astype(float), taps / taps.sum(), axis=1, mode=edges)
    found = _detect(signals_of(signals), edges=edges, positions=(2, 100))
    np.testing.assert_allclose(found, np.diff(smooth, axis=1), atol=1e-5)


def test_default_positions_are_free_of_edges():
    signals = signals_of(_signals())
    results = [_detect(signals, edges=edges) for edges in ("constant", "nearest", "reflect")]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_a_clean_step_is_found_everywhere():
    positions = np.arange(21, 81)
    clean = signals_of(np.where(np.arange(1, 101) >= positions[:, None], 3.0, 0.0))
    np.testing.assert_array_equal(np.argmax(_detect(clean), 1) + 21, positions)
    result = _estimates(_posterior(clean))
    np.testing.assert_array_equal(result.mode, positions)
    np.testing.assert_array_equal(result.median, positions)


@given(noise=st.floats(0.2, 3.0), jump=st.floats(0.2, 5.0), sign=st.sampled_from([-1, 1]), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_log_posterior_is_bayes_rule(noise, jump, sign, seed):
    signals = np.asarray(data.jump_signals(jax.random.key(seed), 3, noise, sign * jump).signals)
    found = _posterior(signals_of(signals), noise=noise, jump=sign * jump)
    wanted = np.array([reference.log_posterior(row, noise, sign * jump, 21, 80) for row in signals.astype(float)])
    np.testing.assert_allclose(np.sum(np.exp(found), axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found, wanted, atol=2e-6 * np.abs(wanted).max() + 1e-4)


def test_posterior_network_is_the_posterior():
    signals = signals_of(_signals())
    weights, bias = jumps.posterior_network(noise=1.3, jump=2.0)
    scores = np.asarray(signals) @ np.asarray(weights) + np.asarray(bias)
    wanted = _posterior(signals, noise=1.3, jump=2.0)
    np.testing.assert_allclose(scipy.special.log_softmax(scores, axis=1), wanted, atol=1e-3)


def test_posterior_is_calibrated():
    # Among signals the posterior gives probability p to a position, a share p jumps there: the definition of right.
    drawn = data.jump_signals(jax.random.key(3), 50_000)
    probabilities = np.exp(np.asarray(_posterior(drawn.signals))).ravel()
    happened = np.eye(60)[np.asarray(drawn.labels)].ravel()
    for low, high in [(0.1, 0.3), (0.4, 0.6), (0.8, 0.95)]:
        chosen = (probabilities > low) & (probabilities < high)
        assert abs(happened[chosen].mean() - probabilities[chosen].mean()) < 0.01


def test_each_estimate_is_best_by_its_own_measure():
    drawn = data.jump_signals(jax.random.key(4), 50_000)
    result = _estimates(_posterior(drawn.signals))
    errors = [np.abs(np.asarray(value, float) - np.asarray(drawn.positions)) for value in result]
    mode, median, mean = range(3)
    measures = [
        [np.mean(error > 0.5) for error in errors],
        [np.mean(error) for error in errors],
        [np.mean(error**2) for error in errors],
    ]
    assert measures[0][mode] == min(measures[0][:2])
    assert measures[1][median] == min(measures[1])
    assert measures[2][mean] == min(measures[2])


def _lists(length):
    return st.lists(st.floats(0.0, 1.0), min_size=length, max_size=length).filter(lambda values: sum(values) > 0.1)


@given(st.sampled_from([1, 2, 8]).flatmap(_lists))
@settings(max_examples=50, deadline=None)
def test_estimates_of_any_distribution(values):
    probabilities = np.asarray(values, np.float64) / np.sum(values)
    with np.errstate(divide="ignore"):
        log_probabilities = np.log(probabilities)[None].astype(np.float32)
    result = _estimates(log_probabilities, first=1)
    mode, median, mean = (float(value[0]) for value in result)
    assert probabilities[int(mode) - 1] >= probabilities.max() - 1e-6
    assert probabilities[: int(median)].sum() >= 0.5 - 1e-5
    assert probabilities[: int(median) - 1].sum() <= 0.5 + 1e-5
    np.testing.assert_allclose(mean, probabilities @ np.arange(1, len(values) + 1), rtol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_estimates_of_half_precision_are_added_up_in_full(dtype):
    log_probabilities = np.log(np.full((1, 60), 1 / 60)).astype(dtype)
    result = _estimates(log_probabilities)
    assert abs(int(result.median[0]) - 50) <= 1
    assert abs(float(result.mean[0]) - 50.5) < 0.7


def test_the_median_is_the_first_position_up_to_which_half_of_the_probability_lies():
    for probabilities, median in (([0.5, 0.5], 1), ([1 / 6] * 3 + [0.1] * 5, 3), ([1 / 8] * 8, 4)):
        log_probabilities = np.log(np.array([probabilities], np.float32))
        assert int(_estimates(log_probabilities, first=1).median[0]) == median


def test_numbers_that_are_no_distribution_have_a_median_among_the_positions():
    assert int(_estimates(np.log([[0.1, 0.1, 0.2]]).astype(np.float32), first=1).median[0]) == 3


def test_width_and_noise_may_be_lanes():
    signals, widths = signals_of(_signals()), np.array([1.0, 2.9, 5.0], np.float32)
    lanes = jax.jit(jax.vmap(lambda width: jumps.gaussian_derivative(signals, width)))(widths)
    for lane, width in zip(lanes, widths, strict=True):
        np.testing.assert_allclose(lane, _detect(signals, float(width)), atol=1e-6)
    noises = jax.jit(jax.vmap(lambda noise: jumps.log_posterior(signals, noise=noise)))(widths)
    np.testing.assert_allclose(noises[1], _posterior(signals, noise=float(widths[1])), atol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: jumps.gaussian_derivative(x, 0.0), "width: found 0.0"),
        (lambda x: jumps.gaussian_derivative(x, -1.0), "width: found -1.0"),
        (lambda x: jumps.gaussian_derivative(x, float("nan")), "width: found nan"),
        (lambda x: jumps.gaussian_derivative(x, 2.9, 18), "window: found 18"),
        (lambda x: jumps.gaussian_derivative(x, edges="zero"), "edges: found 'zero', wanted one of 'constant'"),
        (lambda x: jumps.gaussian_derivative(x, positions=(1, 80)), "positions: found 1 to 80"),
        (lambda x: jumps.gaussian_derivative(x, positions=(21, 101)), "positions: found 21 to 101"),
        (lambda x: jumps.gaussian_derivative(x, positions=(30, 29)), "positions: found 30 to 29"),
        (lambda x: jumps.log_posterior(x, noise=0.0), "noise: found 0.0"),
        (lambda x: jumps.log_posterior(x, noise=float("inf")), "noise: found inf"),
        (lambda x: jumps.log_posterior(x, positions=(0, 80)), "positions: found 0 to 80"),
        (lambda x: jumps.log_posterior(x, jump=float("nan")), "jump: found nan"),
        (lambda x: jumps.posterior_network(jump=float("inf")), "jump: found inf"),
        (lambda x: jumps.posterior_network(10), "positions: found 21 to 80"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(jnp.zeros((1, 100), jnp.float32))


def test_second_call_of_same_shapes_does_not_compile(assert_compiles):
    _detect(signals_of(_signals()), 2.9)
    second = signals_of(_signals(seed=1))
    with assert_compiles(0):
        _detect(second, 3.5)


def test_scratch_memory_is_linear_in_rows(assert_temp_bytes):
    signals = jnp.zeros((4000, 100), jnp.float32)
    assert_temp_bytes(4000 * 60 * 4 * 4 + 2**20, lambda x: jumps.log_posterior(x), signals)
    assert_temp_bytes(4000 * 60 * 4 * 2 + 2**20, lambda x: jumps.gaussian_derivative(x), signals)


@pytest.mark.parametrize("edges", ["constant", "nearest", "reflect", "mirror"])
def test_an_offset_of_float64_changes_a_response_only_where_zeros_are_seen(edges):
    signals = _signals().astype(np.float64)
    plain, moved = (jumps.gaussian_derivative(x, edges=edges, positions=(2, 100)) for x in (signals, signals + 1e9))
    inside = slice(9, -9) if edges == "constant" else slice(None)
    np.testing.assert_allclose(moved[:, inside], plain[:, inside], atol=1e-5)
    if edges == "constant":
        wanted = [reference.gaussian_derivative(row, 2.9, 19, 2, 100) for row in signals + 1e9]
        np.testing.assert_allclose(moved, wanted, rtol=1e-5, atol=1e-5)


def test_whole_numbers_are_signals():
    signals = np.where(np.arange(1, 101) >= 50, 3, 0)[None]
    for kind in (np.int8, np.int64, np.uint8, np.float16):
        assert int(jumps.estimates(jumps.log_posterior(signals.astype(kind))).mode[0]) == 50
        np.testing.assert_array_equal(
            jumps.gaussian_derivative(signals.astype(kind)), jumps.gaussian_derivative(signals.astype(np.float32))
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: unwrap(jumps.log_posterior)(x[0]), r"signals: found shape \[100\], wanted \[rows, length\]"),
        (lambda x: unwrap(jumps.gaussian_derivative)(x[:0]), r"signals: found shape \[0, 100\]"),
        (lambda x: unwrap(jumps.gaussian_derivative)(x, window=19.0), "window: found 19.0, wanted a whole number"),
        (lambda x: unwrap(jumps.gaussian_smoother)(width="3"), "width: found '3', wanted a finite number"),
        (lambda x: unwrap(jumps.log_posterior)(x, positions=(21.0, 80)), "positions: found 21.0"),
        (lambda x: unwrap(jumps.log_posterior)(x, positions=21), "positions: found 21, wanted a sequence"),
        (lambda x: jumps.log_posterior(x, noise=1e-20), "noise: found 1e-20, wanted at least 1e-15 of the jump 3.0"),
        (lambda x: unwrap(jumps.posterior_network)(100.0), "length: found 100.0"),
        (lambda x: unwrap(jumps.estimates)(x, first=21.0), "first: found 21.0"),
        (lambda x: unwrap(jumps.estimates)(x[:, :0]), "log_probabilities: found shape"),
    ],
)
def test_what_users_without_type_checks_give_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(np.zeros((1, 100), np.float32))
