"""Non-negative factorisation of a unit-effect matrix of the paper's price network's size, from many random starts."""

import warnings

import jax
import numpy as np
import pytest

from interp_jax.kernels.nmf import nmf

UNITS, FEATURES, RANK, STARTS, ITERATIONS = 160, 111, 12, 200, 1000
GROUP = f"nmf: {STARTS} starts of {UNITS} × {FEATURES}, rank {RANK}, {ITERATIONS} iterations"


@pytest.fixture(scope="module")
def magnitudes():
    """A product of the rank sought, with its zeros, and a tenth of it as noise: no start fits it exactly."""
    random = np.random.default_rng(0)
    weights, components = random.exponential(size=(UNITS, RANK)), random.exponential(size=(RANK, FEATURES))
    exact = (weights * (random.random(weights.shape) < 0.3)) @ components
    return (exact + 0.1 * exact.mean() * random.exponential(size=exact.shape)).astype(np.float32)


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, magnitudes):
    def factorise():
        return jax.block_until_ready(
            nmf(magnitudes, RANK, key=jax.random.key(0), restarts=STARTS, iterations=ITERATIONS)
        )

    found = benchmark.pedantic(factorise, rounds=5, warmup_rounds=1)
    benchmark.extra_info["best error"] = float(found.error)


# scikit-learn computes in the precision of what it is given; float32 is the faster and ours.
@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scikit_learn(benchmark, magnitudes, precision):
    from sklearn.decomposition import NMF

    v = magnitudes.astype(precision)

    def factorise():
        errors = []
        with warnings.catch_warnings(action="ignore"):  # that it has not converged
            for seed in range(STARTS):
                model = NMF(RANK, init="random", solver="mu", max_iter=ITERATIONS, tol=0, random_state=seed)
                errors.append(model.fit(v).reconstruction_err_)
        return min(errors)

    benchmark.extra_info["best error"] = float(benchmark.pedantic(factorise, rounds=2))
