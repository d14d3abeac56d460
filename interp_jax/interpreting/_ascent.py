"""Inputs found by gradient ascent on each class's log-probability, compared with the averages of the classes."""

import functools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from interp_jax import figures, methods
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject
from interp_jax.interpreting._words import counted

THRESHOLD = 0.99
STEP = 0.02  # of the inputs' standard deviation, in each step and value


class Patterns(NamedTuple):
    """One lane per class.

    Attributes:
        ascent: the inputs found.
        classes: of the lanes.
        alike: [lanes, lanes] correlation of each lane's pattern with the average of each class's rows, both minus the
            mean of all rows.
        size: [lanes] distance of the pattern from the mean row, as a multiple of the mean distance of rows from it.
    """

    ascent: methods.ascent.Ascent
    classes: tuple[int, ...]
    alike: np.ndarray
    size: np.ndarray


def measure(subject: Subject, budget: Budget) -> Patterns:
    """The inputs, climbed to from the mean of the rows."""
    classes = subject.predicted_classes(budget.classes)
    rows = subject.inputs.reshape(len(subject.inputs), -1)
    mean, spread = subject.inputs.mean(axis=0), float(rows.std(axis=0).mean())
    start = np.broadcast_to(mean, (len(classes), *mean.shape))
    ascent = methods.ascent.maximize(
        subject.network,
        jnp.asarray(start),
        np.array(classes),
        objective="log_probability",
        optimizer=_adam(STEP * spread if spread > 0 else STEP),
        threshold=THRESHOLD,
        steps=budget.ascent_steps,
    )
    patterns = np.asarray(ascent.inputs).reshape(len(classes), -1) - mean.ravel()
    averages = np.stack([rows[subject.predictions == each].mean(axis=0) for each in classes]) - mean.ravel()
    distance = np.linalg.norm(rows - mean.ravel(), axis=1).mean()
    size = np.linalg.norm(patterns, axis=1) / (distance if distance > 0 else 1)
    return Patterns(ascent, tuple(classes), _correlations(patterns, averages), size)


@functools.cache
def _adam(rate: float):
    return optax.adam(rate)


def show(result: Patterns, page: Any, subject: Subject) -> None:
    """The patterns, and what they resemble."""
    page.text(
        "Starting from the mean of the rows, an input climbs the gradient of its class's log-probability until the "
        f"probability passes {THRESHOLD}. The patterns are what the class's score depends on; they need not look like "
        "inputs."
    )
    names = [subject.class_names[each] for each in result.classes]
    image: dict[str, Any] = {"input_shape": subject.image_shape, "feature_names": subject.feature_names}
    image = {option: value for option, value in image.items() if value is not None and subject.inputs.ndim > 1}
    if subject.image_shape or subject.inputs.ndim == 2:
        page.figure(
            "ascent",
            figures.ascent(result.ascent, names=[f"class {name}" for name in names], **image),
            "The input found for each class, and the probability of the class there.",
        )
    best = result.alike.argmax(axis=1)
    page.table(
        ("class", "probability", "steps", "passed", "change, relative to rows", "most like the average of"),
        [
            (
                name,
                f"{float(result.ascent.activation[lane]):.3f}",
                int(result.ascent.steps[lane]),
                "yes" if result.ascent.converged[lane] else "no",
                f"{result.size[lane]:.2f}",
                f"{names[best[lane]]} ({result.alike[lane, best[lane]]:.2f})",
            )
            for lane, name in enumerate(names)
        ],
        "The inputs found. Change: distance from the mean row, as a multiple of the mean distance of rows from it. "
        "Last: the class whose average row the change is correlated with most, and the correlation.",
    )
    page.metrics({"passed": int(result.ascent.converged.sum()), "lanes": len(names), "own": _own(result)})


def sentence(result: Patterns, subject: Subject) -> str:
    """How many classes an input was found for, and whether patterns resemble the classes."""
    del subject
    lanes, passed, own = len(result.classes), int(result.ascent.converged.sum()), _own(result)
    resemble = (
        "most patterns resemble" if own > lanes / 2 else "few patterns resemble" if own else "no pattern resembles"
    )
    return (
        f"For {passed} of {counted(lanes, 'class', 'classes')} an input passes probability {THRESHOLD}, changed by "
        f"{np.median(result.size):.2g} of the usual distance from the mean (median); {resemble} the average of the "
        f"own class most ({own} of {lanes})."
    )


def _own(result: Patterns) -> int:
    return int(np.sum(result.alike.argmax(axis=1) == np.arange(len(result.classes))))


def _correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[lanes, classes] cosines of the rows of both; 0 for a row of zeros."""
    lengths = np.linalg.norm(first, axis=1)[:, None] * np.linalg.norm(second, axis=1)
    return np.divide(first @ second.T, lengths, out=np.zeros(lengths.shape), where=lengths > 0)
