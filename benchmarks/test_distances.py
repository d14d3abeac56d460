"""Mean pairwise distances of 6,000 rows of 784 features, and inside 60 classes of 1,000, against SciPy's pdist."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.distances import METRICS, mean_pairwise, mean_within

ROWS, FEATURES = 6_000, 784
CLASSES, MEMBERS, UNITS = 60, 1_000, 100
WITHIN = f"mean distance inside {CLASSES} classes of {MEMBERS:,} × {UNITS}"


def _group(metric):
    return f"mean {metric} distance: {ROWS:,} × {FEATURES}"


def _each_metric():
    return [pytest.param(metric, marks=pytest.mark.benchmark(group=_group(metric))) for metric in METRICS]


@pytest.fixture(scope="module")
def rows():
    """Sparse and not negative, as activations and images are."""
    return np.maximum(np.random.default_rng(0).normal(size=(ROWS, FEATURES)), 0).astype(np.float32)


@pytest.fixture(scope="module")
def classes():
    return np.random.default_rng(1).normal(size=(CLASSES, MEMBERS, UNITS)).astype(np.float32)


@pytest.fixture(scope="module")
def means():
    """What SciPy finds in float64, by metric; filled by its own benchmarks, which therefore come first."""
    return {}


@pytest.mark.parametrize("metric", _each_metric())
def test_scipy_pdist(benchmark, rows, means, metric):
    from scipy.spatial.distance import pdist

    means[metric] = benchmark.pedantic(lambda: pdist(rows, metric).mean(), rounds=1)


@pytest.mark.parametrize("metric", _each_metric())
def test_interp_jax(benchmark, rows, means, metric):
    x = jnp.asarray(rows)

    def mean():
        return jax.block_until_ready(mean_pairwise(x, metric=metric))

    found = benchmark.pedantic(mean, rounds=5, warmup_rounds=1)
    if metric in means:
        benchmark.extra_info["relative difference to float64"] = abs(float(found) / means[metric] - 1)


@pytest.mark.benchmark(group=WITHIN)
def test_scipy_pdist_class_by_class(benchmark, classes, means):
    from scipy.spatial.distance import pdist

    means[WITHIN] = benchmark.pedantic(lambda: np.array([pdist(members).mean() for members in classes]), rounds=1)


@pytest.mark.benchmark(group=WITHIN)
def test_interp_jax_within(benchmark, classes, means):
    x, labels = jnp.asarray(classes).reshape(-1, UNITS), jnp.repeat(jnp.arange(CLASSES), MEMBERS)

    def mean():
        return jax.block_until_ready(mean_within(x, labels, groups=CLASSES).means)

    found = benchmark.pedantic(mean, rounds=5, warmup_rounds=1)
    if WITHIN in means:
        difference = np.abs(np.asarray(found, float) / means[WITHIN] - 1).max()
        benchmark.extra_info["relative difference to float64"] = float(difference)
