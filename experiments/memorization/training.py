"""The networks and their accuracies: Figure 6.2 of the thesis."""

import numpy as np

from experiments.memorization.memorization_study import KINDS, MEMORIZING, accuracy
from experiments.study import mean_and_spread
from interp_jax import figures


def write(study, section) -> None:
    """A table of accuracies, and the weights of a memorizing network."""
    task, config = study.task, study.config
    more = f" on {len(task.learned[1]):,} rows" if len(task.learned[1]) > len(task.train[1]) else ""
    section.text(
        f"{task.name}, {len(task.train[1]):,} training rows, {study.classes} classes. Three kinds of networks with the "
        f"same architecture, {config.seeds} of each. Learning: trained{more} {task.descent}, with early stopping at "
        f"the smallest validation loss. Fully trained: trained on the true labels for {task.full_epochs} epochs with "
        "Adam and a rate that decays to 0. Memorizing: trained in the same way on randomly permuted labels, which "
        "leave nothing to learn. Fully trained networks are the control, with the same training as memorizing networks."
    )
    rows, metrics = [], {}
    for kind in KINDS:
        accuracies = {
            "training_labels": [accuracy(n, (task.train[0], study.labels(kind))) for n in study.trained(kind)],
            "true_labels": [accuracy(n, task.train) for n in study.trained(kind)],
            "held_out": [accuracy(n, task.test) for n in study.trained(kind)],
        }
        rows.append((kind, *(mean_and_spread([100 * share for share in values], 1) for values in accuracies.values())))
        metrics[kind] = accuracies
    least = min(metrics[MEMORIZING]["training_labels"])
    section.table(
        ("network", "training labels (%)", "training rows, true labels (%)", "held-out rows (%)"),
        rows,
        f"Accuracy, mean ± standard deviation over {config.seeds} networks.",
        note=f"The training accuracy of every memorizing network is {'' if least == 1 else 'at least '}{least:.2%}.",
    )
    network = study.trained(MEMORIZING)[0]
    dense = [name for name in network.stage_names if name.startswith("dense")]
    section.figure(
        "fig_6_2_weights",
        figures.heatmaps.weights(
            {name: (getattr(network, name).kernel[...], getattr(network, name).bias[...]) for name in dense}
        ),
        "Weights and biases of a memorizing network (Fig. 6.2).",
    )
    section.metrics(
        {"accuracy": metrics, "unchanged_labels": float(np.mean(study.shuffled == np.asarray(task.train[1])))}
    )
