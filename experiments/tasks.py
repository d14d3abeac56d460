"""Labeled images that several studies classify."""

import dataclasses
import hashlib
from collections.abc import Callable
from functools import partial

import numpy as np
import optax

from interp_jax import data, networks

# One optimizer object for all networks of a data set, so that they share a compilation.
ADAM = {"digits": optax.adam(1e-3), "mnist": optax.adam(1e-4)}
TITLES = {"digits": "scikit-learn's digits", "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}


@dataclasses.dataclass(frozen=True)
class ImageTask:
    """Training rows and held-out rows, with their labels and the names of the classes."""

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    held_inputs: np.ndarray
    held_labels: np.ndarray
    class_names: tuple[str, ...]


def image_sets(name: str) -> tuple[data.Images, data.Images]:
    """The training and the test images of a data set."""
    return data.load(name, split="train"), data.load(name, split="test")


def fingerprint(name: str) -> str:
    """A number by which a run recognizes the pixels and labels of a data set."""
    total = hashlib.sha256()
    for images in image_sets(name):
        total.update(np.ascontiguousarray(images.inputs))
        total.update(np.ascontiguousarray(images.labels))
    return f"{name}, sha256 {total.hexdigest()[:16]}"


def digit_cnn(name: str, shape: tuple[int, ...]) -> tuple[Callable, dict]:
    """The network of Yan & Feng for MNIST, or a smaller one for digits, by its key; and the options of its training.

    Averaged weights, not in the paper, reduce the variance.
    """
    small = name == "digits"
    sizes = {"channels": (16, 32), "taps": 3, "hidden": 64, "dropout": 0.0} if small else {}
    training = {"optimizer": ADAM[name], "minibatch_size": 25 if small else 50, "average": 0.999}
    return partial(networks.image_cnn, shape=shape, **sizes), training
