import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage
from scipy.cluster.hierarchy import linkage as scipy_linkage

from interp_jax.kernels import ward
from tests import reference

_TREES = jax.jit(jax.vmap(ward.tree))


def gaussian(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("rows", "features"),
    [
        (40, 40),
        (261, 3),
        *(pytest.param(*size, marks=pytest.mark.slow) for size in [(2, 1), (3, 200), (30, 2), (90, 40)]),
    ],
)
def test_equal_to_scipys_in_float64(rows, features):
    vectors = gaussian(rows, features)
    with jax.enable_x64(True):
        found = np.asarray(ward.tree(vectors))
    wanted = scipy_linkage(vectors, method="ward")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found[:, [0, 1, 3]], wanted[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=1e-9)


@pytest.mark.parametrize("offset", [0, 10])
def test_heights_in_float32(offset):
    vectors = (gaussian(20, 60, 8) + offset).astype(np.float32)
    vectors[:, 40:50] = vectors[:, :10]
    found = np.asarray(_TREES(vectors))
    assert found.dtype == np.float32
    for tree, points in zip(found, vectors, strict=True):
        assert is_valid_linkage(tree.astype(float))
        heights = scipy_linkage(points.astype(float), method="ward")[:, 2]
        np.testing.assert_allclose(tree[:, 2], heights, atol=1e-5 * heights[-1])
        assert np.count_nonzero(tree[:, 2] == 0) == 10


def integers(lanes, rows, features, seed=0):
    return np.random.default_rng(seed).integers(-3, 4, size=(lanes, rows, features)).astype(np.float64)


def _assert_least(vectors):
    for found, points in zip(np.asarray(_TREES(vectors)), np.asarray(vectors), strict=True):
        assert is_valid_linkage(found.astype(float))
        assert reference.ward_replay(found, points) == []


def test_every_merge_is_least_in_exact_integers():
    with jax.enable_x64(True):
        _assert_least(integers(400, 9, 2))


@pytest.mark.slow
def test_every_merge_is_least_in_exact_integers_ten_thousand_times():
    with jax.enable_x64(True):
        for rows in range(3, 13):
            for features in (1, 2, 3):
                _assert_least(integers(300, rows, features, seed=100 * rows + features))


def tied(side):
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    draw = np.random.default_rng(0)
    line = np.arange(side * side)
    return np.stack(
        [grid, draw.permutation(grid), 0 * grid, np.stack([line, line], 1), draw.integers(0, 2, grid.shape)]
    ).astype(float)


@pytest.mark.parametrize("side", [5, *(pytest.param(side, marks=pytest.mark.slow) for side in (6, 10))])
def test_every_merge_is_least_where_ties_abound(side):
    with jax.enable_x64(True):
        _assert_least(tied(side))


@given(seed=st.integers(0, 1000), levels=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_always_a_valid_tree_in_float32(seed, levels):
    rows, draw = 25, np.random.default_rng(seed)
    vectors = (draw.integers(0, levels, size=(rows, 3)) * 0.1 + draw.choice([0, 1e-3, 1e3])).astype(np.float32)
    found = np.asarray(ward.tree(vectors)).astype(float)
    assert is_valid_linkage(found)
    assert found[-1, 3] == rows
    np.testing.assert_array_equal(cut_tree(found).max(0) + 1, np.arange(rows, 0, -1))


def test_rounding_never_makes_heights_fall():
    """The vectors have equal distances, so that the costs of the next merges are equal but for rounding."""
    scales = np.random.default_rng(0).random(100) + 0.1
    heights = np.asarray(_TREES((np.eye(12) * scales[:, None, None]).astype(np.float32)))[:, :, 2]
    assert (np.diff(heights) >= 0).all()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_any_scale(scale):
    vectors = gaussian(25, 3).astype(np.float32)
    found, plain = ward.tree(vectors * np.float32(scale)), ward.tree(vectors)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], plain[:, [0, 1, 3]])
    np.testing.assert_allclose(np.asarray(found[:, 2], float) / scale, plain[:, 2], rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_leaves_a_tree_without_heights(value):
    vectors = gaussian(2, 25, 3).astype(np.float32)
    vectors[0, 4, 1] = value
    found = np.asarray(_TREES(vectors)).astype(float)
    assert np.isnan(found[0, :, 2]).all()
    assert is_valid_linkage(np.nan_to_num(found[0]))
    _assert_same(found[1], ward.tree(vectors[1]))


def test_lanes_are_the_single_trees():
    vectors = gaussian(2, 25, 3).astype(np.float32)
    for found, points in zip(_TREES(vectors), vectors, strict=True):
        _assert_same(found, ward.tree(points))


def _assert_same(found, tree):
    """Equal merges; heights of another program may be rounded in another way."""
    found, tree = np.asarray(found), np.asarray(tree)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], tree[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], tree[:, 2], rtol=3e-7)


def test_lanes_of_lanes_some_at_a_time(monkeypatch):
    monkeypatch.setattr(sys.modules[ward.tree.__module__], "_BLOCK", 1)
    vectors = gaussian(3, 7, 26, 3)
    found = np.asarray(jax.vmap(jax.vmap(ward.tree))(vectors))
    for tree, points in zip(found.reshape(21, 25, 4), vectors.reshape(21, 26, 3), strict=True):
        heights = scipy_linkage(points, method="ward")[:, 2]
        np.testing.assert_allclose(tree[:, 2], heights, atol=1e-5 * heights[-1])
    assert jax.vmap(ward.tree)(vectors[0, :0]).shape == (0, 25, 4)


def test_a_second_call_compiles_nothing(assert_compiles):
    _TREES(gaussian(2, 25, 3).astype(np.float32))
    with assert_compiles(0):
        _TREES(gaussian(2, 25, 3, seed=1).astype(np.float32))


@pytest.mark.parametrize("kind", [np.int32, np.float16, jnp.bfloat16])
def test_other_dtypes_give_float32(kind):
    found = jax.eval_shape(ward.tree, jnp.zeros((5, 2), kind))
    assert (found.shape, found.dtype) == ((4, 4), jnp.float32)


def test_no_features_are_all_points_in_one_place():
    np.testing.assert_array_equal(ward.tree(np.zeros((4, 0)))[:, 2:], [[0, 2], [0, 3], [0, 4]])


def test_lists_are_arrays():
    np.testing.assert_array_equal(ward.tree(gaussian(25, 3).tolist()), ward.tree(gaussian(25, 3)))


@pytest.mark.parametrize("shape", [(1, 3), (0, 3), (4,), (2, 3, 4)])
def test_refusals(shape):
    with pytest.raises(ValueError, match=r"^vectors: found shape \[.*\], wanted (\[rows, any\]|at least two rows)$"):
        ward.tree(np.zeros(shape))


@pytest.mark.parametrize(
    ("vectors", "found"),
    [
        (np.zeros((3, 2), complex), "complex128 .*"),
        (np.full((3, 2), "a"), "<U1 .*"),
        (np.full((3, 2), None), "object .*"),
        ([[1.0], [2.0, 3.0]], "\\[\\[1.0.*"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(vectors, found):
    with pytest.raises(ValueError, match=f"^vectors: found {found}, wanted .*real numbers"):
        ward.tree(vectors)


@pytest.mark.parametrize("offset", [1e9, 2**60])
def test_an_offset_of_numpy_numbers_of_64_bits_costs_no_digits(offset):
    vectors = gaussian(12, 3)
    vectors = (1000 * vectors).round() if offset == 2**60 else vectors
    moved = vectors.astype(np.int64) + offset if offset == 2**60 else vectors + offset
    np.testing.assert_allclose(ward.tree(moved), ward.linkage(vectors), rtol=1e-5)


def test_whole_numbers_are_not_wrapped():
    assert ward.tree(np.array([[0], [2**32]])).tolist() == [[0, 1, 2**32, 2]]
    assert ward.tree(np.array([[3], [250]], np.uint8))[0, 2] == 247
