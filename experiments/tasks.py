"""Labeled images that several studies classify."""

import dataclasses

import numpy as np

from interp_jax import data

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
