"""The networks and their accuracies: Figure 6.2 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.memorization.memorization_study import KINDS, MEMORIZING, accuracy, at_least
from experiments.study import mean_and_spread
from interp_jax import figures

DATA = {"jump signals": "Signals of 100 samples in noise, which step up at one of 60 positions"}
SHOWN = 256  # rows and columns of a matrix of weights that the figure shows at most


class Training(NamedTuple):
    """Accuracies by kind of network and by rows, kernels and biases, thinned, of a memorizing network, and the task."""

    accuracy: dict[str, dict[str, list[float]]]
    unchanged_labels: float
    weights: dict[str, tuple[np.ndarray, np.ndarray]]
    sizes: tuple[int, int, int, int]  # training rows, those of learning networks, held-out rows, classes
    data: str
    descent: str
    full_epochs: int


def measure(study) -> Training:
    """The accuracies of all networks on training and held-out rows."""
    task, network, shares = study.task, study.trained(MEMORIZING)[0], {}
    dense = {name: getattr(network, name) for name in network.stage_names if name.startswith("dense")}
    weights = {name: (_thinned(layer.kernel[...]), _thinned(layer.bias[...])) for name, layer in dense.items()}
    for kind in KINDS:
        rows = {"training_labels": (task.train[0], study.labels(kind)), "true_labels": task.train}
        rows["held_out"] = task.test
        shares[kind] = {name: [accuracy(each, *of) for each in study.trained(kind)] for name, of in rows.items()}
    unchanged = float(np.mean(study.shuffled == np.asarray(task.train[1])))
    sizes = task.train_rows, len(task.learned[1]), len(task.test[1]), len(task.class_numbers)
    return Training(shares, unchanged, weights, sizes, task.name, task.descent, task.full_epochs)


def _thinned(array) -> np.ndarray:
    return np.asarray(array)[tuple(slice(None, None, -(-size // SHOWN)) for size in array.shape)]


def show(result: Training, page) -> None:
    """A table of accuracies, and the weights of a memorizing network."""
    (rows, learned, _, classes), memorizing = result.sizes, result.accuracy[MEMORIZING]["training_labels"]
    page.text(
        f"{DATA.get(result.data, result.data)}, {rows:,} training rows, {classes} classes; {len(memorizing)} networks "
        "of each kind. Learning: "
        f"trained on {learned:,} rows {result.descent}, with early stopping. Fully trained, the control: trained for "
        f"{result.full_epochs} epochs with Adam and a rate that decays to 0. Memorizing: trained in the same way on "
        f"randomly permuted labels, to a training accuracy of {at_least(min(memorizing), 2)}."
    )
    page.finding(memorized(result))
    page.table(
        ("network", "training labels (%)", "training rows, true labels (%)", "held-out rows (%)"),
        [
            (kind, *(mean_and_spread(100 * np.array(each), 1) for each in of.values()))
            for kind, of in result.accuracy.items()
        ],
        "Share of rows that are classified correctly, mean ± standard deviation over networks.",
    )
    caption = f"Weights and biases of a memorizing network (Fig. 6.2), at most {SHOWN} units."
    page.figure("fig_6_2_weights", figures.heatmaps.weights(result.weights), caption)
    page.metrics({"accuracy": result.accuracy, "unchanged_labels": result.unchanged_labels})


def memorized(result: Training) -> str:
    """The finding: whether permuted labels are fitted, and what is classified correctly on held-out rows."""
    rows, more, held_out, classes = result.sizes
    (learned, stopped), (full, control), (fitted, held) = (
        [np.mean(result.accuracy[kind][name]) for name in ("training_labels", "held_out")] for kind in KINDS
    )
    beyond, error = held - 1 / classes, np.sqrt((1 - 1 / classes) / classes / held_out)
    often = "as often as" if abs(beyond) <= 3 * error else "more often than" if beyond > 0 else "less often than"
    return (
        f"Memorizing networks, trained on randomly permuted labels, classify {fitted:.1%} of their {rows:,} training "
        f"rows as they were trained to, and held-out rows correctly {often} by chance ({held:.1%}). The same training "
        f"on the true labels (fully trained networks) gives {full:.1%} and {control:.1%}; training with "
        f"early stopping{f' on {more:,} rows' * (more != rows)} (learning networks) {learned:.1%} and {stopped:.1%}."
    )
