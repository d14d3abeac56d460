"""k-means of 60,000 rows of 128 features, 10 clusters, from ten starts and from one, against scikit-learn."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.cluster import KMeans

from interp_jax.kernels.kmeans import kmeans

ROWS, FEATURES, CLUSTERS = 60_000, 128, 10


def _starts(count):
    return f"k-means: {ROWS:,} × {FEATURES}, {CLUSTERS} clusters, {count} start{'s' if count > 1 else ''}"


STARTS = [pytest.param(count, marks=pytest.mark.benchmark(group=_starts(count))) for count in (10, 1)]


@pytest.fixture(scope="module")
def rows():
    """As a hidden layer's activations: rectified mixtures of forty sources."""
    random = np.random.default_rng(0)
    mixtures = random.normal(size=(ROWS, 40)) @ random.normal(size=(40, FEATURES))
    return np.maximum(mixtures, 0).astype(np.float32)


@pytest.mark.parametrize("starts", STARTS)
def test_interp_jax(benchmark, rows, starts):
    x = jnp.asarray(rows)
    keys = iter(jax.random.split(jax.random.key(0), 10))

    def fit():
        return jax.block_until_ready(kmeans(x, CLUSTERS, key=next(keys), restarts=starts))

    found = benchmark.pedantic(fit, rounds=5, warmup_rounds=1)
    benchmark.extra_info["inertia"] = float(found.inertia)


@pytest.mark.parametrize("starts", STARTS)
def test_scikit_learn(benchmark, rows, starts):
    seeds = iter(range(10))

    def fit():
        with warnings.catch_warnings(action="ignore"):
            return KMeans(CLUSTERS, n_init=starts, random_state=next(seeds)).fit(rows)

    benchmark.extra_info["inertia"] = float(benchmark.pedantic(fit, rounds=5, warmup_rounds=1).inertia_)
