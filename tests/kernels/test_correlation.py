import itertools
from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.kernels.correlation import Moments, pearson
from tests import reference

_update, _merge, _correlations = jax.jit(Moments.update), jax.jit(Moments.merge), jax.jit(Moments.pearson)


def _rows(rows=300, columns_a=5, columns_b=4, seed=0):
    """Columns that correlate through two hidden causes."""
    random = np.random.default_rng(seed)
    causes = random.normal(size=(rows, 2))
    a, b = (
        causes @ random.normal(size=(2, columns)) + random.normal(size=(rows, columns))
        for columns in (columns_a, columns_b)
    )
    return a.astype(np.float32), b.astype(np.float32)


def _moments(a, b, batch=50):
    moments = Moments.init(a.shape[1], b.shape[1])
    for start in range(0, len(a), batch):
        moments = _update(moments, a[start : start + batch], b[start : start + batch])
    return moments


@given(
    rows=st.sampled_from([1, 2, 9]),
    values=st.sampled_from([1, 2, 5]),
    shift=st.sampled_from([0.0, 0.1, 1000.1]),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_correlations_are_the_papers_definition_with_ties_and_constant_columns(rows, values, shift, seed):
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, values, (rows, 3)).astype(np.float32) + np.float32(shift) for _ in range(2))
    found, wanted = np.asarray(pearson(a, b, batch_size=4)), reference.pearson(a, b)
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert np.all(np.abs(found) <= 1)
    constant = (np.ptp(a, 0) == 0)[:, None] | (np.ptp(b, 0) == 0)[None]
    assert np.all(found[constant] == 0)


def test_correlations_are_numpys():
    a, b = _rows()
    wanted = np.corrcoef(a.T.astype(float), b.T.astype(float))[:5, 5:]
    for batch_size in (None, 64):
        np.testing.assert_allclose(pearson(a, b, batch_size=batch_size), wanted, atol=1e-6)


@given(scale=st.sampled_from([1e-10, 0.3, 1e10]), sign=st.sampled_from([-1, 1]), shift=st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_scale_and_shift_do_not_matter_and_sign_does(scale, sign, shift):
    a, b = _rows()
    other = (scale * (sign * a.astype(float) + shift)).astype(np.float32)
    np.testing.assert_allclose(pearson(other, b), sign * pearson(a, b), atol=2e-6)
    np.testing.assert_allclose(np.diag(pearson(a, other)), sign, atol=2e-6)


def test_a_constant_column_whose_mean_rounds_is_zero_and_flagged():
    a, b = _rows()
    a[:, 1], b[:, 2] = 0.1, 1e6 / 3
    assert np.any(a[:, 1] - a[:, 1].mean(dtype=np.float32) != 0)  # so rounding alone would give a correlation
    found, moments = np.asarray(pearson(a, b)), _moments(a, b)
    for correlations in (found, np.asarray(_correlations(moments))):
        assert np.all(correlations[1] == 0)
        assert np.all(correlations[:, 2] == 0)
        assert np.all(correlations[[0, 2, 3, 4]][:, [0, 1, 3]] != 0)
    np.testing.assert_array_equal(moments.constant_a, np.arange(5) == 1)
    np.testing.assert_array_equal(moments.constant_b, np.arange(4) == 2)


def test_constant_columns_of_weighted_rows_are_flagged_whatever_their_sums_round_to():
    random = np.random.default_rng(0)
    rows = np.repeat(random.normal(size=(1, 200)) * 10 ** random.uniform(-3, 3, 200), 30, axis=0).astype(np.float32)
    moments = Moments.init(200, 200)
    for _ in range(10):
        moments = _update(moments, rows, rows, weights=random.random(30))
    assert np.any(np.asarray(moments.a.squares) > 0)
    assert bool(jnp.all(moments.constant_a))
    assert not np.any(_correlations(moments))


def test_rounding_leads_to_no_correlation_beyond_one():
    a = np.random.default_rng(0).normal(size=(9, 200)).astype(np.float32)
    found = np.asarray(pearson(a, np.concatenate([a, -a], axis=1)))
    assert np.abs(found).max() == 1


def test_a_program_with_all_optimizations_stores_the_number_that_rows_are_centered_on():
    a, b = (100_000 + rows for rows in _rows(600))
    optimized = {"xla_backend_optimization_level": 3, "xla_llvm_disable_expensive_passes": False}
    program = jax.jit(pearson, static_argnames="batch_size").lower(a, b, batch_size=100)
    np.testing.assert_allclose(program.compile(optimized)(a, b), reference.pearson(a, b), atol=5e-6)


def test_one_row_and_no_rows_correlate_zero():
    a, b = _rows()
    for rows in (0, 1):
        np.testing.assert_array_equal(pearson(a[:rows], b[:rows]), np.zeros((5, 4)))
    assert bool(jnp.all(Moments.init(5, 4).constant_a))


def test_two_rows_correlate_fully():
    a, b = _rows(2)
    np.testing.assert_allclose(pearson(a, b), np.sign(np.diff(a, axis=0).T * np.diff(b, axis=0)), atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("batch_size", [None, 64])
def test_nan_and_infinity_stay_in_their_column(bad, batch_size):
    a, b = _rows()
    clean = np.array(pearson(a, b, batch_size=batch_size))
    a[3, 1], b[299, 0] = bad, bad
    found = np.asarray(pearson(a, b, batch_size=batch_size))
    clean[1], clean[:, 0] = np.nan, np.nan
    np.testing.assert_allclose(found, clean, atol=1e-6)


@pytest.mark.parametrize("mean", [1000, 100_000])
@pytest.mark.parametrize("order", ["drawn", "sorted", "outlier first"])
def test_float32_holds_a_mean_of_thousands_of_deviations(mean, order):
    a, b = (mean + rows for rows in _rows(60_000, 6, 5, seed=1))
    if order == "sorted":
        chosen = np.argsort(a[:, 0])
        a, b = a[chosen], b[chosen]
    elif order == "outlier first":
        a[0] -= 100
        b[0] += 100
    wanted = np.corrcoef(a.T.astype(float), b.T.astype(float))[:6, 6:]
    for batch_size in (None, 100):
        np.testing.assert_allclose(pearson(a, b, batch_size=batch_size), wanted, atol=5e-6)


@given(seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 300), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_merging_is_the_same_in_any_order_and_of_any_parts(seed, cuts):
    a, b = _rows()
    edges = [0, *sorted(cuts), 300]
    # One of weight 0 pads every part to 300 rows, so that one compiled program serves all.
    parts = [
        _update(Moments.init(5, 4), a, b, weights=((np.arange(300) >= low) & (np.arange(300) < high)).astype(int))
        for low, high in itertools.pairwise(edges)
    ]
    whole = _update(Moments.init(5, 4), a, b)
    merged = parts[0]
    for index in np.random.default_rng(seed).permutation(np.arange(1, len(parts))):
        merged = _merge(merged, parts[index]) if seed % 2 else _merge(parts[index], merged)
    for found, wanted in zip(jax.tree.leaves(merged), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * float(jnp.max(jnp.abs(wanted))))
    np.testing.assert_allclose(_correlations(merged), _correlations(whole), atol=1e-6)


def test_shuffled_batches_of_a_stream_agree():
    a, b = _rows(6000)
    shuffled = np.random.default_rng(0).permutation(6000)
    one, other = _moments(a, b), _moments(a[shuffled], b[shuffled])
    np.testing.assert_allclose(_correlations(one), _correlations(other), atol=1e-6)


def test_merging_with_no_rows_is_the_identity():
    moments, none = _moments(*_rows()), Moments.init(5, 4)
    for merged in (_merge(moments, none), _merge(none, moments), _update(moments, np.empty((0, 5)), np.empty((0, 4)))):
        jax.tree.map(np.testing.assert_array_equal, merged, moments)
    jax.tree.map(np.testing.assert_array_equal, _merge(none, none), none)


def test_weights_are_repetitions():
    a, b = _rows()
    weights = np.random.default_rng(0).permutation(np.arange(300) % 3)  # 300 repetitions, so again 300 rows
    a[weights == 0] = np.nan  # an absent row's values are absent too
    weighted = _update(Moments.init(5, 4), a, b, weights=weights)
    repeated = _update(Moments.init(5, 4), np.repeat(a, weights, 0), np.repeat(b, weights, 0))
    for found, wanted in zip(jax.tree.leaves(weighted), jax.tree.leaves(repeated), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(_correlations(weighted), _correlations(repeated), atol=1e-6)


def test_bootstrap_weights_are_lanes():
    a, b = _rows(40)
    weights = np.random.default_rng(0).integers(0, 3, (3, 40))
    lanes = jax.jit(jax.vmap(lambda lane: Moments.init(5, 4).update(a, b, weights=lane).pearson()))(weights)
    for lane, chosen in zip(lanes, weights, strict=True):
        np.testing.assert_allclose(lane, reference.pearson(np.repeat(a, chosen, 0), np.repeat(b, chosen, 0)), atol=1e-6)


def test_moments_are_a_scan_carry():
    a, b = (rows.reshape(3, 100, -1) for rows in _rows())
    moments, _ = jax.lax.scan(lambda moments, batch: (moments.update(*batch), None), Moments.init(5, 4), (a, b))
    np.testing.assert_allclose(_correlations(moments), pearson(a.reshape(300, 5), b.reshape(300, 4)), atol=1e-6)


def test_rows_on_two_devices():
    a, b = _rows(400)
    wanted = reference.pearson(a, b)
    mesh = jax.make_mesh((2,), ("rows",), (jax.sharding.AxisType.Auto,), devices=jax.devices("cpu")[:2])
    rows = jax.sharding.PartitionSpec("rows")
    placed = [jax.device_put(array, jax.sharding.NamedSharding(mesh, rows)) for array in (a, b)]
    np.testing.assert_allclose(pearson(*placed, batch_size=64), wanted, atol=1e-6)
    compiled = jax.jit(pearson, static_argnames="batch_size").lower(*placed, batch_size=None).compile()
    assert "all-gather" not in compiled.as_text()  # the rows stay where they are
    np.testing.assert_allclose(compiled(*placed), wanted, atol=1e-6)

    # By hand: each device its own batches, then the devices' moments merged.
    each = jax.shard_map(lambda a, b: pearson(a, b, batch_size=32)[None], mesh=mesh, in_specs=rows, out_specs=rows)
    np.testing.assert_allclose(jax.jit(each)(*placed)[1], reference.pearson(a[200:], b[200:]), atol=1e-6)
    one, two = (_moments(a[half], b[half]) for half in (slice(200), slice(200, 400)))
    np.testing.assert_allclose(_correlations(_merge(one, two)), wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_accumulates_in_float32(dtype):
    a, b = (jnp.asarray(rows, dtype) for rows in _rows(5000))
    found = pearson(a, b, batch_size=None)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, reference.pearson(a, b), atol=2e-6)
    assert Moments.init(5, 4, dtype).products.dtype == jnp.float32


def test_integers_and_double_precision():
    rows = np.array([[1, 0], [2, 1], [4, 1]])
    np.testing.assert_allclose(pearson(rows, rows > 1), reference.pearson(rows, rows > 1), atol=1e-6)
    with jax.enable_x64(True):
        a, b = (1e6 + array.astype(np.float64) for array in _rows())
        found = pearson(a, b)
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, reference.pearson(a, b), atol=1e-12)


@pytest.mark.parametrize("batch_size", [64, None])
def test_second_call_outside_jit_does_not_compile(batch_size, assert_compiles):
    # More rows than one batch: a loop over batches is a program of its own, which jax finds again only by name.
    pearson(*_rows(), batch_size=batch_size)
    with assert_compiles(0):
        pearson(*_rows(seed=1), batch_size=batch_size)


def test_scratch_memory_is_that_of_one_batch(assert_temp_bytes):
    a, b = _rows(20_000, 100, 80)
    limit = 2 * 4 * (1000 * 180 + 3 * 100 * 80) + 2**16
    assert_temp_bytes(limit, lambda a, b: pearson(a, b, batch_size=1000), a, b)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b: pearson(a[1:], b), "b: found 300 rows, wanted 299 as in a"),
        (lambda a, b: pearson(a, b, batch_size=0), "batch_size: found 0"),
        (lambda a, b: pearson(a, b.astype(np.complex64)), r"b: found complex64 \[300, 4\], wanted real numbers"),
        (lambda a, b: Moments.init(5, 4, jnp.int32), "dtype: found int32, wanted a floating type"),
        (lambda a, b: Moments.init(5, 5).update(a, b), r"b: found shape \[300, 4\], wanted \[any, 5\]"),
        (lambda a, b: Moments.init(5, 4).update(a[1:], b), "b: found 300 rows, wanted 299 as in a"),
        (
            lambda a, b: Moments.init(5, 4).update(a, b, weights=np.ones(299)),
            r"weights: found shape \[299\], wanted \[300\]",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(*_rows())


@given(offset=st.sampled_from([-3e13, 1.7e9, 1e5]), sign=st.sampled_from([-1, 1]), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_an_offset_of_float64_costs_no_digits(offset, sign, seed):
    a, b = (rows.astype(np.float64) for rows in _rows(40, 3, 2, seed))
    found = pearson(a + offset, sign * b - offset)
    np.testing.assert_allclose(found, reference.pearson(a, sign * b), atol=0.01 if abs(offset) > 1e12 else 2e-6)


def test_whole_numbers_of_64_bits_are_centered_too():
    ticks = np.random.default_rng(0).integers(0, 1000, (50, 2))
    found = pearson(ticks + 1_700_000_000_000_000_000, ticks)
    np.testing.assert_allclose(found, reference.pearson(ticks, ticks), atol=2e-6)
    bytes_and_bits = ticks.astype(np.uint8), ticks > 400
    np.testing.assert_allclose(pearson(*bytes_and_bits), reference.pearson(*bytes_and_bits), atol=2e-6)


def test_a_stream_whose_deviations_float32_does_not_hold_is_refused():
    a, b = (rows.astype(np.float64) for rows in _rows())
    with pytest.raises(ValueError, match="^b: found deviations below 1e-5 of an offset, wanted a constant subtracted"):
        Moments.init(5, 4).update(a, b + 1e9)
    constant = np.full((300, 5), 0.1)
    constant[::2] += 1e-16  # the rounding of float64
    assert bool(jnp.all(Moments.init(5, 4).update(constant, b).constant_a))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b: unwrap(pearson)(a, b, batch_size=4.0), "batch_size: found 4.0, wanted a whole number"),
        (lambda a, b: unwrap(pearson)("a", b), "a: found 'a'|a: found <U1"),
        (lambda a, b: unwrap(pearson)(a[0], b), r"a: found shape \[5\], wanted \[any, any\]"),
        (lambda a, b: Moments.init(-1, 4), "columns_a: found -1"),
        (lambda a, b: Moments.init(5, 4, "four"), "dtype: found 'four', wanted a floating type"),
        (lambda a, b: Moments.init(5, 4).update(a, b, weights=-np.ones(300)), "weights: found numbers below zero"),
        (
            lambda a, b: Moments.init(5, 4).update(a, b, weights=np.full(300, np.nan)),
            "weights: found numbers below zero",
        ),
        (lambda a, b: unwrap(Moments.merge)(Moments.init(5, 4), Moments.init(5, 3)), r"other: found \[5, 3\], wanted"),
        (lambda a, b: unwrap(Moments.merge)(Moments.init(5, 4), 3), "other: found int, wanted Moments"),
    ],
)
def test_what_users_without_type_checks_give_is_named(call, message):
    with pytest.raises(ValueError, match=f"^({message})"):
        call(*_rows())
