"""Overlapping patches of images or signals: where they lie, and patch values averaged by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import as_count, as_counts


@dataclass(frozen=True)
class Patches:
    """Patches of equal sides over rows of one shape, made by `over`; numbered along the last axis first. Traceable.

    Channels, the axes of a row beyond ``sides``, belong to a patch whole.
    """

    shape: tuple[int, ...]
    sides: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def over(
        cls, shape: Sequence[int], patch: float | int | Sequence[int], stride: float | int | Sequence[int] = 1
    ) -> "Patches":
        """Patches over rows of a shape, ``stride`` apart; along each axis the last ends where the row does.

        Args:
            shape: of one row.
            patch: the sides of a patch along the first axes of a row, or one number for all axes but the last
                (channels); for a row of one axis, along that.
            stride: steps from patch to patch, or one number for all axes; at most the side, so that no position is
                missed.

        Raises:
            ValueError: a patch larger than a row or of more sides than it has axes, a stride larger than the patch, or
                either below one.

        Example:
            >>> patches = Patches.over((5, 4, 3), patch=2, stride=2)
            >>> patches.sides, patches.counts, patches.starts[0]
            ((2, 2), (3, 2), array([0, 2, 3]))
        """
        axes = len(patch) if isinstance(patch, Sequence | np.ndarray) and np.ndim(patch) else max(len(shape) - 1, 1)
        sides, strides = (_sizes(name, size, axes) for name, size in (("patch", patch), ("stride", stride)))
        places = tuple(shape[:axes])
        if not 0 < axes <= len(shape) or not all(1 <= side <= size for side, size in zip(sides, places, strict=True)):
            raise ValueError(f"patch: found sides {sides}, wanted at least 1 and at most the inputs' {places}")
        if len(strides) != axes or not all(1 <= step <= side for step, side in zip(strides, sides, strict=True)):
            raise ValueError(f"stride: found {strides}, wanted at least 1 and at most the patch's {sides}")
        return cls(tuple(shape), sides, strides)

    @property
    def starts(self) -> list[np.ndarray]:
        """Where the patches begin along each axis."""
        axes = zip(self.shape, self.sides, self.strides, strict=False)
        return [np.unique([*range(0, size - side + 1, step), size - side]) for size, side, step in axes]

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of patches along each axis."""
        return tuple(map(len, self.starts))

    def __len__(self) -> int:
        """The number of patches."""
        return prod(self.counts)

    def inside(self, numbers: Int[Array, " numbers"]) -> Bool[Array, "numbers *features"]:
        """Which features belong to the patches of given numbers; axes of channels have length 1.

        Example:
            >>> Patches.over((4,), patch=2).inside(jnp.array([0, 2])).astype(int)
            Array([[1, 1, 0, 0],
                   [0, 0, 1, 1]], dtype=int32)
        """
        inside = jnp.ones((len(numbers), *[1] * len(self.shape)), bool)
        positions = jnp.unravel_index(numbers, self.counts)
        for axis, (position, starts, side) in enumerate(zip(positions, self.starts, self.sides, strict=True)):
            behind = jnp.arange(self.shape[axis])[None] - jnp.asarray(starts)[position][:, None]
            along = (behind >= 0) & (behind < side)
            around = [1] * axis, [1] * (len(self.shape) - axis - 1)
            inside &= along.reshape(len(numbers), *around[0], self.shape[axis], *around[1])
        return inside

    def by_place(self, values: Float[Array, "rows patches"]) -> Float[Array, "rows *places"]:
        """The mean over the patches that hold a position, for each position. Costs a patch's size per position.

        Example:
            >>> Patches.over((4,), patch=2).by_place(jnp.array([[0.0, 2.0, 6.0]]))
            Array([[0., 1., 4., 6.]], dtype=float32)
        """
        return self._sums(values) / self._sums(jnp.ones((1, len(self)), values.dtype))

    def _sums(self, values):
        at_starts = jnp.zeros((len(values), *map(_possible, self.shape, self.sides)), values.dtype)
        at_starts = at_starts.at[(slice(None), *np.ix_(*self.starts))].set(values.reshape(-1, *self.counts))
        window, padding = (1, *self.sides), [(0, 0), *((side - 1, side - 1) for side in self.sides)]
        return jax.lax.reduce_window(at_starts, 0.0, jax.lax.add, window, (1,) * len(window), padding)


def _sizes(name, sizes, axes):
    """One number for all axes, or one per axis."""
    several = isinstance(sizes, Sequence | np.ndarray) and not isinstance(sizes, str) and np.ndim(sizes)
    return as_counts(name, sizes) if several else (as_count(name, sizes),) * axes


def _possible(size, side):
    return size - side + 1
