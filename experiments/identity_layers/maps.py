"""Contribution maps and the likelihood of the classes for single images."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, contributions
from interp_jax import figures
from interp_jax.methods.identity import Contributions, prediction_depth

CONTROL = "orthogonal"
KINDS = ("easy", "late", "misclassified")


class Maps(NamedTuple):
    """A few held-out images with their kinds of `KINDS` and labels, and by initialization what layers do to them."""

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    kinds: list[str]
    rows: list[int]
    contributions: dict[str, Contributions]


def measure(study) -> Maps:
    """Easy, late and misclassified images in a network and in a control."""
    depth, task = study.config.depth, study.task
    kinds, rows = map(list, zip(*choose(study.scores(IDENTITY, depth)[0], task.held_labels), strict=True))
    inputs = task.held_inputs[rows]
    several = {kind: contributions(study.networks(kind, depth)[0], inputs) for kind in (IDENTITY, CONTROL)}
    several = {kind: jax.tree.map(np.asarray, each._replace(increments=None)) for kind, each in several.items()}
    return Maps(inputs.reshape(-1, *study.shape), task.held_labels[rows], task.class_names, kinds, rows, several)


def show(result: Maps, page) -> None:
    """The images with their maps and likelihoods in both networks."""
    page.text(
        "The contribution map of a layer is the difference between its pixel units and the image: red where the layers "
        "up to it have increased a pixel, blue where they have decreased it. It shows how the image has changed, but "
        "not for which class; that is shown by the likelihood, the softmax of the layer's class units. Three kinds "
        "of images are shown: easy ones, which all layers classify correctly; late ones, which are the last to be "
        "classified correctly; and the misclassified ones of the greatest confidence."
    )
    options = {"inputs": result.images, "labels": result.labels, "class_names": result.class_names}
    own = (
        f"From the top: {', '.join(result.kinds)}. The number below a map is the end of its color scale. Below, the "
        "classes that reach the greatest likelihoods, at most three an image, have a color; all others are gray."
    )
    control = "The first image of each kind in a network whose units do not stand for pixels."
    firsts = [result.kinds.index(kind) for kind in dict.fromkeys(result.kinds)]
    for name, kind, rows, caption in (
        ("maps", IDENTITY, range(len(result.kinds)), own),
        ("maps_random", CONTROL, firsts, control),
    ):
        figure = figures.contributions(result.contributions[kind], rows=rows, **options)
        # Accuracies of hand-picked images, in the figure's own title, say nothing about the network.
        figure.suptitle(f"Initialization: {NAMES[kind]}", x=0.01, ha="left", fontsize=11.5, weight="bold")
        page.figure(name, figure, caption)
    page.metrics({"rows": result.rows})


def choose(scores: np.ndarray, labels: np.ndarray, each: int = 2) -> list[tuple[str, int]]:
    """(kind, row) of at most ``each`` images of each kind."""
    depths, depth = np.asarray(prediction_depth(scores, labels)), len(scores)
    late, sure = (np.argsort(-by, kind="stable") for by in (depths, np.asarray(jax.nn.softmax(scores[-1])).max(axis=1)))
    rows = np.flatnonzero(depths == 1), late[(depths[late] > 1) & (depths[late] <= depth)], sure[depths[sure] > depth]
    return [(kind, int(row)) for kind, of_kind in zip(KINDS, rows, strict=True) for row in of_kind[:each]]
