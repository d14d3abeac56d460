"""The images that are learned."""

import dataclasses

import numpy as np

from interp_jax import data

NAMES = {"digits": "scikit-learn's digits", "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


@dataclasses.dataclass(frozen=True)
class Task:
    """Rows [rows, pixels] to learn and held out, with their labels and the images' shape."""

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    held_inputs: np.ndarray
    held_labels: np.ndarray
    shape: tuple[int, int]
    class_names: tuple[str, ...]


def task(settings) -> Task:
    """The task that the settings name; training rows in an order of the seed's."""
    train, test = (data.load(settings.data, split=split) for split in ("train", "test"))
    order = np.random.default_rng(settings.seed).permutation(len(train.labels))
    flat, held = (images.inputs.reshape(len(images.inputs), -1) for images in (train, test))
    return Task(
        NAMES[settings.data],
        flat[order],
        train.labels[order],
        held,
        test.labels,
        train.inputs.shape[1:3],
        train.classes,
    )
