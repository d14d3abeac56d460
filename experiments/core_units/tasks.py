"""The images, the network and its training."""

import dataclasses
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np
import optax

from experiments.tasks import TITLES, ImageTask, image_sets
from interp_jax import data, networks


@dataclasses.dataclass(frozen=True)
class Task(ImageTask):
    """Labeled images, the network, and its training."""

    network: Callable  # key -> Chain
    kernels: dict[str, str]  # by gated layer, the next stage with weights
    lifts: dict[str, bool]  # by gated layer, whether this stage follows directly
    epochs: int
    training: dict
    augmented: np.ndarray | None = None  # training images before augmentation, where they differ from the inputs
    pictures: tuple[np.ndarray, np.ndarray] | None = None  # images for figures, where they differ from the inputs

    @property
    def shown(self) -> np.ndarray:
        """The training rows as images with values from 0 to 1."""
        return self.inputs if self.pictures is None else self.pictures[0]

    @property
    def shown_held(self) -> np.ndarray:
        """The held-out rows as images with values from 0 to 1."""
        return self.held_inputs if self.pictures is None else self.pictures[1]

    @property
    def learned(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows and labels that the network is trained on."""
        return (self.inputs if self.augmented is None else self.augmented), self.labels


def task(settings) -> Task:
    """The task of the settings."""
    made = _cifar(settings) if settings.data == "cifar10" else _pictures(settings)
    for name in ("classes", "joint_classes"):
        if max(getattr(settings, name), default=0) >= len(made.class_names):
            raise ValueError(f"{name}: found {getattr(settings, name)}, wanted numbers below {len(made.class_names)}")
    return dataclasses.replace(made, epochs=settings.epochs) if settings.epochs is not None else made


def _pictures(settings):
    train, test = image_sets(settings.data)
    small = settings.data == "digits"
    sizes = {"channels": (16, 32), "taps": 3, "hidden": 64, "dropout": 0.0} if small else {}
    rate, batch, epochs = (1e-3, 25, 40) if small else (1e-4, 50, 17)
    return Task(
        name=TITLES[settings.data],
        inputs=train.inputs,
        labels=train.labels,
        held_inputs=test.inputs,
        held_labels=test.labels,
        class_names=train.classes,
        network=partial(networks.image_cnn, shape=train.inputs.shape[1:], **sizes),
        kernels={"max1": "conv2", "max2": "dense1"},
        lifts={"max1": True, "max2": True},
        # 17 epochs of 1,200 steps, the paper's 20,000. Averaged weights, not in the paper, reduce the variance.
        epochs=epochs,
        training={"optimizer": _adam(rate), "minibatch_size": batch, "average": 0.999},
    )


def _cifar(settings):
    train, test = image_sets("cifar10")
    steps = len(train.inputs) // 128
    epochs = settings.epochs or (-(-100_000 // steps) if settings.preset == "paper" else 60)
    return Task(
        name=TITLES["cifar10"],
        inputs=np.asarray(data.center_crop(train.inputs)),
        labels=train.labels,
        held_inputs=np.asarray(data.center_crop(test.inputs)),
        held_labels=test.labels,
        class_names=train.classes,
        network=networks.cifar_cnn,
        kernels={"max1": "conv2", "max2": "dense1"},
        lifts={"max1": False, "max2": True},
        epochs=epochs,
        training={
            "optimizer": _as_published() if settings.preset == "paper" else _in_fewer_steps(),
            "minibatch_size": 128,
            "augment": data.augment_images,
            "average": 0.9999 if settings.preset == "paper" else 0.999,
            "evaluation_batch_size": 500,
        },
        augmented=train.inputs,
        pictures=tuple(images.inputs[:, 4:-4, 4:-4] for images in (train, test)),
    )


# One optimizer object for all calls with the same numbers, so that they share a compilation.
@cache
def _adam(rate):
    return optax.adam(rate)


@cache
def _as_published():
    return optax.chain(_decayed(), optax.sgd(0.1))


@cache
def _in_fewer_steps():
    """An optimizer for fewer steps; with momentum a rate of 0.02 corresponds to 0.2. The rate stays constant after the
    warm-up, since the cores of the second layer were larger with a rate that decayed to zero.
    """
    rate = optax.linear_schedule(0.0, 0.02, 1_000)
    return optax.chain(_decayed(), optax.sgd(rate, momentum=0.9, nesterov=True))


def _decayed():
    """Weight decay of 0.004 on the two hidden dense layers."""

    def hidden(parameters):
        def is_hidden(path, _):
            names = jax.tree_util.keystr(path)
            return "kernel" in names and ("dense1" in names or "dense2" in names)

        return jax.tree_util.tree_map_with_path(is_hidden, parameters)

    return optax.add_decayed_weights(0.004, mask=hidden)
