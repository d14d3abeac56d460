"""Gates trained by gradient descent: one compiled loop, a lane for every coefficient and start."""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from interp_jax.methods.core_units.class_rows import wanted_class
from interp_jax.methods.core_units.decisions import centre_score
from interp_jax.methods.core_units.gates import (
    SHARPNESS,
    gate,
    hard_concrete,
    objective,
    open_probability,
    straight_through,
)

# One object for all calls, so that they share a compilation.
ADAM = optax.adam(0.01)

Kind = Literal["straight_through", "relaxed", "hard_concrete"]


class GateTraining(NamedTuple):
    """Gates [lanes, units] after training, the classifier's weight [lanes], and the objective, [steps, lanes]."""

    gates: Float[Array, "lanes units"]
    weight: Float[Array, " lanes"]
    objective: Float[Array, "steps lanes"]


@partial(jax.jit, static_argnames=("steps", "batch_size", "optimizer", "kind"))
def train_gates(
    network,
    hidden,
    predictions,
    positives,
    negatives,
    counts,
    target,
    alphas,
    keys,
    key,
    *,
    penalty,
    steps: int,
    batch_size: int,
    optimizer=ADAM,
    kind: Kind = "straight_through",
) -> GateTraining:
    """A lane for every alpha and key; all lanes see the same batches, half of them positives, drawn anew every step.

    ``positives`` and ``negatives`` are row numbers, of which the first ``counts`` of each are used.
    """
    ones = jnp.ones(len(alphas))
    starts = jax.vmap(lambda key: 0.1 + 0.05 * jax.random.normal(key, (network.units,)))(keys)
    variables = starts, jnp.log(2 * ones)
    balance = jnp.where(counts[1] > 0, batch_size // 2, batch_size)
    places = jnp.arange(batch_size)

    def loss(variables, prepared, wanted, yes, noise):
        def one(x, log_weight, alpha, noise):
            used, counted = _gates(kind, x, noise)
            said = centre_score(network.scores(prepared, used), wanted, jnp.exp(log_weight))
            return objective(said, yes, counted, alpha=alpha, penalty=penalty)

        values = jax.vmap(one)(*variables, alphas, noise)
        return jnp.sum(values), values

    def step(carry, number):
        variables, state = carry
        noise_keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys, number)
        noise = jax.vmap(lambda key: jax.random.uniform(key, (network.units,), minval=1e-6, maxval=1 - 1e-6))(
            noise_keys
        )
        drawn = jax.random.uniform(jax.random.fold_in(key, number), (2, batch_size))
        chosen = jnp.minimum(drawn * counts[:, None], jnp.maximum(counts - 1, 0)[:, None]).astype(jnp.int32)
        is_positive = places < balance
        rows = jnp.where(is_positive, positives[chosen[0]], negatives[chosen[1]])
        prepared = network.prepare(hidden[rows])
        decisions = is_positive.astype(jnp.float32)
        wanted = wanted_class(target, predictions[rows])
        gradient, values = jax.grad(loss, has_aux=True)(variables, prepared, wanted, decisions, noise)
        updates, state = optimizer.update(gradient, state, variables)
        return (optax.apply_updates(variables, updates), state), values

    (variables, _), values = jax.lax.scan(step, (variables, optimizer.init(variables)), jnp.arange(steps))
    x, log_weight = variables
    openings = _gates(kind, x, jnp.full(x.shape, 0.5))[1]
    return GateTraining(openings, jnp.exp(log_weight), values)


def _gates(kind, x, noise):
    """What the units are multiplied by, and what is counted as open."""
    if kind == "hard_concrete":
        return hard_concrete(_log_odds(x), noise), open_probability(_log_odds(x))
    return (gate(x) if kind == "relaxed" else straight_through(gate(x))), gate(x)


def _log_odds(x):
    """On the scale of the other gates, so that one step size suits all kinds."""
    return SHARPNESS * x
