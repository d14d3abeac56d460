"""Class averages of activations: Figures 6.3, 6.4 and 6.10 of the thesis."""

import numpy as np

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, all_layers
from interp_jax import figures
from interp_jax.methods import averages

KINDS = (LEARNING, MEMORIZING)


def write(study, section) -> None:
    """Averages of a learning and of a memorizing network, by the training labels and by the true labels."""
    rows, metrics = [], {}
    for figure, title, cases in (
        (
            "fig_6_3_training_labels",
            "training rows, by the labels of each network's training (Fig. 6.3)",
            {kind: (study.task.train[0], study.labels(kind)) for kind in KINDS},
        ),
        (
            "fig_6_4_true_labels",
            "held-out rows, by true labels (Fig. 6.4)",
            dict.fromkeys(KINDS, study.task.test),
        ),
    ):
        means, varies = {}, {}
        for kind, (inputs, labels) in cases.items():
            means[kind], varies[kind] = _averages(study, kind, np.asarray(inputs), np.asarray(labels))
        layers = [name for name in means[LEARNING] if name != "input"]
        section.figure(
            figure,
            figures.heatmaps.class_averages(
                {f"{kind}, {name}": means[kind][name] for name in layers for kind in KINDS}, study.class_numbers
            ),
            f"Activations of a learning and of a memorizing network, averaged over {title}.",
        )
        metrics[figure] = varies
        rows += [(title.split(" (")[0], kind, *(f"{share:.2f}" for share in varies[kind].values())) for kind in KINDS]
    section.table(
        ("rows", "network", *varies[LEARNING]),
        rows,
        "Variance of the class averages over the classes, relative to the variance over rows, for all units of a layer "
        "together.",
    )
    section.metrics({"varies": metrics})
    if study.config.data == "mnist":
        _images(study, section)


def _averages(study, kind, inputs, labels):
    """Class averages of every layer, and the share of the layer's variance between classes."""
    rows = study.balanced(labels)
    means, varies = {}, {}
    for name, layer in all_layers(study.trained(kind)[0], inputs[rows]).items():
        means[name] = averages.class_means(layer, labels[rows], classes=study.classes).means
        between = np.sum(np.var(np.asarray(means[name]), axis=0))
        varies[name] = float(between / max(np.sum(np.var(np.asarray(layer), axis=0)), 1e-30))
    return means, varies


def _images(study, section):
    inputs, labels = (np.asarray(each) for each in study.task.train)
    fives = np.flatnonzero(labels == 5)[:1000]
    side = int(np.sqrt(inputs.shape[1]))
    pictures = {"single": inputs[fives[0]], "average": inputs[fives].mean(axis=0)}
    section.figure(
        "fig_6_10_five",
        figures.images.strongest_inputs(
            np.stack([picture.reshape(1, side, side) for picture in pictures.values()]), list(pictures)
        ),
        f"An image of a five, and the average over {len(fives):,} fives (Fig. 6.10).",
    )
