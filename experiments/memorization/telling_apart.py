"""One number that tells a memorizing network from a learning one without test data."""

import itertools

import numpy as np
from scipy.stats import binomtest

from experiments.memorization.memorization_study import KINDS, MEMORIZING, TO_THE_END, accuracy
from interp_jax import figures

METRIC = "cosine"


def write(study, section) -> None:
    """The number for many networks of each kind, and its error with a border from all networks but one."""
    count = study.task.told_apart
    draws = -(-count // study.config.seeds)
    section.text(
        "The number: inner-class deviation of the first hidden layer over that of the input, by cosine distance and "
        "the labels that the network was taught, on its own training rows. To name alike what has nothing in common, a "
        f"network must first take all apart. {count} networks of each kind, of {draws} draws of rows and of labels "
        "dealt out. The border lies between learning to the end and memorizing, half-way between the nearest two, and "
        "is made for each network from all the others."
    )
    numbers, taught = {kind: [] for kind in KINDS}, []
    bar = study.progress.task("telling apart", draws)
    for number, other in enumerate(itertools.islice(study.others(), draws)):
        for kind in KINDS:
            profiles = [other.profile(network, other.labels(kind), METRIC) for network in other.trained(kind)]
            numbers[kind] += [float(profile.inner[1] / profile.inner[0]) for profile in profiles]
        taught += [accuracy(network, (other.task.train[0], other.shuffled)) for network in other.trained(MEMORIZING)]
        bar.advance(note=f"draw {number + 1}")
    bar.finish()
    numbers = {kind: np.array(values[:count]) for kind, values in numbers.items()}
    wrong = {kind: int(np.sum(wrongly_told(numbers, kind))) for kind in KINDS}
    border = border_of(numbers)
    section.table(
        ("networks", "least", "mean", "greatest", "on the wrong side", "at most (95 %)"),
        [
            (
                kind,
                *(f"{value:.3f}" for value in (values.min(), values.mean(), values.max())),
                f"{wrong[kind]} of {count}",
                f"{binomtest(wrong[kind], count).proportion_ci(0.95).high:.0%}",
            )
            for kind, values in numbers.items()
        ],
        f"Inner-class deviation of the first hidden layer over the input's. Border from all networks: {border:.3f}.",
        note=f"{sum(wrong.values())} of {3 * count} networks are on the wrong side of the border that the others make. "
        f"The memorizing networks name at least {min(taught[:count]):.1%} of their rows as taught.",
    )
    section.figure(
        "telling_apart",
        figures.comparison.errors(
            [figures.comparison.ErrorRow(kind, values) for kind, values in numbers.items()],
            {"border": float(border)},
            x_label="inner-class deviation, first hidden layer over input",
        ),
        "Every network's number.",
    )
    section.metrics({"numbers": numbers, "border": border, "wrong": wrong, "of": count})


def border_of(numbers) -> float:
    """Half-way between the greatest of learning to the end and the least of memorizing."""
    return float(numbers[TO_THE_END].max() + numbers[MEMORIZING].min()) / 2


def wrongly_told(numbers, kind) -> np.ndarray:
    """Which networks of a kind are on the wrong side of the border that all the others make."""
    wrong = []
    for index, value in enumerate(numbers[kind]):
        border = border_of(numbers | {kind: np.delete(numbers[kind], index)})
        wrong.append((value >= border) != (kind == MEMORIZING))
    return np.array(wrong)
