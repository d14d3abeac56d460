"""The accuracy and the distance of a convolutional network whose kernels are initialized as Dirac kernels."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.accuracy import summary
from experiments.identity_layers.layers_study import scores_of, training
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
    scores = {start: scores_of(network, held) for start, network in trained.items()}
    accuracy = {start: np.asarray(layer_accuracy(each, labels)) for start, each in scores.items()}
    return Convolution(
        accuracy, {start: np.asarray(distance_to_identity(each.kernel[...])) for start, each in trained.items()}
    )


def show(result: Convolution, page) -> None:
    """Accuracy of every layer with both initializations."""
    page.text(
        "The input of the networks consists of patches, with a channel for each pixel of a patch. A Dirac kernel "
        "passes its input on unchanged, as the identity does; further channels are for the classes, and a class score "
        "is the mean of its channel over the positions. Kernels are 3 × 3."
    )
    page.finding(of_convolutions(result))
    moved = ", ".join(f"{result.distance[start].mean():.0%} ({name})" for start, name in STARTS.items())
    curves = {name: result.accuracy[start] for start, name in STARTS.items()}
    page.figure(
        "accuracy_of_convolutions",
        figures.through_layers.shares(curves, "accuracy on held-out rows"),
        "Accuracy of every layer of two convolutional networks by the initialization of their kernels. The mean "
        f"distance of the kernels from the identity after training is {moved}.",
    )
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
    task, config = study.task, study.config
    options = {"depth": config.conv_depth, "patch": PATCH.get(study.shape[0], 1), "start": start}

    def make(key):
        return networks.IdentityCNN(key, study.shape, len(task.class_names), **options)

    rows = task.inputs.reshape(-1, *study.shape), task.labels
    recipe = training(config.minibatch_size, config.conv_epochs, config.conv_rate, len(task.labels))
    return study.fitted(f"convolutional {start}", make, rows, seeds=None, **recipe).network
