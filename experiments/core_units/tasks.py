"""The images, the network and its training."""

import dataclasses
import re
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np
import optax

from experiments.tasks import TITLES, ImageTask, digit_cnn, image_sets
from interp_jax import data, networks


@dataclasses.dataclass(frozen=True)
class Task(ImageTask):
    """Labeled images, the network, and its training."""

    learned: tuple[np.ndarray, np.ndarray]  # the rows and labels that the network is trained on
    shown: np.ndarray  # training rows as images with values from 0 to 1
    network: Callable  # key -> Chain
    lifted: tuple[str, ...]  # the gated layers that a stage with weights follows directly
    training: dict


def task(settings) -> Task:
    """The task of the settings."""
    train, test = image_sets(settings.data)
    network, training = (_cifar if settings.data == "cifar10" else _digits)(settings, train)
    inputs, shown, layers = (train.inputs, test.inputs), train.inputs, ("max1", "max2")
    if settings.data == "cifar10":  # trained on images that are cropped at random
        inputs = [np.asarray(data.center_crop(images)) for images in inputs]
        shown, layers = train.inputs[:, 4:-4, 4:-4], ("max2",)
    images = TITLES[settings.data], inputs[0], train.labels, inputs[1], test.labels, train.classes
    training |= {"epochs": settings.epochs} if settings.epochs else {}
    return Task(*images, (train.inputs, train.labels), shown, network, layers, training)


def _digits(settings, train):
    network, training = digit_cnn(settings.data, train.inputs.shape[1:])
    # 17 epochs of 1,200 steps are the paper's 20,000.
    return network, training | {"epochs": 40 if settings.data == "digits" else 17}


def _cifar(settings, train):
    published = settings.preset == "paper"
    training = {"optimizer": _with_decay(published), "minibatch_size": 128, "augment": data.augment_images}
    training |= {"average": 0.9999 if published else 0.999, "evaluation_batch_size": 500}
    training["epochs"] = -(-100_000 // (len(train.inputs) // 128)) if published else 60
    return networks.cifar_cnn, training


@cache
def _with_decay(as_published):
    """The published optimizer, or one for fewer steps, for which a rate of 0.02 with momentum corresponds to 0.2.

    The rate stays constant after the warm-up, since the cores of the second layer were larger with one that decayed to
    zero. Both have a weight decay of 0.004 on the two hidden dense layers.
    """

    def hidden(path, _):
        return re.search("dense[12].*kernel", jax.tree_util.keystr(path)) is not None

    decayed = optax.add_decayed_weights(0.004, mask=partial(jax.tree_util.tree_map_with_path, hidden))
    if as_published:
        return optax.chain(decayed, optax.sgd(0.1))
    return optax.chain(decayed, optax.sgd(optax.linear_schedule(0.0, 0.02, 1_000), momentum=0.9, nesterov=True))
