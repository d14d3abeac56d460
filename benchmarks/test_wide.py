"""Methods on wide problems: many units, many classes. Memory is what the process takes beyond its data."""

import functools

import jax
import numpy as np
from scipy.spatial.distance import pdist

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours, peak, reset_peak
from interp_jax import methods

SIZES = {"hierarchy.build": (20_000,), "deviation.profile": (1_000,), "cnn_inte.fit": (100,)}
_FEATURES, _SHAPES = 794, {"deviation.profile": (50_000, 512), "cnn_inte.fit": (20_000, 256)}
_TAKEN = 4_000  # units of which the baseline makes a tree; its time grows with the square
_FACTORS, _IDS, _DEPTH, _DRAWS = 8, 32, 8, 12


def group(case, size):
    if case == "hierarchy.build":
        return f"{case}: {size:,} units of {_FEATURES} correlations"
    rows, units = _SHAPES[case]
    return f"{case}: {size:,} classes, {rows:,} × {units}"


@functools.lru_cache(1)
def _problem(case, size):
    """Vectors of units in 50 groups with random signs, or rows around the centers of their classes, and labels."""
    draw = np.random.default_rng(0)
    if case == "hierarchy.build":
        signed = draw.normal(size=(50, _FEATURES))[draw.integers(0, 50, size)] * draw.choice([-1, 1], (size, 1))
        return (signed + 0.7 * draw.normal(size=signed.shape)).astype(np.float32), None
    rows, units = _SHAPES[case]
    labels = draw.integers(0, size, rows)
    inputs = draw.normal(size=(size, 100))[labels] + draw.normal(size=(rows, 100))
    return np.maximum(inputs @ draw.normal(size=(100, units)), 0).astype(np.float32), labels


def test_interp_jax(benchmark, case, size):
    values, labels = _problem(case, size)
    calls = {
        "hierarchy.build": lambda: methods.hierarchy.build(values),
        "deviation.profile": lambda: methods.deviation.profile([values], labels),
        "cnn_inte.fit": lambda: methods.cnn_inte.fit(
            None, values, labels, key=jax.random.key(0), forests=False, factors=_FACTORS, ids=_IDS, depth=_DEPTH
        ),
    }
    before = reset_peak()
    result = ours(benchmark, size, calls[case], rounds=5 if case == "deviation.profile" else 1)
    benchmark.extra_info["peak_bytes"] = peak() - before
    if case == "hierarchy.build":
        directions = result.vectors / np.linalg.norm(result.vectors, axis=1, keepdims=True)
        agreements = directions @ directions.sum(0, dtype=np.float64) - 1
        spread = np.sum((result.vectors - result.vectors.mean(0, dtype=np.float64)) ** 2)
        check(benchmark, least_agreement=agreements.min(), error_of_total_spread=abs(result.ess[0] / spread - 1))
    elif case == "deviation.profile":
        errors = [abs(result.inner_by_class[0, label] / _inner(values, labels, label) - 1) for label in range(20)]
        check(benchmark, relative_error_of_20_classes=max(errors))
    else:
        check(benchmark, accuracy=result.fidelity(None, labels, hidden=values))


def _inner(values, labels, label):
    return pdist(values[labels == label].astype(np.float64)).mean()


def test_fastcluster_linkage(benchmark, case, size):
    baselines.only(case == "hierarchy.build")
    vectors = _problem(case, size)[0][: min(size, _TAKEN)].astype(np.float64)
    cluster = baselines.fastcluster().linkage
    share = (len(vectors) / size) ** 2
    baseline(benchmark, size, lambda: cluster(vectors, method="ward"), rounds=1, warmup_rounds=0, share=share)


def test_scipy_pdist(benchmark, case, size):
    baselines.only(case == "deviation.profile")
    values, labels = _problem(case, size)
    some = range(min(size, 100))
    baseline(benchmark, size, lambda: [_inner(values, labels, label) for label in some], share=len(some) / size)


def test_scikit_learn(benchmark, case, size):
    """One of the clusterings, and a tree on the clusters' numbers, one column for each."""
    baselines.only(case == "cnn_inte.fit")
    from sklearn.cluster import KMeans
    from sklearn.tree import DecisionTreeClassifier

    values, labels = _problem(case, size)

    def draw():
        options = {"n_init": 4, "random_state": 0}
        of_units = KMeans(_FACTORS, **options).fit_predict(values[:5_000].T)
        ids = np.stack([KMeans(_IDS, **options).fit_predict(values[:, of_units == f]) for f in range(_FACTORS)])
        columns = (ids.T[:, :, None] == np.arange(_IDS)).reshape(len(values), -1)
        tree = DecisionTreeClassifier(criterion="entropy", max_depth=_DEPTH).fit(columns, labels)
        return np.mean(tree.predict(columns) == labels)

    check(benchmark, accuracy=baseline(benchmark, size, draw, rounds=1, warmup_rounds=0, share=1 / _DRAWS))
