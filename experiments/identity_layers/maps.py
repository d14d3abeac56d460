"""What the layers have changed of single images, as pictures with sign, and how much they change in all."""

import jax
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES
from interp_jax import figures
from interp_jax.methods import identity

COLUMNS = 8
TWIN = "orthogonal"


def write(study, section) -> None:
    """A row an image of every class, for the first network from the identity; fewer for a random start."""
    task, depth = study.task, study.config.depth
    shown = np.unique(np.linspace(0, depth - 1, COLUMNS).round().astype(int))
    network = study.trained(IDENTITY, depth)[0]
    rows = first_right(study.scores(IDENTITY, depth)[0][-1], task.held_labels)
    section.text(
        "A layer's contribution map is what its pixel units hold less what the image holds there: red where the layers "
        "so far have strengthened a pixel, blue where they have weakened it. It says what has been made of the image, "
        "not for which class. Every map has a scale of its own, whose end stands below it."
    )
    for name, kind, chosen, said in (
        ("maps", IDENTITY, rows, "The first held-out image of every class that the network names rightly"),
        ("maps_random", TWIN, rows[:3], f"The same images in a network from {NAMES[TWIN]} weights"),
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
            f"{said}, and its contribution maps, of {depth} layers."
            + ("" if kind == IDENTITY else " Its units have no places in the image."),
        )
    changes = {f"{depth} layers": _changes(study, IDENTITY, depth) for depth in study.config.depths}
    section.figure(
        "change_by_layer",
        figures.through_layers.shares(changes, "mean |contribution| / mean pixel", percent=False),
        "How much the layers have changed of the held-out images: mean magnitude of the contribution maps over the "
        "mean of the pixels, mean and range over the networks from the identity.",
    )
    random = {kind: _changes(study, kind, depth) for kind in (TWIN,)}
    section.metrics({"change": changes, "change_random": random, "rows": rows})


def first_right(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The first row of every class that is named rightly, by class; classes without one are left out."""
    right = scores.argmax(axis=-1) == labels
    found = [np.flatnonzero(right & (labels == label))[:1] for label in range(scores.shape[-1])]
    return np.concatenate(found)


def _changes(study, kind, depth):
    inputs = study.task.held_inputs[:500]
    found = [np.abs(_maps(network, inputs)).mean(axis=(1, 2)) for network in study.trained(kind, depth)]
    return np.stack(found, axis=1) / inputs.mean()


@jax.jit
def _read(network, inputs):
    return identity.contributions(inputs, network.layers(inputs)).maps


def _maps(network, inputs):
    return np.asarray(_read(network, inputs))
