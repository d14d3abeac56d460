"""The data, three kinds of networks of one shape, and the deviations of their layers."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from functools import cache, cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.jumps import NETWORKS, POSITIONS
from experiments.study import Study, lane, probabilities
from experiments.tasks import image_sets
from interp_jax import data, networks
from interp_jax.methods.deviation import Profile, profile

KINDS = LEARNING, FULLY_TRAINED, MEMORIZING = "learning", "fully trained", "memorizing"
METRICS = ("normalized euclidean", "cosine", "correlation")
MOMENTUM = partial(optax.sgd, momentum=0.9)
constant = cache(optax.sgd)
BATCH = 100


@dataclasses.dataclass(frozen=True)
class Task:
    """Inputs and labels of three sets of rows, the last held out, and the network.

    ``learned`` is for networks with early stopping on ``validation``, its first ``train_rows`` for the others.
    """

    name: str
    train_rows: int
    learned: tuple
    validation: tuple
    test: tuple
    class_numbers: np.ndarray
    network: Callable  # key -> Chain
    pairs: str  # the pairs of classes of the inter-class deviation
    full_epochs: int
    rate: float  # with Adam, decaying in these epochs: without decay it is unstable at the end
    discriminated: int
    descent: str
    training: dict

    @property
    def train(self) -> tuple:
        """The rows of fully trained and memorizing networks."""
        return tuple(each[: self.train_rows] for each in self.learned)


def task(settings) -> Task:
    """The task of the settings."""
    return _jumps(settings) if settings.data == "jumps" else _mnist(settings)


def _jumps(settings):
    rows, key, signal = settings.train_rows, jax.random.key(settings.seed), (settings.noise, settings.jump)
    counts = settings.learned_rows or rows, settings.validation_rows or rows // 2, settings.test_rows
    full_epochs, rate = (512, 1e-3) if settings.preset == "paper" else (128, 2e-3)
    sets = [data.jump_signals(jax.random.fold_in(key, 100 + i), count, *signal) for i, count in enumerate(counts)]
    return Task(
        "jump signals",
        rows,
        *((each.signals, each.labels) for each in sets),
        class_numbers=POSITIONS,
        network=NETWORKS["4-layer perceptron"],
        pairs="adjacent",
        full_epochs=settings.full_epochs or full_epochs,
        rate=rate,
        discriminated=settings.discriminated or 6,
        descent="by plain gradient descent in batches of 100",
        training={"optimizer": constant(settings.learning_rate)},
    )


def _mnist(settings):
    train, test = image_sets("mnist")
    middle = settings.learned_rows or max(settings.train_rows, 48_000)
    count = middle + (settings.validation_rows or 12_000)
    if count > len(train.inputs):
        raise ValueError(f"learned_rows, validation_rows: found {count} together, wanted at most {len(train.inputs)}")
    order = np.random.default_rng(settings.seed).permutation(len(train.inputs))[:count]
    sets = (train, order[:middle]), (train, order[middle:]), (test, slice(settings.test_rows))
    optimizer = decaying(MOMENTUM, 0.05, 8 * -(-middle // 100))
    return Task(
        "MNIST",
        settings.train_rows,
        *((images.inputs[rows].reshape(-1, 784), images.labels[rows]) for images, rows in sets),
        class_numbers=np.array(train.classes, int),
        network=partial(networks.perceptron, sizes=(784, 784, 784, 784, 784, 10)),
        pairs="all",
        full_epochs=settings.full_epochs or 64,
        rate=1e-3,
        discriminated=settings.discriminated or 2,
        descent="by gradient descent in batches of 100 with momentum and a rate that decays from 0.05 to 0 in 8 epochs",
        training={"optimizer": optimizer, "minibatch_size": 100, "epochs": 8, "patience": None},
    )


@cache
def decaying(optimizer, rate, steps):
    """An optimizer with a rate that decays to 0; one object for equal arguments, so that they share a compilation."""
    return optimizer(optax.cosine_decay_schedule(rate, steps))


@dataclasses.dataclass(kw_only=True)
class MemorizationStudy(Study):
    """The study with its task and networks."""

    task: Task
    prefix: str = ""

    @cached_property
    def shuffled(self) -> np.ndarray:
        """The training labels in a random order of rows."""
        return np.asarray(jax.random.permutation(self.key(1), jnp.asarray(self.task.train[1])))

    def labels(self, kind: str) -> np.ndarray:
        """The training labels of a kind of network."""
        return self.shuffled if kind == MEMORIZING else np.asarray(self.task.train[1])

    @property
    def layers(self) -> list[str]:
        """The names of the input and of the hidden layers."""
        return ["input", *(name for name in self.trained(LEARNING)[0].stage_names if name.startswith("relu"))]

    def draws(self, count: int) -> list["MemorizationStudy"]:
        """The study and its repetitions with other data, shuffled labels and networks, ``count`` in all."""
        others = [self.with_seed(number, prefix=f"draw {number} ", fits={}) for number in range(1, count)]
        return [self, *(dataclasses.replace(other, task=task(other.config)) for other in others)]

    def trained(self, kind: str, epochs: int | None = None) -> list[networks.Chain]:
        """The networks of a kind; of fully trained and memorizing networks also an earlier stage of the training."""
        config, rows = self.config, (self.task.train[0], self.labels(kind))
        epochs = self.task.full_epochs if epochs is None else epochs
        name, options = f"{kind} {epochs}", {"epochs": epochs, "minibatch_size": BATCH}
        if kind == LEARNING:
            name, rows, options = kind, self.task.learned, {"epochs": config.epochs, "patience": config.patience}
            options |= {"validation": self.task.validation} | self.task.training
        else:
            steps = self.task.full_epochs * -(-len(rows[1]) // BATCH)
            options["optimizer"] = decaying(optax.adam, self.task.rate, steps)
        fit = self.fitted(self.prefix + name, self.task.network, rows, seeds=config.seeds, **options)
        return [lane(fit.network, seed) for seed in range(config.seeds)]

    def balanced(self, labels) -> np.ndarray:
        """Training rows, an equal number of every class."""
        counts = np.bincount(labels, minlength=len(self.task.class_numbers))
        most, order = min(self.config.rows_per_class, *counts), jax.random.permutation(self.key(2), len(labels))
        order = np.asarray(order)
        return np.concatenate([order[labels[order] == label][:most] for label in range(len(counts))])

    def profiles(self, several, labels, metric: str, permutations: int = 0) -> Profile:
        """Deviations of all layers of each network, stacked, by labels or by some permutations of them."""
        rows, key = self.balanced(labels), self.key(3)
        orders = [jax.random.permutation(jax.random.fold_in(key, i), labels[rows]) for i in range(permutations)]
        hidden = [list(layers(network, self.task.train[0][rows]).values())[:-1] for network in several]
        options = {"metric": metric, "pairs": self.task.pairs, "classes": len(self.task.class_numbers)}
        profiles = [profile(each, order, **options) for each in hidden for order in orders or [labels[rows]]]
        return jax.tree.map(lambda *each: np.stack(each), *profiles)


@jax.jit
def layers(network, inputs) -> OrderedDict:
    """The input, the outputs of every hidden layer, and the probabilities."""
    hidden = {name: layer for name, layer in network.activations(inputs).items() if name.startswith("relu")}
    return OrderedDict(input=inputs, **hidden, output=jax.nn.softmax(network(inputs)))


def at_least(share: float, digits: int) -> str:
    """A least share as text, ``100%`` where there is no more."""
    return "100%" if share == 1 else f"at least {share:.{digits}%}"


def accuracy(network, inputs, labels) -> float:
    """The accuracy of a network on inputs and labels."""
    return float(np.mean(np.asarray(probabilities(network, inputs)).argmax(axis=1) == np.asarray(labels)))
