"""What a network costs: its parameters, and its operations and time per row."""

import statistics
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax._checks import Network, check_callable, renamed
from interp_jax._readable import readable
from interp_jax.networks._rows import abstract_scores, as_rows
from interp_jax.networks.freezing import freeze

_CALLS = 9


@jax.jit
def _scores(network, inputs):
    return network(inputs)


@readable()
class Cost(NamedTuple):
    """The cost of a network: its number of parameters, and floating-point operations and seconds per row."""

    parameters: int
    flops: float
    seconds: float

    def _finding(self) -> str:
        return f"{self.parameters:,} parameters; {self.flops:.4g} operations and {self.seconds:.3g} s per row"


@renamed(net="network")
def cost(network: Network, inputs: Shaped[Array | np.ndarray, "rows *features"]) -> Cost:
    """The number of parameters of a network, and its operations and time per row.

    Host-level; ten calls on all rows at once, and one compilation for all networks of equal shapes. Operations are
    those of XLA's analysis of the compiled program: a multiplication and an addition count one each, in a convolution
    only where the filter lies on the image (a count by hand that includes the padding is up to a fifth higher);
    exponentials and other transcendental functions do not count. Time is the median of nine warm calls on this machine.

    Args:
        network: a callable pytree or a plain function, [rows, …] to scores. Parameters are its floating-point leaves;
            arrays that a plain function holds count only if passed as ``networks.freeze(function, weights=array)``.
        inputs: [rows, …], at least one row. The time per row depends on their number; their values, even NaN, do not
            matter.

    Raises:
        ValueError: no rows, or rows that the network does not take.
        TypeError: a network that is not callable.

    Example:
        >>> from interp_jax import networks
        >>> network = networks.freeze(networks.perceptron(jax.random.key(0), (5, 4)))
        >>> measured = cost(network, jnp.ones((8, 5)))
        >>> measured.parameters, measured.flops
        (24, 44.0)
    """
    inputs = as_rows("inputs", inputs, ["rows", "…"])
    check_callable("network", network)
    if not all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(network)):
        network = freeze(network)
    if not jax.tree.leaves(abstract_scores(network, inputs)):
        raise ValueError("network: found a function that returns nothing, wanted scores")
    compiled = _scores.lower(network, inputs).compile()
    seconds = []
    for _ in range(_CALLS + 1):
        start = time.perf_counter()
        jax.block_until_ready(compiled(network, inputs))
        seconds.append(time.perf_counter() - start)
    leaves = jax.tree.leaves(network)
    return Cost(
        parameters=sum(leaf.size for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.inexact)),
        flops=float((compiled.cost_analysis() or {}).get("flops", 0.0)) / len(inputs),
        seconds=statistics.median(seconds[1:]) / len(inputs),
    )
