"""The convolutional networks that CNN-INTE explains: half-trained, as in the paper, and trained."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.tasks import TITLES, ImageTask, image_sets
from interp_jax import networks

HALF, FULL = "half-trained", "trained"
LAYER = "relu3"  # the first dense layer, fc1 in the paper
SIZES = {
    "digits": {"channels": (16, 32), "taps": 3, "hidden": 64},
    "mnist": {"channels": (32, 64), "taps": 5, "hidden": 128},
}
# Training rows, epochs, minibatch size and rate. The paper trains on MNIST with 55,000 rows and 1,000 steps of 50; the
# unpublished rate is chosen to match its accuracy of 94%.
TRAINING = {
    ("digits", HALF): (None, 4, 25, 1e-3),
    ("digits", FULL): (None, 40, 25, 1e-3),
    ("mnist", HALF): (50_000, 1, 50, 1e-4),
    ("mnist", FULL): (55_000, 4, 50, 1e-3),
}
adam = functools.cache(optax.adam)  # networks of equal optimizers share a compilation


def task(settings) -> ImageTask:
    """The images in random order."""
    train, test = image_sets(settings.data)
    rows = np.random.default_rng(settings.seed).permutation(len(train.inputs))[:55_000]
    learned = train.inputs[rows], train.labels[rows]
    return ImageTask(TITLES[settings.data], *learned, test.inputs, test.labels, train.classes)


class Recipe(NamedTuple):
    """A network by its key, the number of its training rows (None for all), its epochs, and options of its training."""

    constructor: Callable
    rows: int | None
    epochs: int
    options: dict


def recipe(data: str, kind: str, seed: int, shape: tuple[int, ...]) -> Recipe:
    """How the network of a seed is made and trained."""

    def constructor(key):
        return networks.image_cnn(jax.random.fold_in(key, seed), shape, **SIZES[data])

    rows, epochs, minibatch_size, rate = TRAINING[data, kind]
    return Recipe(constructor, rows, epochs, {"minibatch_size": minibatch_size, "optimizer": adam(rate)})
