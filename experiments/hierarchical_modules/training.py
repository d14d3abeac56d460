"""The performance of the networks on their task."""

from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import BATCH, CONTROLS, KINDS, SHUFFLED, TRAINED
from experiments.study import mean_and_spread
from interp_jax import figures, networks

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
    curves: dict[str, np.ndarray]  # by kind, [intervals, networks] of sigmoid units
    small_weights: list[float]  # share of the weights of each trained network of sigmoid units
    passes: int  # over the training rows


def measure(study) -> Training:
    """Scores on the training rows and on the held-out rows."""
    task, config, scores = study.task, study.config, {}
    rows = {"training": (task.inputs, task.targets), "held out": (task.held_inputs, task.held_targets)}
    for kind, of in study.networks.items():
        scores[kind] = {
            name: [_score(task, networks.apply(network, inputs, batch_size=BATCH), targets) for network in of]
            for name, (inputs, targets) in rows.items()
        }
    curves, small, baselines = {}, [], {} if task.features.images else _baselines(task)
    if config.network == "lnn":
        curves = {kind: np.stack([x.error for x in study.trainings[kind]], axis=1) for kind in (TRAINED, SHUFFLED)}
        weights = [np.concatenate(network.weights, axis=None) for network in study.networks[TRAINED]]
        small = [float(np.mean(np.abs(each) < 0.01)) for each in weights]
    layers, counts = [task.inputs[0].size, *task.hidden, task.targets.shape[1]], [len(x) for x, _ in rows.values()]
    score = "accuracy" if task.features.images else "root mean square error"
    data = task.name, config.network, layers, tuple(counts)
    return Training(*data, score, scores, baselines, curves, small, task.passes)


def _score(task, outputs, targets):
    if task.features.images:
        return float(np.mean(np.argmax(outputs, axis=1) == np.argmax(targets, axis=1)))
    return _error(task.scaled_targets.invert(outputs) - task.scaled_targets.invert(targets))


def _error(differences):
    return float(np.sqrt(np.mean(differences**2)))


def _baselines(task):
    prices, held = task.scaled_targets.invert(np.concatenate([task.targets, task.held_targets])), len(task.held_targets)
    changes = {name: prices[months:] - prices[:-months] for name, months in BASELINES.items()}
    return {name: [_error(x[:-held]), _error(x[-held:])] for name, x in changes.items() if len(task.targets) > 12}


def show(result: Training, page) -> None:
    """A table of scores, and curves of the online training."""
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
    page.table(header, rows, f"{result.score.capitalize()}, {over}.", note=better(result))
    metrics = {"score": result.score, "rows": result.rows[0], "networks": dict(result.scores)}
    if result.curves:
        steps = np.linspace(0, result.passes * result.rows[0], 1 + len(result.curves[TRAINED]))[1:]
        curves = figures.curves.against(steps, result.curves, "training steps", "squared error", log_y=True)
        small = f"{np.mean(result.small_weights):.0%} of the weights are below 0.01 in magnitude after training"
        page.figure(
            "training", curves, f"Online training on true or shuffled targets: error for these, {over}; {small}."
        )
        metrics["networks"]["share_of_weights_below_0.01"] = result.small_weights
    page.metrics(metrics)


def better(result: Training) -> str:
    """How many trained networks do better on held-out rows than every control."""
    sign = 1 if result.score == "accuracy" else -1
    held_out = {kind: sign * np.array(result.scores[kind]["held out"]) for kind in KINDS}
    count, of = int(np.sum(held_out[TRAINED] > max(held_out[kind].max() for kind in CONTROLS))), len(held_out[TRAINED])
    which = "Every trained network does" if count == of else f"{count} of {of} trained networks do"
    return f"{which} better on held-out rows than all controls."
