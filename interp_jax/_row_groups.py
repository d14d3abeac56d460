"""Rows in groups: the numbers of rows, sums and first rows of the groups, by all pairs of both or row by row."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from interp_jax._shards import runs_of

# Groups from which on a CPU adds rows to their group's sum faster than a product with zeros and ones does.
MANY = 128
_BLOCK = 1_024  # rows added up one after the other


class RowGroups(NamedTuple):
    """The group of each row. Traceable.

    Attributes:
        labels: integers [rows]; rows with another label than 0 … groups − 1 are in no group.
        groups: number of groups.
    """

    labels: Int[Array, " rows"]
    groups: int

    def counts(self) -> Int[Array, " groups"]:
        """The number of rows of each group."""

        def of_pairs(labels):
            return jnp.sum(self._belongs(labels), axis=1, dtype=jnp.int32)

        def row_by_row(labels):
            return jnp.zeros(self.groups, jnp.int32).at[self._places(labels)].add(1, mode="drop")

        return self._by(of_pairs, row_by_row)

    def first(self) -> Int[Array, " groups"]:
        """The number of a group's first row; 0 for a group without rows."""

        def of_pairs(labels):
            return jnp.argmax(self._belongs(labels), axis=1).astype(jnp.int32)

        def row_by_row(labels):
            numbers = jnp.arange(len(labels), dtype=jnp.int32)
            least = jnp.full(self.groups, len(labels), jnp.int32)
            least = least.at[self._places(labels)].min(numbers, mode="drop")
            return jnp.where(least < len(labels), least, 0)

        return self._by(of_pairs, row_by_row)

    def sums(self, values: Float[Array, "rows *rest"]) -> Float[Array, "groups *rest"]:
        """The sum of each group's rows; half precision is added up in float32.

        A value that is not finite, whatever its row's label, makes its column's sums NaN in all groups.
        """
        kind = jnp.float64 if values.dtype == jnp.float64 else jnp.float32

        def of_pairs(labels, values):
            belongs = self._belongs(labels)
            if self.groups == 1 and runs_of(values) > 1:  # without a copy of each device's rows, as a product makes
                own = belongs[0].reshape(-1, *[1] * (values.ndim - 1))
                return jnp.sum(jnp.where(own, values, 0), axis=0, keepdims=True, dtype=kind)
            flat = values.reshape(len(values), -1)
            sums = jnp.matmul(belongs.astype(flat.dtype), flat, precision="highest", preferred_element_type=kind)
            return sums.reshape(self.groups, *values.shape[1:])

        def row_by_row(labels, values):
            places, none = self._places(labels), jnp.zeros((self.groups, *values.shape[1:]), kind)

            def of_block(start, size):
                own, some = (jax.lax.dynamic_slice_in_dim(each, start, size) for each in (places, values))
                return none.at[own].add(some.astype(kind), mode="drop")

            def add(block, state):
                sums, surplus = state
                more = of_block(block * _BLOCK, _BLOCK) - surplus
                total = sums + more
                return total, (total - sums) - more

            # Block by block, and these with what rounding adds to their sum (Kahan): a long sum loses digits.
            blocks, rest = divmod(len(values), _BLOCK)
            sums = of_block(blocks * _BLOCK, rest)
            if blocks:
                sums = jax.lax.fori_loop(0, blocks, add, (sums, none))[0]
            return sums + jnp.where(jnp.all(jnp.isfinite(values), axis=0), 0, jnp.nan).astype(kind)[None]

        return self._by(of_pairs, row_by_row, values)

    def _belongs(self, labels):
        return labels[None, :] == jnp.arange(self.groups, dtype=labels.dtype)[:, None]

    def _places(self, labels):
        return jnp.where((labels >= 0) & (labels < self.groups), labels, self.groups)

    def _by(self, of_pairs: Callable, row_by_row: Callable, *values: Any) -> Any:
        if self.groups < MANY or runs_of(self.labels, *values) > 1:
            return of_pairs(self.labels, *values)
        return jax.lax.platform_dependent(self.labels, *values, cpu=row_by_row, default=of_pairs)
