"""The images, the networks of the study, and the class scores of their layers for the held-out rows."""

import dataclasses
import math
from functools import partial

import jax
import numpy as np

from experiments.identity_networks import scores_of, training
from experiments.study import Study, lane
from experiments.tasks import ImageTask
from interp_jax import networks
from interp_jax.methods import identity

IDENTITY, SHUFFLED = "identity", "identity, labels shuffled"
RANDOM = ("glorot", "he", "orthogonal")
UNTRAINED = ", untrained"
NAMES = {IDENTITY: "identity", "glorot": "Glorot", "he": "He", "orthogonal": "orthogonal", SHUFFLED: "shuffled labels"}


def title(case: str) -> str:
    """The name of a case of results as tables have it: ``glorot, untrained 30`` is ``Glorot, 30 layers, untrained``."""
    kind, _, depth = case.rpartition(" ")
    start, *rest = kind.split(", ")
    return ", ".join([NAMES[start], f"{depth} layers", *rest])


@dataclasses.dataclass(kw_only=True)
class LayersStudy(Study):
    """The study with its task."""

    task: ImageTask

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        side = math.isqrt(self.task.inputs.shape[1])
        return side, side, 1

    @property
    def cases(self) -> list[tuple[str, int]]:
        """Initializations and depths that are compared."""
        return [(IDENTITY, depth) for depth in self.config.depths] + [(kind, self.config.depth) for kind in RANDOM]

    def networks(self, kind: str, depth: int) -> list[networks.IdentityPerceptron]:
        """The networks of a kind and depth; the training, if any, is the same for all kinds."""
        config, labels = self.config, self.task.labels
        seeds = config.deep_seeds if depth > config.depth else config.seeds
        seeds = range({IDENTITY: seeds, SHUFFLED: 1}.get(kind, config.random_seeds))
        sizes = {"features": self.task.inputs.shape[1], "classes": len(self.task.class_names), "depth": depth}
        make = partial(networks.IdentityPerceptron, start=kind.partition(",")[0], **sizes)
        if kind.endswith(UNTRAINED):
            return [make(jax.random.fold_in(self.key(3), seed)) for seed in seeds]
        if kind == SHUFFLED:
            labels = np.random.default_rng(config.seed).permutation(labels)
        options = training(config.minibatch_size, config.epochs, config.rate, len(labels))
        rows, name = (self.task.inputs, labels), f"{kind} {depth}"
        if config.lanes:
            stacked = self.fitted(name, make, rows, seeds=len(seeds), **options).network
            return [lane(stacked, seed) for seed in seeds]
        alone = {f"{name} seed {seed}": self.with_seed(seed) for seed in seeds}
        return [each.fitted(name, make, rows, seeds=None, **options).network for name, each in alone.items()]

    def scores(self, kind: str, depth: int) -> list[np.ndarray]:
        """By network, the class scores of every layer for the held-out rows, [layers, rows, classes]."""
        return [scores_of(network, self.task.held_inputs) for network in self.networks(kind, depth)]


@jax.jit
def contributions(network, inputs) -> identity.Contributions:
    """What all layers do to inputs in the network's own shape."""
    return identity.contributions(inputs.reshape(len(inputs), -1), network.layers(inputs))
