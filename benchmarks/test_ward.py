"""One Ward tree: points in 64 and in 2 dimensions, and points of an integer grid with their many ties."""

import functools

import jax
import numpy as np
import pytest
import scipy.cluster.hierarchy

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.kernels import ward
from interp_jax.kernels.ward import _searches as _searches

SIZES = {"64 features": (20_000, 3_000, 2_000, 1_000, 500), "2 features": (20_000,), "integer grid": (5_000,)}
CURVE = {"64 features": (1_000, 2_000, 4_000, 8_000, 16_000)}
ROUNDS = 5


def group(case, size):
    return f"Ward: a tree of {size:,}, {case}"


@functools.cache
def _vectors(case, rows):
    draw = np.random.default_rng(0)
    if case == "integer grid":
        return draw.integers(0, 71, (rows, 2)).astype(float)
    return draw.normal(size=(rows, int(case.split()[0])))


@functools.cache
def _heights(case, rows):
    result = baselines.fastcluster().linkage_vector(_vectors(case, rows), method="ward")
    return result[:, 2]


def _compare(benchmark, result, case, rows):
    """Compares heights; where ties allow several trees, replays fifty of the merges instead."""
    if case == "integer grid":
        replayed = ward.verify(result, _vectors(case, rows), samples=50)
        return check(benchmark, replayed_merges_that_are_least=np.mean(replayed.least) * replayed.valid)
    wanted = _heights(case, rows)
    return check(benchmark, largest_relative_height_difference=np.abs(result[:, 2] / wanted - 1).max())


def _flops(vectors):
    """Operations of the products of all pairs of clusters that are compared; None where trees find the nearest."""
    count, search = 0, _searches.nearest

    def counted(clusters, rows):
        nonlocal count
        count += len(rows) * len(clusters.sizes)
        return search(clusters, rows)

    _searches.nearest = counted
    try:
        ward.linkage(vectors)
    finally:
        _searches.nearest = search
    return 2 * vectors.shape[1] * count or None


def test_interp_jax(benchmark, case, size):
    vectors = _vectors(case, size)
    result = ours(benchmark, size, lambda: ward.linkage(vectors), rounds=ROUNDS, flops=_flops(vectors), host=True)
    _compare(benchmark, result, case, size)


def test_interp_jax_first_call(benchmark, case, size):
    benchmark.extra_info["size"] = size
    result = benchmark.pedantic(ward.linkage, (_vectors(case, size),), setup=jax.clear_caches, rounds=ROUNDS)
    _compare(benchmark, result, case, size)


@pytest.mark.parametrize("function", ["linkage", "linkage_vector"])
def test_fastcluster(benchmark, function, case, size):
    vectors, cluster = _vectors(case, size), getattr(baselines.fastcluster(), function)
    result = baseline(benchmark, size, lambda: cluster(vectors, method="ward"), rounds=ROUNDS, warmup_rounds=0)
    _compare(benchmark, result, case, size)


def test_scipy(benchmark, case, size):
    vectors = _vectors(case, size)
    result = baseline(
        benchmark,
        size,
        lambda: scipy.cluster.hierarchy.linkage(vectors, method="ward"),
        rounds=ROUNDS,
        warmup_rounds=0,
    )
    _compare(benchmark, result, case, size)


def test_scikit_learn(benchmark, case, size):
    from sklearn.cluster import AgglomerativeClustering

    vectors = _vectors(case, size)
    model = AgglomerativeClustering(n_clusters=None, distance_threshold=0, linkage="ward")
    result = baseline(benchmark, size, lambda: model.fit(vectors), rounds=ROUNDS, warmup_rounds=0)
    if case != "integer grid":
        check(benchmark, largest_relative_height_difference=np.abs(result.distances_ / _heights(case, size) - 1).max())
