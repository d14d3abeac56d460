"""The search in k-d trees: its bounds by brute force, and trees of some thousand points."""

import itertools

import numpy as np
import pytest
import scipy.cluster.hierarchy

from interp_jax.kernels import ward
from interp_jax.kernels.ward import _distinct, _forest, _linkage, _neighbors, _searches, _walk


def normal(rows, features, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, features))


def uniform(rows, features, seed=0):
    return np.random.default_rng(seed).random((rows, features))


def clustered(rows, features, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(20, features))[draw.integers(0, 20, rows)] + 0.05 * draw.normal(size=(rows, features))


def surface(rows, features, seed=0):
    """Points of a curved surface of two dimensions."""
    draw = np.random.default_rng(seed)
    places = draw.normal(size=(rows, 2))
    return np.concatenate([places, np.sin(places), places**2], axis=1) @ draw.normal(size=(6, features))


@pytest.fixture(autouse=True)
def in_trees(monkeypatch):
    best = lambda points, rows: (_searches.Trees(), _forest.by_place(points[rows])[1])  # noqa: E731
    monkeypatch.setattr(_linkage, "best", best)
    monkeypatch.setattr(_linkage, "_SMALL", (0, 0))


@pytest.fixture
def rounds(monkeypatch):
    """How many pairs each round merges."""
    pairs, merge = [], _neighbors.Neighbors.merge
    monkeypatch.setattr(
        _neighbors.Neighbors,
        "merge",
        lambda neighbors, left, *others: (pairs.append(len(left)), merge(neighbors, left, *others))[1],
    )
    return pairs


def assert_scipys(vectors, offset=0.0, rtol=1e-9):
    found = ward.linkage(vectors + offset)
    wanted = scipy.cluster.hierarchy.linkage((vectors + offset) - offset, method="ward")
    np.testing.assert_array_equal(found[:, [0, 1, 3]], wanted[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=rtol)


@pytest.mark.parametrize("draw", [normal, uniform, clustered])
@pytest.mark.parametrize("features", [1, 2, 3, 8])
def test_equal_to_scipys(draw, features):
    assert_scipys(draw(2000, features))


@pytest.mark.slow
@pytest.mark.parametrize("draw", [normal, uniform, clustered])
@pytest.mark.parametrize("features", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [5_000, 20_000])
def test_equal_to_fastclusters(draw, features, rows):
    fastcluster = pytest.importorskip("fastcluster")
    vectors = draw(rows, features)
    found, wanted = ward.linkage(vectors), fastcluster.linkage_vector(vectors, method="ward")
    np.testing.assert_array_equal(found[:, [0, 1, 3]], wanted[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=1e-9)


@pytest.mark.parametrize("offset", [2.0**20, 2.0**30])
def test_a_large_offset_costs_no_digit(offset):
    assert_scipys(np.round(normal(1500, 2), 4), offset)


def test_two_groups_a_billion_apart():
    groups = np.round(normal(1500, 2), 3).reshape(2, 750, 2)
    found = ward.linkage(np.concatenate([groups[0], groups[1] + 1e9]))
    wanted = np.concatenate([ward.linkage(groups[0]), ward.linkage((groups[1] + 1e9) - 1e9)])[:, 2]
    np.testing.assert_allclose(found[:-1, 2], np.sort(wanted), rtol=1e-9)


def test_points_nearer_to_each_other_than_the_trees_can_tell():
    # All distances within a group are below the rounding of a coordinate of the trees.
    vectors = np.arange(60.0)[:, None] * 2.0**-52 * [[1, 0]]
    vectors = np.concatenate([vectors, vectors + 1.0, vectors - 1.0])
    found = ward.linkage(vectors)
    checked = ward.verify(found, vectors)
    assert checked.valid
    assert checked.least.all()


@pytest.mark.parametrize(
    ("draw", "rows", "features"),
    [(normal, 1500, 2), (clustered, 3000, 8), (clustered, 2000, 1), (uniform, 1000, 3), (normal, 700, 20)],
)
def test_every_cluster_that_a_search_does_not_list_costs_at_least_the_bound(draw, rows, features, monkeypatch):
    search, compared, pick = _neighbors.Neighbors.search, [], np.random.default_rng(0)

    def checked(neighbors, slots, *others):
        search(neighbors, slots, *others)
        clusters = neighbors.clusters
        alive = np.flatnonzero(clusters.alive)
        for slot in pick.choice(slots, min(60, len(slots)), replace=False):
            listed = np.isfinite(neighbors.costs[slot])
            near = neighbors.slots[slot, listed]
            np.testing.assert_array_equal(neighbors.costs[slot, listed], clusters.cost(np.full(len(near), slot), near))
            unlisted = np.setdiff1d(alive, np.append(near, slot))
            costs = clusters.cost(np.full(len(unlisted), slot), unlisted)
            assert np.all(costs >= neighbors.bounds[slot] * (1 - 1e-11))
            assert neighbors.least[slot] <= neighbors.bounds[slot]
            compared.append(len(unlisted))

    monkeypatch.setattr(_neighbors.Neighbors, "search", checked)
    ward.linkage(draw(rows, features))
    assert sum(compared) > 100_000


def _error_sum(linkage, vectors, clusters):
    labels = scipy.cluster.hierarchy.fcluster(linkage, clusters, "maxclust")
    return sum(((part - part.mean(0)) ** 2).sum() for part in (vectors[labels == label] for label in np.unique(labels)))


@pytest.mark.parametrize(("side", "features"), [(1000, 1), (30, 2), (9, 3), (5, 4), (3, 6)])
def test_lattices_are_merged_in_few_rounds_into_trees_of_least_merges(side, features, rounds):
    vectors = np.array(list(itertools.product(range(side), repeat=features)), float)
    found = ward.linkage(vectors)
    checked = ward.verify(found, vectors, samples=40)
    assert checked.valid
    assert checked.least.all()
    assert len(rounds) < 60
    wanted = scipy.cluster.hierarchy.linkage(vectors, method="ward")
    for clusters in (2, 20, 200):
        assert _error_sum(found, vectors, clusters) < 1.25 * _error_sum(wanted, vectors, clusters)


def test_many_equal_rows_are_merged_first():
    vectors = np.random.default_rng(0).integers(0, 12, (600, 2)).astype(float)
    found = ward.linkage(vectors)
    distinct = len(np.unique(vectors, axis=0))
    assert np.count_nonzero(found[:, 2] == 0) == 600 - distinct
    checked = ward.verify(found, vectors, samples=40)
    assert checked.valid
    assert checked.least.all()


def test_rows_of_equal_hash_stay_apart(monkeypatch):
    vectors = np.random.default_rng(0).integers(0, 5, (400, 2)).astype(float)
    vectors[7] = -0.0
    wanted = ward.linkage(vectors)
    monkeypatch.setattr(_distinct, "_hashed", lambda rows: np.zeros(len(rows), np.uint64))
    found = ward.linkage(vectors)
    assert np.count_nonzero(found[:, 2] == 0) == np.count_nonzero(wanted[:, 2] == 0)
    assert ward.verify(found, vectors).least.all()


@pytest.mark.parametrize(
    ("draw", "rows", "features", "search"),
    [
        (normal, 20_000, 2, _searches.Trees),
        (normal, 20_000, 8, _searches.Trees),
        (surface, 20_000, 64, _searches.Trees),
        (clustered, 20_000, 64, _searches.Trees),
        (normal, 20_000, 16, _searches.Products),
        (normal, 20_000, 64, _searches.Products),
    ],
)
def test_the_search_is_chosen_by_the_dimension_of_the_points_themselves(draw, rows, features, search):
    found, order = _searches.best(draw(rows, features), np.arange(rows))
    assert isinstance(found, search)
    np.testing.assert_array_equal(np.sort(order), np.arange(rows))


@pytest.mark.parametrize("features", [1, 9, 100])
def test_points_in_one_place_are_searched_too(features):
    _, order = _searches.best(np.zeros((1, features)), np.arange(1))
    np.testing.assert_array_equal(order, [0])
    np.testing.assert_array_equal(ward.linkage(np.zeros((3, features)))[:, 2], 0)


def test_a_surface_in_many_dimensions_is_equal_to_scipys():
    assert_scipys(surface(1500, 64))


@pytest.mark.parametrize("power", [1.5, 1.05, 3])
def test_slowly_growing_gaps_need_few_rounds(power, rounds):
    assert_scipys(np.arange(1500.0)[:, None] ** power)
    assert len(rounds) < 60


@pytest.fixture
def walking(monkeypatch):
    """After each round all that can be merged without a search is merged one after the other."""
    monkeypatch.setattr(_linkage, "_FEW", np.inf)


@pytest.mark.parametrize("draw", [normal, clustered])
@pytest.mark.parametrize(("rows", "features"), [(5, 1), (300, 1), (1000, 2), (1000, 8)])
def test_merges_one_after_the_other_are_equal_to_scipys(walking, draw, rows, features):
    assert_scipys(draw(rows, features))


@pytest.mark.parametrize("starts", [1, 7, 1 << 16])
def test_merges_one_after_the_other_in_lattices_are_least(walking, starts, monkeypatch):
    monkeypatch.setattr(_walk, "_STARTS", starts)
    for side, features in ((300, 1), (14, 2), (3, 5)):
        vectors = np.array(list(itertools.product(range(side), repeat=features)), float) + 2.0**30
        checked = ward.verify(ward.linkage(vectors), vectors)
        assert checked.valid
        assert checked.least.all()
    assert_scipys(np.round(normal(500, 2), 5), 2.0**30)


def test_a_walk_leaves_lists_of_exact_costs_and_bounds_on_all_others(walking, monkeypatch):
    walk, compared = _linkage.walk, []

    def checked(neighbors, merges):
        merged = walk(neighbors, merges)
        clusters = neighbors.clusters
        alive = np.flatnonzero(clusters.alive)
        for slot in alive:
            listed = np.isfinite(neighbors.costs[slot])
            near = neighbors.slots[slot, listed]
            np.testing.assert_array_equal(neighbors.costs[slot, listed], clusters.cost(np.full(len(near), slot), near))
            others = np.setdiff1d(alive, np.append(near, slot))
            costs = clusters.cost(np.full(len(others), slot), others)
            assert np.all(costs >= neighbors.bounds[slot] * (1 - 1e-11))
            compared.append(len(others))
        return merged

    monkeypatch.setattr(_linkage, "walk", checked)
    draw = np.random.default_rng(1)
    ward.linkage(draw.normal(size=(160, 9)) * np.exp(2 * draw.normal(size=(160, 1))))
    ward.linkage(draw.normal(size=(300, 1)) ** 3)
    assert sum(compared) > 1000
