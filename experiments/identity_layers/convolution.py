"""The accuracy and the distance of a convolutional network whose kernels are initialized as Dirac kernels."""

from functools import partial
from typing import NamedTuple

import numpy as np

from experiments.identity_layers.accuracy import summary
from experiments.identity_networks import scores_of, training
from interp_jax import figures, networks
from interp_jax.methods.identity import distance_to_identity, layer_accuracy

PATCH = {8: 2, 28: 4}
STARTS = {"identity": "Dirac", "glorot": "Glorot"}


class Convolution(NamedTuple):
    """By initialization, accuracy and distance of every layer."""

    accuracy: dict[str, np.ndarray]
    distance: dict[str, np.ndarray]


def measure(study) -> Convolution:
    """One network with Dirac and one with random initialization."""
    held, labels = study.task.held_inputs.reshape(-1, *study.shape), study.task.held_labels
    trained = {start: _network(study, start) for start in STARTS}
    return Convolution(
        {start: layer_accuracy(scores_of(network, held), labels) for start, network in trained.items()},
        {start: distance_to_identity(network.kernel[...]) for start, network in trained.items()},
    )


def show(result: Convolution, page) -> None:
    """Accuracy of every layer with both initializations."""
    page.text(
        "The input consists of patches, with a channel for each pixel of a patch. A Dirac kernel (3 × 3) passes its "
        "input on unchanged; further channels are for the classes, and a class score is the mean of its channel."
    )
    page.finding(of_convolutions(result))
    curves = {name: result.accuracy[start] for start, name in STARTS.items()}
    figure = figures.through_layers.shares(curves, "accuracy on held-out rows")
    page.figure("accuracy_of_convolutions", figure, "Accuracy of every layer by the initialization of the kernels.")
    page.metrics(result._asdict())


def of_convolutions(result: Convolution) -> str:
    """The finding: whether early layers of a convolutional network predict the class, and how far its kernels move."""
    dirac, glorot = (summary(result.accuracy[start]) for start in STARTS)
    moved, random = (result.distance[start].mean() for start in STARTS)
    better = "better than" if dirac["half_best"] > glorot["half_best"] else "no better than"
    return (
        f"In a convolutional network that starts at the identity early layers predict the class {better} from random "
        f"weights: the best of the first half classifies {dirac['half_best']:.1%} (random: {glorot['half_best']:.1%}), "
        f"the last {dirac['last']:.1%} ({glorot['last']:.1%}). Kernels end at a mean distance of {moved:.0%} from the "
        f"identity (random: {random:.0%})."
    )


def _network(study, start):
    task, config, shape = study.task, study.config, study.shape
    options = {"depth": config.conv_depth, "patch": PATCH[shape[0]], "start": start}
    make = partial(networks.IdentityCNN, shape=shape, classes=len(task.class_names), **options)
    recipe = training(config.minibatch_size, config.conv_epochs, config.conv_rate, len(task.labels))
    rows = task.inputs.reshape(-1, *shape), task.labels
    return study.fitted(f"convolutional {start}", make, rows, seeds=None, **recipe).network
