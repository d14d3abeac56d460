"""The networks of the study, and the class scores of their layers for the held-out rows."""

import dataclasses
from functools import cache, partial

import jax
import numpy as np
import optax

from experiments.identity_layers.tasks import Task
from experiments.study import Study, in_batches, lane
from interp_jax import networks
from interp_jax.methods import identity

IDENTITY, SHUFFLED = "identity", "identity, labels shuffled"
RANDOM = ("glorot", "he", "orthogonal")
NAMES = {IDENTITY: "identity", "glorot": "Glorot", "he": "He", "orthogonal": "orthogonal", SHUFFLED: "shuffled labels"}


@dataclasses.dataclass(kw_only=True)
class LayersStudy(Study):
    """The study with its task."""

    task: Task
    stored_scores: dict = dataclasses.field(default_factory=dict)

    def seeds(self, kind: str, depth: int) -> int:
        """The number of networks of a kind and depth."""
        if kind == SHUFFLED:
            return 1
        if kind != IDENTITY:
            return self.config.random_seeds
        return self.config.deep_seeds if depth > self.config.depth else self.config.seeds

    def trained(self, kind: str, depth: int) -> list:
        """The networks of a kind and depth; the training is the same for all kinds."""
        config, seeds = self.config, self.seeds(kind, depth)
        start = IDENTITY if kind == SHUFFLED else kind
        make = partial(
            networks.IdentityPerceptron,
            features=self.task.inputs.shape[1],
            classes=len(self.task.class_names),
            depth=depth,
            start=start,
        )
        labels = np.random.default_rng(config.seed).permutation(self.task.labels) if kind == SHUFFLED else None
        rows = self.task.inputs, self.task.labels if labels is None else labels
        options = {"epochs": config.epochs, "minibatch_size": config.minibatch_size, "optimizer": self.optimizer}
        if config.lanes:
            stacked = self.fitted(f"{kind} {depth}", make, rows, seeds=seeds, **options).network
            return [lane(stacked, seed) for seed in range(seeds)]
        return [
            self.with_seed(seed).fitted(f"{kind} {depth} seed {seed}", make, rows, seeds=None, **options).network
            for seed in range(seeds)
        ]

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """One optimizer object for all networks."""
        config = self.config
        return adam(config.rate, config.epochs * (len(self.task.labels) // config.minibatch_size))

    def untrained(self, kind: str, depth: int) -> np.ndarray:
        """Accuracy of untrained networks on the held-out rows, [layers, networks]."""
        features, classes = self.task.inputs.shape[1], len(self.task.class_names)
        accuracies = []
        for seed in range(self.config.random_seeds):
            key = jax.random.fold_in(self.key(3), seed)
            network = networks.IdentityPerceptron(key, features, classes, depth=depth, start=kind)
            accuracies.append(identity.layer_accuracy(scores_of(network, self.task.held_inputs), self.task.held_labels))
        return np.stack(accuracies, axis=1)

    def scores(self, kind: str, depth: int) -> list[np.ndarray]:
        """By network, the class scores of every layer for the held-out rows, [layers, rows, classes]."""
        if (kind, depth) not in self.stored_scores:
            held = self.task.held_inputs
            self.stored_scores[kind, depth] = [scores_of(network, held) for network in self.trained(kind, depth)]
        return self.stored_scores[kind, depth]

    def accuracies(self, kind: str, depth: int) -> np.ndarray:
        """Accuracy on the held-out rows, [layers, networks]."""
        return np.stack(
            [identity.layer_accuracy(each, self.task.held_labels) for each in self.scores(kind, depth)], axis=1
        )


@cache
def adam(rate: float, steps: int) -> optax.GradientTransformation:
    """Adam with warm-up and cosine decay; at the full rate the first steps of a deep network would be unstable."""
    return optax.adam(optax.warmup_cosine_decay_schedule(0.0, rate, max(1, steps // 10), steps, 0.0))


def scores_of(network, inputs: np.ndarray) -> np.ndarray:
    """The class scores of every layer, [layers, rows, classes]."""
    return in_batches(_scores, network, inputs, axis=1)


@jax.jit
def _scores(network, inputs):
    return identity.contributions(inputs, network.layers(inputs)).scores
