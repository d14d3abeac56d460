"""Contribution maps and the likelihood of the classes for single images, and the magnitude of the maps by layer."""

from typing import NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.identity_layers.layers_study import IDENTITY, NAMES, contributions
from interp_jax import figures
from interp_jax.methods.identity import Contributions, prediction_depth

CONTROL = "orthogonal"
KINDS = ("easy", "late", "misclassified")


class Images(NamedTuple):
    """A few held-out images with their kinds of `KINDS` and labels, and what a network's layers do to them."""

    inputs: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    kinds: list[str]
    contributions: Contributions

    def picture(self) -> Figure:
        """A figure of all the images."""
        options = {"inputs": self.inputs, "labels": self.labels, "class_names": self.class_names}
        return figures.contributions(self.contributions, rows=range(len(self.labels)), **options)


class Maps(NamedTuple):
    """Images by initialization, and the magnitude of the maps, relative to the pixels, [layers, networks] by depth."""

    images: dict[str, Images]
    change: dict[str, np.ndarray]
    change_random: dict[str, np.ndarray]
    rows: list[int]


def measure(study) -> Maps:
    """Easy, late and misclassified images in a network and in a control, and the magnitudes in all networks."""
    depth, inputs = study.config.depth, study.task.held_inputs[:500]
    chosen = choose(study.scores(IDENTITY, depth)[0], study.task.held_labels)
    images = {
        kind: of_network(study, study.networks(kind, depth)[0], each)
        for kind, each in ((IDENTITY, chosen), (CONTROL, chosen[::2]))
    }

    def change(kind, depth):
        sizes = [np.abs(contributions(each, inputs).maps).mean(axis=(1, 2)) for each in study.networks(kind, depth)]
        return np.stack(sizes, axis=1) / inputs.mean()

    changes = {f"{depth} layers": change(IDENTITY, depth) for depth in study.config.depths}
    return Maps(images, changes, {CONTROL: change(CONTROL, depth)}, [row for _, row in chosen])


def show(result: Maps, page) -> None:
    """The images with their maps and likelihoods, and the magnitudes."""
    page.text(
        "The contribution map of a layer is the difference between its pixel units and the image: red where the layers "
        "up to it have increased a pixel, blue where they have decreased it. It shows how the image has changed, but "
        "not for which class; that is shown by the likelihood, the softmax of the layer's class units. Images are "
        "easy, if all layers classify them correctly, late, if they are the last to be classified correctly, or "
        "misclassified with great confidence."
    )
    own, control = result.images[IDENTITY], result.images[CONTROL]
    page.figure("maps", own.picture(), f"Initialization at the identity. From the top: {', '.join(own.kinds)} images.")
    page.figure(
        "maps_random",
        control.picture(),
        f"Some of these images in a network with {NAMES[CONTROL]} initialization, whose units do not correspond to "
        "pixels.",
    )
    page.figure(
        "change_by_layer",
        figures.through_layers.shares(result.change, "mean |contribution| / mean pixel", percent=False),
        "Mean magnitude of the contribution maps of held-out images, relative to the mean of the pixels: mean and "
        "range over the networks initialized at the identity.",
    )
    page.metrics({name: getattr(result, name) for name in ("change", "change_random", "rows")})


def of_network(study, network, chosen: list[tuple[str, int]], shape: tuple[int, ...] = ()) -> Images:
    """What a network that takes inputs of a shape does to chosen held-out images."""
    task, (kinds, rows) = study.task, map(list, zip(*chosen, strict=True))
    inputs, labels = task.held_inputs[rows], task.held_labels[rows]
    read = jax.tree.map(np.asarray, contributions(network, inputs.reshape(-1, *shape) if shape else inputs))
    return Images(inputs.reshape(-1, *study.shape), labels, task.class_names, kinds, read._replace(increments=None))


def choose(scores: np.ndarray, labels: np.ndarray, each: int = 2) -> list[tuple[str, int]]:
    """(kind, row) of at most ``each`` images of each kind."""
    depths, depth = np.asarray(prediction_depth(scores, labels)), len(scores)
    late, sure = (np.argsort(-by, kind="stable") for by in (depths, np.asarray(jax.nn.softmax(scores[-1])).max(axis=1)))
    rows = np.flatnonzero(depths == 1), late[(depths[late] > 1) & (depths[late] <= depth)], sure[depths[sure] > depth]
    return [(kind, int(row)) for kind, of_kind in zip(KINDS, rows, strict=True) for row in of_kind[:each]]
