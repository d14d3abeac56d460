"""The curve of units against holding: every class, cost and repeat of gates trained in one compiled program."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from interp_jax._checks import Given, Key, MaskShape, Network, as_count, as_key, describe, renamed
from interp_jax._readable import readable
from interp_jax._shards import fetched, map_rows
from interp_jax.methods.core_units._evaluate import ROWS_AT_ONCE, of_draws
from interp_jax.methods.core_units._tails import GatedTail, LinearGatedTail, accept
from interp_jax.methods.core_units.decisions import (
    ClassData,
    as_target,
    asked_class,
    class_data,
    class_number,
    is_target,
)
from interp_jax.methods.core_units.gates import ADAM, ALPHAS, SHARPNESS, Recipe, as_alphas, make_recipe, train_gates
from interp_jax.methods.core_units.replacements import SEARCHED, Ablation, Replacement, ablated

_BATCHES = 8
# Rows are lifted once, rather than whenever they are drawn, if all of them take no more memory than this.
_LIFTED_BYTES = 2**30


@readable()
class Sweep(NamedTuple):
    """The results for each target, α and repeat: arrays [targets, alphas, repeats], masks with further axes.

    Attributes:
        masks: True where a unit is kept: gates of at least ½; by layer for a mapping as mask_shape.
        gates: their values before rounding, in [0, 1].
        units: number of units kept.
        holding_rate: the rate by argmax on the class's data.
        weight: of the center-based classifier, after training.
        objective: the final value of the objective.
        trace: [targets, steps, alphas, repeats] its value at each step.
        replacement: what stands in for closed units; None for zero.
    """

    masks: Any
    gates: Any
    units: Int[np.ndarray, "targets alphas repeats"]
    holding_rate: Float[np.ndarray, "targets alphas repeats"]
    weight: Float[np.ndarray, "targets alphas repeats"]
    objective: Float[np.ndarray, "targets alphas repeats"]
    trace: Float[np.ndarray, "targets steps alphas repeats"]
    replacement: Replacement | None = None

    def _finding(self) -> str | None:
        if np.ndim(self.units) != 3 or not np.size(self.units):
            return None
        units, rates = (np.asarray(values).reshape(len(self.units), -1) for values in (self.units, self.holding_rate))
        targets, alphas, repeats = self.units.shape
        lines = [f"{targets} targets, {alphas} values of α, {repeats} repeats; most decisions held:"]
        for target in range(min(targets, 3)):
            best = np.lexsort((units[target], -rates[target]))[0]
            lines.append(f"targets[{target}]: {100 * rates[target, best]:.1f}% by {units[target, best]} units")
        return "\n".join([*lines, "…"] if targets > 3 else lines)


@renamed(batch_size="minibatch_size")
def sweep(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    targets: Sequence[int | np.integer | None] | np.ndarray,
    *,
    key: Key,
    alphas: Sequence[float] | np.ndarray = ALPHAS,
    repeats: int = 3,
    mask_shape: MaskShape | None = None,
    negatives: bool = True,
    kind: str = "hard_concrete",
    penalty: float | None = None,
    sharpness: float = SHARPNESS,
    steps: int = 400,
    minibatch_size: int = 128,
    optimizer: Given[optax.GradientTransformation, "minimizer"] = ADAM,
    ablation: Ablation = "zero",
    scores: str = "logits",
) -> Sweep:
    """Trained gates for each target, α and repeat, with the units that stay open and the decisions that hold.

        min over x, w_b of  mean_n (y'_n − y_n)² + α Σ_i b_i + λ Σ_i φ(b_i),    then b_i ≥ ½ is kept

    Host-level; one compiled program, classes one after the other, all their αs and repeats as lanes that see the same
    minibatches. Repeats differ in their starting gates. Memory: hidden on the device once; minibatch_size rows of it,
    lifted for a `LinearTail` (`networks.lift`); a copy of what follows per lane; and all rows lifted, if at most 1 GiB.
    A lane's step costs one forward and backward pass of the tail on minibatch_size rows; a `LinearTail` runs its first
    layer once for all lanes, and for all steps if all rows are lifted.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: [rows] the whole network's predicted class of each row.
        targets: the classes of interest; None asks about each row's own predicted class.
        key: a JAX random key; a target's rows, minibatches and starts depend on it and on the target's index.
        alphas: costs of an open gate, at least 0.
        repeats: starts per α.
        mask_shape: the gates' shape: by default one gate per unit of the last axis; ``hidden.shape[1:]`` gates each
            element; a mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False evaluates on the rows predicted as target alone, as the paper does for pixels.
        kind: "hard_concrete" draws gates that are often 0 or 1; "straight_through" rounds them in the forward pass,
            which loses needed units if few are spare; "relaxed" trains them unrounded, as published: if the tail's
            decisions do not depend on its input's scale, all gates shrink together and round to 0, or, at a larger λ,
            none closes.
        penalty: λ, at least 0; by default 0.01 for relaxed gates and 0 for the others.
        sharpness: w > 0 of the gates σ(w x), or of the log-odds w x of hard-concrete gates; x starts near 0.1.
        steps: gradient steps.
        minibatch_size: rows of a gradient step, half of them positives.
        optimizer: any optax optimizer; the same object again avoids a compilation.
        ablation: what stands in for closed units: "zero"; "mean", their means over these rows; "resample", as in
            `replacement`; constants, [units] or any last axes of hidden; or a `Replacement`.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: arrays that do not fit each other or the tail, values that are not finite, a tail with one output,
            NaN scores or scores that are not what ``scores`` says, a target that is never predicted, no targets or
            alphas, an α below 0, counts below one.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> result = sweep(lambda h: h[:, :3], hidden, jnp.argmax(hidden[:, :3], 1), [0, 2], key=jax.random.key(1))
        >>> result.units.shape, bool(result.masks[..., 3:].any())
        ((2, 5, 3), False)

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, equation 4.
    """
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape, scores=scores)
    if not hasattr(targets, "__len__") or not hasattr(targets, "__iter__") or isinstance(targets, str):
        raise ValueError(f"targets: found {describe(targets)}, wanted a sequence of classes")
    if not len(targets):
        raise ValueError("targets: found none, wanted at least one")
    targets = [as_target(target, network.classes, name="targets") for target in targets]
    alphas, repeats = as_alphas(alphas), as_count("repeats", repeats)
    recipe = make_recipe(kind, penalty, steps, minibatch_size, optimizer, sharpness)
    key = as_key(key)
    network, replacement = ablated(network, hidden, ablation, key=jax.random.fold_in(key, SEARCHED))
    problems = make_problems(predictions, targets, key=key, negatives=negatives, name="targets")
    trained = train_all(network.ahead(), hidden, predictions, problems, alphas, repeats, recipe)
    assert trained.holding_rate is not None  # asked for
    shape = len(targets), len(alphas), repeats
    gates = trained.gates.reshape(*shape, -1)
    masks = gates >= 0.5
    trace = trained.trace.reshape(len(targets), recipe.steps, len(alphas), repeats)
    return Sweep(
        network.unpack(masks),
        network.unpack(gates),
        masks.sum(axis=-1),
        trained.holding_rate.reshape(shape),
        trained.weight.reshape(shape),
        trace[:, -1],
        trace,
        replacement,
    )


class Problem(NamedTuple):
    """One class's data, and the keys of its gates' starts and of their minibatches."""

    target: int | None
    data: ClassData
    starts: Any
    minibatches: Any


class Trained(NamedTuple):
    """Gates [problems, lanes, units], the objective [problems, steps, lanes], and two numbers per lane.

    The lanes are each α's repeats, one α after the other. ``holding_rate`` is None unless asked for.
    """

    gates: np.ndarray
    weight: np.ndarray
    trace: np.ndarray
    holding_rate: np.ndarray | None


def make_problems(
    predictions: np.ndarray,
    targets: Sequence[int | None],
    *,
    key,
    negatives: bool,
    name: str = "target",
    among: np.ndarray | None = None,
) -> list[Problem]:
    """A problem for each target; its rows, starts and minibatches depend on the key and its index.

    ``name`` is the argument named in errors; ``among`` are the numbers of the rows to use, None for all.

    Raises:
        ValueError: a target that is never predicted.
    """
    problems = []
    for place, target in enumerate(targets):
        if target is not None and not (predictions == target).any():
            found = f"no row of {len(predictions)} predicted as {target}"
            raise ValueError(f"{name}: found {found}, wanted at least one")
        rows, starts, minibatches = jax.random.split(jax.random.fold_in(key, place), 3)
        data = class_data(predictions if among is None else predictions[among], target, key=rows, negatives=negatives)
        data = data if among is None else ClassData(*(among[side] for side in data))
        problems.append(Problem(target, data, starts, minibatches))
    return problems


def train_all(
    network: GatedTail,
    hidden,
    predictions,
    problems: list[Problem],
    alphas: np.ndarray,
    repeats: int,
    recipe: Recipe,
    *,
    rates: bool = True,
) -> Trained:
    """The trained gates of every problem; one compiled program for problems of similar numbers of rows.

    Rates, if asked for, are by argmax. If units are resampled, each row has several draws (`of_draws`).

    Raises:
        ValueError: NaN scores before the first step.
    """
    classes = [of_draws(network, predictions, problem.data)[1] for problem in problems]
    predictions = np.repeat(predictions, network.draws)
    longest = max(len(side) for data in classes for side in data)
    # Whole batches, so that classes of about one size share a compilation.
    size = -(-longest // (_BATCHES * ROWS_AT_ONCE)) * _BATCHES * ROWS_AT_ONCE
    rows = np.array([[np.pad(side, (0, size - len(side))) for side in data] for data in classes])
    counts = np.array([[len(side) for side in data] for data in classes])
    stacked = {
        "target": np.array([class_number(problem.target) for problem in problems], np.int32),
        "rows": rows.astype(np.int32),
        "counts": counts.astype(np.int32),
        "starts": jnp.stack([problem.starts for problem in problems]),
        "minibatches": jnp.stack([problem.minibatches for problem in problems]),
    }
    arguments = network, hidden, jnp.asarray(predictions), stacked, np.repeat(alphas, repeats), recipe
    draws = len(problems) * recipe.steps * recipe.minibatch_size
    # All draws of resampled rows together would take many times the rows' memory.
    lifts = isinstance(network, LinearGatedTail) and draws > len(hidden) and not network.draws_rows
    ahead = lifts and _prepared_bytes(network, hidden) <= _LIFTED_BYTES
    trained, right = _train_all(*arguments, repeats, rates, ahead)
    gates, weight, trace = fetched(tuple(trained))
    if np.isnan(trace[:, 0]).any():
        raise ValueError("tail: found scores of NaN for gates at their starts, wanted numbers")
    if not rates:
        return Trained(gates, weight, trace, None)
    # Integers until here: whether a rate is reached must not depend on float32.
    shares = fetched(right) / np.maximum(counts, 1)[:, :, None]
    holding_rate = shares.sum(axis=1) / np.sum(counts > 0, axis=1, keepdims=True)
    return Trained(gates, weight, trace, holding_rate)


@partial(jax.jit, static_argnames=("repeats", "rates", "ahead"))
def _train_all(network, hidden, predictions, problems, alphas, recipe, repeats, rates, ahead):
    pick = _row_picker(network, hidden, ahead)

    def one(problem):
        target, rows, counts = problem["target"], problem["rows"], problem["counts"]
        starts = jax.vmap(partial(jax.random.fold_in, problem["starts"]))(jnp.arange(repeats))
        keys = jnp.tile(starts, len(alphas) // repeats)
        (positives, negatives), minibatches = rows, problem["minibatches"]
        trained = train_gates(
            network, pick, predictions, positives, negatives, counts, target, alphas, keys, minibatches, recipe
        )
        if not rates:
            return trained, None
        masks = (trained.gates >= 0.5).astype(jnp.float32)
        right = [
            _count_right(network, pick, predictions, target, rows[side], counts[side], masks, is_positive=side == 0)
            for side in (0, 1)
        ]
        return trained, jnp.stack(right)

    return jax.lax.map(one, problems)


def _prepared_bytes(network, hidden):
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    prepared = jax.eval_shape(network.prepare, row)
    return len(hidden) * prepared.size * prepared.dtype.itemsize


def _row_picker(network, hidden, ahead):
    """A function of row numbers that returns the rows prepared: on demand or, ``ahead``, all at once."""
    if not ahead:
        return lambda rows: network.prepare(network.pick(hidden, rows))
    prepared = map_rows(lambda row: network.prepare(row[None])[0], hidden, batch_size=ROWS_AT_ONCE)
    return lambda rows: prepared[rows]


def _count_right(network, pick, predictions, target, rows, count, masks, *, is_positive):
    """How many of the first ``count`` rows are decided as before, for each mask."""

    def add(batch, right):
        places = batch * ROWS_AT_ONCE + jnp.arange(ROWS_AT_ONCE)
        prepared, asked = pick(rows[places]), asked_class(target, predictions[rows[places]])
        yes = jax.vmap(lambda mask: is_target(network.scores(prepared, mask), asked))(masks)
        return right + jnp.sum((yes == is_positive) & (places < count)[None], axis=1)

    return jax.lax.fori_loop(0, -(-count // ROWS_AT_ONCE), add, jnp.zeros(len(masks), jnp.int32))
