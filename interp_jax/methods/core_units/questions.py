"""What is asked of each class, and the gates that answer: all classes, coefficients and repeats in one program."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods.core_units.checks import check_target
from interp_jax.methods.core_units.class_rows import ClassData, class_data, class_number, wanted_class
from interp_jax.methods.core_units.decisions import is_target
from interp_jax.methods.core_units.gated import GatedTail
from interp_jax.methods.core_units.judging import ROWS_AT_ONCE
from interp_jax.methods.core_units.training import Recipe, train_gates

_BATCHES = 8
# Rows are lifted once, rather than whenever they are drawn, where all of them take no more memory than this.
_LIFTED_BYTES = 2**30


class Question(NamedTuple):
    """The rows that a class is judged on, and the keys of the gates' starts and of their batches."""

    target: int | None
    data: ClassData
    starts: Any
    batches: Any


class Answers(NamedTuple):
    """Gates [questions, lanes, units], objectives [questions, steps, lanes], and two numbers a lane.

    The lanes are every α's repeats, one α after the other. Without rates, where none were asked for.
    """

    gates: np.ndarray
    weight: np.ndarray
    objective: np.ndarray
    holding_rate: np.ndarray | None


def ask(
    network: GatedTail, predictions, targets: Sequence[int | np.integer | None], *, key, negatives: bool
) -> list[Question]:
    """A question for each target; its rows, starts and batches follow from the key and its place.

    Raises:
        ValueError: a target that is none of the classes or never predicted.
    """
    questions = []
    for place, target in enumerate(targets):
        check_target(target, network.classes)
        rows, starts, batches = jax.random.split(jax.random.fold_in(key, place), 3)
        data = class_data(predictions, target, key=rows, negatives=negatives)
        questions.append(Question(None if target is None else int(target), data, starts, batches))
    return questions


def answer(
    network: GatedTail,
    hidden,
    predictions,
    questions: list[Question],
    alphas,
    repeats: int,
    recipe: Recipe,
    *,
    rates: bool = True,
) -> Answers:
    """Trains every question's gates; one compiled program for any questions about equally many rows. Host-level.

    Rates, if asked for, are by argmax.
    """
    longest = max(len(side) for question in questions for side in question.data)
    # Whole batches, so that classes of about one size share a compilation.
    size = -(-longest // (_BATCHES * ROWS_AT_ONCE)) * _BATCHES * ROWS_AT_ONCE
    rows = np.array([[np.pad(side, (0, size - len(side))) for side in question.data] for question in questions])
    counts = np.array([[len(side) for side in question.data] for question in questions])
    asked = {
        "target": np.array([class_number(question.target) for question in questions], np.int32),
        "rows": rows.astype(np.int32),
        "counts": counts.astype(np.int32),
        "starts": jnp.stack([question.starts for question in questions]),
        "batches": jnp.stack([question.batches for question in questions]),
    }
    alphas = np.repeat(np.asarray(alphas, np.float32), repeats)
    arguments = network, hidden, jnp.asarray(predictions), asked, alphas, recipe
    draws = len(questions) * recipe.steps * recipe.batch_size
    ahead = network.lifts and draws > len(hidden) and _prepared_bytes(network, hidden) <= _LIFTED_BYTES
    trained, right = _answer(*arguments, repeats, rates, ahead)
    if not rates:
        return Answers(*map(np.asarray, trained), None)
    # Whole numbers until here: whether a rate is reached is not left to float32.
    rates = np.asarray(right) / np.maximum(counts, 1)[:, :, None]
    holding_rate = rates.sum(axis=1) / np.sum(counts > 0, axis=1, keepdims=True)
    return Answers(*map(np.asarray, trained), holding_rate)


@partial(jax.jit, static_argnames=("repeats", "rates", "ahead"))
def _answer(network, hidden, predictions, asked, alphas, recipe, repeats, rates, ahead):
    pick = _picked(network, hidden, ahead)

    def one(question):
        target, rows, counts = question["target"], question["rows"], question["counts"]
        starts = jax.vmap(partial(jax.random.fold_in, question["starts"]))(jnp.arange(repeats))
        keys = jnp.tile(starts, len(alphas) // repeats)
        trained = train_gates(
            network, pick, predictions, *rows, counts, target, alphas, keys, question["batches"], recipe
        )
        if not rates:
            return trained, None
        masks = (trained.gates >= 0.5).astype(jnp.float32)
        right = [
            _right(network, pick, predictions, target, rows[side], counts[side], masks, is_positive=side == 0)
            for side in (0, 1)
        ]
        return trained, jnp.stack(right)

    return jax.lax.map(one, asked)


def _prepared_bytes(network, hidden):
    row = jax.ShapeDtypeStruct((1, *hidden.shape[1:]), hidden.dtype)
    prepared = jax.eval_shape(network.prepare, row)
    return len(hidden) * prepared.size * prepared.dtype.itemsize


def _picked(network, hidden, ahead):
    """A function of row numbers: these rows, prepared when they are asked for or ``ahead``, all of them."""
    if not ahead:
        return lambda rows: network.prepare(hidden[rows])
    prepared = jax.lax.map(lambda row: network.prepare(row[None])[0], hidden, batch_size=ROWS_AT_ONCE)
    return lambda rows: prepared[rows]


def _right(network, pick, predictions, target, rows, count, masks, *, is_positive):
    """How many of the first ``count`` rows are decided as before, by every mask."""

    def add(batch, right):
        places = batch * ROWS_AT_ONCE + jnp.arange(ROWS_AT_ONCE)
        prepared, wanted = pick(rows[places]), wanted_class(target, predictions[rows[places]])
        yes = jax.vmap(lambda mask: is_target(network.scores(prepared, mask), wanted))(masks)
        return right + jnp.sum((yes == is_positive) & (places < count)[None], axis=1)

    return jax.lax.fori_loop(0, -(-count // ROWS_AT_ONCE), add, jnp.zeros(len(masks), jnp.int32))
