"""Detection of memorizing networks without test data, by one number."""

import itertools

import numpy as np
from scipy.stats import binomtest

from experiments.memorization.memorization_study import FULLY_TRAINED, KINDS, MEMORIZING, accuracy
from interp_jax import figures

METRIC = "cosine"


def write(study, section) -> None:
    """The ratio for many networks of each kind, and its leave-one-out classification error."""
    count = study.task.discriminated
    draws = -(-count // study.config.seeds)
    section.text(
        "The ratio of the inner-class deviation of the first hidden layer to that of the input, by cosine distance and "
        "by the training labels, on the training rows. It is large for memorizing networks, because rows with the same "
        f"permuted label have nothing in common and must first be separated. {count} networks of each kind, from "
        f"{draws} independent draws of rows and permuted labels. A network is classified as memorizing if its ratio "
        "reaches a threshold half-way between the largest ratio of fully trained and the smallest ratio of memorizing "
        "networks among all other networks."
    )
    ratios, memorized = {kind: [] for kind in KINDS}, []
    bar = study.progress.task("discrimination", draws)
    for number, other in enumerate(itertools.islice(study.others(), draws)):
        for kind in KINDS:
            profiles = [other.profile(network, other.labels(kind), METRIC) for network in other.trained(kind)]
            ratios[kind] += [float(profile.inner[1] / profile.inner[0]) for profile in profiles]
        memorized += [accuracy(network, (other.task.train[0], other.shuffled)) for network in other.trained(MEMORIZING)]
        bar.advance(note=f"draw {number + 1}")
    bar.finish()
    ratios = {kind: np.array(values[:count]) for kind, values in ratios.items()}
    errors = {kind: int(np.sum(misclassified(ratios, kind))) for kind in KINDS}
    threshold = threshold_of(ratios)
    section.table(
        ("networks", "minimum", "mean", "maximum", "misclassified", "upper bound (95 %)"),
        [
            (
                kind,
                *(f"{value:.3f}" for value in (values.min(), values.mean(), values.max())),
                f"{errors[kind]} of {count}",
                f"{binomtest(errors[kind], count).proportion_ci(0.95).high:.0%}",
            )
            for kind, values in ratios.items()
        ],
        "Ratio of the inner-class deviation of the first hidden layer to that of the input. Threshold from all "
        f"networks: {threshold:.3f}.",
        note=f"{sum(errors.values())} of {3 * count} networks are misclassified by the threshold from all others. The "
        f"training accuracy of the memorizing networks is at least {min(memorized[:count]):.1%}.",
    )
    section.figure(
        "discrimination",
        figures.comparison.errors(
            [figures.comparison.ErrorRow(kind, values) for kind, values in ratios.items()],
            {"threshold": float(threshold)},
            x_label="inner-class deviation, first hidden layer / input",
        ),
        "The ratio for every network.",
    )
    section.metrics({"ratios": ratios, "threshold": threshold, "misclassified": errors, "networks": count})


def threshold_of(ratios) -> float:
    """The mean of the largest ratio of fully trained and the smallest ratio of memorizing networks."""
    return float(ratios[FULLY_TRAINED].max() + ratios[MEMORIZING].min()) / 2


def misclassified(ratios, kind) -> np.ndarray:
    """Which networks of a kind the threshold from all other networks misclassifies."""
    errors = []
    for index, ratio in enumerate(ratios[kind]):
        threshold = threshold_of(ratios | {kind: np.delete(ratios[kind], index)})
        errors.append((ratio >= threshold) != (kind == MEMORIZING))
    return np.array(errors)
