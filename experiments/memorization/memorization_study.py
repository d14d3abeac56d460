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

LEARNING, TO_THE_END, MEMORIZING = "learning", "learning to the end", "memorizing"
KINDS = (LEARNING, TO_THE_END, MEMORIZING)
METRICS = ("euclidean", "normalized euclidean", "cosine", "correlation")
RATE, BATCH = 1e-3, 100  # of the networks that are trained to the end


@dataclasses.dataclass(kw_only=True)
class MemorizationStudy(Study):
    """The study with its task and networks."""

    task: Task
    prefix: str = ""

    @cached_property
    def shuffled(self) -> np.ndarray:
        """The training labels, dealt out to other rows."""
        return np.asarray(jax.random.permutation(self.key(1), jnp.asarray(self.task.train[1])))

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """Of all networks that are trained to the end, or part of the way there: at a constant rate Adam would jump."""
        return _falling(self.task.full_epochs * -(-len(self.task.train[1]) // BATCH))

    @property
    def class_numbers(self) -> np.ndarray:
        """The classes as numbers: jump positions, or digits."""
        return np.array(self.task.class_names, int)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.task.class_names)

    def labels(self, kind: str) -> np.ndarray:
        """What a kind of network was taught."""
        return self.shuffled if kind == MEMORIZING else np.asarray(self.task.train[1])

    def folder(self, name: str) -> Path:
        """Where the checkpoint of this name is kept."""
        return super().folder(self.prefix + name)

    def others(self) -> Iterator["MemorizationStudy"]:
        """The study and, without end, others like it with data, shuffled labels and networks of their own."""
        yield self
        for number in itertools.count(1):
            config = dataclasses.replace(self.config, seed=self.config.seed + 1000 * number)
            yield dataclasses.replace(self, config=config, task=task(config), prefix=f"draw {number} ", fits={})

    def fit(self, kind: str, epochs: int | None = None) -> networks.Fit:
        """The networks of a kind; those trained to the end also after fewer epochs: they begin in the same way."""
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
        """The same, one after the other."""
        fit = self.fit(kind, epochs)
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    def balanced(self, labels) -> np.ndarray:
        """Rows of the training set, equally many of every class."""
        most = min(self.config.rows_per_class, int(np.bincount(labels, minlength=self.classes).min()))
        order = np.asarray(jax.random.permutation(self.key(2), len(labels)))
        return np.concatenate([order[labels[order] == label][:most] for label in range(self.classes)])

    def profile(self, network, labels, metric: str) -> deviation.Profile:
        """Deviations of the input and of every hidden layer, classes as ``labels`` has them."""
        rows = self.balanced(labels)
        return _profile(
            network, self.task.train[0][rows], jnp.asarray(labels[rows]), metric, self.task.pairs, self.classes
        )

    def null(self, network, labels, metric: str) -> np.ndarray:
        """[permutations, 2, layers] inner and inter deviation with the same rows' labels dealt out anew."""
        rows = self.balanced(labels)
        found = []
        for number in range(self.config.permutations):
            key = jax.random.fold_in(self.key(3), number)
            permuted = jax.random.permutation(key, jnp.asarray(labels[rows]))
            profile = _profile(network, self.task.train[0][rows], permuted, metric, self.task.pairs, self.classes)
            found.append((profile.inner, profile.inter))
        return np.asarray(found)

    @property
    def layers(self) -> list[str]:
        """The input and the hidden layers, by name."""
        names = self.trained(LEARNING)[0].stage_names
        return ["input", *(name for name in names if name.startswith("relu"))]


@cache
def _falling(steps):
    # One object for all studies of a length: another means another compilation.
    return optax.adam(optax.cosine_decay_schedule(RATE, steps))


@jax.jit
def all_layers(network, inputs):
    """The input, what every hidden layer puts out, and the probabilities."""
    return hidden_layers(network, inputs) | {"output": jax.nn.softmax(network(inputs))}


@jax.jit
def hidden_layers(network, inputs):
    """The input and what every hidden layer puts out."""
    layers = network.activations(inputs)
    hidden = {name: layer for name, layer in layers.items() if name.startswith("relu")}
    return OrderedDict(input=inputs, **hidden)


def _profile(network, inputs, labels, metric, pairs, classes):
    layers = hidden_layers(network, inputs)
    return deviation.profile(list(layers.values()), labels, metric=metric, pairs=pairs, classes=classes)


def accuracy(network, rows) -> float:
    """Share of rows named as their labels say."""
    inputs, labels = rows
    return float(np.mean(np.asarray(_scores(network, jnp.asarray(inputs))).argmax(axis=1) == np.asarray(labels)))


@jax.jit
def _scores(network, inputs):
    return network(inputs)
