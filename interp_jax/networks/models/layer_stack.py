"""Equal layers one after the other: one function, its parameters stacked over the layers, a scan."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class LayerStack(NamedTuple):
    """``depth`` layers ``layer(parameters, hidden) -> hidden``; traceable, a pytree of arrays.

    ``parameters`` are stacked over the layers; ``identity`` are those of one layer that passes on what it is given, of
    the identity networks with ReLU: inputs ≥ 0, or pass another activation.
    """

    layer: Callable
    parameters: Any
    identity: Any

    def last(self, hidden):
        """What the last layer makes of the layer before the first. Compiles as one layer, whatever the depth.

        >>> import jax.numpy as jnp
        >>> stack = LayerStack(lambda slope, x: slope * x, jnp.array([2.0, 3.0]), jnp.array(1.0))
        >>> float(stack.last(jnp.float32(1.0))), stack.all(jnp.float32(1.0))
        (6.0, Array([2., 6.], dtype=float32))
        """
        return jax.lax.scan(lambda h, parameters: (self.layer(parameters, h), None), hidden, self.parameters)[0]

    def all(self, hidden):
        """The outputs of all layers, [layers, …]; compiles as one layer too."""

        def step(h, parameters):
            h = self.layer(parameters, h)
            return h, h

        return jax.lax.scan(step, hidden, self.parameters)[1]
