"""Three kinds of networks of one shape, and the deviations of their layers."""

import dataclasses
import itertools
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.memorization.tasks import Task, task
from experiments.study import Study, lane
from interp_jax import networks
from interp_jax.methods import deviation

LEARNING, FULLY_TRAINED, MEMORIZING = "learning", "fully trained", "memorizing"
KINDS = (LEARNING, FULLY_TRAINED, MEMORIZING)
METRICS = ("euclidean", "normalized euclidean", "cosine", "correlation")
RATE, BATCH = 1e-3, 100  # of the fully trained and the memorizing networks


@dataclasses.dataclass(kw_only=True)
class MemorizationStudy(Study):
    """The study with its task and networks."""

    task: Task
    prefix: str = ""

    @cached_property
    def shuffled(self) -> np.ndarray:
        """The training labels in a random order of rows."""
        return np.asarray(jax.random.permutation(self.key(1), jnp.asarray(self.task.train[1])))

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """The optimizer of fully trained and memorizing networks; with a constant rate Adam is unstable at the end."""
        return _falling(self.task.full_epochs * -(-len(self.task.train[1]) // BATCH))

    @property
    def class_numbers(self) -> np.ndarray:
        """The classes as numbers: jump positions, or digits."""
        return np.array(self.task.class_names, int)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.task.class_names)

    def labels(self, kind: str) -> np.ndarray:
        """The training labels of a kind of network."""
        return self.shuffled if kind == MEMORIZING else np.asarray(self.task.train[1])

    def folder(self, name: str) -> Path:
        """The folder of the checkpoint of this name."""
        return super().folder(self.prefix + name)

    def others(self) -> Iterator["MemorizationStudy"]:
        """The study, followed by repetitions of it with other data, shuffled labels and networks, without end."""
        yield self
        for number in itertools.count(1):
            other = self.with_seed(number, prefix=f"draw {number} ", fits={})
            yield dataclasses.replace(other, task=task(other.config))

    def fit(self, kind: str, epochs: int | None = None) -> networks.Fit:
        """The networks of a kind; for fully trained and memorizing networks also an earlier stage of the training."""
        seeds = self.config.seeds
        if kind == LEARNING:
            return self.fitted(
                kind,
                self.task.network,
                self.task.learned,
                seeds=seeds,
                validation=self.task.validation,
                **{"epochs": self.config.epochs, "patience": self.config.patience} | self.task.training,
            )
        rows = self.task.train[0], self.labels(kind)
        epochs = self.task.full_epochs if epochs is None else epochs
        return self.fitted(
            f"{kind} {epochs}",
            self.task.network,
            rows,
            seeds=seeds,
            epochs=epochs,
            optimizer=self.optimizer,
            minibatch_size=BATCH,
        )

    def trained(self, kind: str, epochs: int | None = None) -> list[networks.Chain]:
        """The networks of `fit` as a list."""
        fit = self.fit(kind, epochs)
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    def balanced(self, labels) -> np.ndarray:
        """Training rows, an equal number of every class."""
        most = min(self.config.rows_per_class, int(np.bincount(labels, minlength=self.classes).min()))
        order = np.asarray(jax.random.permutation(self.key(2), len(labels)))
        return np.concatenate([order[labels[order] == label][:most] for label in range(self.classes)])

    def profile(self, network, labels, metric: str) -> deviation.Profile:
        """Deviations of the input and of every hidden layer, with classes given by ``labels``."""
        rows = self.balanced(labels)
        return _profile(
            network, self.task.train[0][rows], jnp.asarray(labels[rows]), metric, self.task.pairs, self.classes
        )

    def null(self, network, labels, metric: str) -> np.ndarray:
        """Inner- and inter-class deviations under permuted labels, [permutations, 2, layers]."""
        rows = self.balanced(labels)
        deviations = []
        for number in range(self.config.permutations):
            key = jax.random.fold_in(self.key(3), number)
            permuted = jax.random.permutation(key, jnp.asarray(labels[rows]))
            profile = _profile(network, self.task.train[0][rows], permuted, metric, self.task.pairs, self.classes)
            deviations.append((profile.inner, profile.inter))
        return np.asarray(deviations)

    @property
    def layers(self) -> list[str]:
        """The names of the input and of the hidden layers."""
        names = self.trained(LEARNING)[0].stage_names
        return ["input", *(name for name in names if name.startswith("relu"))]


@cache
def _falling(steps):
    # One object for all studies with the same number of steps, so that they share a compilation.
    return optax.adam(optax.cosine_decay_schedule(RATE, steps))


@jax.jit
def all_layers(network, inputs):
    """The input, the outputs of every hidden layer, and the probabilities."""
    return hidden_layers(network, inputs) | {"output": jax.nn.softmax(network(inputs))}


@jax.jit
def hidden_layers(network, inputs):
    """The input and the outputs of every hidden layer."""
    layers = network.activations(inputs)
    hidden = {name: layer for name, layer in layers.items() if name.startswith("relu")}
    return OrderedDict(input=inputs, **hidden)


def _profile(network, inputs, labels, metric, pairs, classes):
    layers = hidden_layers(network, inputs)
    return deviation.profile(list(layers.values()), labels, metric=metric, pairs=pairs, classes=classes)


def accuracy(network, rows) -> float:
    """The accuracy of a network on inputs and labels."""
    inputs, labels = rows
    return float(np.mean(np.asarray(_scores(network, jnp.asarray(inputs))).argmax(axis=1) == np.asarray(labels)))


@jax.jit
def _scores(network, inputs):
    return network(inputs)
