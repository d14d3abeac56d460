"""Whether soft answers of a learning network teach more than its hard ones (section 6.3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.limits_of_memorizing.limits_study import Rows
from experiments.study import mean_and_spread

STUDENTS = "soft answers", "hard answers"


class Soft(NamedTuple):
    """Accuracy on held-out rows, by what a network is trained on, [networks]."""

    held_out: dict[str, np.ndarray]
    title: str


def measure(study) -> Soft:
    """Early-stopped networks on the labels, and students of the first of them on its probabilities or its answers."""
    task = study.task
    teachers = study.early_stopped("teachers")
    held_out = {"labels": study.accuracy(teachers.network, *task.held_out)}
    for name in STUDENTS:
        targets = [
            _answers(teachers.network, rows.inputs, name == STUDENTS[0]) for rows in (task.train, task.validation)
        ]
        each = [_student(study, name, number, targets) for number in range(study.config.seeds)]
        held_out[name] = np.array(each)
    return Soft(held_out, task.title)


def _answers(stacked, inputs, soft):
    probabilities = jax.jit(lambda network, x: jax.lax.map(lambda of: jax.nn.softmax(of(x)), network))
    answered = np.asarray(probabilities(stacked, jnp.asarray(inputs)))
    return answered if soft else np.eye(answered.shape[-1], dtype=np.float32)[answered.argmax(axis=-1)]


def _student(study, name, number, targets):
    """The accuracy of the student of a teacher; each lane has another start, that of its own number is taken."""
    train, validation = (each[number] for each in targets)
    fit = study.early_stopped(
        f"{name} of teacher {number}",
        train,
        validation=Rows(study.task.validation.inputs, validation),
        loss=optax.softmax_cross_entropy,
    )
    return study.accuracy(fit.network, *study.task.held_out).mean()


def show(result: Soft, page) -> None:
    """A table."""
    page.text(
        f"{result.title}. Teachers are networks with early stopping, trained on true labels by plain descent. Their "
        "students have the same layers and training and see the same rows, but with the teacher's probabilities, or "
        "with the class it answers with, in place of the labels; so do the validation rows that stop them."
    )
    page.finding(sentence(result))
    rows = [(name, mean_and_spread(100 * each, 2)) for name, each in result.held_out.items()]
    page.table(
        ("trained on", "held out (%)"), rows, "Mean ± standard deviation over teachers, of their students' mean."
    )
    page.metrics(result._asdict())


def sentence(result: Soft) -> str:
    """The finding: the gain by soft answers."""
    soft, hard = (result.held_out[name] for name in STUDENTS)
    gain = 100 * (soft - hard)
    verb = "higher" if gain.mean() > 0 else "not higher"
    return (
        f"The held-out accuracy of students of soft answers is {verb} than that of students of the same teacher's hard "
        f"answers: {100 * soft.mean():.2f}% against {100 * hard.mean():.2f}% ({np.sum(gain > 0)} of {len(gain)} "
        "teachers)."
    )
