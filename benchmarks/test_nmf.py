"""Non-negative factorization of a unit-effect matrix of the paper's price network's size, from many random starts."""

import functools
import warnings

import jax
import numpy as np
import pytest

from benchmarks.measure import baseline, check, ours
from interp_jax.kernels.nmf import nmf

SIZES = (200,)
UNITS, FEATURES, RANK, ITERATIONS = 160, 111, 12, 1000


def group(starts):
    return f"NMF: {starts:,} starts of {UNITS} × {FEATURES}, rank {RANK}, {ITERATIONS:,} iterations"


@functools.cache
def _magnitudes():
    """A sparse product of the given rank plus a tenth of noise, which no start fits exactly."""
    random = np.random.default_rng(0)
    weights, components = random.exponential(size=(UNITS, RANK)), random.exponential(size=(RANK, FEATURES))
    exact = (weights * (random.random(weights.shape) < 0.3)) @ components
    return (exact + 0.1 * exact.mean() * random.exponential(size=exact.shape)).astype(np.float32)


def test_interp_jax(benchmark, size):
    def factorize(v):
        return nmf(v, RANK, key=jax.random.key(0), restarts=size, iterations=ITERATIONS)

    result = ours(
        benchmark,
        size,
        lambda: factorize(_magnitudes()),
        flops=4 * RANK * (UNITS * FEATURES + RANK * (UNITS + FEATURES)) * size * ITERATIONS,
        memory=(factorize, jax.numpy.asarray(_magnitudes())),
    )
    check(benchmark, best_error=result.error)


# scikit-learn computes in the precision of its input; float32 is faster, and the precision of ours.
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scikit_learn(benchmark, precision, size):
    from sklearn.decomposition import NMF

    v = _magnitudes().astype(precision)

    def factorize():
        errors = []
        with warnings.catch_warnings(action="ignore"):  # of missing convergence
            for seed in range(size):
                model = NMF(RANK, init="random", solver="mu", max_iter=ITERATIONS, tol=0, random_state=seed)
                errors.append(model.fit(v).reconstruction_err_)
        return min(errors)

    check(benchmark, best_error=baseline(benchmark, size, factorize, warmup_rounds=0))
