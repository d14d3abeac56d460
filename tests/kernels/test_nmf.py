import os
import socket
import subprocess
import sys
import warnings
from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from interp_jax.kernels.nmf import nmf
from tests import reference

KEY = jax.random.key(0)


def _planted(rows, columns, rank, seed=0):
    """An exact non-negative product, its zeros included."""
    random = np.random.default_rng(seed)
    weights, components = random.exponential(size=(rows, rank)), random.exponential(size=(rank, columns))
    return ((weights * (random.random((rows, rank)) < 0.5)) @ components).astype(np.float32)


def _noisy(rows, columns, seed=0):
    return np.random.default_rng(seed).exponential(size=(rows, columns)).astype(np.float32)


def _starts(key, restarts, rank, rows, columns, variance=0.5):
    """The starts as the docstring defines them."""
    for lane in range(restarts):
        drawn = jax.random.normal(jax.random.fold_in(key, lane), (rank, rows + columns), jnp.float32)
        drawn = np.abs(0.5 + np.sqrt(variance) * np.asarray(drawn, np.float64))
        yield drawn[:, :rows].T, drawn[:, rows:]


@pytest.mark.parametrize("variance", [0.5, 0.25])
@pytest.mark.parametrize("iterations", [1, 2, 30])
def test_agrees_with_the_transcription(variance, iterations):
    v = _noisy(7, 5)
    v[3] = 0
    found = nmf(v, 3, key=KEY, restarts=4, iterations=iterations, variance=variance)
    wanted = [reference.nmf(v, *start, iterations) for start in _starts(KEY, 4, 3, 7, 5, variance)]
    np.testing.assert_allclose(found.errors, [error for *_, error in wanted], rtol=1e-4)
    assert int(found.best) == np.argmin([error for *_, error in wanted])
    weights, components, error = wanted[int(found.best)]
    np.testing.assert_allclose(found.weights, weights, atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(found.components, components, atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(found.error, error, rtol=1e-4)


def test_a_planted_factorization_is_recovered():
    v = _planted(30, 20, 3)
    found = nmf(v, 3, key=KEY, restarts=20, iterations=2000)
    assert float(found.error) < 2e-3 * np.linalg.norm(v)
    np.testing.assert_allclose(found.weights @ found.components, v, atol=5e-3 * v.max())


def test_a_planted_block_structure_gives_each_row_its_block():
    labels = np.arange(30) % 3
    v = (labels[:, None] == np.arange(20)[None, :] // 7) * (_noisy(30, 1) + np.float32(0.1)) + np.float32(0.01)
    found = nmf(v, 3, key=KEY, restarts=20)
    clusters = np.argmax(np.asarray(found.weights), axis=1)
    assert len(set(zip(labels, clusters, strict=True))) == len(set(clusters)) == 3


def test_the_error_is_the_norm_of_the_residual_also_where_it_is_small():
    v = 1000 * _planted(30, 20, 3)
    found = nmf(v, 3, key=KEY, restarts=20, iterations=3000)
    residual = v.astype(np.float64) - np.asarray(found.weights, np.float64) @ np.asarray(found.components, np.float64)
    assert 0 < float(found.error) < 1e-3 * np.linalg.norm(v)
    np.testing.assert_allclose(found.error, np.linalg.norm(residual), rtol=0.05, atol=2e-7 * np.linalg.norm(v))
    assert float(found.error) == float(found.errors.min()) == float(found.errors[found.best])


def test_no_worse_than_scikit_learn():
    v = _planted(30, 20, 6) + 0.1 * _noisy(30, 20, seed=1)
    errors = []
    for seed in range(10):
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            model = NMF(3, init="random", solver="mu", max_iter=1000, tol=0, random_state=seed)
            weights = model.fit_transform(v.astype(np.float64))
        errors.append(model.reconstruction_err_)
        # The same measure as ours, so that the two can be compared.
        np.testing.assert_allclose(np.linalg.norm(v - weights @ model.components_), errors[-1], rtol=1e-6)
    found = nmf(v, 3, key=KEY, restarts=20)
    assert float(found.error) <= 1.001 * min(errors)


@given(
    shape=st.sampled_from([(1, 2, 3), (7, 5, 3)]),
    seed=st.integers(0, 99),
    exponent=st.sampled_from([-30, 0, 30]),
    holes=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_the_error_never_rises_and_nothing_is_nan(shape, seed, exponent, holes):
    rows, columns, rank = shape
    v = np.float32(10.0**exponent) * _noisy(rows, columns, seed)
    if holes:
        v[np.random.default_rng(seed).random(v.shape) < 0.5] = 0
    steps = [nmf(v, rank, key=jax.random.key(seed), restarts=4, iterations=count) for count in (1, 2, 3, 10, 100, 1000)]
    for found in steps:
        for array in (found.weights, found.components, found.errors):
            assert np.isfinite(array).all()
            assert np.min(array) >= 0
    errors = np.array([found.errors for found in steps], np.float64)
    assert (np.diff(errors, axis=0) <= 1e-6 * np.linalg.norm(v.astype(np.float64))).all()


@pytest.mark.slow
def test_a_start_is_the_same_in_batches_of_even_and_odd_size_under_jit_and_vmap():
    v = jnp.stack([_noisy(7, 5), _noisy(7, 5, seed=1)])

    def errors(v, batch_size):
        return nmf(v, 3, key=KEY, restarts=5, iterations=50, batch_size=batch_size).errors

    wanted = np.stack([errors(one, 1) for one in v])
    for batch_size in (2, 5):
        np.testing.assert_allclose(jax.vmap(lambda one, size=batch_size: errors(one, size))(v), wanted, rtol=1e-5)
        np.testing.assert_allclose(jax.jit(errors, static_argnums=1)(v[0], batch_size), wanted[0], rtol=1e-5)


@pytest.mark.parametrize("batch_size", [*(pytest.param(size, marks=pytest.mark.slow) for size in (1, 3)), 100])
def test_starts_do_not_depend_on_the_batch_size(batch_size):
    v = _noisy(7, 5)
    whole = nmf(v, 3, key=KEY, restarts=4, iterations=50)
    parts = nmf(v, 3, key=KEY, restarts=4, iterations=50, batch_size=batch_size)
    assert parts.errors.shape == (4,)
    assert int(parts.best) == int(whole.best)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), parts, whole)


def test_the_start_that_fills_the_last_batch_is_never_the_best():
    # With this key the fourth start, which two batches of two have room for, would be the best.
    v, key = _noisy(7, 5), jax.random.key(20)
    assert int(nmf(v, 3, key=key, restarts=4, iterations=20).best) == 3
    found = nmf(v, 3, key=key, restarts=3, iterations=20, batch_size=2)
    assert int(found.best) < 3
    assert float(found.error) == float(found.errors.min())
    # The factors are that start's own, whichever batch it was in.
    np.testing.assert_allclose(np.linalg.norm(v - found.weights @ found.components), found.error, rtol=1e-5)
    alone = nmf(v, 3, key=key, restarts=4, iterations=20).errors[:3]
    np.testing.assert_allclose(found.errors, alone, rtol=1e-5)


def test_more_starts_keep_the_first_ones():
    v = _noisy(7, 5)
    few = nmf(v, 3, key=KEY, restarts=3, iterations=50, batch_size=2)
    many = nmf(v, 3, key=KEY, restarts=4, iterations=50)
    np.testing.assert_allclose(many.errors[:3], few.errors, rtol=1e-5)
    assert float(many.error) <= float(few.error) * (1 + 1e-6)
    assert len(np.unique(many.errors)) == 4


def test_a_zero_matrix_has_error_zero():
    found = nmf(np.zeros((7, 5)), 3, key=KEY, restarts=4)
    assert float(found.error) == 0
    assert not np.any(found.weights @ found.components)


def test_zero_rows_and_columns_get_zeros():
    v = _noisy(7, 5)
    v[2], v[:, 3] = 0, 0
    found = nmf(v, 3, key=KEY, restarts=4)
    assert not np.any(found.weights[2])
    assert not np.any(found.components[:, 3])
    smaller = np.delete(np.delete(v, 2, 0), 3, 1)
    product = np.delete(np.delete(np.asarray(found.weights @ found.components), 2, 0), 3, 1)
    np.testing.assert_allclose(found.error, np.linalg.norm(smaller - product), rtol=1e-4)


def test_one_number_is_its_own_factorization():
    found = nmf(np.array([[3.0]]), 1, key=KEY)
    np.testing.assert_allclose(found.weights * found.components, [[3.0]], rtol=1e-6)


def test_rank_one_is_the_leading_singular_vector():
    v = _noisy(7, 5)
    found = nmf(v, 1, key=KEY, iterations=200)
    left, values, right = np.linalg.svd(v)
    np.testing.assert_allclose(found.weights @ found.components, values[0] * np.outer(left[:, 0], right[0]), atol=1e-4)
    np.testing.assert_allclose(found.error, np.linalg.norm(values[1:]), rtol=1e-5)


def test_small_rows_and_columns_keep_their_digits():
    random = np.random.default_rng(0)
    v = np.outer(random.exponential(size=7), random.exponential(size=5)).astype(np.float32)
    v[2] *= 1e-5
    v[:, 3] *= 1e-5
    found = nmf(v, 1, key=KEY, iterations=200)
    np.testing.assert_allclose(found.weights @ found.components, v, rtol=1e-4)


def test_more_components_than_rows_and_columns_are_allowed():
    v = _noisy(1, 2)
    found = nmf(v, 3, key=KEY, restarts=4)
    assert float(found.error) < 1e-3 * np.linalg.norm(v)


@pytest.mark.parametrize("factor", [2.0**-100, 2.0**100])
def test_the_unit_of_v_does_not_matter(factor):
    v = _noisy(7, 5)
    plain, scaled = (nmf(unit * v, 3, key=KEY, restarts=4, iterations=50) for unit in (1, np.float32(factor)))
    np.testing.assert_array_equal(scaled.weights, np.float32(factor) * np.asarray(plain.weights))
    np.testing.assert_array_equal(scaled.components, plain.components)
    np.testing.assert_array_equal(scaled.error, np.float32(factor) * np.asarray(plain.error))


def test_the_second_call_does_not_compile(assert_compiles):
    nmf(_noisy(7, 5), 3, key=KEY, restarts=4, iterations=5)
    second, key = _noisy(7, 5, seed=1), jax.random.key(7)
    with assert_compiles(0):
        nmf(second, 3, key=key, restarts=4, iterations=9)


def test_memory_is_that_of_a_batch(assert_temp_bytes):
    v, rank, batch_size = jnp.ones((160, 111), jnp.float32), 12, 16
    factors = batch_size * rank * (160 + 111) * 4
    assert_temp_bytes(
        5 * factors + 4 * v.nbytes + 2**16 + 8 * 10_000,
        lambda v, key: nmf(v, rank, key=key, restarts=10_000, batch_size=batch_size),
        v,
        KEY,
    )


def test_under_jit_negative_counts_as_zero_and_nan_shows():
    v = _noisy(5, 4)
    traced = jax.jit(lambda v: nmf(v, 2, key=KEY, restarts=2, iterations=20))
    negative, zero, broken = v.copy(), v.copy(), v.copy()
    negative[1, 1], zero[1, 1] = -3, 0
    jax.tree.map(np.testing.assert_array_equal, traced(negative), traced(zero))
    for value in (np.nan, np.inf):
        broken[1, 1] = value
        found = traced(broken)
        assert np.isnan(found.error)
        assert not np.isfinite(found.weights @ found.components).all()


def test_lists_are_arrays():
    v = _noisy(7, 5)
    found, wanted = (nmf(array, 3, key=KEY, restarts=4, iterations=20) for array in (v.tolist(), v))
    jax.tree.map(np.testing.assert_array_equal, found, wanted)


def test_half_precision_is_computed_in_full():
    v = jnp.asarray(_noisy(7, 5), jnp.bfloat16)
    found, wanted = (nmf(array, 3, key=KEY, restarts=4, iterations=20) for array in (v, v.astype(jnp.float32)))
    jax.tree.map(np.testing.assert_array_equal, found, wanted)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"v": np.ones(3)}, r"v: found shape \[3\]"),
        ({"v": np.ones((0, 3))}, r"v: found shape \[0, 3\]"),
        ({"v": np.array([[1.0, -2.0]])}, "v: found numbers below zero or not finite"),
        ({"v": np.array([[1.0, np.nan]])}, "v: found numbers below zero or not finite"),
        ({"v": jnp.array([[1.0, jnp.inf]])}, "v: found numbers below zero or not finite"),
        ({"v": [[1.0], [2.0, 3.0]]}, r"v: found \[\[1.0\], \[2.0, 3.0\]\], wanted an array of real numbers"),
        ({"v": np.full((2, 2), "a")}, r"v: found <U1 \[2, 2\], wanted"),
        ({"v": np.ones((2, 2), np.complex64)}, r"v: found complex64 \[2, 2\], wanted real numbers"),
        ({"rank": 0}, "rank: found 0"),
        ({"restarts": 0}, "restarts: found 0"),
        ({"iterations": 0}, "iterations: found 0"),
        ({"batch_size": 0}, "batch_size: found 0"),
        ({"variance": -1.0}, "variance: found -1.0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        nmf(**({"v": np.ones((3, 2)), "rank": 2, "key": KEY} | arguments))


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float16])
def test_numbers_of_any_type_are_those_of_float32(kind):
    v = np.random.default_rng(0).integers(0, 2, (7, 5)) * (1 if kind is bool else 100)
    found, wanted = (nmf(v.astype(each), 3, key=KEY, restarts=4, iterations=20) for each in (kind, np.float32))
    jax.tree.map(np.testing.assert_array_equal, found, wanted)
    large = nmf(np.array([[3_000_000_000, 6_000_000_000]]), 1, key=KEY)
    np.testing.assert_allclose(large.weights * large.components, [[3e9, 6e9]], rtol=1e-5)


def test_arrays_at_hand_are_looked_at_inside_jit_too():
    v = jnp.asarray(_noisy(7, 5))
    inside = jax.jit(lambda: nmf(v, 3, key=KEY, iterations=20).error)()
    np.testing.assert_allclose(inside, nmf(v, 3, key=KEY, iterations=20).error, rtol=1e-5)
    negative = -v
    with pytest.raises(ValueError, match="^v: found numbers below zero"):
        jax.jit(lambda: nmf(negative, 3, key=KEY).error)()


def test_both_sorts_of_keys_start_alike():
    new, old = (nmf(_noisy(7, 5), 3, key=key(3), iterations=5) for key in (jax.random.key, jax.random.PRNGKey))
    jax.tree.map(np.testing.assert_array_equal, new, old)


_PROCESS = """
import sys, jax, numpy as np
rank, port = int(sys.argv[1]), sys.argv[2]
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(f"127.0.0.1:{port}", 2, rank)
from interp_jax.kernels.nmf import nmf
x = np.random.default_rng(0).exponential(size=(8, 6)).astype(np.float32)
mesh = jax.make_mesh((2,), ("rows",), (jax.sharding.AxisType.Auto,))
rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("rows"))
v = jax.make_array_from_process_local_data(rows, x[4 * rank : 4 * rank + 4], x.shape)
error = nmf(v, 2, key=jax.random.key(0), iterations=20).error.addressable_data(0)
np.testing.assert_allclose(error, nmf(x, 2, key=jax.random.key(0), iterations=20).error, rtol=1e-4)
"""


@pytest.mark.slow
def test_rows_of_two_processes_are_factorized_where_they_are():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    started = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(rank), port], env=environment) for rank in range(2)
    ]
    assert [process.wait(120) for process in started] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": 0}, "key: found 0, wanted a JAX random key"),
        ({"key": None}, "key: found None"),
        ({"rank": 2.0}, "rank: found 2.0, wanted a whole number"),
        ({"iterations": "3"}, "iterations: found '3'"),
        ({"mean": float("nan")}, "mean: found nan, wanted a finite number"),
        ({"mean": 1e30}, "mean: found 1e\\+30"),
        ({"variance": "1"}, "variance: found '1'"),
    ],
)
def test_what_users_without_type_checks_give_is_named(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        unwrap(nmf)(**({"v": np.ones((3, 2)), "rank": 2, "key": KEY} | arguments))
