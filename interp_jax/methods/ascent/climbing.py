"""Inputs that a unit responds to most, found by gradient ascent: one lane per unit and start."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Given, as_count, check_number, check_shape, describe, renamed
from interp_jax._readable import readable
from interp_jax._shards import batch_of, by_runs, runs_of
from interp_jax.methods._accept import as_floating_rows, callable_pytree
from interp_jax.methods.ascent._objectives import accept_objective

# Shares of a batch that go on without the others once no more of its lanes are under way. Each is a loop more to
# compile, about half a second on a CPU, so that batches of fewer lanes than this make do with one.
_SHARES = (3 / 4, 3 / 8)
_FEWEST = 256
_MOST = 2**31 - 1
# In the place of the steps without a gain: the lane has stopped, or has stalled.
_STOPPED, _STALLED = -1, -2


@readable(figure="ascent")
class Ascent(NamedTuple):
    """The input that each lane ends with, its unit's activation there, and why the lane stopped.

    Attributes:
        inputs: [lanes, …] the last input of each lane.
        activation: what is compared with the threshold: the probability, or the objective if "value" or callable.
        objective: its value at the last input.
        steps: number of steps taken.
        converged: whether the activation passed the threshold.
        stalled: whether the lane stopped for lack of gain; a lane neither converged nor stalled ran out of steps.
    """

    inputs: Float[Array, "lanes ..."]
    activation: Float[Array, " lanes"]
    objective: Float[Array, " lanes"]
    steps: Int[Array, " lanes"]
    converged: Bool[Array, " lanes"]
    stalled: Bool[Array, " lanes"]

    def _finding(self) -> str | None:
        lanes, converged, stalled = np.ndim(self.converged), int(np.sum(self.converged)), int(np.sum(self.stalled))
        if lanes != 1 or not len(self.converged):
            return None
        activation = np.asarray(self.activation, np.float32)
        return (
            f"{converged} of {len(activation)} lanes passed the threshold, {stalled} stalled, "
            f"{len(activation) - converged - stalled} ran out of steps\n"
            f"activations {activation.min():.4g} to {activation.max():.4g} "
            f"after {int(np.min(self.steps))} to {int(np.max(self.steps))} steps"
        )


@renamed(regularisers="regularizers")
def maximize(
    network: Callable[..., Any],
    start: Given[Array | np.ndarray, "lanes *features"],
    units: Any = None,
    *,
    objective: str | Callable[..., Any] = "probability",
    scores: str = "logits",
    regularizers: Sequence[Callable[..., Any]] = (),
    rate: float | int = 10.0,
    optimizer: optax.GradientTransformation | None = None,
    threshold: float | int = 0.999,
    steps: int = 1000,
    patience: int = 100,
    tolerance: float | int = 1e-6,
    batch_size: int | None = None,
) -> Ascent:
    """Inputs found by gradient ascent from each start, until the unit's activation passes a threshold.

        x ← r(x + rate · ∂a(x)/∂x)

    Traceable. Each lane stops independently. Each step costs a forward and a backward pass over all lanes of a batch,
    until its last one stops; in batches of 256 lanes or more those still running go on alone once they are at most 3/4
    of the batch, and again at 3/8. Memory: one backward pass over batch_size lanes, and about twice the lanes
    themselves.

    A probability near 0 or 1 has no gradient in float32, so its lane stalls at the start: climb the log probability or
    logit instead. A lane whose input would become NaN or infinite stalls at its last finite one; one that starts so
    stalls at once.

    Args:
        network: ``[lanes, …] -> [lanes, …, units]``: class scores, or any hidden layer (``chain.until(name)``); a unit
            of a spatial layer is its mean over positions. With a callable objective, any output per row.
        start: [lanes, …], one input per lane. Lanes keep its floating type; uint8 and bool become float32. Token ids
            have no gradient: with ``embed, rest = networks.split(model, at="…", inputs=tokens)`` behind the embedding,
            climb in ``rest`` from ``embed(tokens)``.
        units: the unit of each lane, [lanes], or one for all; or each unit's weight in a combination, [lanes, units]
            float. A callable objective takes any arrays with one entry per lane, or none. Traced units out of range
            have objective 0, or NaN by their logarithm.
        objective: what is climbed: "probability" (softmax over the units), "log_probability", "logit" (all three stop
            by the probability), "value" (the unit itself, which it stops by; for hidden units, the outputs of a
            regression, and each of several labels a row), or a callable ``(outputs, units) -> [lanes]``, a function or
            callable pytree, which it stops by.
        scores: "logits", or "probabilities" of a network that ends in a softmax, whose logarithm is taken. The three
            softmax objectives refuse probabilities declared as logits.
        regularizers: applied in turn to each lane after its step, ``(x, gradient, step) -> x`` (`regularizers`).
        rate: step size α.
        optimizer: any optax optimizer, one state per lane, in place of the plain step; ``rate`` is then unused. Each
            new object compiles anew, so create it once.
        threshold: activation above which a lane has converged; infinity for none.
        steps: maximum steps of a lane.
        patience: steps without a gain in the objective after which a lane stalls.
        tolerance: least gain over the best objective so far; smaller gains add up.
        batch_size: lanes at a time; None takes all at once.

    Returns:
        `Ascent`, lanes in the order of ``start``.

    Raises:
        TypeError: a network, objective, regularizer or optimizer of the wrong type.
        ValueError: no lanes, lanes of integers but uint8 (they may be token ids), a network that fails on them, units
            out of range (if not traced) or that do not fit the lanes, an unknown objective, one of the softmax for a
            network of one output, no units unless it is callable, scores that are not what ``scores`` says, NaN in a
            setting, or counts below one.

    Example:
        >>> weights = jnp.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0]])
        >>> ascended = maximize(lambda x: x @ weights, jnp.zeros((2, 2)), jnp.array([0, 2]))
        >>> ascended.converged, (ascended.inputs[:, 0] > 0)
        (Array([ True,  True], dtype=bool), Array([ True, False], dtype=bool))

    Source: Chen 2017, eqs 2.7 and 2.8, chapter 5, after Yosinski et al., arXiv:1506.06579.
    """
    start = as_floating_rows("start", start, network)
    check_shape("start", start, ["lanes", "features", "…"])
    steps, patience = as_count("steps", steps, most=_MOST), as_count("patience", patience, most=_MOST)
    size = len(start) if batch_size is None else min(as_count("batch_size", batch_size), len(start))
    check_number("rate", rate)
    check_number("tolerance", tolerance, least=0)
    if not (isinstance(threshold, float) and threshold == math.inf):
        check_number("threshold", threshold)
    if not (optimizer is None or callable(getattr(optimizer, "update", None))):
        raise TypeError(f"optimizer: found {describe(optimizer)}, wanted an optax optimizer")
    if callable(regularizers) or not isinstance(regularizers, Sequence):
        raise TypeError(f"regularizers: found {describe(regularizers)}, wanted a sequence of callables")
    regularizers = tuple(callable_pytree(each, name=f"regularizers[{i}]") for i, each in enumerate(regularizers))
    network, climb, units = accept_objective(network, start, units, objective, scores)
    limits = jnp.float32(threshold), jnp.float32(tolerance), jnp.int32(steps), jnp.int32(patience)
    return _maximize(network, start, units, (climb, regularizers, jnp.float32(rate), limits), optimizer, size)


class _Lanes(NamedTuple):
    """The optimizer's state, the best objective so far and for how many steps it has stood, or why the lane rests."""

    x: Any
    optimizer: Any
    best: Any
    stood: Any
    steps: Any

    @property
    def running(self):
        return self.stood >= 0


@partial(jax.jit, static_argnames=("optimizer", "size"))
def _maximize(network, start, units, settings, optimizer, size):
    # A batch takes lanes of every run, so that lanes spread over devices climb where they are.
    runs = runs_of(start)
    length = len(start) // runs
    share = max(1, min(size // runs, length))
    batches = -(-length // share)
    used = jnp.resize(jnp.arange(batches * share) < length, (runs, batches, share))
    lanes = jax.tree.map(lambda leaf: _in_batches(by_runs(leaf, runs), batches, share), (start, units))

    def climb(number):
        def taken(leaf):
            return batch_of(leaf, number, 1).reshape(-1, *leaf.shape[3:])

        starts, units = jax.tree.map(taken, lanes)
        return _climb(network, settings, optimizer, starts, units, taken(used), runs)

    def in_order(leaf):
        leaf = jnp.moveaxis(leaf.reshape(batches, runs, share, *leaf.shape[2:]), 0, 1)
        return leaf.reshape(runs, batches * share, *leaf.shape[3:])[:, :length].reshape(len(start), *leaf.shape[3:])

    return jax.tree.map(in_order, jax.lax.map(climb, jnp.arange(batches)))


def _in_batches(parts, batches, share):
    return jax.vmap(lambda run: jnp.resize(run, (batches, share, *run.shape[1:])))(parts)


def _climb(network, settings, optimizer, start, units, used, runs):
    climb, regularizers, rate, (threshold, tolerance, most, patience) = settings

    def measured(x, units):
        objective, activation = climb(network(x), units)
        # Rows do not influence each other: the gradient of the sum is each row's own.
        return jnp.sum(objective), (objective, activation)

    def step(units, lanes):
        (_, (objective, activation)), gradient = jax.value_and_grad(measured, has_aux=True)(lanes.x, units)
        gained = objective > lanes.best + tolerance
        stood = jnp.where(gained, 0, lanes.stood + 1)
        update, state = _update(optimizer, rate, gradient, lanes)
        x = lanes.x + update
        for regularizer in regularizers:
            x = jax.vmap(regularizer)(x, gradient, lanes.steps).astype(lanes.x.dtype)
        finite = jnp.sum(x * 0, axis=tuple(range(1, x.ndim))) == 0  # in one pass, on CPUs
        stalled = (stood >= patience) | ~finite
        active = lanes.running & ~(activation > threshold)
        moving = active & ~stalled
        resting = jnp.where(active & stalled, _STALLED, jnp.minimum(lanes.stood, _STOPPED))
        return _Lanes(
            _where(moving, x, lanes.x),
            _where(moving, state, lanes.optimizer),
            jnp.where(gained, objective, lanes.best),
            jnp.where(moving & (lanes.steps + 1 < most), stood, resting),
            lanes.steps + moving,
        )

    count = len(start)
    initial = _Lanes(
        start,
        () if optimizer is None else jax.vmap(optimizer.init)(start),
        jnp.full(count, -jnp.inf, jax.eval_shape(measured, start, units)[0].dtype),
        jnp.where(used, 0, _STOPPED),
        jnp.zeros(count, jnp.int32),
    )
    fewer = [int(share * count / runs) for share in _SHARES] if count >= _FEWEST else []
    lanes = _until_all_stop(step, units, initial, [*fewer, 0], runs)
    _, (objective, activation) = measured(lanes.x, units)
    converged = activation > threshold
    return Ascent(lanes.x, activation, objective, lanes.steps, converged, (lanes.stood == _STALLED) & ~converged)


def _until_all_stop(step, units, lanes, fewer, runs):
    """Steps of all lanes until only the first number of ``fewer`` are running in each run, then of those; last is 0."""
    left, *later = fewer
    lanes = jax.lax.while_loop(
        lambda lanes: jnp.any(jnp.sum(by_runs(lanes.running, runs), axis=1) > left), partial(step, units), lanes
    )
    if not left:
        return lanes
    some = jnp.argsort(~by_runs(lanes.running, runs), axis=1)[:, :left]

    def taken(leaf):
        chosen = jax.vmap(lambda run, places: run[places])(by_runs(leaf, runs), some)
        return chosen.reshape(runs * left, *leaf.shape[1:])

    def put(leaf, end):
        def into(run, places, values):
            return run.at[places].set(values, unique_indices=True)

        return jax.vmap(into)(by_runs(leaf, runs), some, by_runs(end, runs)).reshape(leaf.shape)

    ended = _until_all_stop(step, *jax.tree.map(taken, (units, lanes)), later, runs)
    return jax.tree.map(put, lanes, ended)


def _update(optimizer, rate, gradient, lanes):
    if optimizer is None:
        return (rate * gradient).astype(gradient.dtype), ()
    # Optimizers descend.
    return jax.vmap(optimizer.update)(jax.tree.map(jnp.negative, gradient), lanes.optimizer, lanes.x)


def _where(choice, first, second):
    def one(a, b):
        return jnp.where(jnp.expand_dims(choice, tuple(range(1, a.ndim))), a, b)

    return jax.tree.map(one, first, second)
