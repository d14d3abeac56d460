"""Class averages of activations: Figures 6.3, 6.4 and 6.10 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, layers
from experiments.study import from_to
from interp_jax import figures
from interp_jax.methods.averages import class_means

TRAINING, TRUE = "fig_6_3_training_labels", "fig_6_4_true_labels"
ROWS = {TRAINING: "training rows, by the labels of each network's training", TRUE: "held-out rows, by true labels"}


class Averages(NamedTuple):
    """By rows, kind of network and layer, class averages and their share of the variance; two images of fives."""

    means: dict[str, dict[str, dict[str, np.ndarray]]]
    shares: dict[str, dict[str, dict[str, float]]]
    class_numbers: np.ndarray
    fives: np.ndarray | None


def measure(study) -> Averages:
    """Averages of a learning and of a memorizing network, by the training labels and by the true labels."""
    inputs, labels = map(np.asarray, study.task.train)
    means, shares = ({rows: {LEARNING: {}, MEMORIZING: {}} for rows in ROWS} for _ in range(2))
    for kind in (LEARNING, MEMORIZING):
        for rows, (x, y) in {TRAINING: (inputs, study.labels(kind)), TRUE: map(np.asarray, study.task.test)}.items():
            chosen = study.balanced(y)
            for name, layer in layers(study.trained(kind)[0], x[chosen]).items():
                mean = np.asarray(class_means(layer, y[chosen], classes=len(study.task.class_numbers)).means)
                between, whole = (np.sum(np.var(np.asarray(each), axis=0)) for each in (mean, layer))
                means[rows][kind][name], shares[rows][kind][name] = mean, float(between / max(whole, 1e-30))
    images = inputs[labels == 5][:1000]
    fives = np.stack([images[0], images.mean(axis=0)]) if study.config.data == "mnist" else None
    return Averages(means, shares, study.task.class_numbers, fives)


def show(result: Averages, page) -> None:
    """Heat maps of the averages, and how much of each layer's variance they have."""
    page.text(true_classes(result.shares[TRUE]))
    for rows, of in result.shares.items():
        hidden, label = list(of[LEARNING])[1:], "training label" if rows == TRAINING else "true label"
        panels = {
            f"{kind}, {name}: {of[kind][name]:.2f}": result.means[rows][kind][name] for name in hidden for kind in of
        }
        page.figure(
            rows,
            figures.heatmaps.class_averages(panels, result.class_numbers, x_label=label),
            f"Activations averaged over {ROWS[rows]} (Fig. {rows[4:7].replace('_', '.')} of the thesis). Numbers: the "
            "share of the variance that is between classes.",
        )
    page.metrics({"varies": result.shares})
    if result.fives is not None:
        five = figures.images.strongest_inputs(result.fives.reshape(2, 1, 28, 28), ["single", "average"])
        page.figure("fig_6_10_five", five, "An image of a five, and the average of many (Fig. 6.10 of the thesis).")


def true_classes(shares: dict[str, dict[str, float]]) -> str:
    """From the input to the last hidden layer, what becomes of the true classes in each network."""
    changes = []
    for kind, of_layers in shares.items():
        first, *_, last, _ = of_layers.values()  # the output comes last
        changes.append(f"{from_to(first, last)} if {kind}")
    return (
        "From the input to the last hidden layer the share of the variance that is between true classes of held-out "
        f"rows {' and '.join(changes)}."
    )
