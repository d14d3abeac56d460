"""The same analysis of a convolutional network whose kernels are initialized as Dirac kernels."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.accuracy import summary
from experiments.identity_layers.layers_study import scores_of
from experiments.identity_layers.maps import Images, choose, of_network
from interp_jax import figures, networks
from interp_jax.methods.identity import Contributions as Contributions  # which stored images have
from interp_jax.methods.identity import distance_to_identity, layer_accuracy

PATCH = {8: 2, 28: 4}
STARTS = {"identity": "Dirac", "glorot": "Glorot"}


class Convolution(NamedTuple):
    """By initialization, accuracy and distance of every layer; images in the network with Dirac kernels."""

    accuracy: dict[str, np.ndarray]
    distance: dict[str, np.ndarray]
    images: Images


def measure(study) -> Convolution:
    """One network with Dirac and one with random initialization."""
    held, labels = study.task.held_inputs.reshape(-1, *study.shape), study.task.held_labels
    trained = {start: _network(study, start) for start in STARTS}
    scores = {start: scores_of(network, held) for start, network in trained.items()}
    return Convolution(
        {start: np.asarray(layer_accuracy(each, labels)) for start, each in scores.items()},
        {start: np.asarray(distance_to_identity(network.kernel[...])) for start, network in trained.items()},
        of_network(study, trained["identity"], choose(scores["identity"], labels), study.shape),
    )


def show(result: Convolution, page) -> None:
    """Accuracy of every layer with both initializations, and the maps of some images."""
    page.text(
        "Convolutions of 3 × 3, initialized as the identity. The input consists of patches, with a channel for each "
        "pixel of a patch. Every position has a further channel for each class, whose mean over the positions is the "
        "class score. One network for each initialization."
    )
    page.finding(of_convolutions(result))
    curves = {name: result.accuracy[start] for start, name in STARTS.items()}
    chance = {"chance": 1 / len(result.images.class_names)}
    page.figure(
        "accuracy_of_convolutions",
        figures.through_layers.shares(curves, "accuracy on held-out rows", references=chance),
        "Accuracy of every layer of the convolutional networks.",
    )
    page.figure(
        "maps_of_convolutions",
        result.images.picture(),
        f"Dirac initialization. From the top: {', '.join(result.images.kinds)} images. A map preserves the positions "
        "of patches; within a patch the pixels are channels, which the network can mix.",
    )
    page.metrics({"accuracy": result.accuracy, "distance": result.distance})


def of_convolutions(result: Convolution) -> str:
    """The finding: whether early layers of a convolutional network predict the class, and how far its kernels move."""
    dirac, glorot = (summary(result.accuracy[start]) for start in STARTS)
    moved, random = (result.distance[start].mean() for start in STARTS)
    better = "better than" if dirac["half_best"] > glorot["half_best"] else "no better than"
    return (
        f"Early layers of a convolutional network that starts at the identity predict the class {better} those of a "
        f"random one: the best of its first half classifies {dirac['half_best']:.1%} (random: "
        f"{glorot['half_best']:.1%}), the last layer {dirac['last']:.1%} ({glorot['last']:.1%}). Its kernels end at a "
        f"mean distance of {moved:.0%} from the identity, random ones at {random:.0%}."
    )


def _network(study, start):
    task, config = study.task, study.config
    options = {"depth": config.conv_depth, "patch": PATCH.get(study.shape[0], 1), "start": start}

    def make(key):
        return networks.IdentityCNN(key, study.shape, len(task.class_names), **options)

    rows = task.inputs.reshape(-1, *study.shape), task.labels
    training = study.training(config.conv_epochs, config.conv_rate)
    return study.fitted(f"convolutional {start}", make, rows, seeds=None, **training).network
