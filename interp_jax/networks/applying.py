"""A network's outputs for many rows, computed a batch at a time."""

from typing import Any

import jax
import numpy as np

from interp_jax._checks import Count, Given, Network, as_count, as_numpy, check_callable, describe
from interp_jax.networks._rows import abstract_scores, as_rows
from interp_jax.networks.freezing import freeze


def apply(
    network: Network,
    inputs: Given[Any, "rows …"],
    *,
    batch_size: Count = 512,
    axis: Count = 0,
) -> Any:
    """The network's outputs for all rows, as NumPy arrays: ``network(inputs)``, computed a batch at a time.

    Host-level; one compilation for a batch's shape, Accelerator memory holds two batches
    and their outputs. A second network of equal shapes does not recompile.

    Args:
        network: a callable pytree or a plain function, [rows, …] to an array or pytree of arrays.
        inputs: [rows, …], at least one row, or a pytree of such arrays for a network with several inputs; NaN and
            infinity are passed on.
        batch_size: rows at a time.
        axis: the axis of the outputs that counts rows, e.g. 1 for a stack of networks, [networks, rows, …].

    Raises:
        ValueError: no rows, arrays of different numbers of rows, rows that the network does not take, or outputs
            without a row for each.
        TypeError: a network that is not callable.

    Example:
        >>> apply(lambda x: {"sum": x.sum(1)}, np.arange(6).reshape(3, 2), batch_size=2)
        {'sum': array([1, 5, 9], dtype=int32)}
    """
    batch_size, axis = as_count("batch_size", batch_size), as_count("axis", axis, least=0)
    check_callable("network", network)
    if not all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(network)):
        network = freeze(network)
    if isinstance(inputs, list):  # nested numbers; several inputs come as a tuple or mapping
        inputs = as_numpy("inputs", inputs)
    for array in jax.tree.leaves(inputs):
        if not isinstance(array, jax.Array | np.ndarray) or array.ndim < 1:
            raise ValueError(f"inputs: found {describe(array)}, wanted arrays [rows, …]")
    sizes = {len(array) for array in jax.tree.leaves(inputs)}
    rows = min(sizes, default=0)
    if rows < 1 or len(sizes) > 1:
        raise ValueError(f"inputs: found {sorted(sizes) or 'no'} rows, wanted the same number ≥ 1 in every array")
    count = min(batch_size, rows)

    # Every batch is as long as the first: the last one begins earlier, and what it repeats is dropped.
    starts = [*range(0, rows - count, count), rows - count]

    def batch(start):
        return jax.tree.map(lambda array: as_rows("inputs", _part(array, start, count)), inputs)

    outputs = jax.tree.leaves(abstract_scores(network, batch(0)))
    if not outputs:
        raise ValueError("network: found a function that returns nothing, wanted a row for each")
    for leaf in outputs:
        if leaf.ndim <= axis or leaf.shape[axis] != count:
            raise ValueError(f"network: found outputs of shape {leaf.shape} for {count} rows, wanted a row for each")
    batches, pending = [], _outputs(network, batch(starts[0]))
    for start in starts[1:]:
        # The next batch is under way while the outputs of this one are copied.
        following = _outputs(network, batch(start))
        batches.append(jax.tree.map(np.asarray, pending))
        pending = following
    repeated = -rows % count
    last = jax.tree.map(lambda leaf: np.asarray(leaf)[(slice(None),) * axis + (slice(repeated, None),)], pending)
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=axis), *batches, last)


@jax.jit
def _outputs(network, rows):
    return network(rows)


def _part(array, start, count):
    """``count`` rows; of a JAX array without a compilation for every start."""
    if isinstance(array, jax.Array):
        return _slice(array, start, count)
    return array[start : start + count]


_slice = jax.jit(jax.lax.dynamic_slice_in_dim, static_argnums=2)
