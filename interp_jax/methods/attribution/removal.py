"""The test of a map that names important places: take them away first, or put them back first, and watch the class."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_real
from interp_jax.methods.attribution.gradients import network_rows_and_target


class RemovalCurves(NamedTuple):
    """The class's probability when a share of a row's places is gone, and the area under it.

    Deletion is the better the smaller its area, insertion the greater.
    """

    shares: Float[Array, " steps"]
    deletion: Float[Array, "rows steps"]
    insertion: Float[Array, "rows steps"]
    deletion_area: Float[Array, " rows"]
    insertion_area: Float[Array, " rows"]


def removal_curves(
    network: Callable,
    inputs: Shaped[Array | np.ndarray, "rows ..."],
    importance: Shaped[Array | np.ndarray, "..."],
    target,
    *,
    baseline: float = 0.0,
    steps: int = 20,
) -> RemovalCurves:
    """Deletion and insertion curves of a map, over the places where there is something to remove.

        deletion(q) = p_c(x, its ⌈q · m⌋ most important places set to the baseline),
        insertion(q) = p_c(baseline, the ⌈q · m⌋ most important places of x put back),   q = 0, 1/steps … 1

    m is the row's number of places that differ from the baseline, its ink. Only these are ranked: to remove a blank
    place changes nothing, so that a map that points at blanks would be compared by how much it wastes and not by how
    well it orders the rest. Of equally important places the first goes first.

    Traceable; 2 (steps + 1) forward passes, one after the other. Memory: the network's for the rows, and a few numbers
    a place.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, rows independent.
        inputs: the rows.
        importance: as the inputs; what is greatest goes first. Signed maps want their magnitude given.
        target: the class c, one for all rows or [rows]: what the network says of the intact row.
        baseline: what a place without anything holds.
        steps: from nothing to all.

    Returns:
        `RemovalCurves`; areas by the trapezoidal rule. NaN in a row whose target, traced, is no class.

    Raises:
        ValueError: as of `gradient_times_input`, importance of another shape, and steps below one.

    Example:
        >>> import jax.numpy as jnp
        >>> def network(x):
        ...     return jnp.stack([10 * x[:, 0], x[:, 1], x[:, 2]], axis=1)
        >>> x = jnp.array([[1.0, 1.0, 0.0]])
        >>> good = removal_curves(network, x, jnp.array([[2.0, 1.0, 0.0]]), 0, steps=2)
        >>> bad = removal_curves(network, x, jnp.array([[1.0, 2.0, 0.0]]), 0, steps=2)
        >>> bool(good.deletion_area[0] < bad.deletion_area[0]), bool(good.insertion_area[0] > bad.insertion_area[0])
        (True, True)

    Source: Petsiuk, Das & Saenko, arXiv:1806.07421, section 4.1; ranking ink alone is ours.
    """
    network, inputs, target = network_rows_and_target(network, inputs, target)
    importance = as_real("importance", importance)
    if importance.shape != inputs.shape:
        raise ValueError(f"importance: found shape {importance.shape}, wanted {inputs.shape} as of inputs")
    if steps < 1:
        raise ValueError(f"steps: found {steps}, wanted at least 1")
    return _curves(network, inputs, importance, target, baseline, steps)


@partial(jax.jit, static_argnames="steps")
def _curves(network, inputs, importance, target, baseline, steps):
    rows = len(inputs)
    ink = (inputs != baseline).reshape(rows, -1)
    # Blanks come last whatever their importance: two sorts, both stable.
    order = jnp.argsort(-importance.reshape(rows, -1), axis=1, stable=True)
    blank = jnp.take_along_axis(~ink, order, axis=1)
    order = jnp.take_along_axis(order, jnp.argsort(blank, axis=1, stable=True), axis=1)
    rank = jnp.argsort(order, axis=1).reshape(inputs.shape)
    count = jnp.sum(ink, axis=1)

    def probability(x):
        scores = jax.nn.softmax(network(x), axis=1)
        return jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=jnp.nan)[:, 0]

    def at(share):
        most = jnp.round(share * count).astype(rank.dtype).reshape(rows, *[1] * (inputs.ndim - 1))
        gone = rank < most
        return probability(jnp.where(gone, baseline, inputs)), probability(jnp.where(gone, inputs, baseline))

    shares = jnp.arange(steps + 1, dtype=inputs.dtype) / steps
    deletion, insertion = (each.T for each in jax.lax.map(at, shares))

    def area(curve):
        return jnp.mean((curve[:, 1:] + curve[:, :-1]) / 2, axis=1)

    return RemovalCurves(shares, deletion, insertion, area(deletion), area(insertion))
