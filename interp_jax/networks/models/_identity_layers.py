"""What the identity perceptron and the identity CNN share: their layer, the starts of its weights, and the checks."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from interp_jax._checks import as_count, check_callable, check_choice, check_number

# One object each for all networks: a new initializer would be another static value.
STARTS = {
    "identity": None,
    "glorot": jax.nn.initializers.glorot_uniform(),
    "he": jax.nn.initializers.he_normal(),
    "orthogonal": jax.nn.initializers.orthogonal(),
}


def linear(x):
    """The identity function, as an activation."""
    return x


def check_identity_network(classes, depth, scale, start, **activations) -> tuple[int, int, Callable | None]:
    """The number of classes, the depth and the initializer (None for the identity), once all arguments fit."""
    classes, depth = as_count("classes", classes, least=2), as_count("depth", depth)
    check_number("scale", scale, above=0)
    for name, activation in activations.items():
        check_callable(name, activation)
    if callable(start):
        return classes, depth, start
    check_choice("start", start, STARTS)
    return classes, depth, STARTS[start]


@dataclass(frozen=True)
class IdentityLayer:
    """One layer of an identity network, compared by value, so that networks of one shape share a compilation.

    The networks differ only in ``product(hidden, kernel)``; units are the last axis.
    """

    product: Callable
    features: int
    scale: float
    activation: Callable
    class_activation: Callable

    def __call__(self, parameters, hidden):
        """The next layer: φ(s · product + bias), with one φ for the features and one for the classes."""
        kernel, bias = parameters
        rows = (None,) * (hidden.ndim - 1)
        sums = self.scale * self.product(hidden, kernel) + bias[rows]
        is_feature = jnp.arange(sums.shape[-1]) < self.features
        return jnp.where(is_feature[rows], self.activation(sums), self.class_activation(sums))
