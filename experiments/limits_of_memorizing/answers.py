"""What networks answer on new rows, beside the training label of the nearest training row (Fig. 7.3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.limits_of_memorizing.limits_study import KINDS, SHUFFLED, answers, layers
from experiments.study import lane, mean_and_spread

NAMES = {"true labels": "learning", "shuffled labels": "memorizing"}
NEAREST = "input", "first hidden layer", "last hidden layer"


class Answers(NamedTuple):
    """By kind of network, the share of held-out rows answered with the nearest row's training label, [networks]."""

    agreement: dict[str, dict[str, np.ndarray]]  # by layer in which the row is nearest, and "chance"
    alike: dict[str, np.ndarray]  # [pairs] answered alike by two networks of the same training labels
    rows: int


def measure(study) -> Answers:
    """Agreement of the answers with the label of the row that is nearest in the input and in hidden layers."""
    task, agreement, alike = study.task, {}, {}
    inputs, held = jnp.asarray(task.train.inputs), jnp.asarray(task.held_out.inputs)
    for kind in study.counted("nearest training rows", KINDS):
        network, labels = study.noisy(KINDS[kind]).network, study.labels(KINDS[kind])
        answered = np.asarray(answers(network, held))
        cells = {name: [] for name in (*NEAREST, "chance")}
        for number, own in enumerate(answered):
            both = layers(lane(network, number), inputs), layers(lane(network, number), held)
            for place, name in zip((0, 1, -1), NEAREST, strict=True):
                cells[name].append(np.mean(labels[np.asarray(nearest(both[0][place], both[1][place]))] == own))
            counts = (np.bincount(each, minlength=task.classes) / len(each) for each in (labels, own))
            cells["chance"].append(np.prod([*counts], axis=0).sum())
        agreement[NAMES[kind]] = {name: np.array(each) for name, each in cells.items()}
        first, second = np.triu_indices(len(answered), 1)
        alike[NAMES[kind]] = np.mean(answered[first] == answered[second], axis=1)
    return Answers(agreement, alike, len(held))


@jax.jit
def nearest(rows, others) -> jax.Array:
    """For each of the others the number of the row at the least Euclidean distance; the first of equals."""
    center = jnp.mean(rows, axis=0, keepdims=True)
    rows, others = rows - center, others - center
    squares = jnp.sum(rows**2, axis=1)

    def of_one(other):
        return jnp.argmin(squares - 2 * jnp.matmul(rows, other, precision="highest"))

    return jax.lax.map(of_one, others, batch_size=500)


def show(result: Answers, page) -> None:
    """A table."""
    page.text(
        f"{result.rows:,} held-out rows. The nearest training row is that of the least Euclidean distance, and its "
        "label that of the training: a shuffled one for memorizing networks. By chance, answers agree with the label "
        "of any training row as often as both name the same class. Two networks are trained on the same labels from "
        "different weights."
    )
    page.finding(sentence(result))
    rows = [
        (
            name,
            *(mean_and_spread(100 * by[each], 1) for each in (*NEAREST, "chance")),
            mean_and_spread(100 * result.alike[name], 1) if len(result.alike[name]) else "–",
        )
        for name, by in result.agreement.items()
    ]
    header = "network", *(f"nearest in the {each} (%)" for each in NEAREST), "any row (%)", "two networks alike (%)"
    page.table(header, rows, "Share of held-out rows answered with the label of the nearest training row.")
    page.metrics({**result.agreement, "alike": result.alike})


def sentence(result: Answers) -> str:
    """The finding: whether memorizing networks answer as the nearest row does."""
    by = {name: float(each.mean()) for name, each in result.agreement[NAMES[SHUFFLED]].items()}
    learning = float(result.agreement["learning"]["last hidden layer"].mean())
    last = by["last hidden layer"]
    much = "most" if last > 0.5 else "a minority"
    return (
        f"Memorizing networks answer {much} of the held-out rows with the label of the row that is nearest in the last "
        f"hidden layer ({last:.1%}; in the input {by['input']:.1%}, any row {by['chance']:.1%}), learning networks "
        f"{learning:.1%}."
    )
