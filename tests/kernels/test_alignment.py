from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.kernels.alignment import align_signs
from tests import reference


def _vectors(units=12, features=7, seed=0):
    return np.random.default_rng(seed).normal(size=(units, features)).astype(np.float32)


def _assert_valid(vectors, aligned):
    """What holds for every result, whatever the steps."""
    signs, trace = np.asarray(aligned.signs), np.asarray(aligned.similarity, float)
    assert set(signs) <= {-1, 1}
    np.testing.assert_array_equal(aligned.vectors, signs[:, None] * np.asarray(vectors))
    assert np.all(np.diff(trace) >= 0)
    assert np.sum(np.diff(trace) > 0) <= aligned.flips
    for entry, state in ((0, vectors), (-1, aligned.vectors)):
        wanted = _sum_of_cosines(state)
        np.testing.assert_allclose(trace[entry], wanted, rtol=1e-4, atol=1e-5 * len(signs))


def _unit(vectors):
    vectors = np.asarray(vectors, float)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)


def _sum_of_cosines(vectors):
    unit = _unit(vectors)
    return (np.sum(unit.sum(0) ** 2) - np.sum(unit**2)) / 2


def _least_agreement(vectors):
    unit = _unit(vectors)
    return np.min(unit @ unit.sum(0) - np.sum(unit**2, 1))


@pytest.mark.parametrize("seed", range(3))
def test_a_key_gives_algorithm_1(seed):
    vectors, key = _vectors(seed=seed), jax.random.key(seed)
    aligned = align_signs(vectors, key=key, iterations=60)
    wanted, trace = reference.align_signs(vectors, np.asarray(jax.random.randint(key, (60,), 0, 12)))
    np.testing.assert_allclose(aligned.vectors, wanted, atol=1e-6)
    np.testing.assert_allclose(aligned.similarity, trace, atol=1e-5)
    assert aligned.flips == np.sum(np.diff(trace) > 0) > 0
    _assert_valid(vectors, aligned)


def test_the_paper_takes_5000_steps():
    vectors = _vectors()
    aligned = align_signs(vectors, key=jax.random.key(0))
    assert aligned.similarity.shape == (5001,)
    assert bool(aligned.converged)
    _assert_valid(vectors, aligned)


@given(
    units=st.sampled_from([2, 12]),
    values=st.sampled_from([1, 2, 100]),
    keyed=st.booleans(),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_duplicates_opposites_zero_vectors_and_ties(units, values, keyed, seed):
    vectors = np.random.default_rng(seed).integers(-values, values + 1, (units, 2)).astype(np.float32)
    aligned = align_signs(vectors, key=jax.random.key(seed)) if keyed else align_signs(vectors)
    _assert_valid(vectors, aligned)
    assert np.all(np.asarray(aligned.signs)[~vectors.any(1)] == 1)
    assert bool(aligned.converged)
    assert _least_agreement(aligned.vectors) >= -1e-5


@pytest.mark.parametrize("units", [pytest.param(40, marks=pytest.mark.slow), 500])
@pytest.mark.parametrize("keyed", [False, True])
def test_hundreds_of_units(units, keyed):
    vectors = _vectors(units, 200, seed=2)
    aligned = align_signs(vectors, key=jax.random.key(1)) if keyed else align_signs(vectors)
    _assert_valid(vectors, aligned)
    assert aligned.flips > units // 10
    if not keyed:
        assert bool(aligned.converged)
        assert aligned.similarity.shape == (4 * units + 1,)
        assert _least_agreement(aligned.vectors) >= -1e-4


def test_each_step_is_the_flip_that_helps_most():
    vectors = _vectors(9, 4, seed=5)
    trace, state = [_sum_of_cosines(vectors)], vectors.astype(float)
    for _ in range(36):
        flipped = [np.where(np.arange(9)[:, None] == k, -state, state) for k in range(9)]
        best = max(flipped, key=_sum_of_cosines)
        state = best if _sum_of_cosines(best) > trace[-1] + 1e-9 else state
        trace.append(_sum_of_cosines(state))
    assert trace[-1] > trace[0]
    np.testing.assert_allclose(align_signs(vectors).similarity, trace, atol=1e-5)


@given(seed=st.integers(0, 999), noise=st.floats(0, 0.3))
@settings(max_examples=20, deadline=None)
def test_planted_signs_are_recovered(seed, noise):
    random = np.random.default_rng(seed)
    # Three templates that agree with each other, each unit one of them with its own noise and a sign to be found.
    templates = np.abs(random.normal(size=(3, 20))) + 0.5
    signs = random.choice([-1, 1], 30)
    vectors = signs[:, None] * (templates[random.integers(0, 3, 30)] + noise * random.normal(size=(30, 20)))
    aligned = align_signs(vectors.astype(np.float32))
    assert bool(aligned.converged)
    assert len(set(np.asarray(aligned.signs) * signs)) == 1


def test_lists_are_arrays():
    np.testing.assert_array_equal(align_signs([[1.0, 2.0], [-1.0, -2.0]]).signs, [-1, 1])


def test_identical_and_opposite_vectors():
    vector = np.array([0.3, -0.1, 0.7], np.float32)
    same = align_signs(np.tile(vector, (6, 1)))
    assert same.flips == 0
    np.testing.assert_allclose(same.similarity, 15, rtol=1e-6)
    opposite = align_signs(np.stack([vector, -vector]))
    np.testing.assert_array_equal(opposite.signs, [-1, 1])  # both help alike: the first is flipped
    np.testing.assert_allclose(opposite.similarity[np.array([0, -1])], [-1, 1], rtol=1e-6)


def test_one_unit_and_no_steps():
    one = align_signs(np.array([[2.0, -1.0]], np.float32))
    assert (float(one.signs[0]), bool(one.converged), one.similarity.tolist()) == (1, True, [0] * 5)
    none = align_signs(_vectors(), iterations=0)
    assert none.similarity.shape == (1,)
    assert (int(none.flips), bool(none.converged)) == (0, False)


def test_vectors_of_any_length_count_alike():
    vectors = _vectors()
    scaled = vectors * np.float32(10) ** np.arange(-30, 30, 5, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(align_signs(scaled).signs, align_signs(vectors).signs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_vector_with_nan_keeps_its_sign_and_shows_in_the_similarity(bad):
    vectors = _vectors()
    rest = align_signs(np.where(np.arange(12)[:, None] == 4, 0, vectors))
    vectors[4, 2] = bad
    aligned = align_signs(vectors)
    np.testing.assert_array_equal(aligned.signs, rest.signs)
    assert np.all(np.isnan(aligned.similarity))


def test_a_population_is_lanes():
    population = np.stack([_vectors(seed=seed) for seed in range(4)])
    keys = jax.random.split(jax.random.key(0), 4)
    drawn = jax.vmap(lambda vectors, key: align_signs(vectors, key=key, iterations=60))(population, keys)
    for k in range(4):
        single = align_signs(population[k], key=keys[k], iterations=60)
        np.testing.assert_array_equal(drawn.signs[k], single.signs)
        np.testing.assert_allclose(drawn.similarity[k], single.similarity, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_compared_in_float32(dtype):
    vectors = jnp.asarray(_vectors(), dtype)
    aligned = align_signs(vectors)
    assert {each.dtype for each in (aligned.vectors, aligned.signs, aligned.similarity)} == {jnp.dtype(jnp.float32)}
    np.testing.assert_array_equal(aligned.signs, align_signs(vectors.astype(jnp.float32)).signs)


def test_second_call_of_same_shapes_does_not_compile(assert_compiles):
    align_signs(_vectors())
    with assert_compiles(0):
        align_signs(_vectors(seed=1))


@pytest.mark.parametrize(
    ("vectors", "iterations", "message"),
    [
        (np.zeros((0, 3), np.float32), None, r"vectors: found shape \[0, 3\], wanted \[units, any\]"),
        (np.zeros(3, np.float32), None, r"vectors: found shape \[3\]"),
        (np.zeros((2, 3), np.float32), -1, "iterations: found -1"),
        (align_signs(_vectors()), None, "vectors: found .*, wanted an array of real numbers"),
        ([[1.0], [2.0, 3.0]], None, r"vectors: found \[\[1.0\], \[2.0, 3.0\]\], wanted an array of real numbers"),
        (np.full((2, 3), "a"), None, r"vectors: found <U1 \[2, 3\], wanted real numbers"),
        (np.zeros((2, 3), np.complex64), None, r"vectors: found complex64 \[2, 3\], wanted real numbers"),
    ],
)
def test_bad_arguments_are_named(vectors, iterations, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        align_signs(vectors, iterations=iterations)


def test_both_sorts_of_keys_draw_the_same():
    new, old = (align_signs(_vectors(), key=key(3), iterations=30) for key in (jax.random.key, jax.random.PRNGKey))
    jax.tree.map(np.testing.assert_array_equal, new, old)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": 0}, "key: found 0, wanted a JAX random key"),
        ({"key": jax.random.split(jax.random.key(0))}, r"key: found shape \[2\], wanted a JAX random key"),
        ({"iterations": 2.0}, "iterations: found 2.0, wanted a whole number of at least 0"),
    ],
)
def test_what_users_without_type_checks_give_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        unwrap(align_signs)(_vectors(), **options)
