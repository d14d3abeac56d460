"""What a network costs: numbers held, operations and time a row."""

import statistics
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

_CALLS = 9


class Cost(NamedTuple):
    """Numbers that the network holds; floating-point operations and seconds a row."""

    parameters: int
    flops: float
    seconds: float


def cost(net, inputs: Shaped[Array | np.ndarray, "rows *features"]) -> Cost:
    """Parameters, and operations and time a row, of the compiled network.

    Host-level; one compilation and ten calls on all rows at once. Operations are those of XLA's own analysis of the
    compiled program: a multiplication and an addition count one each, in a convolution only where the filter lies on
    the image and not on its padding, so that a count by hand with padding is up to a fifth higher; exponentials and
    other transcendental functions are not among them. Time is the median of nine warm calls on this machine.

    Args:
        net: a callable pytree, ``net(inputs) -> scores``.
        inputs: rows to run it on; time a row depends on how many there are.

    Raises:
        ValueError: no rows.

    Example:
        >>> from interp_jax import networks
        >>> network = networks.freeze(networks.perceptron(jax.random.key(0), (5, 4)))
        >>> found = cost(network, jnp.ones((8, 5)))
        >>> found.parameters, found.flops
        (24, 44.0)
    """
    inputs = jnp.asarray(inputs)
    if inputs.ndim == 0 or not len(inputs):
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted at least one row")
    compiled = jax.jit(lambda net, inputs: net(inputs)).lower(net, inputs).compile()
    seconds = []
    for _ in range(_CALLS + 1):
        start = time.perf_counter()
        jax.block_until_ready(compiled(net, inputs))
        seconds.append(time.perf_counter() - start)
    arrays = [leaf for leaf in jax.tree.leaves(net) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return Cost(
        parameters=sum(leaf.size for leaf in arrays),
        flops=float(compiled.cost_analysis()["flops"]) / len(inputs),
        seconds=statistics.median(seconds[1:]) / len(inputs),
    )
