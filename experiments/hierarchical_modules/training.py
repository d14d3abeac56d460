"""The performance of the networks on their task."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import BATCH, CONTROLS, KINDS, TRAINED
from experiments.sigmoid_networks import score, small_share
from experiments.study import mean_and_spread
from interp_jax import networks

NETWORKS = {
    "lnn": "sigmoid units throughout, trained online with an L1 penalty as in the paper",
    "mlp": "a perceptron with ReLU",
    "cnn": "convolutions with pooling, with channels as hidden units",
}
BASELINES = {"the price a month before": 1, "the price twelve months before": 12}  # forecasts without a network


class Training(NamedTuple):
    """The data, the networks, and their scores: accuracies, or root mean square errors of prices."""

    data: str
    network: str
    layers: list[int]  # sizes from the inputs to the outputs
    rows: tuple[int, int]  # training and held out
    score: str
    scores: dict[str, dict[str, list[float]]]  # by kind and rows, of each network
    baselines: dict[str, list[float]]  # errors on both sets of rows
    small_weights: Sequence[float] = ()  # share of the weights below 0.01 of each trained network of sigmoid units


def measure(study) -> Training:
    """Scores on the training rows and on the held-out rows."""
    task, images = study.task, study.task.features.images
    rows = {"training": (task.inputs, task.targets), "held out": (task.held_inputs, task.held_targets)}
    every = study.networks.items()
    scores = {
        kind: {name: [_score(task, net, *each) for net in of] for name, each in rows.items()} for kind, of in every
    }
    layers, counts = [task.inputs[0].size, *task.hidden, task.targets.shape[1]], [len(x) for x, _ in rows.values()]
    about = task.name, study.config.network, layers, tuple(counts), "accuracy" if images else "root mean square error"
    small = [small_share(network.weights) for network in study.networks[TRAINED] if study.config.network == "lnn"]
    return Training(*about, scores, {} if images else _baselines(task), small)


def _score(task, network, inputs, targets):
    return score(task, networks.apply(network, inputs, batch_size=BATCH), targets)


def _error(differences):
    return float(np.sqrt(np.mean(differences**2)))


def _baselines(task):
    prices, held = task.scaled_targets.invert(np.concatenate([task.targets, task.held_targets])), len(task.held_targets)
    changes = {name: prices[months:] - prices[:-months] for name, months in BASELINES.items()}
    return {name: [_error(x[:-held]), _error(x[-held:])] for name, x in changes.items() if len(task.targets) > 12}


def show(result: Training, page) -> None:
    """A table of scores."""
    training, held_out = (f"{rows:,}" for rows in result.rows)
    page.text(
        f"Data: {result.data}, {training} training and {held_out} held-out rows. Networks: {NETWORKS[result.network]}, "
        f"{'-'.join(map(str, result.layers))} (inputs, hidden layers, outputs). Networks trained on shuffled targets "
        "can at most memorize them, and untrained ones have learned nothing: what holds for these too is not due to "
        "learning. All are scored by the true targets."
    )
    rows = [(kind, *map(mean_and_spread, of.values())) for kind, of in result.scores.items()]
    rows += [(name, *(f"{error:.3f}" for error in errors)) for name, errors in result.baselines.items()]
    header = "network", f"{training} training rows", f"{held_out} held-out rows"
    over = f"mean ± standard deviation over {len(result.scores[TRAINED]['training'])} networks"
    page.table(header, rows, f"{result.score.capitalize()}, {over}.", note="" if result.baselines else better(result))
    if result.baselines:
        page.finding(better(result))
    page.metrics({"score": result.score, "networks": result.scores, "small_weights": result.small_weights})


def better(result: Training) -> str:
    """How many trained networks do better on held-out rows than every control, and than the best other forecast."""
    sign = 1 if result.score == "accuracy" else -1
    held_out = {kind: sign * np.array(result.scores[kind]["held out"]) for kind in KINDS}
    count, of = int(np.sum(held_out[TRAINED] > max(held_out[kind].max() for kind in CONTROLS))), len(held_out[TRAINED])
    which = "Every trained network does" if count == of else f"{count} of {of} trained networks do"
    words = f"{which} better on held-out rows than all controls"
    if result.baselines:
        name, error = min(((name, errors[1]) for name, errors in result.baselines.items()), key=lambda each: each[1])
        own = -held_out[TRAINED]
        words += f"; {np.sum(own < error)} of {of} do better than {name} ({error:.1f} against {own.mean():.1f})"
    return f"{words}."
