"""How densely the boundaries between classes lie: rows near which the network's answer changes."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Given, Key, Number, as_count, as_key, as_number
from interp_jax._readable import readable
from interp_jax.methods._scored import scored_rows


@readable()
class CriticalRows(NamedTuple):
    """Which rows have another answer nearby.

    Attributes:
        critical: [rows] whether an input with another answer was found.
        inputs: [rows, …] the first one that was found; the row itself where none was.
        steps: [rows] the step at which it was, from 1; 0 where none was.
    """

    critical: Bool[Array, " rows"]
    inputs: Float[Array, "rows *features"]
    steps: Int[Array, " rows"]

    def _finding(self) -> str | None:
        if np.ndim(self.critical) != 1 or not len(self.critical):
            return None
        rows, critical = len(self.critical), int(np.sum(self.critical))
        return f"{critical} of {rows} rows ({critical / rows:.1%}) have another answer nearby"


def critical_rows(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    *,
    radius: Number,
    key: Key,
    steps: int = 20,
    rate: Number = 0.25,
    noise: Number = 0.2,
    scores: str = "logits",
    batch_size: int = 512,
) -> CriticalRows:
    """`CriticalRows`: those that have an input with another answer in a box around them, as far as a search finds it.

        m(v) = z_c(v) − max over j ≠ c of z_j(v),   c = argmax z(x)
        v ← v − rate · radius · sign(∂m/∂v) + noise · radius · η,   η ~ N(0, 1),   then back into the box
        critical: argmax z(v) ≠ c for some step's v with max_i |v_i − x_i| ≤ radius

    Traceable; steps + 1 forward and backward passes, ``batch_size`` rows at a time. The search of a row starts at the
    row. It proves that a row is critical and never that it is not: the share of critical rows, Arpit et al.'s critical
    sample ratio, is a lower bound, to be compared only between searches with the same numbers. Row i depends on the
    key folded with i alone.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, at least two classes; rows independent.
        inputs: [rows, …] floats, uint8 or bool, cast to float32.
        radius: half the side of the box, above 0, in units of the input. The box may leave the data's range.
        key: a JAX random key.
        steps: steps of the search.
        rate: the descent of a step, in radii, above 0.
        noise: the standard deviation of a step's noise, in radii; 0 for none.
        scores: "logits", or "probabilities" for a network that ends in a softmax, whose logarithm is the score.
        batch_size: rows at a time; memory only.

    Returns:
        `CriticalRows`: ``.critical``, ``.inputs``, ``.steps``. A row with NaN is not critical.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, integers but uint8 (they may be token ids), a network that does not return [rows, classes]
            or returns probabilities declared as logits, numbers outside of what Args says, or not a key.

    Example:
        >>> network = lambda x: jnp.concatenate([x, 1 - x], 1)  # a boundary at 0.5
        >>> rows = critical_rows(network, jnp.array([[0.45], [0.9]]), radius=0.1, key=jax.random.key(0))
        >>> rows.critical
        Array([ True, False], dtype=bool)

    Source: Arpit et al., A closer look at memorization in deep networks, ICML 2017, section 3.3; theirs ascends or
        descends the score of one class, this the difference of two.
    """
    radius, rate = as_number("radius", radius, above=0), as_number("rate", rate, above=0)
    noise = as_number("noise", noise, least=0)
    steps, batch_size, key = as_count("steps", steps), as_count("batch_size", batch_size), as_key(key)
    network, inputs, *_ = scored_rows(network, inputs, 0, scores=scores, least=2)
    return _searched(network, inputs, key, radius, rate, noise, steps, batch_size)


@partial(jax.jit, static_argnames=("steps", "batch_size"))
def _searched(network, inputs, key, radius, rate, noise, steps, batch_size):
    def search(row):
        x, number = row
        row_key = jax.random.fold_in(key, number)
        answer = jnp.argmax(network(x[None])[0])

        def margin(v):
            scores = network(v[None])[0]
            own = jnp.arange(len(scores)) == answer
            other = jnp.max(jnp.where(own, -jnp.inf, scores))
            crossed = (jnp.argmax(scores) != answer) & jnp.all(jnp.isfinite(scores))
            return scores[answer] - other, crossed

        slope_of = jax.grad(margin, has_aux=True)

        def step(state, number):
            v, slope, first, found_at = state
            shift = noise * jax.random.normal(jax.random.fold_in(row_key, number), x.shape) - rate * jnp.sign(slope)
            v = jnp.clip(v + (radius * shift).astype(x.dtype), x - radius.astype(x.dtype), x + radius.astype(x.dtype))
            slope, crossed = slope_of(v)
            new = crossed & (found_at == 0)
            return (v, slope, jnp.where(new, v, first), jnp.where(new, number, found_at)), None

        start = (x, slope_of(x)[0], x, jnp.int32(0))
        (_, _, first, found_at), _ = jax.lax.scan(step, start, jnp.arange(1, steps + 1))
        return CriticalRows(found_at > 0, first, found_at)

    return jax.lax.map(search, (inputs, jnp.arange(len(inputs))), batch_size=min(batch_size, len(inputs)))
