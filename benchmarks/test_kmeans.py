"""k-means of rows of 128 features in 10 clusters, from ten starts and from one, against scikit-learn."""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.cluster import KMeans

from benchmarks.measure import baseline, check, ours
from interp_jax.kernels.kmeans import kmeans

SIZES = {"ten starts": (60_000,), "one start": (60_000,)}
CURVE = {"ten starts": (1_000, 4_000, 16_000, 64_000)}
FEATURES, CLUSTERS = 128, 10
STARTS = {"ten starts": 10, "one start": 1}
ROUNDS = {"ten starts": 5, "one start": 15}  # starts differ in their iterations by a factor of three


def group(case, rows):
    return f"k-means: {rows:,} × {FEATURES}, {CLUSTERS} clusters, {case}"


@functools.cache
def _rows(count):
    """Rows similar to hidden activations: rectified mixtures of forty sources."""
    random = np.random.default_rng(0)
    mixtures = random.normal(size=(count, 40)) @ random.normal(size=(40, FEATURES))
    return np.maximum(mixtures, 0).astype(np.float32)


def test_interp_jax(benchmark, case, size):
    x, starts = jnp.asarray(_rows(size)), STARTS[case]
    keys = iter(jax.random.split(jax.random.key(0), 3 + ROUNDS[case]))
    every = []

    def fit():
        every.append(kmeans(x, CLUSTERS, key=next(keys), restarts=starts))
        return every[-1]

    ours(
        benchmark,
        size,
        fit,
        rounds=ROUNDS[case],
        memory=(lambda x: kmeans(x, CLUSTERS, key=jax.random.key(0), restarts=starts), x),
    )
    timed = every[2:]
    if starts == 1:
        passes = np.median([int(result.steps) for result in timed])
        # Of the scores alone: the sums of most passes are updated from a few changed rows.
        benchmark.extra_info |= {"flops": 2.0 * x.size * CLUSTERS * passes, "bytes": 4.0 * x.size * passes}
    _check(benchmark, timed, "inertia", "steps")


def test_scikit_learn(benchmark, case, size):
    rows, seeds, every = _rows(size), iter(range(100)), []

    def fit():
        with warnings.catch_warnings(action="ignore"):
            every.append(KMeans(CLUSTERS, n_init=STARTS[case], random_state=next(seeds)).fit(rows))

    baseline(benchmark, size, fit, rounds=ROUNDS[case])
    _check(benchmark, every[1:], "inertia_", "n_iter_")


def _check(benchmark, result, inertia, iterations):
    """Means over all timed calls; iterations are those of the best start of each call."""
    check(
        benchmark,
        mean_inertia=np.mean([float(getattr(each, inertia)) for each in result]),
        median_iterations=np.median([int(getattr(each, iterations)) for each in result]),
    )
