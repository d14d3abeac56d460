"""What an ascent climbs: a unit's probability, its logarithm, logit or value, or any function of the outputs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._checks import as_numpy, as_real, at_hand
from interp_jax.methods._accept import accept_scores, applied, as_rows, callable_pytree


def accept_objective(
    network: Any, start: Any, units: Any, objective: Any, scores: Any
) -> tuple[Callable, Callable, Any]:
    """The network, ``(outputs, units) -> objective and activation`` of each lane, and the units as that takes them.

    Traceable. What is accepted, and refused, stands in `maximize`.
    """
    if callable(objective):
        network = accept_scores(network, scores=scores)
        climb = jax.tree_util.Partial(_as_given, callable_pytree(objective, name="objective"))
        units = jax.tree.map(lambda leaf: _a_lane(leaf, len(start)), units)
        jax.eval_shape(partial(applied, network), jax.ShapeDtypeStruct((1, *start.shape[1:]), start.dtype))
    elif isinstance(objective, str) and objective in _OBJECTIVES:
        network = accept_scores(network, None if objective == "value" else start, scores=scores)
        climb = jax.tree_util.Partial(_OBJECTIVES[objective])
        units = _weights(
            units,
            len(start),
            jax.eval_shape(partial(applied, network), jax.ShapeDtypeStruct((1, *start.shape[1:]), start.dtype)),
            objective,
        )
    else:
        raise ValueError(f"objective: found {objective!r}, wanted a callable or one of {', '.join(_OBJECTIVES)}")
    return network, climb, units


def _weights(units, lanes, outputs, objective):
    """[lanes, units] each unit's weight in each lane's objective."""
    leaves = jax.tree.leaves(outputs)
    if len(leaves) != 1 or leaves[0].ndim < 2:
        shapes = [leaf.shape for leaf in leaves]
        raise ValueError(f"network: found outputs of shape {shapes}, wanted [lanes, …, units] or a callable objective")
    count = leaves[0].shape[-1]
    if count == 1 and objective != "value":
        wanted = '"value": of one output alone the probability is always 1'
        raise ValueError(f"objective: found {objective!r} for a network of one output, wanted {wanted}")
    if units is None:
        raise ValueError("units: found none, wanted one a lane, or a callable objective")
    units = units if isinstance(units, jax.Array) else as_numpy("units", units)
    if jnp.issubdtype(units.dtype, jnp.floating):
        if units.shape != (lanes, count):
            raise ValueError(f"units: found weights of shape {units.shape}, wanted {(lanes, count)}")
        if at_hand(units) and not np.isfinite(np.asarray(units)).all():
            raise ValueError("units: found NaN or infinity, wanted finite weights")
        return as_real("units", units)
    if not jnp.issubdtype(units.dtype, jnp.integer):
        raise ValueError(f"units: found {units.dtype}, wanted whole numbers, or floats that weigh every unit")
    if units.shape not in ((), (lanes,)):
        raise ValueError(f"units: found shape {units.shape}, wanted one unit, or one for each of {lanes} lanes")
    if at_hand(units):
        numbers = np.asarray(units)  # under jit operations on a known JAX array would be traced
        least, greatest = int(numbers.min()), int(numbers.max())
        if least < 0 or greatest >= count:
            raise ValueError(f"units: found {least} to {greatest}, wanted 0 to {count - 1}")
        units = numbers.astype(np.int32)
    return jax.nn.one_hot(jnp.broadcast_to(jnp.asarray(units), (lanes,)), count)


def _a_lane(units, lanes):
    """The units for a callable objective, one entry per lane; a single number is for all."""
    units = units if isinstance(units, jax.Array) else as_numpy("units", units)
    if units.ndim and len(units) != lanes:
        raise ValueError(f"units: found shape {units.shape}, wanted an entry for each of {lanes} lanes")
    units = as_rows("units", units.reshape(units.shape or 1), finite=False)
    return jnp.broadcast_to(units, (lanes, *units.shape[1:]))


def _combined(values, weights):
    places = tuple(range(1, values.ndim - 1))
    return jnp.sum(jnp.mean(values, axis=places) * weights, axis=-1)


def _wide(outputs):
    return outputs.astype(jnp.promote_types(outputs.dtype, jnp.float32))


def _softmax(outputs, weights):
    """The probabilities, the units' weights at every place, and the probability that those weigh there."""
    exponentials = jnp.exp(outputs - jnp.max(outputs, axis=-1, keepdims=True))
    total = jnp.sum(exponentials, axis=-1, keepdims=True)
    weights = jnp.expand_dims(weights, tuple(range(1, outputs.ndim - 1)))
    return exponentials / total, weights, jnp.sum(exponentials * weights, axis=-1, keepdims=True) / total


@jax.custom_jvp
def _weighed(outputs, weights):
    """The weighed probability of each lane, which its derivative needs as well: computed once for both."""
    *_, weighed = _softmax(outputs, weights)
    return jnp.mean(weighed, axis=tuple(range(1, weighed.ndim)))


@_weighed.defjvp
def _weighed_jvp(primals, tangents):
    probabilities, weights, weighed = _softmax(*primals)
    of_outputs, of_weights = tangents
    of_weights = jnp.expand_dims(of_weights, tuple(range(1, of_outputs.ndim - 1)))
    change = (probabilities * weights - probabilities * weighed) * of_outputs + probabilities * of_weights
    places = tuple(range(1, weighed.ndim))
    return jnp.mean(weighed, axis=places), jnp.mean(jnp.sum(change, axis=-1, keepdims=True), axis=places)


def _probability(outputs, weights):
    value = _weighed(_wide(outputs), weights)
    return value, value


def _log_probability(outputs, weights):
    outputs = _wide(outputs)
    return _combined(jax.nn.log_softmax(outputs), weights), _combined(jax.nn.softmax(outputs), weights)


def _logit(outputs, weights):
    outputs = _wide(outputs)
    return _combined(outputs, weights), _combined(jax.nn.softmax(outputs), weights)


def _value(outputs, weights):
    value = _combined(_wide(outputs), weights)
    return value, value


def _as_given(objective, outputs, units):
    value = objective(outputs, units)
    return value, value


_OBJECTIVES = {
    "probability": _probability,
    "log_probability": _log_probability,
    "logit": _logit,
    "value": _value,
}
