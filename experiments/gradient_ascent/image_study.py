"""The networks on which images are maximized."""

import dataclasses
from functools import cached_property

import jax
import numpy as np
import optax

from experiments.gradient_ascent.ascent_study import random_start
from experiments.study import Study, in_batches, probabilities
from experiments.tasks import TITLES, image_sets
from interp_jax import data, networks

RATE = 1e-3
# One optimizer object for all calls, so that they share a compilation.
OPTIMIZER = optax.adam(RATE)


@dataclasses.dataclass(frozen=True)
class ImageSets:
    """Training and test images, and the sizes of the network."""

    name: str
    train: data.Images
    test: data.Images
    sizes: dict


def task(settings) -> ImageSets:
    """The task of the settings."""
    train, test = image_sets(settings.data)
    small = settings.data == "digits"
    sizes = {"channels": (16, 32), "taps": 3, "hidden": 64} if small else {"channels": (8, 16), "hidden": 128}
    return ImageSets(TITLES[settings.data], train, test, sizes)


@dataclasses.dataclass(kw_only=True)
class ImageStudy(Study):
    """The study of images: images are maximized on one network and classified by a second."""

    task: ImageSets

    @cached_property
    def pair(self) -> tuple[networks.Chain, networks.Chain]:
        """Two networks that differ in their initial weights and in the order of the images."""
        return tuple(self._network(name) for name in ("first network", "second network"))

    def _network(self, name):
        train = self.task.train
        number = 1 if name == "first network" else 2

        def network(key):
            return networks.image_cnn(
                jax.random.fold_in(key, number), train.inputs.shape[1:], dropout=0.0, **self.task.sizes
            )

        return self.fitted(
            name,
            network,
            (train.inputs, train.labels),
            seeds=None,
            epochs=self.config.image_epochs,
            optimizer=OPTIMIZER,
            minibatch_size=50,
        ).network

    def start(self, *shape: int) -> jax.Array:
        """Random starts around zero."""
        return random_start(self, shape)

    def probabilities(self, network, images) -> np.ndarray:
        """Class probabilities of images."""
        return in_batches(probabilities, network, images)
