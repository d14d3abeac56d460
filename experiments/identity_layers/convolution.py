"""The same analysis of a convolutional network whose kernels are initialized as Dirac kernels."""

from functools import partial

import jax
import numpy as np

from experiments.identity_layers.accuracy import summary
from experiments.identity_layers.layers_study import adam
from experiments.identity_layers.maps import first_correct
from experiments.study import in_batches, mean_and_spread
from interp_jax import figures, networks
from interp_jax.methods import identity

PATCH = {8: 2, 28: 4}
STARTS = {"identity": "Dirac", "glorot": "Glorot"}


def write(study, section) -> None:
    """Accuracy of every layer with Dirac and with random initialization, and the maps of some images."""
    task, config = study.task, study.config
    trained = {start: _network(study, start) for start in STARTS}
    scores = {start: _scores(network, _images(task, task.held_inputs)) for start, network in trained.items()}
    accuracies = {start: np.asarray(identity.layer_accuracy(each, task.held_labels)) for start, each in scores.items()}
    distance = {start: np.asarray(identity.distance_to_identity(net.kernel[...])) for start, net in trained.items()}
    network = trained["identity"]
    section.text(
        f"{config.conv_depth} convolutions of 3 × 3, initialized as the identity. The input consists of patches of "
        f"{network.patch} × {network.patch} pixels, {network.kernel.shape[-1] - network.classes} channels. Every "
        "position has a further channel for each class, whose mean over the positions is the class score. One network "
        f"for each initialization, {config.conv_epochs} epochs with Adam, peak learning rate {config.conv_rate:g}."
    )
    section.table(
        ("initialization", "first layer (%)", "best of first half (%)", "last (%)", "mean distance from Dirac kernel"),
        [
            (
                name,
                *(
                    mean_and_spread(100 * summary(accuracies[start][:, None])[part], 1)
                    for part in ("first", "half_best", "last")
                ),
                f"{distance[start].mean():.3f}",
            )
            for start, name in STARTS.items()
        ],
        "Accuracy on held-out rows, and ‖W − I‖ / ‖I‖, mean over the layers.",
        note="These kernels move farther from their initial values than the weights of the perceptrons."
        if distance["identity"].mean() > 0.2
        else None,
    )
    section.figure(
        "accuracy_of_convolutions",
        figures.through_layers.shares(
            {name: accuracies[start] for start, name in STARTS.items()},
            "accuracy on held-out rows",
            references={"chance": 1 / len(task.class_names)},
        ),
        "Accuracy of every layer of the convolutional networks.",
    )
    rows = first_correct(scores["identity"][-1], task.held_labels)[::2]
    inputs = task.held_inputs[rows]
    read = identity.contributions(inputs, network.layers(_images(task, inputs)))
    shown = np.unique(np.linspace(0, config.conv_depth - 1, 6).round().astype(int))
    section.figure(
        "maps_of_convolutions",
        figures.through_layers.signed_maps(
            inputs.reshape(-1, *task.shape),
            np.moveaxis(np.asarray(read.maps)[shown], 0, 1).reshape(len(rows), len(shown), *task.shape),
            [f"layer {layer + 1}" if not index else layer + 1 for index, layer in enumerate(shown)],
            [task.class_names[label] for label in task.held_labels[rows]],
            label="contribution",
        ),
        "Contribution maps of the network with Dirac initialization. A map preserves the positions of patches; within "
        "a patch the pixels are channels, which the network can mix.",
    )
    section.metrics({"accuracy": accuracies, "distance": distance})


def _network(study, start):
    task, config = study.task, study.config
    make = partial(
        networks.IdentityCNN,
        shape=(*task.shape, 1),
        classes=len(task.class_names),
        depth=config.conv_depth,
        patch=PATCH.get(task.shape[0], 1),
        start=start,
    )
    steps = config.conv_epochs * (len(task.labels) // config.minibatch_size)
    return study.fitted(
        f"convolutional {start}",
        make,
        (_images(task, task.inputs), task.labels),
        seeds=None,
        epochs=config.conv_epochs,
        minibatch_size=config.minibatch_size,
        optimizer=adam(config.conv_rate, steps),
    ).network


def _images(task, rows):
    return rows.reshape(-1, *task.shape, 1)


def _scores(network, images):
    return in_batches(_read, network, images, axis=1)


@jax.jit
def _read(network, images):
    return network.layers(images)[..., -network.classes :]
