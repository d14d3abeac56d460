"""Contribution maps of single images, and the mean magnitude of the maps in every layer."""

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES
from interp_jax import figures
from interp_jax.methods import identity

COLUMNS = 8
CONTROL = "orthogonal"


def write(study, section) -> None:
    """Maps of one image of every class in the first network, of three images in a control, and their magnitudes."""
    task, depth = study.task, study.config.depth
    shown = np.unique(np.linspace(0, depth - 1, COLUMNS).round().astype(int))
    network = study.trained(IDENTITY, depth)[0]
    rows = first_correct(study.scores(IDENTITY, depth)[0][-1], task.held_labels)
    section.text(
        "The contribution map of a layer is the difference between its pixel units and the image: red where the layers "
        "up to it have increased a pixel, blue where they have decreased it. It shows how the image has changed, but "
        "not for which class. Every map has its own scale, with the maximum below the map."
    )
    for name, kind, chosen, what in (
        ("maps", IDENTITY, rows, "The first correctly classified held-out image of every class"),
        ("maps_random", CONTROL, rows[:3], f"The same images in a network with {NAMES[CONTROL]} initialization"),
    ):
        each = network if kind == IDENTITY else study.trained(kind, depth)[0]
        maps = _maps(each, task.held_inputs[chosen])[shown]
        section.figure(
            name,
            figures.through_layers.signed_maps(
                task.held_inputs[chosen].reshape(-1, *task.shape),
                np.moveaxis(maps, 0, 1).reshape(len(chosen), len(shown), *task.shape),
                [f"layer {layer + 1}" if not index else layer + 1 for index, layer in enumerate(shown)],
                [task.class_names[label] for label in task.held_labels[chosen]],
                label="contribution",
            ),
            f"{what}, and contribution maps in a network of {depth} layers."
            + ("" if kind == IDENTITY else " The units of this network do not correspond to pixels."),
        )
    changes = {f"{depth} layers": _changes(study, IDENTITY, depth) for depth in study.config.depths}
    section.figure(
        "change_by_layer",
        figures.through_layers.shares(changes, "mean |contribution| / mean pixel", percent=False),
        "Mean magnitude of the contribution maps of held-out images, relative to the mean of the pixels: mean and "
        "range over the networks initialized at the identity.",
    )
    random = {kind: _changes(study, kind, depth) for kind in (CONTROL,)}
    section.metrics({"change": changes, "change_random": random, "rows": rows})


def first_correct(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The first correctly classified row of every class; classes without one are omitted."""
    correct = scores.argmax(axis=-1) == labels
    return np.concatenate([np.flatnonzero(correct & (labels == label))[:1] for label in range(scores.shape[-1])])


def _changes(study, kind, depth):
    inputs = study.task.held_inputs[:500]
    sizes = [np.abs(_maps(network, inputs)).mean(axis=(1, 2)) for network in study.trained(kind, depth)]
    return np.stack(sizes, axis=1) / inputs.mean()


@jax.jit
def _read(network, inputs):
    return identity.contributions(inputs, network.layers(inputs)).maps


def _maps(network, inputs):
    return np.asarray(_read(network, inputs))
