"""Layers of one kind one after the other: one function scanned over stacked parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jaxtyping import Array
from numpy.typing import ArrayLike

from interp_jax._checks import Given
from interp_jax._readable import readable
from interp_jax.networks._rows import abstract_scores, as_floating


@readable()
class LayerStack(NamedTuple):
    """``depth`` layers ``layer(parameters, hidden) -> hidden`` that differ only in their parameters.

    Traceable, a pytree of arrays. ``parameters`` are stacked over the layers; ``identity`` are those of one layer
    that passes on its input (an identity network with ReLU passes on inputs ≥ 0).
    """

    layer: Callable
    parameters: Any
    identity: Any

    def last(self, hidden: Given[ArrayLike, "*shape"]) -> Array:
        """The output of the last layer for the layer before the first. Traceable; any depth compiles as one layer.

        >>> import jax.numpy as jnp
        >>> stack = LayerStack(lambda slope, x: slope * x, jnp.array([2.0, 3.0]), jnp.array(1.0))
        >>> float(stack.last(jnp.float32(1.0))), stack.all(jnp.float32(1.0))
        (6.0, Array([2., 6.], dtype=float32))
        """
        hidden = self._taken(hidden)
        return jax.lax.scan(lambda h, parameters: (self.layer(parameters, h), None), hidden, self.parameters)[0]

    def all(self, hidden: Given[ArrayLike, "*shape"]) -> Array:
        """The outputs of all layers, [layers, …]. Traceable; any depth compiles as one layer."""

        def step(h, parameters):
            h = self.layer(parameters, h)
            return h, h

        return jax.lax.scan(step, self._taken(hidden), self.parameters)[1]

    def _taken(self, hidden):
        """The layer before the first in the type of a layer's output, once a layer is known to keep its shape."""

        def first(parameters, hidden):
            return self.layer(jax.tree.map(lambda leaf: leaf[0], parameters), hidden)

        hidden = as_floating("hidden", hidden)
        after = abstract_scores(first, hidden, self.parameters, name="hidden")
        if after.shape != hidden.shape:
            raise ValueError(f"hidden: found shape {list(hidden.shape)}, wanted {list(after.shape)} as behind a layer")
        return hidden.astype(after.dtype)
