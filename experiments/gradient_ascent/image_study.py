"""The networks that images are climbed on."""

import dataclasses
from functools import cached_property

import jax
import numpy as np
import optax

from experiments.study import Study, probabilities
from interp_jax import data, networks

RATE = 1e-3
# One optimizer for all calls: another object means another compilation.
OPTIMIZER = optax.adam(RATE)
BATCH = 500


@dataclasses.dataclass(frozen=True)
class ImageTask:
    """Images to learn, images held out, and the network's sizes."""

    name: str
    train: data.Images
    test: data.Images
    sizes: dict


def task(settings) -> ImageTask:
    """The task that the settings name."""
    train, test = (data.load(settings.data, split=split) for split in ("train", "test"))
    small = settings.data == "digits"
    sizes = {"channels": (16, 32), "taps": 3, "hidden": 64} if small else {"channels": (8, 16), "hidden": 128}
    return ImageTask("scikit-learn's digits" if small else "MNIST", train, test, sizes)


@dataclasses.dataclass(kw_only=True)
class ImageStudy(Study):
    """The study of images with its two networks: one is climbed, the other says whether it sees the same."""

    task: ImageTask

    @cached_property
    def pair(self) -> tuple[networks.Chain, networks.Chain]:
        """Two networks that differ in their starting weights and the order of the images."""
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
        spread = self.config.spread
        return jax.random.uniform(self.key(20), shape, minval=-spread, maxval=spread)

    def probabilities(self, network, images) -> np.ndarray:
        """Class probabilities of images, a batch at a time."""
        parts = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
        return np.concatenate([np.asarray(probabilities(network, part)) for part in parts])
