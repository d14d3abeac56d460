"""The whole curve of units against holding: every class, coefficient and repeat a lane of one compiled program."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax.methods.core_units.checks import check_rows
from interp_jax.methods.core_units.class_rows import ClassData, class_data, class_number, wanted_class
from interp_jax.methods.core_units.decisions import is_target
from interp_jax.methods.core_units.gated import gated
from interp_jax.methods.core_units.judging import ROWS_AT_ONCE
from interp_jax.methods.core_units.training import ADAM, Kind, train_gates

ALPHAS = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)


class Sweep(NamedTuple):
    """What came out for every target, α and repeat: arrays [targets, alphas, repeats], masks with their own axes after.

    ``gates`` are the openings before rounding, ``masks`` what is kept, ``units`` how many that are, ``holding_rate``
    the rate by argmax on the class's data, ``weight`` that of the centre-based classifier, and ``objective``
    [targets, steps, alphas, repeats] what was minimised.
    """

    masks: Any
    gates: Any
    units: Int[np.ndarray, "targets alphas repeats"]
    holding_rate: Float[np.ndarray, "targets alphas repeats"]
    weight: Float[np.ndarray, "targets alphas repeats"]
    objective: Float[np.ndarray, "targets steps alphas repeats"]


def sweep(
    tail,
    hidden: Shaped[Array | np.ndarray, "rows *features"],
    predictions: Int[Array | np.ndarray, " rows"],
    targets: Sequence[int | None],
    *,
    key,
    alphas: Sequence[float] = ALPHAS,
    repeats: int = 3,
    mask_shape=None,
    negatives: bool = True,
    kind: Kind = "straight_through",
    penalty: float | None = None,
    steps: int = 400,
    batch_size: int = 128,
    optimizer=ADAM,
) -> Sweep:
    """Gates for every target, α and repeat: how many units are left open, and how often the class's decisions hold.

        min over x, w_b of  mean_n (y'_n − y_n)² + α Σ_i b_i + λ Σ_i φ(b_i),    then b_i ≥ ½ is kept

    Host-level; one compiled program, classes one after the other, all their αs and repeats as lanes that see the same
    batches. Repeats differ in their starting gates. Memory: hidden on the device once; batch_size rows of it, lifted
    if the tail can (`networks.lift`); a lane's copy of what follows. A step of a lane costs the tail once forward and
    back for batch_size rows; with a lifted tail the linear layer is done once for all lanes.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: the class that the whole network gives each row.
        targets: the classes of interest; None asks every row about the class predicted for it.
        key: a JAX random key; a target's rows, batches and starts follow from it and the target's place in the list.
        alphas: costs of an open gate.
        repeats: starts for every α.
        mask_shape: the gates' own shape: by default a gate for each unit of the last axis; ``hidden.shape[1:]`` gates
            every element; a mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False judges on the rows predicted as target alone, as the paper does for pixels.
        kind: "straight_through" rounds the gates going forward; "relaxed" trains them as they are, to the paper's
            letter: all of them then tend to shrink together and round to nothing; "hard_concrete" draws them.
        penalty: λ; by default 0.01 for relaxed gates and 0 for the others.
        steps: gradient steps.
        batch_size: rows a step, half of them positives.
        optimizer: any optax optimiser; the same object again avoids a compilation.

    Raises:
        ValueError: arrays that do not fit each other or the tail, numbers that are not finite, a target that is never
            predicted, no targets or alphas, an α below 0, counts below one.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> found = sweep(lambda h: h[:, :3], hidden, jnp.argmax(hidden[:, :3], 1), [0, 2], key=jax.random.key(1))
        >>> found.units.shape, bool(found.masks[..., 3:].any())
        ((2, 5, 3), False)

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, equation 4.
    """
    hidden, predictions = check_rows(hidden, predictions)
    network = gated(tail, hidden, mask_shape)
    for name, values in (("targets", targets), ("alphas", alphas)):
        if not len(values):
            raise ValueError(f"{name}: found none, wanted at least one")
    if not all(np.isfinite(alpha) and alpha >= 0 for alpha in alphas):
        raise ValueError(f"alphas: found {tuple(alphas)}, wanted finite numbers of at least 0")
    for name, count in (("repeats", repeats), ("steps", steps), ("batch_size", batch_size)):
        if count < 1:
            raise ValueError(f"{name}: found {count}, wanted at least 1")
    keys = [jax.random.split(jax.random.fold_in(key, place), 3) for place in range(len(targets))]
    data = [
        class_data(predictions, target, key=keys[place][0], negatives=negatives) for place, target in enumerate(targets)
    ]
    trained = train_classes(
        network, hidden, predictions, data, targets, alphas, repeats, keys, penalty, steps, batch_size, optimizer, kind
    )
    gates, weight, objective, holding = (np.asarray(part) for part in trained)
    shape = (len(targets), len(alphas), repeats)
    masks = gates.reshape(*shape, -1) >= 0.5
    unpack = jax.vmap(jax.vmap(jax.vmap(network.unpack)))
    numpy = partial(jax.tree.map, np.asarray)
    return Sweep(
        numpy(unpack(masks)),
        numpy(unpack(gates.reshape(*shape, -1))),
        masks.sum(axis=-1),
        holding.reshape(shape),
        weight.reshape(shape),
        objective.reshape(len(targets), steps, len(alphas), repeats),
    )


def train_classes(
    network,
    hidden,
    predictions,
    data: list[ClassData],
    targets,
    alphas,
    repeats,
    keys,
    penalty,
    steps,
    batch_size,
    optimizer,
    kind,
):
    """Gates [targets, lanes, units], weights, objectives [targets, steps, lanes] and holding rates [targets, lanes]."""
    if kind not in get_args(Kind):
        raise ValueError(f"kind: found {kind!r}, wanted one of {', '.join(get_args(Kind))}")
    if penalty is None:
        penalty = 0.01 if kind == "relaxed" else 0.0
    longest = max(max(map(len, found)) for found in data)
    # Whole batches, so that targets of about one size share a compilation.
    size = -(-longest // (8 * ROWS_AT_ONCE)) * 8 * ROWS_AT_ONCE
    tables = [np.stack([np.pad(found[side], (0, size - len(found[side]))) for found in data]) for side in (0, 1)]
    counts = np.array([[len(side) for side in found] for found in data])
    starts = jnp.stack([jax.random.split(pair[1], repeats) for pair in keys])
    lanes = jnp.repeat(jnp.asarray(alphas, jnp.float32), repeats), jnp.tile(starts, (1, len(alphas)))
    batches = jnp.stack([pair[2] for pair in keys])
    numbers = jnp.asarray([class_number(target) for target in targets], jnp.int32)
    arguments = (numbers, *map(jnp.asarray, tables), jnp.asarray(counts), lanes[1], batches)
    options = {"steps": steps, "batch_size": batch_size, "optimizer": optimizer, "kind": kind}
    predictions = jnp.asarray(predictions)
    return _train_classes(network, hidden, predictions, arguments, lanes[0], jnp.float32(penalty), **options)


@partial(jax.jit, static_argnames=("steps", "batch_size", "optimizer", "kind"))
def _train_classes(network, hidden, predictions, arguments, alphas, penalty, *, steps, batch_size, optimizer, kind):
    options = {"penalty": penalty, "steps": steps, "batch_size": batch_size}

    def one(arguments):
        target, positives, negatives, counts, starts, key = arguments
        trained = train_gates(
            network,
            hidden,
            predictions,
            positives,
            negatives,
            counts,
            target,
            alphas,
            starts,
            key,
            optimizer=optimizer,
            kind=kind,
            **options,
        )
        masks = (trained.gates >= 0.5).astype(jnp.float32)
        rates = [
            _share_held(network, hidden, rows, count, wanted_class(target, predictions[rows]), masks, is_positive)
            for rows, count, is_positive in ((positives, counts[0], True), (negatives, counts[1], False))
        ]
        holding = jnp.where(counts[1] > 0, (rates[0] + rates[1]) / 2, rates[0])
        return trained.gates, trained.weight, trained.objective, holding

    return jax.lax.map(one, arguments)


def _share_held(network, hidden, rows, count, wanted, masks, is_positive):
    """[masks] share of the first ``count`` rows whose decision is as it was."""

    def batch(arguments):
        rows, wanted, used = arguments
        prepared = network.prepare(hidden[rows])
        said = jax.vmap(lambda mask: is_target(network.scores(prepared, mask), wanted))(masks)
        return jnp.sum((said == is_positive) & used[None], axis=1)

    used = jnp.arange(len(rows)) < count
    batches = tuple(values.reshape(-1, ROWS_AT_ONCE) for values in (rows, wanted, used))
    held = jax.lax.map(batch, batches)
    return jnp.sum(held, axis=0) / jnp.maximum(count, 1)
