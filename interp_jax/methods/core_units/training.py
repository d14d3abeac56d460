"""Gates trained by gradient descent: one compiled loop, a lane for every coefficient and start."""

import dataclasses
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from interp_jax.methods.core_units.checks import check_counts
from interp_jax.methods.core_units.class_rows import wanted_class
from interp_jax.methods.core_units.decisions import center_score
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

_START, _SPREAD, _WEIGHT = 0.1, 0.05, 2.0


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Recipe:
    """How gates are trained; a pytree, so that it goes through ``jax.jit``, compiled anew for all but another λ."""

    penalty: Any
    kind: Kind = dataclasses.field(metadata={"static": True})
    steps: int = dataclasses.field(metadata={"static": True})
    batch_size: int = dataclasses.field(metadata={"static": True})
    optimizer: optax.GradientTransformation = dataclasses.field(metadata={"static": True})


def make_recipe(kind: str, penalty: float | None, steps: int, batch_size: int, optimizer) -> Recipe:
    """The recipe that a function's arguments ask for; λ is 0.01 for relaxed gates and 0 for others unless given.

    Raises:
        ValueError: an unknown kind, λ that is negative or not finite, or counts below one.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind: found {kind!r}, wanted one of {', '.join(get_args(Kind))}")
    if penalty is None:
        penalty = 0.01 if kind == "relaxed" else 0.0
    if not (np.isfinite(penalty) and penalty >= 0):
        raise ValueError(f"penalty: found {penalty}, wanted a finite number of at least 0")
    check_counts(steps=steps, batch_size=batch_size)
    return Recipe(jnp.float32(penalty), kind, int(steps), int(batch_size), optimizer)


class GateTraining(NamedTuple):
    """Gates [lanes, units] after training, the classifier's weight [lanes], and the objective, [steps, lanes]."""

    gates: Float[Array, "lanes units"]
    weight: Float[Array, " lanes"]
    objective: Float[Array, "steps lanes"]


class Batch(NamedTuple):
    """Rows that all lanes see in a step: the prepared layer, the class each is asked about, and what is right."""

    prepared: Any
    wanted: Any
    decisions: Any


def train_gates(
    network, pick, predictions, positives, negatives, counts, target, alphas, keys, key, recipe
) -> GateTraining:
    """A lane for every alpha and key; all lanes see the same batches, half of them positives, drawn anew every step.

    ``positives`` and ``negatives`` are row numbers, of which the first ``counts`` of each are used; without negatives
    a batch is all positives. ``pick`` gives rows of these numbers as the network prepares them. Traceable.
    """
    size = recipe.batch_size
    is_positive = jnp.arange(size) < jnp.where(counts[1] > 0, (size + 1) // 2, size)

    def draw(number):
        drawn = jax.random.uniform(jax.random.fold_in(key, number), (2, size))
        chosen = jnp.minimum(drawn * counts[:, None], jnp.maximum(counts - 1, 0)[:, None]).astype(jnp.int32)
        rows = jnp.where(is_positive, positives[chosen[0]], negatives[chosen[1]])
        wanted = wanted_class(target, predictions[rows])
        return Batch(pick(rows), wanted, is_positive.astype(jnp.float32))

    return descend(network, draw, alphas, keys, recipe, has_negatives=counts[1] > 0)


def descend(network, draw, alphas, keys, recipe: Recipe, *, has_negatives) -> GateTraining:
    """Lanes of gates, each minimized by itself over the batches that ``draw(step number)`` gives all of them.

    The weight of the center-based classifier is trained with the gates, but not without negatives: 0 would then be
    best, which calls every row a positive. Traceable.
    """

    def loss(variables, alpha, key, batch, number):
        x, log_weight = variables
        used, counted = _gates(recipe.kind, x, jax.random.fold_in(key, number))
        weight = jnp.exp(jnp.where(has_negatives, log_weight, jnp.log(_WEIGHT)))
        said = center_score(network.scores(batch.prepared, used), batch.wanted, weight)
        return objective(said, batch.decisions, counted, alpha=alpha, penalty=recipe.penalty)

    def step(carry, number):
        batch = draw(number)

        # Lane by lane also in the optimizer, some of which look at all that they are given.
        def one(variables, state, alpha, key):
            value, gradient = jax.value_and_grad(loss)(variables, alpha, key, batch, number)
            updates, state = recipe.optimizer.update(gradient, state, variables)
            return (optax.apply_updates(variables, updates), state), value

        return jax.vmap(one)(*carry, alphas, keys)

    starts = jax.vmap(lambda key: _START + _SPREAD * jax.random.normal(key, (network.units,)))(keys)
    variables = starts, jnp.full(len(alphas), jnp.log(_WEIGHT))
    carry = variables, jax.vmap(recipe.optimizer.init)(variables)
    ((x, log_weight), _), values = jax.lax.scan(step, carry, jnp.arange(recipe.steps))
    return GateTraining(_openings(recipe.kind, x), jnp.exp(log_weight), values)


def _gates(kind, x, key):
    """What the units are multiplied by, and what is counted as open."""
    if kind == "hard_concrete":
        uniform = jax.random.uniform(key, x.shape, minval=1e-6, maxval=1 - 1e-6)
        return hard_concrete(SHARPNESS * x, uniform), _openings(kind, x)
    return (gate(x) if kind == "relaxed" else straight_through(gate(x))), gate(x)


def _openings(kind, x):
    # Log-odds on the scale of the other gates, so that one step size suits all kinds.
    return open_probability(SHARPNESS * x) if kind == "hard_concrete" else gate(x)
