"""Fully connected ReLU networks."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import jax
from flax import nnx

from interp_jax._checks import Key, as_counts, as_key, check_callable
from interp_jax.networks.chain import Chain

# One object for all networks: a new initializer would be another static value.
GLOROT_UNIFORM = jax.nn.initializers.glorot_uniform()


def perceptron(
    key: Key,
    sizes: Sequence[int] = (100, 100, 60),
    *,
    activation: Callable[..., Any] = nnx.relu,
    kernel_init: Callable[..., Any] = GLOROT_UNIFORM,
) -> Chain:
    """A perceptron ``dense1, activation1, dense2, …, denseL`` that ends in logits; biases start at zero.

    Traceable: ``jax.vmap(perceptron)(keys)`` is a stack of networks.

    Args:
        key: a JAX random key.
        sizes: units of every layer, input and output included; two numbers make a one-layer network.
        activation: elementwise function after every layer but the last. Its stages have its name (relu1, relu2, …),
            or activation1, … if it has none.
        kernel_init: initializer of the weights, ``(key, shape, dtype) -> array``.

    Raises:
        ValueError: fewer than two sizes, a size below one, or not a key.
        TypeError: an activation or initializer that is not callable.

    Example:
        >>> import jax
        >>> perceptron(jax.random.key(0), (100, 25, 4, 25, 60)).stage_names
        ('dense1', 'relu1', 'dense2', 'relu2', 'dense3', 'relu3', 'dense4')

    Source: Chen 2017, section 3.3 and Figs 3.8, 3.13, 4.2 (100-60, 100-100-60, …, 100-p-60, 100-25-p-25-60).
    """
    sizes = layer_sizes(sizes)
    check_callable("activation", activation)
    check_callable("kernel_init", kernel_init)
    rngs = nnx.Rngs(as_key(key))
    stages: dict[str, Callable] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        stages[f"dense{layer}"] = nnx.Linear(inputs, outputs, kernel_init=kernel_init, rngs=rngs)
        if layer < len(sizes) - 1:
            stages[f"{stage_name(activation)}{layer}"] = activation
    return Chain(**stages)


def layer_sizes(sizes) -> tuple[int, ...]:
    """The units of every layer, at least two numbers."""
    sizes = as_counts("sizes", sizes)
    if len(sizes) < 2:
        raise ValueError(f"sizes: found {sizes}, wanted at least two numbers of units")
    return sizes


def stage_name(activation: Callable[..., Any]) -> str:
    """The name of an activation's stages: its own if that is a valid stage name, else "activation".

    >>> stage_name(nnx.relu), stage_name(lambda x: x)
    ('relu', 'activation')
    """
    name = getattr(activation, "__name__", "")
    return name if name.isidentifier() else "activation"
