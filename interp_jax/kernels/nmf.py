"""Non-negative matrix factorization by multiplicative updates, from many random starts at once."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import Key, as_count, as_key, as_number, as_real, check_not_negative
from interp_jax._readable import readable
from interp_jax.kernels._scales import power_of_two

# Least denominator of an update, where the largest entry of V is between 1 and 2. A component or row that has died
# out has numerator and denominator 0 and so stays 0; values this small are below the rounding of float32.
_FLOOR = 1e-12
# Default size of the factors of one batch, in numbers: it fits into the caches of two CPU cores.
_BATCH_NUMBERS = 2**19


@readable()
class Factorization(NamedTuple):
    """The best start's factors, its Frobenius error ‖V − T U‖, every start's error, and which start was best."""

    weights: Float[Array, "rows rank"]
    components: Float[Array, "rank columns"]
    error: Float[Array, ""]
    errors: Float[Array, " restarts"]
    best: Int[Array, ""]

    def _finding(self) -> str | None:
        if np.ndim(self.error):
            return None
        greatest = f"the greatest: {float(np.max(self.errors)):.6g}"
        rank, error = self.weights.shape[-1], float(self.error)
        return f"rank {rank}: error {error:.6g}, the least of {len(self.errors)} starts ({greatest})"


def nmf(
    v: Array | np.ndarray | Sequence[Any],
    rank: int,
    *,
    key: Key,
    restarts: int = 1,
    iterations: int = 1000,
    batch_size: int | None = None,
    mean: float | Float[Array, ""] = 0.5,
    variance: float | Float[Array, ""] = 0.5,
) -> Factorization:
    """Non-negative factors of V with small Frobenius error, the best of many random starts.

        V ≈ T U,    T ← T ∘ V Uᵀ / (T U Uᵀ),    U ← U ∘ Tᵀ V / (Tᵀ T U)

    Every start runs all iterations; ‖V − T U‖ never increases beyond rounding. Start i draws from ``fold_in(key, i)``,
    so that it does not depend on the number of starts or on the batch size.

    Traceable, and without transfers for arrays spread over processes. Memory: about five times
    batch_size · rank · (rows + columns) numbers, and rows · columns. Time: 4 · rank · (rows · columns +
    rank · (rows + columns)) operations per start and iteration, most of them in one product of V with the factors of a
    whole batch: 10,000 starts of 160 × 111 at rank 12 take about a minute on two CPU cores.

    A zero row or column of V gets zeros in its factor, a component that dies out stays zero, a zero matrix has error
    0, and a single number is its own factorization: no denominator is zero, so finite input gives no NaN. If v is
    traced or spread over processes, entries below zero count as zero, and NaN or infinity make the error NaN or
    infinite. Factors are unique at best up to order and scale of the components (c · a column of T, a row of U / c).

    Args:
        v: [rows, columns], non-negative. All types but float64 (under ``jax.enable_x64``) become float32.
        rank: number of components; more than rows or columns is allowed.
        key: a JAX random key.
        restarts: number of random starts.
        iterations: updates of both factors, T first.
        batch_size: the most starts at a time; None takes 2¹⁹ numbers' worth of factors (161 for 160 × 111 at rank 12),
            which is fastest on two CPU cores. Use more on an accelerator.
        mean: mean of the normal distribution whose absolute values are the starts.
        variance: its variance, 0 or more (the paper's 0.5; pass 0.25 to read that as the standard deviation).

    Returns:
        ``weights`` T, ``components`` U and ``error`` of the start with least error, that start's number ``best``, and
        all starts' ``errors``. An error is the Frobenius norm of V − T U, not squared and not divided by the number
        of entries, as scikit-learn's ``reconstruction_err_``; it is computed from the residual and so is accurate when
        small.

    Raises:
        ValueError: v that is not real numbers [rows, columns] with at least one of each, or (unless traced) has a
            negative, NaN or infinite entry; a rank, restarts, iterations or batch_size that is not an integer of at
            least 1; a mean or variance beyond 1e9 or not finite, a negative variance; not a JAX random key.

    Example:
        >>> import jax
        >>> planted = jax.numpy.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 3.0]])
        >>> factors = nmf(planted, 2, key=jax.random.key(0), restarts=4, iterations=200)
        >>> bool(factors.error < 1e-3), factors.weights.shape, factors.components.shape
        (True, (3, 2), (2, 3))

    Source: Lee and Seung, Algorithms for non-negative matrix factorization, NIPS 2000, theorem 1; starts and choice
    of the best: Watanabe, arXiv:1810.01588, Appendix 1.
    """
    v, key = as_real("v", v, shape=["rows", "columns"]), as_key(key)
    rank, restarts = as_count("rank", rank), as_count("restarts", restarts)
    iterations = as_count("iterations", iterations)
    if batch_size is None:
        batch_size = max(1, _BATCH_NUMBERS // (rank * sum(v.shape)))
    batch_size = as_count("batch_size", batch_size)
    mean, variance = as_number("mean", mean, least=-1e9, most=1e9), as_number("variance", variance, least=0, most=1e9)
    check_not_negative("v", v)
    # Batches of equal size waste the fewest lanes.
    batches = -(-restarts // batch_size)
    lanes = -(-restarts // batches)
    return _best_of_batches(v, key, mean, variance, iterations, rank, restarts, batches, lanes)


@functools.partial(jax.jit, static_argnames=("rank", "restarts", "batches", "lanes"))
def _best_of_batches(v, key, mean, variance, iterations, rank, restarts, batches, lanes):
    rows, columns = v.shape
    v = jnp.maximum(v, 0)
    # The updates commute with a change of V's unit (T takes it over), and a power of two is exact.
    unit = power_of_two(jnp.max(v))
    v = v / unit
    deviation = jnp.sqrt(jnp.asarray(variance, v.dtype))

    def start(lane):
        drawn = jax.random.normal(jax.random.fold_in(key, lane), (rank, rows + columns), v.dtype)
        drawn = jnp.abs(jnp.asarray(mean, v.dtype) + deviation * drawn)
        return drawn[:, :rows], drawn[:, rows:]

    def iterate(weights, components):
        weights = _updated(weights, components, v.T)
        return weights, _updated(components, weights, v)

    def factorize(numbers, parts=1):
        factors = [jax.vmap(start)(part) for part in jnp.array_split(numbers, parts)]
        factors = jax.lax.fori_loop(0, iterations, lambda _, factors: [iterate(*part) for part in factors], factors)
        return jax.tree.map(lambda *parts: jnp.concatenate(parts), *factors)

    # On a CPU, operations in sequence leave a second core idle part of the time; two halves at once do not.
    in_halves = functools.partial(factorize, parts=min(2, lanes))

    def error(factors):
        weights, components = factors
        return jnp.linalg.norm(v - jnp.matmul(weights.T, components, precision="highest"))

    def best_of_batch(best, numbers):
        weights, components = jax.lax.platform_dependent(numbers, cpu=in_halves, default=factorize)
        errors = jnp.where(numbers < restarts, jax.lax.map(error, (weights, components)), jnp.inf)
        lane = jnp.argmin(errors)
        candidate = (errors[lane], numbers[lane], weights[lane], components[lane])
        # So that NaN, which only a V with NaN can cause, is kept visible.
        better = ~(candidate[0] >= best[0])
        return jax.tree.map(lambda new, old: jnp.where(better, new, old), candidate, best), errors

    numbers = jnp.arange(batches * lanes, dtype=jnp.int32).reshape(batches, lanes)
    nothing = (
        jnp.full((), jnp.inf, v.dtype),
        jnp.zeros((), jnp.int32),
        jnp.zeros((rank, rows), v.dtype),
        jnp.zeros((rank, columns), v.dtype),
    )
    (least, best, weights, components), errors = jax.lax.scan(best_of_batch, nothing, numbers)
    return Factorization(unit * weights.T, components, unit * least, unit * errors.reshape(-1)[:restarts], best)


def _updated(factors, others, v):
    """Every lane's ``factors [lanes, rank, n]`` for its ``others [lanes, rank, m]`` and V as [m, n].

    Lanes come first and are separate only in the small products: the one with V takes all of them as rows.
    """
    lanes, rank, size = others.shape
    numerators = jnp.matmul(others.reshape(lanes * rank, size), v, precision="highest").reshape(factors.shape)
    grams = jnp.einsum("lrm,lsm->lrs", others, others, precision="highest")
    denominators = jnp.matmul(grams, factors, precision="highest")
    return factors * numerators / jnp.maximum(denominators, _FLOOR)
