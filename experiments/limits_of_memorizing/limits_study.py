"""The data, the networks, and their training until the training rows are fitted."""

import dataclasses
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from experiments.study import Study, lane
from experiments.tasks import TITLES, image_sets
from interp_jax import data, networks
from interp_jax.methods.deviation import Profile, profile

ROWS = {"digits": 1_000, "jumps": 12_000, "mnist": 3_000}
HIDDEN = {"digits": (100,) * 3, "jumps": (100,) * 3, "mnist": (784,) * 4}
# Half sides of boxes; pixels are from 0 to 1, the noise of a jump signal is 1. Of digits .1 was tried first, where all
# rows of memorizing networks were critical.
RADII = {"digits": 0.05, "jumps": 0.1, "mnist": 0.05}
SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
TRUE, SHUFFLED = "true labels", "shuffled labels"
KINDS = {TRUE: 0.0, SHUFFLED: 1.0}
NONE, NORM = "none", "batch norm"
BATCH, ROWS_PER_CLASS, FIRST = 100, 150, 4
adam = cache(optax.adam)
decayed = cache(optax.adamw)
descent = cache(optax.sgd)


class Rows(NamedTuple):
    """Inputs and labels."""

    inputs: Any
    labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class Task:
    """Rows for training, for early stopping and held out, and the sizes of the networks."""

    title: str
    train: Rows
    validation: Rows
    held_out: Rows
    sizes: tuple[int, ...]
    pairs: str  # of classes, whose distance is their deviation
    rate: float  # of Adam
    radius: float

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.sizes[-1]


def task(settings) -> Task:
    """The task of the settings."""
    name = settings.data
    rows = settings.train_rows or ROWS[name]
    if name == "jumps":
        key = jax.random.key(settings.seed)
        drawn = [
            data.jump_signals(jax.random.fold_in(key, 100 + i), n) for i, n in enumerate((rows, rows // 2, 10_000))
        ]
        sets, title = [Rows(each.signals, np.asarray(each.labels)) for each in drawn], "jump signals"
    else:
        train, test = image_sets(name)
        order = np.random.default_rng(settings.seed).permutation(len(train.labels))
        parts = order[:rows], order[rows : rows + rows // 2]
        if not len(parts[1]):
            raise ValueError(f"train_rows: found {rows}, wanted fewer than all {len(order)}")
        flat = train.inputs.reshape(len(order), -1)
        sets = [Rows(flat[part], train.labels[part]) for part in parts]
        sets.append(Rows(test.inputs.reshape(len(test.labels), -1), test.labels))
        title = TITLES[name]
    sizes = (sets[0].inputs.shape[1], *HIDDEN[name], 60 if name == "jumps" else 10)
    options = {"pairs": "adjacent" if name == "jumps" else "all", "radius": RADII[name]}
    return Task(title, sets[0], sets[1], sets[2], sizes, rate=3e-4 if name == "mnist" else 1e-3, **options)


class Fitted(NamedTuple):
    """Stacked networks after more and more epochs, and for each the first epoch at which the rows are fitted."""

    stages: dict[int, networks.Chain]
    epochs: np.ndarray  # [networks], the limit where they are not
    fitted: np.ndarray  # [networks]

    @property
    def network(self) -> networks.Chain:
        """The stacked networks of the last stage."""
        return self.stages[max(self.stages)]


@dataclasses.dataclass(kw_only=True)
class LimitsStudy(Study):
    """The study with its task."""

    task: Task

    @property
    def regularizers(self) -> dict[str, dict]:
        """The layers of each kind of network, by name: none, dropout, batch normalization."""
        rates = {f"dropout {rate:g}": {"dropout": rate} for rate in self.config.dropout}
        return {NONE: {}, **rates, NORM: {"norm": True}}

    @property
    def constructor(self):
        """The network by its key."""
        return partial(perceptron, sizes=self.task.sizes)

    @cached_property
    def order(self) -> np.ndarray:
        """The training rows in a random order, in which their labels are shuffled, a share of them first."""
        return np.random.default_rng([self.config.seed, 1]).permutation(len(self.task.train.labels))

    def labels(self, share: float) -> np.ndarray:
        """The training labels with those of a share of the rows permuted among themselves."""
        labels = np.asarray(self.task.train.labels)
        chosen = self.order[: round(share * len(labels))]
        mixed = labels.copy()
        mixed[chosen] = labels[np.random.default_rng([self.config.seed, 2]).permutation(chosen)]
        return mixed

    def trained(self, name: str, labels, epochs: int, *, sizes=None, layers=None, rows=None, **options):
        """The fit of stacked networks; it is stored in the run's folder and not kept in memory."""
        constructor = partial(perceptron, sizes=sizes or self.task.sizes, **layers or {})
        options = {"optimizer": adam(self.task.rate), "minibatch_size": BATCH, **options}
        train = self.task.train.inputs[:rows], labels[:rows]
        name = f"{name} {epochs}"
        fit = self.fitted(name, constructor, train, seeds=self.config.seeds, epochs=epochs, **options)
        del self.fits[name]
        return fit

    def until_fitted(self, name: str, labels, most: int | None = None, factor: int = 2, **options) -> Fitted:
        """Networks trained for more and more epochs until each fits the required share of its rows, or to the limit.

        At a constant rate a training is the beginning of every longer one, so that the first of these that is long
        enough says when the rows were fitted.
        """
        limit: int = most or self.config.epochs
        stages, lengths, reached = {}, [limit], np.zeros((1, self.config.seeds), bool)
        while lengths[0] >= FIRST * factor:
            lengths.insert(0, lengths[0] // factor)
        for epochs in lengths:
            fit = self.trained(name, labels, epochs, **options)
            stages[epochs] = fit.network
            reached = np.asarray(fit.history.error) <= 1 - self.config.fitted
            if reached.any(axis=0).all():
                break
        fitted = np.asarray(reached.any(axis=0))
        return Fitted(stages, np.where(fitted, np.argmax(reached, axis=0) + 1, limit), fitted)

    def noisy(self, share: float) -> Fitted:
        """Networks trained until they fit the labels of which a share is shuffled."""
        return self.until_fitted(f"noise {share:g}", self.labels(share))

    def early_stopped(self, name: str, labels=None, **options) -> networks.Fit:
        """Networks trained as in the thesis: plain descent in batches of 100, early stopping."""
        labels = self.task.train.labels if labels is None else labels
        stop = {"validation": self.task.validation, "patience": self.config.patience}
        options = {"optimizer": descent(self.config.learning_rate)} | stop | options
        return self.trained(name, labels, self.config.stopped_epochs, **options)

    def accuracy(self, stacked, inputs, labels) -> np.ndarray:
        """The share of rows that each network classifies by the labels."""
        return np.mean(np.asarray(answers(stacked, jnp.asarray(inputs))) == np.asarray(labels), axis=1)

    def profiles(self, stacked, labels, metric: str = "cosine") -> Profile:
        """Deviations of the input and the hidden layers of each network, stacked, by labels; equally many of each."""
        counts = np.bincount(labels, minlength=self.task.classes)
        order = self.order[np.argsort(labels[self.order], kind="stable")]
        starts, most = np.cumsum(counts) - counts, min(ROWS_PER_CLASS, *counts)
        rows = np.concatenate([order[start : start + most] for start in starts])
        options = {"metric": metric, "pairs": self.task.pairs, "classes": self.task.classes}
        inputs, chosen = jnp.asarray(self.task.train.inputs)[rows], labels[rows]
        lanes = (lane(stacked, number) for number in range(self.config.seeds))
        return jax.tree.map(
            lambda *each: np.stack(each), *(profile(layers(each, inputs), chosen, **options) for each in lanes)
        )


def perceptron(key, sizes, dropout: float = 0.0, norm: bool = False) -> networks.Chain:
    """A perceptron, with dropout of hidden units or with batch normalization before they are rectified."""
    plain = networks.perceptron(key, sizes)
    stages, rngs = {}, nnx.Rngs(0)  # neither layer draws anything from it
    for number, (name, stage) in enumerate(plain.stages.items()):
        hidden = number < len(plain.stages) - 1
        stages[name] = stage
        if norm and hidden and name.startswith("dense"):
            stages[name.replace("dense", "norm")] = nnx.BatchNorm(stage.out_features, rngs=rngs)
        if dropout and name.startswith("relu"):
            stages[name.replace("relu", "dropout")] = nnx.Dropout(dropout)
    return networks.Chain(**stages)


@jax.jit
def answers(stacked, inputs) -> jax.Array:
    """The classes [networks, rows] that stacked networks answer with."""
    return jax.lax.map(lambda network: jnp.argmax(network(inputs), axis=1), stacked)


@jax.jit
def layers(network, inputs) -> list[jax.Array]:
    """The input and the outputs of all hidden layers of a network."""
    return [inputs, *(layer for name, layer in network.activations(inputs).items() if name.startswith("relu"))]
