"""Mean pairwise distances of rows of 784 features, and inside 60 classes, against SciPy's pdist."""

import functools

import jax.numpy as jnp
import numpy as np

from benchmarks.measure import baseline, check, ours
from interp_jax.kernels.distances import METRICS, mean_pairwise, mean_within

INSIDE = "inside 60 classes of 100 features"
SIZES = dict.fromkeys(METRICS, (6_000,)) | {INSIDE: (60_000,)}
FEATURES, CLASSES, UNITS = 784, 60, 100


def group(case, rows):
    return f"mean distance {case}: {rows:,} rows" if case == INSIDE else f"mean {case} distance: {rows:,} × {FEATURES}"


@functools.cache
def _rows(case, count):
    """Sparse and non-negative rows, like activations and images."""
    if case == INSIDE:
        return np.random.default_rng(1).normal(size=(CLASSES, count // CLASSES, UNITS)).astype(np.float32)
    return np.maximum(np.random.default_rng(0).normal(size=(count, FEATURES)), 0).astype(np.float32)


@functools.cache
def _mean(case, count):
    """The mean distance in float64."""
    from scipy.spatial.distance import pdist

    if case == INSIDE:
        return np.array([pdist(members).mean() for members in _rows(case, count)])
    return pdist(_rows(case, count), case).mean()


def test_interp_jax(benchmark, case, size):
    x = jnp.asarray(_rows(case, size))
    if case == INSIDE:
        x, labels = x.reshape(-1, UNITS), jnp.repeat(jnp.arange(CLASSES), x.shape[1])

        def mean(x):
            return mean_within(x, labels, groups=CLASSES).means
    else:

        def mean(x):
            return mean_pairwise(x, metric=case)

    # Cosine and correlation need no pairs: the mean of all products is a product of means.
    pairs = {"euclidean": size * size, INSIDE: size * size // CLASSES}.get(case)
    flops = pairs * x.shape[-1] if pairs else None
    result = ours(benchmark, size, lambda: mean(x), flops=flops, moved=4 * x.size, memory=(mean, x))
    check(benchmark, relative_difference_to_float64=np.abs(np.asarray(result, float) / _mean(case, size) - 1).max())


def test_scipy_pdist(benchmark, case, size):
    baseline(benchmark, size, lambda: _mean.__wrapped__(case, size), warmup_rounds=0)
