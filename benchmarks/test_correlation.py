"""Pearson correlations of 784 inputs with 1,024 units over 60,000 rows, against the cross product alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.correlation import pearson

ROWS, INPUTS, UNITS, CHECKED = 60_000, 784, 1024, 32
GROUP = f"pearson: {ROWS} rows of {INPUTS} and {UNITS} columns"


@pytest.fixture(scope="module")
def rows():
    keys = jax.random.split(jax.random.key(0), 2)
    a, b = (3 + jax.random.normal(key, (ROWS, columns)) for key, columns in zip(keys, (INPUTS, UNITS), strict=True))
    b = b.at[:, :CHECKED].add(a[:, :CHECKED])
    return jax.block_until_ready((a, b))


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, rows):
    correlate = jax.jit(pearson)
    found = benchmark.pedantic(lambda: jax.block_until_ready(correlate(*rows)), rounds=7, warmup_rounds=2)
    benchmark.extra_info["max |difference| to float64"] = _difference(np.asarray(found), rows)


@pytest.mark.benchmark(group=GROUP)
def test_numpy_centred_cross_product(benchmark, rows):
    a, b = (np.asarray(array) for array in rows)

    def correlate():
        centred_a, centred_b = a - a.mean(0), b - b.mean(0)
        products = centred_a.T @ centred_b
        # Sums of squares by einsum: no further copy.
        squares = (np.einsum("ij,ij->j", centred, centred) for centred in (centred_a, centred_b))
        return products / np.sqrt(np.multiply.outer(*squares))

    found = benchmark.pedantic(correlate, rounds=7, warmup_rounds=2)
    benchmark.extra_info["max |difference| to float64"] = _difference(found, rows)


@pytest.mark.benchmark(group=GROUP)
def test_jax_matrix_product_alone(benchmark, rows):
    multiply = jax.jit(lambda a, b: jnp.matmul(a.T, b, precision="highest"))
    benchmark.pedantic(lambda: jax.block_until_ready(multiply(*rows)), rounds=7, warmup_rounds=2)


def _difference(found, rows):
    a, b = (np.asarray(array)[:, :CHECKED].astype(float).T for array in rows)
    return float(np.abs(found[:CHECKED, :CHECKED] - np.corrcoef(a, b)[:CHECKED, CHECKED:]).max())
