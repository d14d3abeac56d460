"""Detection of memorizing networks without test data, by one number."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from experiments.memorization.memorization_study import FULLY_TRAINED, KINDS, MEMORIZING, accuracy
from interp_jax import figures


class Discrimination(NamedTuple):
    """Ratios of networks by kind, training accuracies of the memorizing ones, and the number of draws of rows."""

    ratios: dict[str, np.ndarray]
    memorized: list[float]
    draws: int


def measure(study) -> Discrimination:
    """The ratio of the deviations of the first hidden layer and of the input, for many networks of each kind."""
    count = study.task.discriminated
    draws = -(-count // study.config.seeds)
    ratios, memorized = {kind: [] for kind in KINDS}, []
    bar = study.progress.task("discrimination", draws)
    for number, other in enumerate(itertools.islice(study.others(), draws)):
        for kind in KINDS:
            inner = other.profiles(other.trained(kind), other.labels(kind), "cosine").inner
            ratios[kind] += list(inner[:, 1] / inner[:, 0])
        memorized += [accuracy(network, (other.task.train[0], other.shuffled)) for network in other.trained(MEMORIZING)]
        bar.advance(note=f"draw {number + 1}")
    bar.finish()
    return Discrimination({kind: np.array(each[:count]) for kind, each in ratios.items()}, memorized[:count], draws)


def show(result: Discrimination, page) -> None:
    """The ratios, and how many networks a threshold from all others misclassifies."""
    ratios, count, threshold = result.ratios, len(result.memorized), threshold_of(result.ratios)
    errors = {kind: int(np.sum(misclassified(ratios, kind))) for kind in KINDS}
    page.text(
        "The ratio of the inner-class deviation of the first hidden layer to that of the input, by cosine distance and "
        f"by the training labels, on the training rows. {count} networks of each kind, from {result.draws} independent "
        "draws of rows and permuted labels. A network is classified as memorizing if its ratio reaches a threshold "
        "half-way between the largest ratio of fully trained and the smallest ratio of memorizing networks among all "
        "other networks."
    )
    page.finding(detection(errors, count))
    page.table(
        ("networks", "minimum", "mean", "maximum", "misclassified", "upper bound (95 %)"),
        [
            (
                kind,
                *(f"{value:.3f}" for value in (each.min(), each.mean(), each.max())),
                f"{errors[kind]} of {count}",
                f"{binomtest(errors[kind], count).proportion_ci(0.95).high:.0%}",
            )
            for kind, each in ratios.items()
        ],
        "The ratio over the networks of each kind, how many of them are misclassified by the threshold from all "
        f"others, and how large that share may be in truth. Threshold from all networks: {threshold:.3f}.",
        note=f"The training accuracy of the memorizing networks is at least {min(result.memorized):.1%}.",
    )
    rows = [figures.comparison.ErrorRow(kind, each) for kind, each in ratios.items()]
    label = "inner-class deviation, first hidden layer / input"
    comparison = figures.comparison.errors(rows, {"threshold": threshold}, x_label=label)
    page.figure("discrimination", comparison, "The ratio for every network.")
    page.metrics({"ratios": ratios, "threshold": threshold, "misclassified": errors, "networks": count})


def detection(errors: dict[str, int], count: int) -> str:
    """The finding: whether the ratio identifies memorizing networks."""
    wrong, total = sum(errors.values()), len(errors) * count
    answer = "identifies" if wrong < count else "does not identify"
    return (
        f"Without test data, this distance in the first hidden layer divided by that in the input {answer} memorizing "
        f"networks: a threshold set on all other networks misclassifies {wrong or 'none'} of {total} ({count} if no "
        "network is ever called memorizing)."
    )


def threshold_of(ratios) -> float:
    """The mean of the largest ratio of fully trained and the smallest ratio of memorizing networks."""
    return float(ratios[FULLY_TRAINED].max() + ratios[MEMORIZING].min()) / 2


def misclassified(ratios, kind) -> np.ndarray:
    """Which networks of a kind the threshold from all other networks misclassifies."""
    others = (ratios | {kind: np.delete(ratios[kind], index)} for index in range(len(ratios[kind])))
    thresholds = np.array([threshold_of(each) for each in others])
    return (ratios[kind] >= thresholds) != (kind == MEMORIZING)
