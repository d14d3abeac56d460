"""Contribution maps and the likelihood of the classes for single images."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, contributions
from experiments.identity_networks import scores_of
from interp_jax import figures
from interp_jax.methods.identity import Contributions, prediction_depth

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
    """Easy, late and misclassified images in the first network that starts at the identity."""
    task, network = study.task, study.networks(IDENTITY, study.config.depth)[0]
    kinds, rows = map(list, zip(*choose(scores_of(network, task.held_inputs), task.held_labels), strict=True))
    inputs, labels = task.held_inputs[rows], task.held_labels[rows]
    shown = {IDENTITY: contributions(network, inputs)._replace(increments=None)}
    return Maps(inputs.reshape(-1, *study.shape), labels, task.class_names, kinds, rows, shown)


def show(result: Maps, page) -> None:
    """The images with their maps and likelihoods."""
    page.text(
        "The contribution map of a layer is the difference between its pixel units and the image: red where the layers "
        "up to it have increased a pixel, blue where they have decreased it. The likelihood, the softmax of "
        "the layer's class units, tells which class this favors. Images are easy (all layers classify them correctly), "
        "late (the last to be classified correctly) or misclassified with the greatest confidence."
    )
    figure = figures.contributions(
        result.contributions[IDENTITY],
        inputs=result.images,
        rows=range(len(result.kinds)),
        labels=result.labels,
        class_names=result.class_names,
    )
    # Accuracies of hand-picked images, in the figure's own title, say nothing about the network.
    figure.suptitle(f"Initialization: {IDENTITY}", x=0.01, ha="left", fontsize=11.5, weight="bold")
    page.figure(
        "maps",
        figure,
        f"From the top: {', '.join(result.kinds)}. The number below a map is the end of its color scale. Below, the "
        "classes that reach the greatest likelihoods, at most three an image, have a color; all others are gray.",
    )
    page.metrics({"rows": result.rows})


def choose(scores: np.ndarray, labels: np.ndarray, each: int = 2) -> list[tuple[str, int]]:
    """(kind, row) of at most ``each`` images of each kind."""
    depths, depth = np.asarray(prediction_depth(scores, labels)), len(scores)
    late, sure = (np.argsort(-by, kind="stable") for by in (depths, np.asarray(jax.nn.softmax(scores[-1])).max(axis=1)))
    rows = np.flatnonzero(depths == 1), late[(depths[late] > 1) & (depths[late] <= depth)], sure[depths[sure] > depth]
    return [(kind, int(row)) for kind, of_kind in zip(KINDS, rows, strict=True) for row in of_kind[:each]]
