"""The networks whose units are gated: their accuracy on the rows of each part."""

from typing import NamedTuple

import numpy as np

from experiments.study import mean_and_spread


class Accuracy(NamedTuple):
    """Accuracy by part, [networks], and numbers of images."""

    accuracy: dict[str, np.ndarray]
    images: dict[str, int]


def measure(study) -> Accuracy:
    """The accuracy of every network on the rows that trained it, on calibration and on test rows."""
    accuracy, images = {}, {}
    for seed in range(study.config.seeds):
        parts = study.parts(seed, study.config.layers[0])
        for name, (_, labels) in study.rows(seed).items():
            accuracy.setdefault(name, []).append(float(np.mean(parts[name].predictions == labels)))
            images[name] = len(labels)
    return Accuracy({name: np.array(values) for name, values in accuracy.items()}, images)


def show(result: Accuracy, page) -> None:
    """A table."""
    use = {"search": "training, and search for units", "calibration": "certificates", "test": "checks alone"}
    rows = [
        (use[name], f"{result.images[name]:,}", f"{mean_and_spread(100 * values, 2)}%")
        for name, values in result.accuracy.items()
    ]
    page.table(("images for", "number", "accuracy"), rows, "Three kinds of images, drawn anew for every network.")
    page.metrics({"accuracy": result.accuracy, "images": result.images})
