"""Fully connected ReLU networks."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
from flax import nnx

from interp_jax.networks.chain import Chain

# One object for all networks: an initializer made anew would be another static value.
GLOROT_UNIFORM = jax.nn.initializers.glorot_uniform()


def perceptron(
    key,
    sizes: Sequence[int] = (100, 100, 60),
    *,
    activation: Callable = nnx.relu,
    kernel_init: Callable = GLOROT_UNIFORM,
) -> Chain:
    """A perceptron ``dense1, activation1, dense2, …, denseL`` that ends in logits; biases start at zero.

    Traceable: ``jax.vmap(perceptron)(keys)`` is a stacked ensemble.

    Args:
        key: a JAX random key.
        sizes: units of every layer, input and output included; two numbers make a one-layer network.
        activation: elementwise function after every layer but the last; the stage is named after it (relu1, relu2, …;
            activation1, … where it has no name).
        kernel_init: initializer of the weights.

    Raises:
        ValueError: fewer than two sizes, or a size below one.

    Example:
        >>> import jax
        >>> perceptron(jax.random.key(0), (100, 25, 4, 25, 60)).stage_names
        ('dense1', 'relu1', 'dense2', 'relu2', 'dense3', 'relu3', 'dense4')

    Source: Chen 2017, section 3.3 and Figs 3.8, 3.13, 4.2 (100-60, 100-100-60, …, 100-p-60, 100-25-p-25-60).
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes: found {tuple(sizes)}, wanted at least two positive numbers of units")
    rngs = nnx.Rngs(key)
    stages: dict[str, Callable] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        stages[f"dense{layer}"] = nnx.Linear(inputs, outputs, kernel_init=kernel_init, rngs=rngs)
        if layer < len(sizes) - 1:
            stages[f"{stage_name(activation)}{layer}"] = activation
    return Chain(**stages)


def stage_name(activation: Callable) -> str:
    """What a chain calls a function: its own name where that can be a stage's, else "activation".

    >>> stage_name(nnx.relu), stage_name(lambda x: x)
    ('relu', 'activation')
    """
    name = getattr(activation, "__name__", "")
    return name if name.isidentifier() else "activation"
