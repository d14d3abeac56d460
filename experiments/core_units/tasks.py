"""What is classified, by which network, and how that is trained."""

import dataclasses
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np
import optax

from interp_jax import data, networks


@dataclasses.dataclass(frozen=True)
class Task:
    """Images to learn and images held out, the network, and how it is trained."""

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    held_inputs: np.ndarray
    held_labels: np.ndarray
    class_names: tuple[str, ...]
    network: Callable  # key -> Chain
    kernels: dict[str, str]  # by gated layer, the stage whose weights come next
    lifts: dict[str, bool]  # by gated layer, whether that stage follows at once
    epochs: int
    training: dict
    augmented: np.ndarray | None = None  # images that training starts from, where it varies them
    pictures: tuple[np.ndarray, np.ndarray] | None = None  # images to look at, where those shown to the network are not

    @property
    def shown(self) -> np.ndarray:
        """The rows as pictures, values in 0…1."""
        return self.inputs if self.pictures is None else self.pictures[0]

    @property
    def shown_held(self) -> np.ndarray:
        """The rows held out as pictures."""
        return self.held_inputs if self.pictures is None else self.pictures[1]

    @property
    def learned(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows that are learned from, as training takes them."""
        return (self.inputs if self.augmented is None else self.augmented), self.labels


def task(settings) -> Task:
    """The task that the settings name."""
    made = _cifar(settings) if settings.data == "cifar10" else _pictures(settings)
    for name in ("classes", "joint_classes"):
        if max(getattr(settings, name), default=0) >= len(made.class_names):
            raise ValueError(f"{name}: found {getattr(settings, name)}, wanted numbers below {len(made.class_names)}")
    return dataclasses.replace(made, epochs=settings.epochs) if settings.epochs is not None else made


def _pictures(settings):
    train, test = (data.load(settings.data, split=split) for split in ("train", "test"))
    small = settings.data == "digits"
    sizes = {"channels": (16, 32), "taps": 3, "hidden": 64, "dropout": 0.0} if small else {}
    rate, batch, epochs = (1e-3, 25, 40) if small else (1e-4, 50, 17)
    return Task(
        name="scikit-learn's digits" if small else "MNIST",
        inputs=train.inputs,
        labels=train.labels,
        held_inputs=test.inputs,
        held_labels=test.labels,
        class_names=train.classes,
        network=partial(networks.image_cnn, shape=train.inputs.shape[1:], **sizes),
        kernels={"max1": "conv2", "max2": "dense1"},
        lifts={"max1": True, "max2": True},
        # 17 epochs of 1,200 steps: the paper's 20,000. It does not average weights; that steadies the last digit.
        epochs=epochs,
        training={"optimizer": _adam(rate), "batch_size": batch, "average": 0.999},
    )


def _cifar(settings):
    train, test = (data.load("cifar10", split=split) for split in ("train", "test"))
    steps = len(train.inputs) // 128
    epochs = settings.epochs or (-(-100_000 // steps) if settings.preset == "paper" else 60)
    return Task(
        name="CIFAR-10",
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
            "batch_size": 128,
            "augment": data.augment_images,
            "average": 0.9999 if settings.preset == "paper" else 0.999,
            "evaluation_batch_size": 500,
        },
        augmented=train.inputs,
        pictures=tuple(images.inputs[:, 4:-4, 4:-4] for images in (train, test)),
    )


# One optimizer for all calls of the same numbers: another object means another compilation.
@cache
def _adam(rate):
    return optax.adam(rate)


@cache
def _as_published():
    return optax.chain(_decayed(), optax.sgd(0.1))


@cache
def _in_fewer_steps():
    """Momentum makes a step of 0.02 worth one of 0.2. The rate stays high to the end: with one that fell to zero the
    cores of the second layer were larger.
    """
    rate = optax.linear_schedule(0.0, 0.02, 1_000)
    return optax.chain(_decayed(), optax.sgd(rate, momentum=0.9, nesterov=True))


def _decayed():
    """The gradient of 0.004 times half the squared weights of the two hidden dense layers."""

    def hidden(parameters):
        def is_hidden(path, _):
            names = jax.tree_util.keystr(path)
            return "kernel" in names and ("dense1" in names or "dense2" in names)

        return jax.tree_util.tree_map_with_path(is_hidden, parameters)

    return optax.add_decayed_weights(0.004, mask=hidden)
