"""The likelihood of every class from layer to layer, for images that are easy, hard and named wrongly."""

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY
from interp_jax import figures
from interp_jax.methods import identity


def write(study, section) -> None:
    """Two images that are right from the start, two that are right late, two that are wrong in the end."""
    task, depth = study.task, study.config.depth
    scores = study.scores(IDENTITY, depth)[0]
    chosen = choose(scores, task.held_labels)
    names, labels = task.class_names, task.held_labels
    decided = scores[-1].argmax(axis=1)
    titles = [f"{kind}: {names[labels[row]]}, called {names[decided[row]]}" for kind, row in chosen]
    rows = [row for _, row in chosen]
    likelihood = np.asarray(jax.nn.softmax(scores[:, rows]))
    section.text(
        "Every layer has a likelihood for each class. Easy: the first held-out images that all layers name rightly. "
        "Late: those that are named rightly only from the latest layers on. Wrong: those whose last layer is surest of "
        "a wrong class."
    )
    section.figure(
        "likelihood_paths",
        figures.through_layers.likelihood_paths(
            np.moveaxis(likelihood, 0, 1), names, titles, images=task.held_inputs[rows].reshape(-1, *task.shape)
        ),
        f"Likelihood of the classes in the layers of the first network from the identity, {depth} layers.",
    )
    sure = np.asarray(jax.nn.softmax(scores)).max(axis=2)
    section.metrics({"rows": rows, "mean_confidence": sure.mean(axis=1)})


def choose(scores: np.ndarray, labels: np.ndarray, each: int = 2) -> list[tuple[str, int]]:
    """(kind, row) of so many images of each kind; fewer where there are not as many."""
    settled = np.asarray(identity.right_for_good(scores, labels))
    depth = len(scores)
    sure = np.asarray(jax.nn.softmax(scores[-1])).max(axis=1)
    kinds = {
        "easy": np.flatnonzero(settled == 1),
        "late": (by_layer := np.argsort(-settled, kind="stable"))[
            (settled[by_layer] > 1) & (settled[by_layer] <= depth)
        ],
        "wrong": (by_surety := np.argsort(-sure, kind="stable"))[settled[by_surety] > depth],
    }
    return [(kind, int(row)) for kind, rows in kinds.items() for row in rows[:each]]
