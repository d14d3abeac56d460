"""Rows in batches for a loop, one pass for many lanes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from interp_jax._shards import runs_of


class RowBatches(NamedTuple):
    """The rows minus their mean, in batches along the second axis, with their squares and weights.

    With a ``shift`` x are the rows as given, and a batch becomes ``(x − shift) · 2^−exponent`` when it is read.
    """

    x: Float[Array, "size batches features"]
    squares: Float[Array, "size batches"]
    weights: Float[Array, "size batches"]
    shift: Float[Array, " features"] | None = None
    exponent: Int[Array, ""] | None = None

    @classmethod
    def of(cls, x, weights, most):
        """Rows in equal batches, each of every n-th row, so that rows on several devices stay where they are."""
        size, batches = _sizes(len(x), runs_of(x), most, 1)
        return cls(*(_split(values, size, batches) for values in (x, jnp.sum(x**2, axis=1), weights)))

    @classmethod
    def in_place(cls, x, weights, most):
        """The same of many rows as given: no copy of them unless the last batch would be shorter than the others."""
        size, batches = _sizes(len(x), runs_of(x), most, 2)
        parts = _split(x, size, batches, mode="edge"), jnp.zeros((size, batches), x.dtype)
        share, none = 1 / jnp.sum(weights), jnp.zeros((), jnp.int32)
        # Minus a row first: the mean of numbers with a large offset is not exact.
        rows = cls(*parts, _split(weights, size, batches), x[0], none)

        def add(mean, batch, _):
            return mean + jnp.matmul(share * batch.weights, batch.x, precision=jax.lax.Precision.HIGHEST), None

        rows = rows._replace(shift=x[0] + rows.fold(add, jnp.zeros_like(x[0]))[0])
        largest, _ = rows.fold(lambda most, batch, _: (jnp.maximum(most, jnp.max(jnp.abs(batch.x))), None), share * 0)
        rows = rows._replace(exponent=jnp.frexp(largest)[1])
        _, squares = rows.fold(lambda _, batch, number: (None, jnp.sum(batch.x**2, axis=1)[None]), None)
        return rows._replace(squares=squares.reshape(size, batches))

    def fold(self, function: Callable, initial: Any) -> tuple[Any, Any]:
        """``function(carry, batch, its number) -> carry, out`` over all; the outs [lanes, size] as [lanes, rows]."""
        if self.x.shape[1] == 1:  # no copy of the rows
            return function(initial, self._batch([each[:, 0] for each in self[:3]]), 0)

        def step(carry, number):
            parts = [jax.lax.dynamic_index_in_dim(each, number, 1, False) for each in self[:3]]
            return function(carry, self._batch(parts), number)

        carry, out = jax.lax.scan(step, initial, jnp.arange(self.x.shape[1]))
        return carry, None if out is None else jnp.moveaxis(out, 0, -1).reshape(out.shape[1], -1)

    def _batch(self, parts):
        x, squares, weights = parts
        return RowBatches(self._moved(x), squares, weights)

    def _moved(self, x):
        if self.shift is None:
            return x
        return jnp.ldexp(x - jnp.expand_dims(self.shift, tuple(range(x.ndim - 1))), -self.exponent)

    def whole(self):
        """All rows as one batch, where they lie."""
        return RowBatches(*(each.reshape(-1, 1, *each.shape[2:]) for each in self[:3]))

    def part(self, values, number):
        """The entries of values [lanes, rows] for a batch."""
        split = values.reshape(len(values), *self.weights.shape)
        return jax.lax.dynamic_index_in_dim(split, number, 2, False)

    def at(self, numbers):
        """Rows by their numbers."""
        return self._moved(self.x.reshape(-1, self.x.shape[-1])[numbers])


def _sizes(count, runs, most, times):
    """Rows of a batch and batches, at most ``times`` as many as needed if they are then all full."""
    batches = -(-count // most)
    full = (number for number in range(batches, times * batches) if count % (number * runs) == 0)
    batches = next(full, batches)
    return -(-count // (batches * runs)) * runs, batches


def _split(values, size, batches, mode="constant"):
    missing = size * batches - len(values)
    padded = jnp.pad(values, [(0, missing)] + [(0, 0)] * (values.ndim - 1), mode=mode) if missing else values
    return padded.reshape(size, batches, *values.shape[1:])
