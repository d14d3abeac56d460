"""The likelihood of every class in every layer, for images that are easy, hard and misclassified."""

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY
from interp_jax import figures
from interp_jax.methods import identity


def write(study, section) -> None:
    """A figure of two images that all layers classify correctly, two late ones, and two that are misclassified."""
    task, depth = study.task, study.config.depth
    scores = study.scores(IDENTITY, depth)[0]
    chosen = choose(scores, task.held_labels)
    names, labels = task.class_names, task.held_labels
    decided = scores[-1].argmax(axis=1)
    titles = [f"{kind}: {names[labels[row]]}, prediction {names[decided[row]]}" for kind, row in chosen]
    rows = [row for _, row in chosen]
    likelihood = np.asarray(jax.nn.softmax(scores[:, rows]))
    section.text(
        "Every layer gives a likelihood of each class. Easy: the first held-out images that all layers classify "
        "correctly. Late: the images with the greatest prediction depth. Misclassified: the images for which the last "
        "layer is most confident in an incorrect class."
    )
    section.figure(
        "likelihood_paths",
        figures.through_layers.likelihood_paths(
            np.moveaxis(likelihood, 0, 1), names, titles, images=task.held_inputs[rows].reshape(-1, *task.shape)
        ),
        f"Likelihood of the classes in the layers of the first network initialized at the identity, {depth} layers.",
    )
    confidence = np.asarray(jax.nn.softmax(scores)).max(axis=2)
    section.metrics({"rows": rows, "mean_confidence": confidence.mean(axis=1)})


def choose(scores: np.ndarray, labels: np.ndarray, each: int = 2) -> list[tuple[str, int]]:
    """(kind, row) of at most ``each`` images of each kind."""
    depths = np.asarray(identity.prediction_depth(scores, labels))
    depth = len(scores)
    confidence = np.asarray(jax.nn.softmax(scores[-1])).max(axis=1)
    kinds = {
        "easy": np.flatnonzero(depths == 1),
        "late": (by_depth := np.argsort(-depths, kind="stable"))[(depths[by_depth] > 1) & (depths[by_depth] <= depth)],
        "misclassified": (by_confidence := np.argsort(-confidence, kind="stable"))[depths[by_confidence] > depth],
    }
    return [(kind, int(row)) for kind, rows in kinds.items() for row in rows[:each]]
