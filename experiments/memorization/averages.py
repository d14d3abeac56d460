"""Activations averaged over the rows of a class: the thesis' Figures 6.3, 6.4 and 6.10."""

import jax
import numpy as np

from experiments.memorization.memorization_study import LEARNING, MEMORISING, hidden_layers
from interp_jax import figures
from interp_jax.methods import averages


def write(study, section) -> None:
    """Averages of a memorising network by the labels it was taught and by the true ones."""
    inputs, true = study.task.train
    numbers = np.arange(study.classes) if study.config.data == "mnist" else np.array(study.task.class_names, int)
    network = study.trained(MEMORISING)[0]
    for figure, labels, said in (
        ("fig_6_3_taught", study.shuffled, "the labels it was taught (Fig. 6.3)"),
        ("fig_6_4_true", np.asarray(true), "the true labels (Fig. 6.4)"),
    ):
        rows = study.balanced(labels)
        layers = hidden_layers(network, inputs[rows])
        means = {
            name: averages.class_means(layer, labels[rows], classes=study.classes).means
            for name, layer in layers.items()
            if name != "input"
        }
        section.figure(
            figure,
            figures.heatmaps.class_averages(means, numbers),
            f"A memorising network: activations averaged over {len(rows) // study.classes} rows of every class, by "
            f"{said}.",
        )
    section.metrics({"varies": {kind: _varies(study, kind) for kind in (LEARNING, MEMORISING)}})
    if study.config.data == "mnist":
        _images(study, section)


def _varies(study, kind):
    """How far class averages lie from their mean, as a share of what single rows do; by layer."""
    labels, network = study.labels(kind), study.trained(kind)[0]
    rows = study.balanced(labels)
    found = {}
    for name, layer in hidden_layers(network, study.task.train[0][rows]).items():
        means = averages.class_means(layer, labels[rows], classes=study.classes).means
        found[name] = float(np.sum(np.var(np.asarray(means), axis=0)) / np.sum(np.var(np.asarray(layer), axis=0)))
    return found


def _images(study, section):
    inputs, labels = study.task.train
    fives = np.flatnonzero(np.asarray(labels) == 5)[:1000]
    side = int(np.sqrt(inputs.shape[1]))
    pictures = {"single": inputs[fives[0]], "average": jax.numpy.mean(inputs[fives], axis=0)}
    section.figure(
        "fig_6_10_five",
        figures.images.strongest_inputs(
            np.stack([np.asarray(picture).reshape(1, side, side) for picture in pictures.values()]), list(pictures)
        ),
        f"A five, and the average of {len(fives):,} (Fig. 6.10): it is still one, so averages can stand for classes.",
    )
