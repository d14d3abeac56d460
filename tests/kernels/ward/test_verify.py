import inspect

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage as scipy_linkage

from interp_jax.kernels import ward
from tests import reference


def gaussian(rows, features, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, features))


@pytest.mark.parametrize("make", [ward.linkage, lambda vectors: scipy_linkage(vectors, method="ward")])
@pytest.mark.parametrize(("rows", "features"), [(2, 1), (3, 2), (200, 5), (300, 40)])
def test_a_ward_tree_passes(make, rows, features):
    vectors = gaussian(rows, features)
    found = ward.verify(make(vectors), vectors)
    assert found.valid
    assert found.least.all()
    assert found.excess.max() < 1e-9
    np.testing.assert_array_equal(found.checked, np.arange(rows - 1))


@pytest.mark.parametrize("method", ["single", "average", "centroid"])
def test_another_tree_does_not(method):
    vectors = gaussian(200, 5)
    found = ward.verify(scipy_linkage(vectors, method=method), vectors)
    assert not found.valid
    assert not found.least.all()
    assert found.least[0]
    assert found.excess.max() > 0.1


def _exchanged(tree, row):
    """Two neighboring merges in the other order, with the names that follow."""
    names = np.arange(2 * len(tree) + 1)
    first = len(tree) + 1 + row
    names[[first, first + 1]] = first + 1, first
    tree = tree[np.r_[:row, row + 1, row, row + 2 : len(tree)]].copy()
    tree[:, :2] = np.sort(names[tree[:, :2].astype(int)], axis=1)
    return tree


def _set(tree, row, column, value):
    tree = tree.copy()
    tree[row, column] = value
    return tree


def _merged_with_itself(tree, row):
    """The name of a merge as one of its own clusters, and that cluster in its place."""
    tree, name = tree.copy(), len(tree) + 1 + row
    tree[:, :2][tree[:, :2] == name] = tree[row, 1]
    tree[row, 1] = name
    return tree


def test_what_is_wrong_is_found():
    vectors = gaussian(50, 3)
    tree = ward.linkage(vectors)
    assert ward.verify(tree, vectors).valid
    for broken in (
        _set(tree, 10, 2, tree[10, 2] * (1 + 1e-8)),
        _set(tree, 10, 3, tree[10, 3] + 1),
        _set(tree, 10, 0, tree[9, 0]),
        _set(tree, 10, 0, 60),
        _set(tree, 10, 0, -1),
        _set(tree, 10, 1, np.nan),
        _merged_with_itself(tree, 10),
    ):
        assert not ward.verify(broken, vectors).valid
    swapped = ward.verify(_exchanged(tree, 0), vectors)
    assert not swapped.valid
    np.testing.assert_array_equal(np.flatnonzero(~swapped.least), [0])
    np.testing.assert_allclose(swapped.excess[0], (tree[1, 2] / tree[0, 2]) ** 2 - 1, rtol=1e-9)


@pytest.mark.parametrize(("method", "wrong"), [("ward", False), ("average", True), ("single", True)])
def test_exact_integers_say_the_same(method, wrong):
    draw = np.random.default_rng(0)
    replays = []
    for _ in range(60):
        vectors = draw.integers(-3, 4, size=(9, 2))
        tree = scipy_linkage(vectors, method=method)
        replays.append(reference.ward_replay(tree, vectors, heights=False))
        np.testing.assert_array_equal(np.flatnonzero(~ward.verify(tree, vectors).least), replays[-1])
    assert any(replays) == wrong


@pytest.mark.parametrize("samples", [1, 7, 98, 99, 1000])
def test_samples_are_the_same_merges(samples):
    vectors = gaussian(100, 4)
    tree = scipy_linkage(vectors, method="average")
    every, some = ward.verify(tree, vectors), ward.verify(tree, vectors, samples)
    assert len(some.checked) == min(samples, 99)
    np.testing.assert_array_equal(some.least, every.least[some.checked])
    np.testing.assert_allclose(some.excess, every.excess[some.checked], atol=1e-12)


@pytest.mark.parametrize("offset", [0, 10])
def test_a_float32_tree_passes(offset):
    vectors = (gaussian(25, 3) + offset).astype(np.float32)
    tree = np.asarray(ward.tree(vectors))
    found = ward.verify(tree, vectors)
    assert tree.dtype == np.float32
    assert found.valid
    assert found.least.all()
    # The same digits as float64 are held to all of those.
    assert not ward.verify(tree.astype(np.float64), vectors).valid


def test_float32_is_leave_for_rounding_only():
    vectors = gaussian(60, 4)
    tree = ward.linkage(vectors)
    single, largest = tree.astype(np.float32), tree[-1, 2]
    assert ward.verify(single, vectors).valid
    assert ward.verify(_set(single, 30, 2, tree[30, 2] + 0.5e-5 * largest), vectors).valid
    for row, height in ((30, tree[30, 2] + 2e-5 * largest), (58, 1.1 * largest), (58, 1e9)):
        assert not ward.verify(_set(single, row, 2, height), vectors).valid
    # Merges that change places: one of another height, and one that is as near as float32 heights can be off.
    assert tree[1, 2] > tree[0, 2] + 1e-4 * largest
    assert not ward.verify(_exchanged(single, 0), vectors).least[0]
    pairs = np.array([[0.0], [1.0], [100.0], [101.0 + 1.5e-5 * 2**0.5 * 100]])
    for kind, least in ((np.float32, True), (np.float64, False)):
        found = ward.verify(_exchanged(ward.linkage(pairs), 0).astype(kind), pairs)
        assert bool(found.least[0]) == least


def test_equal_heights_may_fall_by_rounding_only():
    vectors = np.array([[0.0], [1.0], [10.0], [11.0]])
    tree = ward.linkage(vectors)
    assert tree[0, 2] == tree[1, 2]
    assert ward.verify(_set(tree, 1, 2, np.nextafter(tree[1, 2], 0)), vectors).valid
    assert not ward.verify(_set(tree, 1, 2, tree[1, 2] * (1 - 1e-8)), vectors).valid


def test_all_points_equal():
    vectors = np.full((6, 2), 3.3)
    found = ward.verify(ward.linkage(vectors), vectors)
    assert found.valid
    assert found.least.all()
    np.testing.assert_array_equal(found.excess, 0)


def test_refusals():
    vectors = gaussian(5, 2)
    tree = ward.linkage(vectors)
    with pytest.raises(ValueError, match=r"^linkage: found shape \[4, 4\], wanted \[5, 4\]"):
        ward.verify(tree, gaussian(6, 2))
    with pytest.raises(ValueError, match="^vectors: found NaN"):
        ward.verify(tree, vectors * np.nan)
    with pytest.raises(ValueError, match=r"^linkage: found complex128 \[4, 4\], wanted real"):
        ward.verify(tree.astype(complex), vectors)
    with pytest.raises(ValueError, match="^samples: found 0, wanted"):
        ward.verify(tree, vectors, 0)
    with pytest.raises(ValueError, match="^samples: found 2.0, wanted a whole number"):
        inspect.unwrap(ward.verify)(tree, vectors, 2.0)
