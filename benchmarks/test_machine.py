"""The peak rates of this machine: a large matrix product, and a large copy."""

import jax
import jax.numpy as jnp
import pytest

SIDE, NUMBERS = 4096, 2**26


@pytest.mark.benchmark(group=f"machine: a float32 matrix product of {SIDE:,} × {SIDE:,}")
def test_interp_jax_product(benchmark):
    a, b = jax.random.normal(jax.random.key(0), (2, SIDE, SIDE))
    multiply = jax.jit(lambda a, b: jnp.matmul(a, b, precision="highest"))
    benchmark.extra_info |= {"size": SIDE, "flops": 2.0 * SIDE**3}
    benchmark.pedantic(lambda: multiply(a, b).block_until_ready(), rounds=7, warmup_rounds=2)


@pytest.mark.benchmark(group=f"machine: a copy of {NUMBERS:,} float32 numbers")
def test_interp_jax_copy(benchmark):
    x = jnp.ones(NUMBERS)
    copy = jax.jit(lambda x: x + 1)
    benchmark.extra_info |= {"size": NUMBERS, "bytes": 8.0 * NUMBERS}
    benchmark.pedantic(lambda: copy(x).block_until_ready(), rounds=7, warmup_rounds=2)
