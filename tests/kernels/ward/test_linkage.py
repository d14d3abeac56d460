import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage
from scipy.cluster.hierarchy import linkage as scipy_linkage

from interp_jax.kernels import ward
from interp_jax.kernels.ward import _linkage, _neighbors, _rounds, _search, _searches
from tests import reference


class _Result(NamedTuple):
    """What other functions return, given by mistake."""

    values: np.ndarray
    errors: np.ndarray


def gaussian(rows, features, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, features))


def clustered(rows, features, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(20, features))[draw.integers(0, 20, rows)] + 0.05 * draw.normal(size=(rows, features))


def assert_scipys(found, vectors):
    wanted = scipy_linkage(np.asarray(vectors, np.float64), method="ward")
    np.testing.assert_array_equal(found[:, [0, 1, 3]], wanted[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=1e-9)


@pytest.fixture
def in_products(monkeypatch):
    """Points of any number and dimension are searched in matrix products."""
    monkeypatch.setattr(_linkage, "_SMALL", (0, 0))
    monkeypatch.setattr(_linkage, "best", lambda points, rows: (_searches.Products(), np.arange(len(rows))))


@pytest.fixture
def on_device(in_products, monkeypatch):
    """Searches of any size go through the compiled float32 search."""
    monkeypatch.setattr(_search, "_on_host_up_to", lambda rows, clusters: False)


@pytest.mark.parametrize("draw", [gaussian, clustered])
@pytest.mark.parametrize(
    ("rows", "features"), [(2, 1), (2, 200), (3, 2), (10, 1), (50, 200), (300, 1), (1000, 2), (1000, 40)]
)
def test_equal_to_scipys(draw, rows, features):
    vectors = draw(rows, features)
    assert_scipys(ward.linkage(vectors), vectors)


@pytest.mark.parametrize("draw", [gaussian, clustered])
@pytest.mark.parametrize(("rows", "features"), [(2, 1), (30, 2), (700, 2), (2500, 17)])
def test_equal_to_scipys_with_the_search_on_the_device(on_device, draw, rows, features):
    vectors = draw(rows, features)
    assert_scipys(ward.linkage(vectors), vectors)


@pytest.mark.parametrize("draw", [gaussian, clustered])
@pytest.mark.parametrize(("rows", "features"), [(2, 1), (300, 1), (1000, 2), (1000, 40)])
def test_equal_to_scipys_with_the_search_in_products(in_products, draw, rows, features):
    vectors = draw(rows, features)
    assert_scipys(ward.linkage(vectors), vectors)


@pytest.mark.parametrize(
    "vectors",
    [
        gaussian(3000, 40),
        np.repeat(gaussian(40, 30), np.arange(1, 41), axis=0),
        np.round(gaussian(700, 3), 4) + 1e6,
        1e5 * np.sign(gaussian(600, 9, seed=1)) + gaussian(600, 9),
        np.arange(400.0)[:, None] ** 1.5,
    ],
    ids=["many", "repeated", "offset", "far groups", "growing gaps"],
)
def test_small_trees_lose_no_digits(vectors):
    assert len(np.unique(vectors, axis=0)) <= _linkage._SMALL[vectors.shape[1] > 1]
    found, wanted = ward.linkage(vectors), scipy_linkage(vectors - vectors.mean(0).round(), method="ward")
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=1e-9, atol=1e-12)
    assert ward.verify(found, vectors, samples=20).least.all()


@pytest.mark.parametrize("rows", [30, 400])
def test_points_too_near_for_centroids_lose_no_digits(rows):
    groups = np.round(gaussian(rows, 2), 3).reshape(2, rows // 2, 2)
    found = ward.linkage(np.concatenate([groups[0], groups[1] + 1e9]))
    wanted = np.concatenate([ward.linkage(groups[0]), ward.linkage((groups[1] + 1e9) - 1e9)])[:, 2]
    np.testing.assert_allclose(found[:-1, 2], np.sort(wanted), rtol=1e-9)


@pytest.mark.parametrize(
    ("vectors", "kinds"),
    [
        (gaussian(300, 40), [np.float32]),
        (1e4 * np.sign(gaussian(300, 1, seed=1)) + gaussian(300, 9), [np.float32, np.float64]),
        (np.eye(100), [np.float32, np.float64]),
    ],
    ids=["plain", "far groups", "equidistant"],
)
def test_bounds_are_as_precise_as_the_points_need(vectors, kinds, monkeypatch):
    used, start = [], _rounds._Rounds.__init__
    monkeypatch.setattr(_rounds._Rounds, "__init__", lambda *given: (used.append(given[-1]), start(*given))[1])
    found = ward.linkage(vectors)
    assert used == kinds
    assert ward.verify(found, vectors).least.all()


def test_the_nearest_is_never_above_another_cluster(monkeypatch):
    search, compared = _rounds._Rounds._search, []

    def checked(rounds, slots):
        search(rounds, slots)
        live = np.flatnonzero(rounds.factors[:, -4] < _rounds._FAR / 2)
        for slot in slots:
            others = live[live != slot]
            costs = rounds._cost(np.full(len(others), slot), others)
            assert costs.min() == rounds._cost(np.array([slot]), rounds.nearest[[slot]])
            assert rounds.bounds[slot] <= costs.min() * (1 + 1e-6)
            compared.append(len(others))

    monkeypatch.setattr(_rounds._Rounds, "_search", checked)
    draw = np.random.default_rng(2)
    for vectors in (gaussian(150, 9), clustered(150, 2), draw.integers(0, 9, (150, 3)) * 0.1):
        ward.linkage(vectors)
    assert sum(compared) > 10_000


@pytest.fixture
def in_trees(monkeypatch):
    """Points of any number and dimension are searched in k-d trees."""
    monkeypatch.setattr(_linkage, "_SMALL", (0, 0))
    monkeypatch.setattr(_linkage, "best", lambda points, rows: (_searches.Trees(), np.arange(len(rows))))


@pytest.mark.parametrize("draw", [gaussian, clustered])
@pytest.mark.parametrize(
    ("rows", "features"), [(2, 1), (2, 9), (9, 1), (40, 2), (41, 3), (90, 1), (700, 2), (700, 3), (1000, 8), (1000, 30)]
)
def test_equal_to_scipys_with_the_search_in_trees(in_trees, draw, rows, features):
    vectors = draw(rows, features)
    assert_scipys(ward.linkage(vectors), vectors)


def test_trees_of_points_that_are_far_or_many_in_one_place(in_trees):
    vectors = clustered(400, 2) + 1e6 * np.sign(clustered(400, 2, seed=1))
    assert_scipys(ward.linkage(vectors), vectors)
    vectors = np.random.default_rng(0).geometric(0.01, size=(500, 2)).astype(float)
    assert ward.verify(ward.linkage(vectors), vectors).valid
    assert ward.verify(ward.linkage(vectors), vectors).least.all()


@pytest.fixture
def merge(monkeypatch):
    """Replaces how neighbors follow merges by another function, which is given the original first."""
    original = _neighbors.Neighbors.merge
    return lambda other: monkeypatch.setattr(
        _neighbors.Neighbors, "merge", lambda neighbors, *pairs: other(original, neighbors, *pairs)
    )


def test_lists_of_neighbors_have_exact_costs_and_a_bound_on_all_others(in_products, merge):
    compared = []

    def checked(original, neighbors, *pairs):
        original(neighbors, *pairs)
        alive = np.flatnonzero(neighbors.clusters.alive)
        for slot in alive:
            listed, others = np.isfinite(neighbors.costs[slot]), alive[alive != slot]
            near = neighbors.slots[slot, listed]
            exact = neighbors.clusters.cost(np.full(len(near), slot), near)
            np.testing.assert_array_equal(neighbors.costs[slot, listed], exact)
            others = np.setdiff1d(others, near)
            costs = neighbors.clusters.cost(np.full(len(others), slot), others)
            assert np.all(costs >= neighbors.bounds[slot] * (1 - 1e-12))
            compared.append(len(costs))

    merge(checked)
    draw = np.random.default_rng(1)
    ward.linkage(draw.normal(size=(140, 9)) * np.exp(2 * draw.normal(size=(140, 1))))
    assert sum(compared) > 1000


def test_equal_steps_are_merged_in_few_rounds(in_products, merge):
    rounds = []
    merge(lambda original, neighbors, left, *others: (rounds.append(len(left)), original(neighbors, left, *others)))
    ward.linkage(np.arange(500)[:, None])
    assert sum(rounds) == 499
    assert len(rounds) < 40


@pytest.mark.slow
@pytest.mark.parametrize("draw", [gaussian, clustered])
@pytest.mark.parametrize("features", [1, 2, 3, 16, 64, 200])
def test_equal_to_scipys_for_5000_rows(draw, features):
    vectors = draw(5000, features)
    assert_scipys(ward.linkage(vectors), vectors)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_any_scale(scale):
    vectors = gaussian(200, 5)
    found, plain = ward.linkage(vectors * scale), ward.linkage(vectors)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], plain[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2] / scale, plain[:, 2], rtol=1e-12)


def test_a_large_offset_costs_no_digit(on_device):
    vectors = np.round(gaussian(500, 2), 3)
    offset = 2.0**30
    assert_scipys(ward.linkage(vectors + offset), (vectors + offset) - offset)


def test_far_clusters_of_near_points(on_device):
    # Within a cluster float32 sees nothing: every answer comes from the float64 search.
    vectors = clustered(400, 2) + 1e6 * np.sign(clustered(400, 2, seed=1))
    assert_scipys(ward.linkage(vectors), vectors)


def random_integers(seed):
    draw = np.random.default_rng(seed)
    return draw.integers(-3, 4, size=(draw.integers(2, 13), draw.integers(1, 4)))


def assert_every_merge_is_least(vectors):
    found = ward.linkage(vectors)
    assert is_valid_linkage(found)
    assert reference.ward_replay(found, vectors) == []


def test_every_merge_is_least_in_exact_integers():
    for seed in range(1_000):
        assert_every_merge_is_least(random_integers(seed))


@pytest.mark.slow
def test_every_merge_is_least_in_exact_integers_ten_thousand_times():
    for seed in range(1_000, 10_000):
        assert_every_merge_is_least(random_integers(seed))


def grid(side, seed=None):
    points = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    return points if seed is None else np.random.default_rng(seed).permutation(points)


@pytest.mark.parametrize(
    "vectors",
    [
        grid(6),
        grid(6, seed=0),
        grid(6, seed=1) + 1000,
        grid(10),
        grid(10, seed=2),
        np.zeros((20, 2), int),
        np.repeat(grid(3), [1, 2, 3, 1, 2, 3, 1, 1, 9], axis=0),
        np.arange(60)[:, None],
        2 ** np.arange(14)[:, None],
        np.eye(17, dtype=int),
        np.array([[1, 2], [1, 2]]),
        np.array([[1, 2], [3, 5]]),
    ],
    ids=lambda vectors: f"{len(vectors)} of {vectors.shape[1]}",
)
@pytest.mark.parametrize("search", [None, "in_products", "on_device", "in_trees"])
def test_every_merge_is_least_where_ties_abound(vectors, search, request):
    if search:
        request.getfixturevalue(search)
    assert_every_merge_is_least(vectors)
    found = ward.linkage(vectors)
    counts = cut_tree(found).max(0) + 1
    np.testing.assert_array_equal(counts, np.arange(len(vectors), 0, -1))


@given(rows=st.integers(2, 40), features=st.integers(1, 6), seed=st.integers(0, 1000), copies=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_rows_may_come_in_any_order_place_and_unit(rows, features, seed, copies):
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(rows, features))
    vectors = np.concatenate([vectors, vectors[draw.integers(0, rows, copies)]])
    found = ward.linkage(vectors)
    assert is_valid_linkage(found)
    assert np.count_nonzero(found[:, 2] == 0) == copies
    heights = ward.linkage(draw.permutation(vectors) * 3.7 - 12.5)[:, 2] / 3.7
    np.testing.assert_allclose(heights, found[:, 2], rtol=1e-9, atol=1e-12)
    assert found[-1, 3] == rows + copies
    assert ward.verify(found, vectors).valid


def test_lists_are_arrays():
    np.testing.assert_array_equal(ward.linkage([[0.0], [3.0]]), [[0, 1, 3, 2]])


def test_no_features_are_all_points_in_one_place():
    np.testing.assert_array_equal(ward.linkage(np.zeros((4, 0)))[:, 2:], [[0, 2], [0, 3], [0, 4]])


def test_the_input_is_taken_as_its_float64_value_and_left_alone():
    vectors = gaussian(100, 7).astype(np.float32)
    before = vectors.copy()
    found = ward.linkage(vectors)
    np.testing.assert_array_equal(found, ward.linkage(vectors.astype(np.float64)))
    np.testing.assert_array_equal(found, ward.linkage(jnp.asarray(vectors)))
    np.testing.assert_array_equal(vectors, before)
    doubles = gaussian(100, 7)
    before = doubles.copy()
    ward.linkage(doubles)
    np.testing.assert_array_equal(doubles, before)
    half = jnp.asarray(vectors, jnp.bfloat16)
    np.testing.assert_array_equal(ward.linkage(half), ward.linkage(half.astype(jnp.float32)))
    assert found.dtype == np.float64


def test_double_precision_mode_changes_nothing(on_device):
    vectors = gaussian(600, 2)
    with jax.enable_x64(True):
        found = ward.linkage(vectors)
    np.testing.assert_array_equal(found, ward.linkage(vectors))


def test_a_second_call_compiles_nothing(on_device, assert_compiles):
    ward.linkage(gaussian(2100, 17))
    with assert_compiles(0):
        ward.linkage(gaussian(2100, 17, seed=1))
        ward.linkage(gaussian(2600, 17, seed=1))


def test_few_rows_compile_nothing(assert_compiles):
    with assert_compiles(0):
        ward.linkage(gaussian(1000, 13))


@pytest.mark.parametrize(
    ("vectors", "found"),
    [
        (np.zeros((1, 3)), "shape"),
        (np.zeros((0, 3)), "shape"),
        (np.zeros(5), "shape"),
        (np.zeros((3, 2, 2)), "shape"),
        (np.array([[0.0], [np.nan]]), "NaN"),
        (np.array([[0.0], [np.inf]]), "NaN or infinity"),
        (np.zeros((3, 2), complex), "complex"),
        (np.full((3, 2), "a"), "<U1"),
        (np.full((3, 2), None), "object"),
        ([[1.0], [2.0, 3.0]], "2.0, 3.0"),
        (_Result(np.zeros((3, 2)), np.zeros(4)), "_Result"),
    ],
)
def test_refusals(vectors, found):
    with pytest.raises(ValueError, match=f"^vectors: found .*{found}.*, wanted "):
        ward.linkage(vectors)


# The peak of the process itself since a reset: ru_maxrss would begin with that of the process that started it.
_PEAK = """
import numpy as np

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024

def reset():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
"""


def _grown(preparation, work):
    """Bytes by which the work raises the peak memory of a process of its own."""
    script = f"{_PEAK}\n{preparation}\nreset()\nbefore = peak()\n{work}\nprint(peak() - before)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"JAX_PLATFORMS": "cpu"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


needs_proc = pytest.mark.skipif(
    not (Path("/proc/self/clear_refs").exists() and "VmHWM:" in Path("/proc/self/status").read_text()),
    reason="the peak memory of a process is read from /proc",
)


@needs_proc
@pytest.mark.slow
def test_memory_is_far_from_quadratic():
    vectors = "from interp_jax.kernels import ward\nx = np.random.default_rng(0).normal(size=(50_000, 64))"
    assert _grown(vectors, "ward.linkage(x)") < 512 * 2**20


@needs_proc
@pytest.mark.slow
def test_the_measure_of_memory_sees_what_is_too_much():
    # The tests' own peak is no excuse: it is higher here before and after.
    assert np.ones(900 * 2**17).sum() > 0
    assert 690 * 2**20 < _grown("", "np.ones(700 * 2**17)") < 800 * 2**20
    assert _grown("np.ones(700 * 2**17)", "np.ones(2**17)") < 64 * 2**20


def _groups_of_equal_distances(seed, groups, size, spread):
    draw = np.random.default_rng(seed)
    return np.concatenate(
        [np.eye(size)[draw.permutation(size)] + spread * draw.normal(size=size) for _ in range(groups)]
    )


@pytest.mark.parametrize("case", [(1, 40, 8, 100.0), (0, 100, 10, 5.0), (2, 100, 10, 5.0), (7, 100, 10, 5.0)])
def test_a_round_in_which_rounding_hides_all_nearest_pairs_ends(case):
    points, trees = _groups_of_equal_distances(*case), []
    call = threading.Thread(target=lambda: trees.append(ward.linkage(points)), daemon=True)
    call.start()
    call.join(120)
    assert not call.is_alive()
    replayed = ward.verify(trees[0], points)
    assert replayed.valid
    assert replayed.least.all()
