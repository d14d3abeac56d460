"""Rows in batches for a loop, one pass for many lanes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from interp_jax._shards import runs_of


class RowBatches(NamedTuple):
    """The rows minus their mean, in batches along the second axis, with their squares and weights."""

    x: Float[Array, "size batches features"]
    squares: Float[Array, "size batches"]
    weights: Float[Array, "size batches"]

    @classmethod
    def of(cls, x, weights, most):
        """Rows in equal batches, each of every n-th row, so that rows on several devices stay where they are."""
        batches = -(-len(x) // most)
        runs = runs_of(x)
        size = -(-len(x) // (batches * runs)) * runs

        def split(values):
            padded = jnp.pad(values, [(0, size * batches - len(x))] + [(0, 0)] * (values.ndim - 1))
            return padded.reshape(size, batches, *values.shape[1:])

        return cls(split(x), split(jnp.sum(x**2, axis=1)), split(weights))

    def fold(self, function: Callable, initial: Any) -> tuple[Any, Any]:
        """``function(carry, batch, its number) -> carry, out`` over all; the outs [lanes, size] as [lanes, rows]."""
        if self.x.shape[1] == 1:  # no copy of the rows
            return function(initial, RowBatches(*(each[:, 0] for each in self)), 0)

        def step(carry, number):
            batch = RowBatches(*(jax.lax.dynamic_index_in_dim(each, number, 1, False) for each in self))
            return function(carry, batch, number)

        carry, out = jax.lax.scan(step, initial, jnp.arange(self.x.shape[1]))
        return carry, None if out is None else jnp.moveaxis(out, 0, -1).reshape(out.shape[1], -1)

    def whole(self):
        """All rows as one batch, where they lie."""
        return RowBatches(*(each.reshape(-1, 1, *each.shape[2:]) for each in self))

    def part(self, values, number):
        """The entries of values [lanes, rows] for a batch."""
        split = values.reshape(len(values), *self.weights.shape)
        return jax.lax.dynamic_index_in_dim(split, number, 2, False)

    def at(self, numbers):
        """Rows by their numbers."""
        return self.x.reshape(-1, self.x.shape[-1])[numbers]
