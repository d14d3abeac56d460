"""Images as rows of pixels, the training of deep identity networks, and the class scores of all their layers."""

from functools import cache

import numpy as np
import optax
from jax.tree_util import Partial

from experiments.study import BATCH
from experiments.tasks import TITLES, ImageTask, image_sets
from interp_jax import networks


def task(settings) -> ImageTask:
    """Images as rows of pixels; the seed determines the order of the training rows."""
    train, test = image_sets(settings.data)
    order = np.random.default_rng(settings.seed).permutation(len(train.labels))
    flat, held = (images.inputs.reshape(len(images.inputs), -1) for images in (train, test))
    return ImageTask(TITLES[settings.data], flat[order], train.labels[order], held, test.labels, train.classes)


@cache
def training(batch: int, epochs: int, rate: float, rows: int) -> dict:
    """Arguments of a training by Adam with warm-up, without which deep networks are unstable, and cosine decay."""
    steps = epochs * (rows // batch)
    optimizer = optax.adam(optax.warmup_cosine_decay_schedule(0.0, rate, max(1, steps // 10), steps, 0.0))
    return {"epochs": epochs, "minibatch_size": batch, "optimizer": optimizer}


def scores_of(network, inputs: np.ndarray) -> np.ndarray:
    """The class scores of every layer, [layers, rows, classes]."""
    return networks.apply(Partial(_scores, network), inputs, batch_size=BATCH, axis=1)


def _scores(network, inputs):
    return network.layers(inputs)[..., -network.classes :]
