"""One number that tells a memorising network from a learning one without test data."""

import numpy as np

from experiments.memorization.memorization_study import LEARNING, MEMORISING, TO_THE_END, accuracy
from interp_jax import figures

METRIC = "cosine"


def write(study, section) -> None:
    """The number for many networks of each kind, a border from half of them, and its error on the other half."""
    count = study.task.told_apart
    section.text(
        "The number: inner-class deviation of the last hidden layer over that of the input, by cosine distance and the "
        "labels that the network was taught, on its own training rows. A network that has learnt brings rows of a "
        f"class together. {count} networks of each kind have their own starting weights and order of rows; the border "
        "lies between learning to the end and memorising in the first half of each, and is tried on the rest."
    )
    numbers = {}
    bar = study.progress.task("telling apart", 3)
    for kind in (LEARNING, TO_THE_END, MEMORISING):
        profiles = [study.profile(network, study.labels(kind), METRIC) for network in study.trained(kind, None, count)]
        numbers[kind] = np.array([float(profile.inner[-1] / profile.inner[0]) for profile in profiles])
        bar.advance(note=kind)
    bar.finish()
    half = count // 2
    border = (numbers[TO_THE_END][:half].max() + numbers[MEMORISING][:half].min()) / 2
    wrong = {
        kind: int(np.sum((values >= border) != (kind == MEMORISING)))
        for kind, values in ((kind, values[half:]) for kind, values in numbers.items())
    }
    taught = min(accuracy(n, (study.task.train[0], study.shuffled)) for n in study.trained(MEMORISING, None, count))
    section.table(
        ("networks", "least", "mean", "greatest", "on the wrong side"),
        [
            (
                kind,
                *(f"{value:.3f}" for value in (values.min(), values.mean(), values.max())),
                f"{wrong[kind]} of {count - half}",
            )
            for kind, values in numbers.items()
        ],
        f"Inner-class deviation of the last hidden layer over the input's. Border: {border:.3f}.",
        note=f"{sum(wrong.values())} of {3 * (count - half)} networks that the border was not made from are on the "
        f"wrong side of it. The memorising networks name at least {taught:.1%} of their rows as taught.",
    )
    section.figure(
        "telling_apart",
        figures.comparison.errors(
            [figures.comparison.ErrorRow(kind, values) for kind, values in numbers.items()],
            {"border": float(border)},
            x_label="inner-class deviation, last hidden layer over input",
        ),
        "Every network's number.",
    )
    section.metrics({"numbers": numbers, "border": border, "wrong": wrong, "of": count - half})
