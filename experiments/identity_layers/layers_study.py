"""The networks of the study, trained once and kept, and what their layers hold of the held-out rows."""

import dataclasses
from functools import cache, partial

import jax
import numpy as np
import optax

from experiments.identity_layers.tasks import Task
from experiments.study import Study, lane
from interp_jax import networks
from interp_jax.methods import identity

IDENTITY, SHUFFLED = "identity", "identity, labels shuffled"
RANDOM = ("glorot", "he", "orthogonal")
NAMES = {IDENTITY: "identity", "glorot": "Glorot", "he": "He", "orthogonal": "orthogonal", SHUFFLED: "shuffled labels"}
BATCH = 500  # rows read at a time: the layers of a hundred-layer network take 32 MB for each hundred


@dataclasses.dataclass(kw_only=True)
class LayersStudy(Study):
    """The study with its task."""

    task: Task
    kept: dict = dataclasses.field(default_factory=dict)

    def seeds(self, kind: str, depth: int) -> int:
        """How many networks of a kind and depth there are."""
        if kind == SHUFFLED:
            return 1
        if kind != IDENTITY:
            return self.config.twin_seeds
        return self.config.deep_seeds if depth > self.config.depth else self.config.seeds

    def trained(self, kind: str, depth: int) -> list:
        """The networks of a kind and depth, all trained with one recipe."""
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
        options = {"epochs": config.epochs, "minibatch_size": config.batch_size, "optimizer": self.optimizer}
        if config.lanes:
            stacked = self.fitted(f"{kind} {depth}", make, rows, seeds=seeds, **options).network
            return [lane(stacked, seed) for seed in range(seeds)]
        return [
            self._with_seed(seed).fitted(f"{kind} {depth} seed {seed}", make, rows, seeds=None, **options).network
            for seed in range(seeds)
        ]

    def _with_seed(self, number: int) -> "LayersStudy":
        """The study with other random keys: from the identity two networks differ by the order of the rows alone."""
        config = dataclasses.replace(self.config, seed=self.config.seed + 1000 * number)
        return dataclasses.replace(self, config=config)

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """One object for all networks, the same rate and steps."""
        config = self.config
        return adam(config.rate, config.epochs * (len(self.task.labels) // config.batch_size))

    def untrained(self, kind: str, depth: int) -> np.ndarray:
        """Accuracy on the held-out rows of networks as they start, [layers, networks]."""
        features, classes = self.task.inputs.shape[1], len(self.task.class_names)
        found = []
        for seed in range(self.config.twin_seeds):
            key = jax.random.fold_in(self.key(3), seed)
            network = networks.IdentityPerceptron(key, features, classes, depth=depth, start=kind)
            found.append(identity.layer_accuracy(scores_of(network, self.task.held_inputs), self.task.held_labels))
        return np.stack(found, axis=1)

    def scores(self, kind: str, depth: int) -> list[np.ndarray]:
        """The class scores in every layer for the held-out rows, [layers, rows, classes], a network each."""
        if (kind, depth) not in self.kept:
            held = self.task.held_inputs
            self.kept[kind, depth] = [scores_of(network, held) for network in self.trained(kind, depth)]
        return self.kept[kind, depth]

    def accuracies(self, kind: str, depth: int) -> np.ndarray:
        """Accuracy on the held-out rows, [layers, networks]."""
        return np.stack(
            [identity.layer_accuracy(each, self.task.held_labels) for each in self.scores(kind, depth)], axis=1
        )


@cache
def adam(rate: float, steps: int) -> optax.GradientTransformation:
    """Adam with a rise and a fall: at full rate from the start a hundred layers would all turn at once."""
    return optax.adam(optax.warmup_cosine_decay_schedule(0.0, rate, max(1, steps // 10), steps, 0.0))


def scores_of(network, inputs: np.ndarray) -> np.ndarray:
    """The class scores in every layer, a batch of rows at a time."""
    batches = [np.asarray(_scores(network, inputs[at : at + BATCH])) for at in range(0, len(inputs), BATCH)]
    return np.concatenate(batches, axis=1)


@jax.jit
def _scores(network, inputs):
    return identity.contributions(inputs, network.layers(inputs)).scores
