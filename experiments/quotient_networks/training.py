"""Networks with and without the L1 term, digits in turn and in random order (paper section 2, appendix 3)."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import RANDOM, TRAINED, UNTRAINED, WITHOUT
from experiments.sigmoid_networks import score, small_share
from experiments.study import mean_and_spread

SHOWN = {
    True: "Digits are shown in turn, one of each class after the other, or in random order",
    False: "The rows are shown in random order",
}


class Training(NamedTuple):
    """By kind, a number for each network."""

    data: str
    accuracy: bool  # else root mean square errors of prices, in points
    layers: tuple[int, ...]
    rows: tuple[int, int]  # training and held out
    passes: int
    scores: dict[str, dict[str, list[float]]]  # by kind and rows
    small: dict[str, list[float]]  # share of the weights below 0.01
    roughness: dict[str, list[float]]  # of the training error
    errors: dict[str, np.ndarray]  # [networks, stretches]


def measure(study) -> Training:
    """Scores on both sets of rows, small weights, and how much the error varies late in training."""
    task = study.task
    kinds = [TRAINED, WITHOUT, *([RANDOM] if task.features.images else []), UNTRAINED]
    rows = {"training": (task.inputs, task.targets), "held out": (task.held_inputs, task.held_targets)}
    scores = {
        kind: {name: [score(task, net(x), y) for net in study.networks(kind)] for name, (x, y) in rows.items()}
        for kind in kinds
    }
    small = {kind: [small_share(net.weights) for net in study.networks(kind)] for kind in kinds}
    errors = {kind: study.errors(kind) for kind in kinds[:-1]}
    layers = (task.inputs.shape[1], *task.hidden, task.targets.shape[1])
    rough = {kind: [roughness(each) for each in of] for kind, of in errors.items()}
    counts = len(task.inputs), len(task.held_inputs)
    return Training(task.name, task.features.images, layers, counts, task.passes, scores, small, rough, errors)


def roughness(error: np.ndarray) -> float:
    """The typical relative change between neighboring stretches in the second half of training."""
    late = np.log(np.maximum(error[len(error) // 2 :], 1e-12))
    return float(np.std(np.diff(late)))


def show(result: Training, page) -> None:
    """A table by kind."""
    page.text(
        f"Data: {result.data}, {result.rows[0]:,} training and {result.rows[1]:,} held-out rows. Sigmoid networks "
        f"{'-'.join(map(str, result.layers))} (inputs, hidden units, outputs), trained one row at a time as published, "
        f"in {result.passes} passes (the paper has {100 if result.accuracy else 500}); the kinds start from the same "
        f"weights. {SHOWN[result.accuracy]}."
    )
    page.text(in_words(result))
    rows = [
        (
            kind,
            *map(mean_and_spread, result.scores[kind].values()),
            mean_and_spread(result.small[kind]),
            mean_and_spread(result.roughness[kind]) if kind in result.roughness else None,
        )
        for kind in result.scores
    ]
    what = "accuracy" if result.accuracy else "root mean square error (points)"
    page.table(
        ("networks", f"{what}: training rows", "held-out rows", "weights below 0.01", "roughness"),
        rows,
        "Mean ± standard deviation over networks. Roughness is the standard deviation of the change of the logarithm "
        "of the training error from one hundredth of the training to the next, in its second half.",
    )
    page.metrics({"scores": result.scores, "small_weights": result.small, "roughness": result.roughness})


def in_words(result: Training) -> str:
    """What the L1 term does to the error on both sets of rows and to the weights."""
    sign = 1 if result.accuracy else -1
    better = {
        rows: sign * np.subtract(result.scores[TRAINED][rows], result.scores[WITHOUT][rows])
        for rows in ("training", "held out")
    }
    counts = {rows: int(np.sum(values > 0)) for rows, values in better.items()}
    networks, small = len(better["training"]), (np.mean(result.small[kind]) for kind in (TRAINED, WITHOUT))
    return (
        f"With the L1 term {counts['training']} of {networks} networks do better on the training rows than without it, "
        f"and {counts['held out']} on held-out rows; {next(small):.0%} of the weights are below 0.01, without it "
        f"{next(small):.0%}."
    )
