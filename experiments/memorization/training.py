"""The networks, what they were taught and what they can do: the thesis' Figure 6.2."""

import numpy as np

from experiments.memorization.memorization_study import KINDS, MEMORIZING, accuracy
from experiments.study import mean_and_spread
from interp_jax import figures


def write(study, section) -> None:
    """Accuracies, and the weights of a memorizing network."""
    task, config = study.task, study.config
    more = f", on {len(task.learned[1]):,} rows" if len(task.learned[1]) > len(task.train[1]) else ""
    section.text(
        f"{task.name}, {len(task.train[1]):,} training rows, {study.classes} classes. Three kinds of networks of one "
        f"shape, {config.seeds} of each: learning{more}, {task.descent}, stopped where the validation loss is least; "
        f"learning to the end, trained on the same labels for {task.full_epochs} epochs with Adam, its rate falling to "
        "0; and memorizing, trained just so on the same labels dealt out to other rows, so that there is nothing to "
        "learn. The second is the control: it is trained as long as the memorizing one."
    )
    rows, metrics = [], {}
    for kind in KINDS:
        found = {
            "taught": [accuracy(n, (task.train[0], study.labels(kind))) for n in study.trained(kind)],
            "true": [accuracy(n, task.train) for n in study.trained(kind)],
            "held_out": [accuracy(n, task.test) for n in study.trained(kind)],
        }
        rows.append((kind, *(mean_and_spread([100 * share for share in values], 1) for values in found.values())))
        metrics[kind] = found
    least = min(metrics[MEMORIZING]["taught"])
    section.table(
        ("network", "as taught (%)", "training rows, true labels (%)", "held-out rows (%)"),
        rows,
        f"Rows named rightly, mean ± standard deviation over {config.seeds} networks.",
        note="Every memorizing network names all its training rows as taught."
        if least == 1
        else f"The memorizing networks name at least {least:.2%} of their training rows as taught.",
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
    section.metrics({"accuracy": metrics, "guessing": float(np.mean(study.shuffled == np.asarray(task.train[1])))})
