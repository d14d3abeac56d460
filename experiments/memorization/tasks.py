"""The data to learn or to memorize, and the perceptron."""

import dataclasses
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np
import optax

from experiments.tasks import image_sets
from interp_jax import data, networks
from interp_jax.kernels import jumps

# Training of the perceptron that learns MNIST.
RATE, BATCH, EPOCHS = 0.05, 100, 8


@dataclasses.dataclass(frozen=True)
class Task:
    """Inputs and labels of four sets of rows, and the network.

    ``train`` is for fully trained and memorizing networks, and ``learned``, which begins with the same rows, for
    networks with early stopping on ``validation``; ``test`` is held out.
    """

    name: str
    train: tuple
    learned: tuple
    validation: tuple
    test: tuple
    class_names: tuple[str, ...]
    network: Callable  # key -> Chain
    pairs: str  # the pairs of classes of the inter-class deviation
    full_epochs: int
    discriminated: int
    descent: str
    training: dict


def task(settings) -> Task:
    """The task of the settings."""
    return _jumps(settings) if settings.data == "jumps" else _mnist(settings)


def _jumps(settings):
    key = jax.random.key(settings.seed)
    learned = settings.learned_rows or settings.train_rows
    counts = learned, settings.validation_rows or settings.train_rows // 2, settings.test_rows
    drawn = [
        data.jump_signals(jax.random.fold_in(key, 100 + number), count, settings.noise, settings.jump)
        for number, count in enumerate(counts)
    ]
    rows = [(each.signals, each.labels) for each in drawn]
    first, last = jumps.POSITIONS
    return Task(
        "jump signals",
        _first(rows[0], settings.train_rows),
        *rows,
        class_names=tuple(map(str, range(first, last + 1))),
        network=partial(networks.perceptron, sizes=(100, 100, 100, 100, 60)),
        pairs="adjacent",
        full_epochs=settings.full_epochs or 512,
        discriminated=settings.discriminated or 6,
        descent="by plain gradient descent in batches of 100",
        training={},
    )


def _mnist(settings):
    train, test = image_sets("mnist")
    middle = settings.learned_rows or max(settings.train_rows, 48_000)
    count = middle + (settings.validation_rows or 12_000)
    if count > len(train.inputs):
        raise ValueError(f"learned_rows, validation_rows: found {count} together, wanted at most {len(train.inputs)}")
    order = np.random.default_rng(settings.seed).permutation(len(train.inputs))[:count]
    flat, labels = train.inputs.reshape(len(train.inputs), -1)[order], train.labels[order]
    return Task(
        "MNIST",
        _first((flat, labels), settings.train_rows),
        _first((flat, labels), middle),
        (flat[middle:], labels[middle:]),
        (test.inputs.reshape(len(test.inputs), -1)[: settings.test_rows], test.labels[: settings.test_rows]),
        class_names=train.classes,
        network=partial(networks.perceptron, sizes=(784, 784, 784, 784, 784, 10)),
        pairs="all",
        full_epochs=settings.full_epochs or 64,
        discriminated=settings.discriminated or 2,
        descent=f"by gradient descent in batches of {BATCH} with momentum and a rate that decays from {RATE} to 0 in "
        f"{EPOCHS} epochs (the thesis: batches of 1,000, no momentum, 0.01)",
        training={
            "optimizer": _momentum(EPOCHS * -(-middle // BATCH)),
            "minibatch_size": BATCH,
            "epochs": EPOCHS,
            "patience": None,
        },
    )


def _first(rows, count):
    return tuple(each[:count] for each in rows)


@cache
def _momentum(steps):
    # One object for all tasks with the same number of steps, so that they share a compilation.
    return optax.sgd(optax.cosine_decay_schedule(RATE, steps), momentum=0.9)
