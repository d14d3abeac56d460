"""Gates: smooth stand-ins for 0 and 1, the objective that they minimize, and their training, a lane for every start."""

import dataclasses
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import Given, as_count, as_numpy, as_real, check_choice, check_number, check_shape, describe
from interp_jax.methods.core_units.decisions import asked_class, center_score

SHARPNESS = 10.0
ALPHAS = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)
# One object for all calls, so that they share a compilation.
ADAM = optax.adam(0.01)

Kind = Literal["straight_through", "relaxed", "hard_concrete"]

# Louizos, Welling & Kingma 2018, section 4.1.
_TEMPERATURE, _LOW, _HIGH = 2 / 3, -0.1, 1.1
_START, _SPREAD, _WEIGHT = 0.1, 0.05, 2.0


def gate(
    x: Shaped[Array | np.ndarray, "*shape"] | float, sharpness: Float[Array | np.ndarray, ""] | float = SHARPNESS
) -> Float[Array, "*shape"]:
    """A switch gate's value in (0, 1), in the shape of x.

        b = σ(w x)

    Traceable. NaN gives NaN.

    Args:
        x: trainable, of any shape.
        sharpness: w > 0, fixed; the larger, the closer to a step function.

    Raises:
        ValueError: x that is not real, or a nonpositive sharpness.

    Example:
        >>> gate(jnp.array([-1.0, 0.0, 1.0])).round(4)
        Array([0. , 0.5, 1. ], dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, equation 4.
    """
    check_number("sharpness", sharpness, above=0)
    return jax.nn.sigmoid(sharpness * as_real("x", x))


def relaxation_penalty(gates: Shaped[Array | np.ndarray, "*shape"] | float) -> Float[Array, "*shape"]:
    """The penalty on each gate that is neither open nor closed: ½ at b = ½, less towards 0 and 1.

        φ(b) = σ(−10 (b − ½)²)

    Traceable. φ(0) = φ(1) = 0.076, although the paper's text says that it falls to zero. NaN gives NaN.

    Args:
        gates: b, of any shape.

    Example:
        >>> [round(float(value), 3) for value in relaxation_penalty(jnp.array([0.0, 0.5, 1.0]))]
        [0.076, 0.5, 0.076]

    Source: Yan & Feng, ICLR 2018 submission, section 3.3.
    """
    return jax.nn.sigmoid(-10 * (as_real("gates", gates) - 0.5) ** 2)


def straight_through(gates: Shaped[Array | np.ndarray, "*shape"] | float) -> Float[Array, "*shape"]:
    """Gates rounded to 0 and 1 (½ to 1), with the gradient of the gates themselves.

    Traceable. NaN and infinity give NaN.

    Args:
        gates: values of any shape.

    Example:
        >>> tuple(map(float, jax.value_and_grad(straight_through)(0.7)))
        (1.0, 1.0)

    Source: not in the paper; Bengio, Léonard & Courville 2013, arXiv:1308.3432, section 4.
    """
    gates = as_real("gates", gates)
    # The difference is 0 exactly, however large a gate is.
    return (gates >= 0.5).astype(gates.dtype) + (gates - jax.lax.stop_gradient(gates))


def hard_concrete(
    log_odds: Shaped[Array | np.ndarray, "*shape"] | float,
    uniform: Given[Array | np.ndarray, "*shape"] | float | None = None,
) -> Float[Array, "*shape"]:
    """A gate drawn from the hard concrete distribution, often exactly 0 or 1, or its deterministic form without a draw.

        s = σ((log u − log(1 − u) + log α) / β), or σ(log α);    b = min(1, max(0, s (ζ − γ) + γ))

    Traceable; β = ⅔, γ = −0.1, ζ = 1.1. NaN, and u outside [0, 1], where the logit overflows, give NaN.

    Args:
        log_odds: log α, trainable, of any shape.
        uniform: u in (0, 1), of the same shape.

    Raises:
        ValueError: arrays that are not real, or of different shapes.

    Example:
        >>> hard_concrete(jnp.array([-9.0, 0.0, 9.0])).tolist()
        [0.0, 0.5, 1.0]

    Source: Louizos, Welling & Kingma 2018, arXiv:1712.01312, equations 10 and 13.
    """
    log_odds = as_real("log_odds", log_odds)
    if uniform is not None:
        uniform = as_real("uniform", uniform, shape=log_odds.shape)
        log_odds = (jax.scipy.special.logit(uniform) + log_odds) / _TEMPERATURE
    return jnp.clip(jax.nn.sigmoid(log_odds) * (_HIGH - _LOW) + _LOW, 0, 1)


def open_probability(log_odds: Shaped[Array | np.ndarray, "*shape"] | float) -> Float[Array, "*shape"]:
    """The probability that a `hard_concrete` gate is not 0, in the shape of log_odds.

        P(b > 0) = σ(log α − β log(−γ / ζ))

    Traceable. NaN gives NaN.

    Args:
        log_odds: log α, of any shape.

    Example:
        >>> bool(open_probability(jnp.array(0.0)) > 0.5)
        True

    Source: Louizos, Welling & Kingma 2018, arXiv:1712.01312, equation 12.
    """
    return jax.nn.sigmoid(as_real("log_odds", log_odds) - _TEMPERATURE * np.log(-_LOW / _HIGH))


def objective(
    center_scores: Given[Array | np.ndarray, "rows"],
    decisions: Given[Array | np.ndarray, "rows"],
    gates: Given[Array | np.ndarray, "units"],
    *,
    alpha: Float[Array | np.ndarray, ""] | float,
    penalty: Float[Array | np.ndarray, ""] | float,
) -> Float[Array, ""]:
    """The objective of the gates, a scalar: wrong decisions, open gates, and gates that are neither open nor closed.

        mean_n (y'_n − y_n)² + α Σ_i b_i + λ Σ_i φ(b_i)

    Traceable. The paper sums over the rows; the mean makes α and λ independent of their number. NaN gives NaN.
    Magnitudes beyond 1e19 overflow to infinity.

    Args:
        center_scores: [rows] y_n, `center_score` of the gated network.
        decisions: [rows] y'_n, 1 for rows that the whole network predicts as the target, else 0.
        gates: [units] b_i.
        alpha: cost of an open gate, at least 0.
        penalty: λ, weight of `relaxation_penalty`, at least 0.

    Raises:
        ValueError: no rows, decisions that are not one per row, or an alpha or penalty below 0.

    Example:
        >>> objective(jnp.array([1.0, 0.5]), jnp.array([1.0, 0.0]), jnp.ones(3), alpha=0.1, penalty=0.0)
        Array(0.425, dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, equations 1 and 4.
    """
    center_scores = as_real("center_scores", center_scores, shape=["rows"])
    decisions = as_real("decisions", decisions, shape=[len(center_scores)])
    gates = as_real("gates", gates, shape=["units"])
    check_number("alpha", alpha, least=0)
    check_number("penalty", penalty, least=0)
    miss = jnp.mean((decisions - center_scores) ** 2)
    return miss + alpha * jnp.sum(gates) + penalty * jnp.sum(relaxation_penalty(gates))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Recipe:
    """How gates are trained; a pytree for ``jax.jit``, compiled anew for any change but of λ and of the sharpness."""

    penalty: Any
    sharpness: Any
    kind: Kind = dataclasses.field(metadata={"static": True})
    steps: int = dataclasses.field(metadata={"static": True})
    minibatch_size: int = dataclasses.field(metadata={"static": True})
    optimizer: optax.GradientTransformation = dataclasses.field(metadata={"static": True})


def make_recipe(kind, penalty, steps, minibatch_size, optimizer, sharpness=SHARPNESS) -> Recipe:
    """The recipe of a function's arguments; λ defaults to 0.01 for relaxed gates and to 0 for others.

    Raises:
        TypeError: an optimizer not from optax.
        ValueError: an unknown kind, λ that is negative or not finite, a sharpness not above 0, or counts below one.
    """
    check_choice("kind", kind, get_args(Kind))
    if penalty is None:
        penalty = 0.01 if kind == "relaxed" else 0.0
    check_number("penalty", penalty, least=0, most=1e30)
    check_number("sharpness", sharpness, above=0, most=1e30)
    steps, minibatch_size = as_count("steps", steps), as_count("minibatch_size", minibatch_size)
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(f"optimizer: found {describe(optimizer)}, wanted one of optax, such as optax.adam(0.01)")
    return Recipe(jnp.float32(penalty), jnp.float32(sharpness), kind, steps, minibatch_size, optimizer)


def as_alphas(alphas) -> np.ndarray:
    """Costs of an open gate, float32 [alphas].

    Raises:
        ValueError: none, or costs that are negative or not finite.
    """
    values = as_numpy("alphas", alphas)
    check_shape("alphas", values, ["alphas"])
    with np.errstate(over="ignore"):
        costs = values.astype(np.float32)
    if not (np.isfinite(costs).all() and (costs >= 0).all()):
        raise ValueError(f"alphas: found {values.tolist()}, wanted finite numbers of at least 0")
    return costs


class GateTraining(NamedTuple):
    """Gates [lanes, units] after training, the classifier's weight [lanes], and the objective at each step."""

    gates: Float[Array, "lanes units"]
    weight: Float[Array, " lanes"]
    trace: Float[Array, "steps lanes"]


class Minibatch(NamedTuple):
    """Rows that all lanes see in a step: as the network prepares them, the class asked about, and decisions."""

    prepared: Any
    asked: Any
    decisions: Any


def train_gates(
    network, pick, predictions, positives, negatives, counts, target, alphas, keys, key, recipe
) -> GateTraining:
    """A lane per alpha and key; all lanes see the same minibatches, half of them positives, drawn at each step.

    ``positives`` and ``negatives`` are row numbers, of which the first ``counts`` are used; without negatives a
    minibatch is all positives. ``pick`` returns the rows of these numbers as the network prepares them.
    """
    size = recipe.minibatch_size
    is_positive = jnp.arange(size) < jnp.where(counts[1] > 0, (size + 1) // 2, size)

    def draw(number):
        drawn = jax.random.uniform(jax.random.fold_in(key, number), (2, size))
        chosen = jnp.minimum(drawn * counts[:, None], jnp.maximum(counts - 1, 0)[:, None]).astype(jnp.int32)
        rows = jnp.where(is_positive, positives[chosen[0]], negatives[chosen[1]])
        return Minibatch(pick(rows), asked_class(target, predictions[rows]), is_positive.astype(jnp.float32))

    return descend(network, draw, alphas, keys, recipe, has_negatives=counts[1] > 0)


def descend(network, draw, alphas, keys, recipe: Recipe, *, has_negatives) -> GateTraining:
    """Lanes of gates, each minimized by itself over the minibatches of ``draw(step number)``, shared by all.

    The weight of the center-based classifier is trained with the gates, but not without negatives: 0 would then be
    best, which classifies every row as positive.
    """

    def loss(variables, alpha, key, batch, number):
        x, log_weight = variables
        used, counted = _gates(recipe, x, jax.random.fold_in(key, number))
        weight = jnp.exp(jnp.where(has_negatives, log_weight, jnp.log(_WEIGHT)))
        decided = center_score(network.scores(batch.prepared, used), batch.asked, weight)
        return objective(decided, batch.decisions, counted, alpha=alpha, penalty=recipe.penalty)

    def step(carry, number) -> tuple[Any, Any]:
        batch, (points, states) = draw(number), carry

        # Lane by lane also in the optimizer, some of which look at all that they are given.
        def one(variables, state, alpha, key):
            value, gradient = jax.value_and_grad(loss)(variables, alpha, key, batch, number)
            updates, state = recipe.optimizer.update(gradient, state, variables)
            return (optax.apply_updates(variables, updates), state), value

        return jax.vmap(one)(points, states, alphas, keys)

    starts = jax.vmap(lambda key: _START + _SPREAD * jax.random.normal(key, (network.units,)))(keys)
    variables = starts, jnp.full(len(alphas), jnp.log(_WEIGHT))
    carry = variables, jax.vmap(recipe.optimizer.init)(variables)
    ((x, log_weight), _), trace = jax.lax.scan(step, carry, jnp.arange(recipe.steps))
    return GateTraining(_openings(recipe, x), jnp.exp(log_weight), trace)


def _gates(recipe, x, key):
    """The units' factors, and what counts as open."""
    opened = _openings(recipe, x)
    if recipe.kind == "hard_concrete":
        uniform = jax.random.uniform(key, x.shape, minval=1e-6, maxval=1 - 1e-6)
        return hard_concrete(recipe.sharpness * x, uniform), opened
    return (opened if recipe.kind == "relaxed" else straight_through(opened)), opened


def _openings(recipe, x):
    # Log-odds on the scale of the other gates, so that one step size suits all kinds.
    log_odds = recipe.sharpness * x
    return open_probability(log_odds) if recipe.kind == "hard_concrete" else jax.nn.sigmoid(log_odds)
