"""Signs for vectors defined up to sign, so that they point the same way."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt32
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_key, as_real
from interp_jax._readable import readable

PAPER_ITERATIONS = 5000


@readable()
class AlignedSigns(NamedTuple):
    """Vectors times their signs, the signs (±1), and the sum of cosines before the first and after every step.

    ``flips`` counts the signs that were changed; ``converged``: no single flip raises the sum of cosines.
    """

    vectors: Float[Array, "units features"]
    signs: Float[Array, " units"]
    similarity: Float[Array, " trace"]
    flips: Int[Array, ""]
    converged: Bool[Array, ""]

    def _finding(self) -> str | None:
        if np.ndim(self.similarity) != 1:
            return None
        end = "no single flip raises it further" if self.converged else "not converged: a single flip would raise it"
        before, after, flips = float(self.similarity[0]), float(self.similarity[-1]), int(self.flips)
        return f"{flips} flip{'' if flips == 1 else 's'}; sum of cosines {before:.4g} before, {after:.4g} after; {end}"


def align_signs(
    vectors: Given[ArrayLike, "units features"],
    *,
    key: Key[Array, ""] | UInt32[Array, "2"] | None = None,
    iterations: int | None = None,
) -> AlignedSigns:
    """Vectors with signs such that no single flip raises the sum of the cosines of all pairs.

        similarity = Σ_{k<l} cos(v_k, v_l);   v_k ← −v_k where Σ_{l≠k} cos(v_k, v_l) < 0

    Without a key the method is deterministic: each step flips the vector whose flip raises the sum most (the first of
    equals), until no flip raises it. With a key it is the paper's Algorithm 1: each step draws one vector,
    ``jax.random.randint(key, (iterations,), 0, units)``, and flips it if that raises the sum; 5,000 draws may miss some
    of many units. The overall sign is undetermined: it follows the majority of the given vectors.

    Traceable. Time: O(units² · features), and O(units) per flip or per draw; memory: 2.25 matrices of units × units.
    Cosines are rounded to multiples of 2⁻³⁰ · units, rounded up to a power of two (256 units: 2.4e-7), so that their
    sums are exact integers: the similarity never decreases, and rounding never makes vectors flip back and forth.

    Args:
        vectors: [units, features], of any lengths. All types but float64 (under ``jax.enable_x64``) become float32,
            also in the result.
        key: a JAX random key for the paper's random draws; None for the deterministic order.
        iterations: the most steps, 0 or more; None takes 5,000 with a key and 4 · units without. Without a key steps
            end when no flip raises the sum.

    Returns:
        `AlignedSigns`; ``similarity`` has iterations + 1 entries. A zero vector has cosine 0 with every other and keeps
        its sign; so does a vector with NaN or infinity, and the similarity is then NaN.

    Raises:
        ValueError: vectors that are not real numbers [units, features] with at least one unit, iterations that are not
            an integer of at least 0, or not a JAX random key.

    Example:
        >>> import jax.numpy as jnp
        >>> aligned = align_signs(jnp.array([[1.0, 2.0], [-1.0, -2.0], [2.0, 4.0]]))
        >>> aligned.signs.tolist(), int(aligned.flips), aligned.similarity[jnp.array([0, -1])].round(4).tolist()
        ([1.0, -1.0, 1.0], 1, [-1.0, 3.0])

    Source: Watanabe 2018 (arXiv:1810.01588), section 3.1, Algorithm 1; the deterministic order is not in the paper.
    """
    vectors = as_real("vectors", vectors, shape=["units", None])
    key = None if key is None else as_key(key)
    if iterations is None:
        iterations = 4 * len(vectors) if key is None else PAPER_ITERATIONS
    return _aligned(vectors, key, as_count("iterations", iterations, least=0))


@functools.partial(jax.jit, static_argnames="iterations")
def _aligned(vectors, key, iterations):
    units = vectors.shape[0]
    cosines = _cosines(vectors)
    # Any sum of cosines scaled like this stays below 2³⁰, within int32.
    scale = 2.0 ** (30 - (units - 1).bit_length())
    rounded = jnp.where(jnp.isnan(cosines), 0, jnp.round(cosines * scale)).astype(jnp.int32)
    agreements = jnp.sum(rounded, 1, dtype=jnp.int32)  # of each unit: Σ_{l≠k} cos(v_k, v_l) with the present signs

    def flipped(state, unit):
        signs, agreements, similarity, flips = state
        gain = jnp.maximum(-agreements[unit], 0)
        helps = gain > 0
        # A flip reverses the unit's own agreement with the others, and its share in the agreement of each other.
        share = signs * signs[unit] * rounded[unit]
        agreements = jnp.where(helps, (agreements - 2 * share).at[unit].set(gain), agreements)
        signs = signs.at[unit].multiply(jnp.where(helps, -1, 1))
        similarity += gain.astype(similarity.dtype) * jnp.asarray(2 / scale, similarity.dtype)
        return signs, agreements, similarity, flips + helps.astype(jnp.int32)

    before = jnp.sum(agreements.astype(cosines.dtype)) * jnp.asarray(0.5 / scale, cosines.dtype)
    before = jnp.where(jnp.any(jnp.isnan(cosines)), jnp.nan, before)
    start = jnp.ones_like(agreements), agreements, before, jnp.zeros_like(agreements[0])
    if key is None:
        (signs, agreements, _, flips), similarity = _best_flips(flipped, start, iterations)
    else:

        def step(state, unit):
            state = flipped(state, unit)
            return state, state[2]

        draws = jax.random.randint(key, (iterations,), 0, units)
        (signs, agreements, _, flips), after = jax.lax.scan(step, start, draws)
        similarity = jnp.concatenate([before[None], after])
    signs = signs.astype(vectors.dtype)
    return AlignedSigns(signs[:, None] * vectors, signs, similarity, flips, jnp.all(agreements >= 0))


def _best_flips(flipped, start, iterations):
    """Flips the vector that raises the sum most, until none does; the state and the sums, the last one repeated."""

    def step(state):
        now, trace, number = state
        now = flipped(now, _first_least(now[1]))
        return now, trace.at[number].set(now[2]), number + 1

    def goes_on(state):
        return (state[2] <= iterations) & jnp.any(state[0][1] < 0)

    trace = jnp.full(iterations + 1, start[2])
    state, trace, number = jax.lax.while_loop(goes_on, step, (start, trace, jnp.ones((), jnp.int32)))
    return state, jnp.where(jnp.arange(iterations + 1) < number, trace, state[2])


def _cosines(vectors):
    """Cosines of all pairs, 0 on the diagonal and for zero vectors; exactly symmetric."""
    longest = jnp.max(jnp.abs(vectors), axis=1, keepdims=True, initial=0)
    vectors = vectors / jnp.where(longest == 0, 1, longest)  # no square over- or underflows
    norms = jnp.sqrt(jnp.sum(vectors**2, axis=1, keepdims=True))
    vectors = vectors / jnp.where(norms == 0, 1, norms)
    gram = jnp.matmul(vectors, vectors.T, precision="highest")
    return jnp.where(jnp.eye(gram.shape[0], dtype=bool), 0, (gram + gram.T) / 2)


def _first_least(values):
    """The index of the first of the least values (argmin is slow on CPUs)."""
    indices = jnp.arange(values.shape[0], dtype=jnp.int32)
    return jnp.min(jnp.where(values == jnp.min(values), indices, values.shape[0]))
