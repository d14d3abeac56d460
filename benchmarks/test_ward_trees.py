"""Many small Ward trees at once, against SciPy in a loop."""

import functools

import jax
import numpy as np
import scipy.cluster.hierarchy

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.kernels import ward

SIZES, ROWS, FEATURES = (1_000,), 200, 40


def group(trees):
    return f"Ward: {trees:,} trees of {ROWS} × {FEATURES}"


@functools.cache
def _vectors(trees):
    return np.random.default_rng(0).normal(size=(trees, ROWS, FEATURES)).astype(np.float32)


def _in_a_loop(linkage, vectors):
    return np.stack([linkage(each, method="ward") for each in vectors])


def test_interp_jax(benchmark, size):
    vectors, trees = _vectors(size), jax.jit(jax.vmap(ward.tree))
    result = np.asarray(ours(benchmark, size, lambda: trees(vectors), memory=(jax.vmap(ward.tree), vectors)))
    wanted = _in_a_loop(scipy.cluster.hierarchy.linkage, vectors)[:, :, 2]
    error = np.abs(result[:, :, 2] - wanted).max(1) / wanted[:, -1]
    check(benchmark, largest_height_error_of_the_largest_height=error.max())


def test_scipy_in_a_loop(benchmark, size):
    vectors = _vectors(size).astype(np.float64)
    baseline(benchmark, size, lambda: _in_a_loop(scipy.cluster.hierarchy.linkage, vectors))


def test_fastcluster_in_a_loop(benchmark, size):
    vectors, linkage = _vectors(size).astype(np.float64), baselines.fastcluster().linkage
    baseline(benchmark, size, lambda: _in_a_loop(linkage, vectors))
