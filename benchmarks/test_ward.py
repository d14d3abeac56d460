"""One large Ward tree against fastcluster and SciPy, and many small ones against SciPy in a loop."""

import functools

import jax
import numpy as np
import pytest
import scipy.cluster.hierarchy

from interp_jax.kernels import ward

SIZES = [(20_000, 64), (20_000, 2), (2_000, 64)]
TREES, ROWS, FEATURES = 1_000, 200, 40
MANY = f"Ward: {TREES:,} trees of {ROWS} × {FEATURES}"


def _vectors(rows, features):
    return np.random.default_rng(0).normal(size=(rows, features))


@functools.cache
def _heights(rows, features):
    fastcluster = pytest.importorskip("fastcluster", reason="fastcluster is not installed")
    return fastcluster.linkage_vector(_vectors(rows, features), method="ward")[:, 2]


def _compare(benchmark, found, rows, features):
    wanted = _heights(rows, features)
    benchmark.extra_info["largest relative height difference"] = float(np.abs(found[:, 2] / wanted - 1).max())


def _group(benchmark, rows, features):
    benchmark.group = f"Ward: a tree of {rows:,} × {features}"
    return _vectors(rows, features)


@pytest.mark.parametrize(("rows", "features"), SIZES)
def test_interp_jax_first_call(benchmark, rows, features):
    vectors = _group(benchmark, rows, features)
    found = benchmark.pedantic(ward.linkage, (vectors,), setup=jax.clear_caches, rounds=3)
    _compare(benchmark, found, rows, features)


@pytest.mark.parametrize(("rows", "features"), SIZES)
def test_interp_jax_again(benchmark, rows, features):
    vectors = _group(benchmark, rows, features)
    _compare(benchmark, benchmark.pedantic(ward.linkage, (vectors,), rounds=3, warmup_rounds=1), rows, features)


@pytest.mark.parametrize(("rows", "features"), SIZES)
@pytest.mark.parametrize("function", ["linkage", "linkage_vector"])
def test_fastcluster(benchmark, function, rows, features):
    fastcluster = pytest.importorskip("fastcluster", reason="fastcluster is not installed")
    vectors = _group(benchmark, rows, features)
    found = benchmark.pedantic(getattr(fastcluster, function), (vectors,), {"method": "ward"}, rounds=1)
    _compare(benchmark, found, rows, features)


@pytest.mark.parametrize(("rows", "features"), SIZES)
def test_scipy(benchmark, rows, features):
    vectors = _group(benchmark, rows, features)
    found = benchmark.pedantic(scipy.cluster.hierarchy.linkage, (vectors,), {"method": "ward"}, rounds=1)
    _compare(benchmark, found, rows, features)


def _many():
    return np.random.default_rng(0).normal(size=(TREES, ROWS, FEATURES)).astype(np.float32)


@pytest.mark.benchmark(group=MANY)
def test_interp_jax_trees(benchmark):
    vectors, trees = _many(), jax.jit(jax.vmap(ward.tree))
    found = np.asarray(benchmark.pedantic(lambda: trees(vectors).block_until_ready(), rounds=5, warmup_rounds=1))
    wanted = np.stack([scipy.cluster.hierarchy.linkage(each, method="ward") for each in vectors])[:, :, 2]
    error = np.abs(found[:, :, 2] - wanted).max(1) / wanted[:, -1]
    benchmark.extra_info["largest height error, of the largest height"] = float(error.max())


@pytest.mark.benchmark(group=MANY)
def test_scipy_in_a_loop(benchmark):
    vectors = _many().astype(np.float64)
    benchmark.pedantic(
        lambda: [scipy.cluster.hierarchy.linkage(each, method="ward") for each in vectors], rounds=5, warmup_rounds=1
    )
