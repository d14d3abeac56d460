"""Pearson correlations of 784 inputs with 1,024 units, beside the matrix product alone and common library calls."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.kernels.correlation import pearson

SIZES, CURVE = (60_000,), (1_000, 4_000, 16_000, 64_000)
INPUTS, UNITS, CHECKED = 784, 1024, 32


def group(rows):
    return f"Pearson: {rows:,} rows of {INPUTS} and {UNITS:,} columns"


@functools.cache
def _rows(rows):
    keys = jax.random.split(jax.random.key(0), 2)
    a, b = (3 + jax.random.normal(key, (rows, columns)) for key, columns in zip(keys, (INPUTS, UNITS), strict=True))
    b = b.at[:, :CHECKED].add(a[:, :CHECKED])
    return jax.block_until_ready((a, b))


def _check(benchmark, result, size):
    a, b = (np.asarray(array)[:, :CHECKED].astype(float).T for array in _rows(size))
    wanted = np.corrcoef(a, b)[:CHECKED, CHECKED:]
    check(benchmark, largest_difference_to_float64=np.abs(np.asarray(result)[:CHECKED, :CHECKED] - wanted).max())


def test_interp_jax(benchmark, size):
    rows, correlate = _rows(size), jax.jit(pearson)
    result = ours(
        benchmark,
        size,
        lambda: correlate(*rows),
        rounds=7,
        flops=2 * size * INPUTS * UNITS,
        moved=4 * (size * (INPUTS + UNITS) + INPUTS * UNITS),
        memory=(pearson, *rows),
    )
    _check(benchmark, result, size)


def test_numpy_centered_cross_product(benchmark, size):
    a, b = (np.asarray(array) for array in _rows(size))

    def correlate():
        centered_a, centered_b = a - a.mean(0), b - b.mean(0)
        products = centered_a.T @ centered_b
        # Sums of squares by einsum: no further copy.
        squares = (np.einsum("ij,ij->j", centered, centered) for centered in (centered_a, centered_b))
        return products / np.sqrt(np.multiply.outer(*squares))

    _check(benchmark, baseline(benchmark, size, correlate, rounds=7), size)


def test_numpy_corrcoef(benchmark, size):
    both = np.concatenate([np.asarray(array) for array in _rows(size)], axis=1)

    def correlate():
        return np.corrcoef(both, rowvar=False, dtype=np.float32)[:INPUTS, INPUTS:]

    _check(benchmark, baseline(benchmark, size, correlate, rounds=5), size)


def test_pytorch_corrcoef(benchmark, size):
    torch, device = baselines.torch()
    both = torch.tensor(np.concatenate([np.asarray(array) for array in _rows(size)], axis=1).T.copy(), device=device)

    def correlate():
        return torch.corrcoef(both)[:INPUTS, INPUTS:].cpu()

    _check(benchmark, baseline(benchmark, size, correlate, rounds=5), size)


def test_jax_matrix_product_alone(benchmark, size):
    rows, multiply = _rows(size), jax.jit(lambda a, b: jnp.matmul(a.T, b, precision="highest"))
    baseline(benchmark, size, lambda: multiply(*rows).block_until_ready(), rounds=7, warmup_rounds=2)
