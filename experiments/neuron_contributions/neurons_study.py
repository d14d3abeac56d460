"""The study with its images and networks, and the shares of neurons in parts of the rows."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_networks import training
from experiments.study import Study
from experiments.tasks import ImageTask
from interp_jax import networks
from interp_jax.methods import identity

IDENTITY = "identity"
RANDOM = ("glorot", "he", "orthogonal")
TITLES = {IDENTITY: "identity", "glorot": "Glorot", "he": "He", "orthogonal": "orthogonal"}
PART = 20  # rows whose shares are in memory at a time


@dataclasses.dataclass(kw_only=True)
class NeuronsStudy(Study):
    """The study with its task; each network is trained alone."""

    task: ImageTask

    def networks(self, start: str) -> list[networks.IdentityPerceptron]:
        """The networks of a start, trained alike."""
        config, task = self.config, self.task
        make = partial(
            networks.IdentityPerceptron,
            features=task.inputs.shape[1],
            classes=len(task.class_names),
            depth=config.depth,
            start=start,
        )
        options = training(config.minibatch_size, config.epochs, config.rate, len(task.labels))
        rows, count = (task.inputs, task.labels), config.seeds if start == IDENTITY else config.random_seeds
        alone = {f"{start} {seed}": self.with_seed(seed) for seed in range(count)}
        return [each.fitted(name, make, rows, seeds=None, **options).network for name, each in alone.items()]


def shares(network, inputs, target, nodes: int) -> identity.NeuronShares:
    """The shares of all neurons in the score of a class of each row, of a few rows at a time."""
    stack = network.stack()
    parts = [
        identity.neuron_shares(
            *stack, network.pad(jnp.asarray(inputs[start : start + PART])), classes=network.classes,
            target=target[start : start + PART], nodes=nodes,
        )
        for start in range(0, len(inputs), PART)
    ]  # fmt: skip
    joined = jax.tree.map(lambda *each: np.concatenate(each, axis=1), *(part[:2] for part in parts))
    score, rest = (np.concatenate(each) for each in zip(*(part[2:4] for part in parts), strict=True))
    missing = np.abs(joined[0].sum(axis=(0, 2)) + joined[1].sum(axis=0) - (score - rest))
    return identity.NeuronShares(*joined, score, rest, missing.sum() / np.abs(score).sum())


def predicted(network, inputs) -> np.ndarray:
    """The network's class of each row."""
    return networks.apply(network, inputs).argmax(axis=1)
