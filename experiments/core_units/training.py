"""The network whose units are gated: its accuracy and its cost."""

from typing import NamedTuple

import numpy as np

from experiments import published_cores as published
from interp_jax import networks


class Training(NamedTuple):
    """The share of rows that the network classifies correctly, the paper's, and the network's cost."""

    data: str
    rows: dict[str, int]
    accuracy: dict[str, float]
    published: float | None
    parameters: int
    flops: float


def measure(study) -> Training:
    """The accuracy of the network on training and held-out rows."""
    task, note = study.task, study.config.data_note
    labels = {"learned": task.labels, "held out": task.held_labels}
    predictions = dict(zip(labels, study.predictions, strict=True))
    accuracy = {name: float(np.mean(predictions[name] == of)) for name, of in labels.items()}
    paper, cost = published.ACCURACY.get(study.config.data), networks.cost(study.network, task.held_inputs[:500])
    rows, name = {name: len(of) for name, of in labels.items()}, f"{task.name} ({note})" if note else task.name
    return Training(name, rows, accuracy, paper, cost.parameters, cost.flops)


def show(result: Training, page) -> None:
    """The network in a few sentences."""
    paper = "" if result.published is None else f" (paper: {result.published:.1%})"
    page.text(
        f"The network has {result.parameters:,} parameters, takes {result.flops / 1e6:.1f} million floating-point "
        f"operations per image, and is trained on {result.rows['learned']:,} images of {result.data}. It classifies "
        f"{result.accuracy['learned']:.2%} of them correctly, and {result.accuracy['held out']:.2%} of "
        f"{result.rows['held out']:,} held-out images{paper}. The other sections explain its decisions, correct or "
        "not, and use no labels. Units are the feature maps of max1, the first max-pooling, and max2, the second."
    )
    page.metrics({"accuracy": result.accuracy, "parameters": result.parameters, "flops": result.flops})
