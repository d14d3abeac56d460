"""Rows in batches for a loop, one pass for many lanes."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from interp_jax._shards import by_runs, runs_of

# Numbers of rows that are centered once rather than whenever they are looked at, which takes a copy.
_COPIED = 2**24


class Batch(NamedTuple):
    """Some of the rows, minus the mean and scaled, with their squares and weights."""

    x: Float[Array, "size features"]
    squares: Float[Array, " size"]
    weights: Float[Array, " size"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class RowBatches:
    """The rows as they lie, in runs for devices; a batch is centered and scaled when it is looked at.

    So no copy of all rows is needed. A batch has ``size`` neighboring rows of every run; the last one begins earlier if
    fewer are left, and rows that were looked at before then have weight 0.
    """

    x: Float[Array, "runs length features"]
    squares: Float[Array, "runs length"]
    weights: Float[Array, "runs length"]
    first: Float[Array, " features"]
    mean: Float[Array, " features"]
    unit: Float[Array, ""]
    size: int = dataclasses.field(metadata={"static": True})
    placed: bool = dataclasses.field(default=False, metadata={"static": True})

    @classmethod
    def of(cls, x: Array, weights: Array, most: int) -> "RowBatches":
        """Rows in batches of about equal size, of at most ``most`` rows."""
        runs = runs_of(x)
        length = len(x) // runs
        size = -(-length // -(-length * runs // most))
        first, weights = x[0], by_runs(weights, runs)
        # Minus a row first: the mean of numbers with a large offset is not exact.
        unit = jnp.ones((), x.dtype)
        rows = cls(by_runs(x, runs), jnp.zeros_like(weights), weights, first, first * 0, unit, size)

        def add(carry, batch, _):
            sums, greatest = carry
            sums += jnp.matmul(batch.weights, batch.x, precision=jax.lax.Precision.HIGHEST)
            return (sums, jnp.maximum(greatest, jnp.max(jnp.abs(batch.x)))), None

        (sums, greatest), _ = rows.fold(add, (jnp.zeros_like(first), jnp.zeros((), x.dtype)))
        mean = sums / jnp.sum(weights)
        # No row is further from the mean than twice this. A power of two loses no digit, and squares then neither
        # overflow nor vanish.
        numbers = jnp.finfo(x.dtype)
        exponent = jnp.clip(jnp.frexp(greatest)[1] + 1, numbers.minexp, numbers.maxexp - 2)
        rows = dataclasses.replace(rows, mean=mean, unit=jnp.ldexp(jnp.ones((), x.dtype), exponent))
        _, squares = rows.fold(lambda _, batch, number: (None, jnp.sum(batch.x**2, axis=1)), None)
        rows = dataclasses.replace(rows, squares=by_runs(squares, runs))
        return dataclasses.replace(rows, x=rows._placed(rows.x), placed=True) if x.size <= _COPIED else rows

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.weights.size

    def fold(self, function: Callable, initial: Any) -> tuple[Any, Any]:
        """``function(carry, batch, its number) -> carry, out`` over all; the outs […, size] as […, rows]."""
        runs, length = self.weights.shape
        batches = -(-length // self.size)
        if batches == 1:
            return function(initial, self._batch(0), 0)
        carry, out = jax.lax.scan(
            lambda carry, number: function(carry, self._batch(number), number), initial, jnp.arange(batches)
        )
        if out is None:
            return carry, None
        parts = jnp.moveaxis(out.reshape(*out.shape[:-1], runs, self.size), 0, -2)
        rest = length - (batches - 1) * self.size
        whole = parts[..., :-1, :].reshape(*parts.shape[:-2], length - rest)
        out = jnp.concatenate([whole, parts[..., -1, self.size - rest :]], axis=-1)
        return carry, out.reshape(*out.shape[:-2], self.count)

    def part(self, values, number):
        """The entries of values […, rows] for a batch."""
        parts = values.reshape(*values.shape[:-1], *self.weights.shape)
        taken = jax.lax.dynamic_slice_in_dim(parts, self._start(number), self.size, -1)
        return taken.reshape(*values.shape[:-1], -1)

    def at(self, numbers):
        """Rows by their numbers, minus the mean and scaled."""
        return self._placed(self.x.reshape(-1, self.x.shape[-1])[numbers])

    def _start(self, number):
        return jnp.minimum(number * self.size, self.weights.shape[1] - self.size)

    def _placed(self, x):
        if self.placed:
            return x
        first, mean = (jnp.broadcast_to(each, x.shape) for each in (self.first, self.mean))
        return (x - first - mean) * (1 / self.unit)

    def _batch(self, number):
        start = self._start(number)
        x = jax.lax.dynamic_slice_in_dim(self.x, start, self.size, 1).reshape(-1, self.x.shape[-1])
        weights = jax.lax.dynamic_slice_in_dim(self.weights, start, self.size, 1)
        seen = start + jnp.arange(self.size) < number * self.size
        weights = jnp.where(seen[None], 0, weights).reshape(-1)
        return Batch(self._placed(x), self.part(self.squares.reshape(-1), number), weights)
