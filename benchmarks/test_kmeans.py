"""k-means in few clusters from ten starts and from one, and in many clusters of many rows, against scikit-learn."""

import functools
import warnings
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.cluster import KMeans

from benchmarks.measure import baseline, check, ours
from interp_jax.kernels.kmeans import kmeans

SIZES = {"ten starts": (60_000,), "one start": (60_000,), "100 clusters": (1_000_000,), "1,024 clusters": (65_536,)}
CURVE = {"ten starts": (1_000, 4_000, 16_000, 64_000)}


class Work(NamedTuple):
    """What a case computes, and how often it is timed: starts differ in their iterations by a factor of three."""

    features: int
    clusters: int
    starts: int
    iterations: int
    rounds: int


CASES = {
    "ten starts": Work(128, 10, 10, 300, 5),
    "one start": Work(128, 10, 1, 300, 15),
    "100 clusters": Work(64, 100, 1, 30, 3),
    "1,024 clusters": Work(128, 1_024, 1, 10, 3),
}


def group(case, rows):
    work = CASES[case]
    starts = f"{work.starts} starts" if work.starts > 1 else "one start"
    limit = f", {work.iterations} iterations" if work.iterations < 300 else ""
    return f"k-means: {rows:,} × {work.features}, {work.clusters:,} clusters, {starts}{limit}"


@functools.cache
def _rows(count, features):
    """Rows similar to hidden activations: rectified mixtures of forty sources."""
    random = np.random.default_rng(0)
    mixtures = random.normal(size=(count, 40)) @ random.normal(size=(40, features))
    return np.maximum(mixtures, 0).astype(np.float32)


def test_interp_jax(benchmark, case, size):
    work = CASES[case]
    x, every = jnp.asarray(_rows(size, work.features)), []
    keys = iter(jax.random.split(jax.random.key(0), 3 + work.rounds))

    def clusters(x, key):
        return kmeans(x, work.clusters, key=key, restarts=work.starts, iterations=work.iterations)

    def fit():
        every.append(clusters(x, next(keys)))
        return every[-1]

    memory = (lambda x: clusters(x, jax.random.key(0)), x)
    ours(benchmark, size, fit, rounds=work.rounds, memory=memory)
    timed = every[2:]
    if work.starts == 1:
        passes = np.median([int(result.steps) for result in timed])
        # Of the scores alone: the sums of most passes are updated from a few changed rows.
        benchmark.extra_info |= {"flops": 2.0 * x.size * work.clusters * passes, "bytes": 4.0 * x.size * passes}
    _check(benchmark, timed, "inertia", "steps")


def test_scikit_learn(benchmark, case, size):
    work, seeds, every = CASES[case], iter(range(100)), []
    rows, limits = _rows(size, work.features), {"n_init": work.starts, "max_iter": work.iterations}

    def fit():
        with warnings.catch_warnings(action="ignore"):
            every.append(KMeans(work.clusters, random_state=next(seeds), **limits).fit(rows))

    baseline(benchmark, size, fit, rounds=work.rounds)
    _check(benchmark, every[1:], "inertia_", "n_iter_")


def _check(benchmark, result, inertia, iterations):
    """Means over all timed calls; iterations are those of the best start of each call."""
    check(
        benchmark,
        mean_inertia=np.mean([float(getattr(each, inertia)) for each in result]),
        median_iterations=np.median([int(getattr(each, iterations)) for each in result]),
    )
