"""Ward trees of very many points: of few dimensions, in groups, and with slowly growing gaps."""

import functools

import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, peak, reset_peak
from interp_jax.kernels import ward

SIZES = {
    "2 features": (100_000, 1_000_000, 10_000_000),
    "8 features": (100_000, 1_000_000),
    "64 features": (100_000,),
    "64 features in groups": (100_000,),
    "64 features in 20 groups": (100_000,),
    "1 feature": (20_000,),
    "growing gaps": (20_000,),
}
CURVE = {"2 features": (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)}
_ROWS = 20_000  # of which the baseline makes a tree; its time grows with the square
_ONCE = 200_000  # rows from which the time of one call is told
_LISTED = 2_000_000  # rows up to which sampled merges are checked
_SAMPLES = 50


def group(case, size):
    return f"Ward of many points: {size:,}, {case}"


@functools.lru_cache(1)
def _vectors(case, rows):
    if case == "growing gaps":
        return np.arange(float(rows))[:, None] ** 1.5
    draw, features = np.random.default_rng(0), int(case.split()[0])
    if not case.endswith("groups"):
        return draw.normal(size=(rows, features))
    groups = 20 if case.endswith("20 groups") else 1000
    return draw.normal(size=(groups, features))[draw.integers(0, groups, rows)] + 0.05 * draw.normal(
        size=(rows, features)
    )


def _nearest_of_each_other(linkage, vectors):
    """The share of some merges whose two clusters are each other's nearest of all that exist at the time."""
    rows, places = len(vectors), vectors - vectors.mean(0)
    pairs = linkage[:, :2].astype(int)
    sizes = np.append(np.ones(rows), linkage[:, 3])
    sums = np.empty((2 * rows - 1, places.shape[1]))
    for column, values in zip(sums.T, places.T, strict=True):
        totals = values.tolist()
        for left, right in pairs.tolist():
            totals.append(totals[left] + totals[right])
        column[:] = totals
    ends = np.full(len(sums), rows)
    ends[pairs] = np.arange(rows - 1)[:, None]
    starts = np.append(np.full(rows, -1), np.arange(rows - 1))
    centroids = sums / sizes[:, None]
    right = 0
    for merge in np.linspace(0, rows - 2, _SAMPLES).astype(int):
        live = np.flatnonzero((starts < merge) & (ends >= merge))
        least = []
        for one in pairs[merge]:
            costs = np.square(centroids[live] - centroids[one]).sum(1) * (sizes[live] * sizes[one])
            costs /= sizes[live] + sizes[one]
            least.append(costs[live != one].min())
        right += np.sqrt(2 * min(least)) >= linkage[merge, 2] * (1 - 1e-7)
    return right / _SAMPLES


def test_interp_jax(benchmark, case, size):
    vectors = _vectors(case, size)
    before = reset_peak()
    result = ward.linkage(vectors)
    benchmark.extra_info |= {"size": size, "peak_bytes": peak() - before}
    result = benchmark.pedantic(ward.linkage, (vectors,), rounds=1 if size > _ONCE else 5)
    if size <= _LISTED:
        check(benchmark, share_of_merges_of_each_others_nearest=_nearest_of_each_other(result, vectors))


def test_fastcluster_linkage_vector(benchmark, case, size):
    rows = min(size, _ROWS)
    vectors = _vectors(case, size)[:rows]
    cluster = baselines.fastcluster().linkage_vector
    baseline(
        benchmark,
        size,
        lambda: cluster(vectors, method="ward"),
        rounds=1 if size > _ONCE else 5,
        warmup_rounds=0,
        share=(rows / size) ** 2,
    )
