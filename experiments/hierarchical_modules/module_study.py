"""The study's networks and their trees."""

import dataclasses
from collections.abc import Callable
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments import meshes
from experiments.hierarchical_modules.tasks import chain
from experiments.sigmoid_networks import Task, train
from experiments.study import Study, lane
from interp_jax import networks
from interp_jax.methods import hierarchy

KINDS = TRAINED, SHUFFLED, UNTRAINED = "trained", "shuffled targets", "untrained"
CONTROLS = KINDS[1:]
ADAM = optax.adam(1e-3)  # one object for all calls, so that they share a compilation
HIDDEN = {"mlp": "relu", "cnn": "max"}  # stages whose outputs are the hidden layers
BATCH = 1_000  # rows that a network evaluates at a time


@dataclasses.dataclass(kw_only=True)
class ModuleStudy(Study):
    """The study with its task. Pages show the first trained network."""

    task: Task

    @cached_property
    def networks(self) -> dict[str, list]:
        """All networks by kind."""
        count, sigmoid = self.config.networks, self.config.network == "lnn"
        make, together = (self._sigmoid_networks, self.config.networks_at_once) if sigmoid else (self._chain, 1)
        starts, made = [(kind, first) for kind in KINDS for first in range(0, count, together)], {}
        for kind, first in self.counted("networks", starts):
            made[kind] = made.get(kind, []) + make(kind, range(first, min(first + together, count)))
        return made

    @cached_property
    def vectors(self) -> dict[str, list[hierarchy.FeatureVectors]]:
        """The feature vectors of all networks by kind, on the training rows."""
        vectors, every = {kind: [] for kind in KINDS}, [(kind, each) for kind in KINDS for each in self.networks[kind]]
        for kind, network in self.counted("correlations", every):
            vectors[kind].append(hierarchy.network_vectors(self.segments(network), self.spread(self.task.inputs)))
        return vectors

    @cached_property
    def trees(self) -> dict[str, list[hierarchy.Hierarchy]]:
        """The trees of all networks by kind."""
        return {kind: list(map(hierarchy.build, vectors)) for kind, vectors in self.vectors.items()}

    def segments(self, network) -> tuple:
        """A network cut at its hidden layers."""
        if self.config.network == "lnn":
            return network.segments()
        stage = HIDDEN[self.config.network]
        return network.segments(*(f"{stage}{layer + 1}" for layer in range(len(self.task.hidden))))

    def stored(self, name: str, compute: Callable):
        """The arrays that ``compute()`` returns: computed once, then read from the run's folder."""
        folder = meshes.saved_once(self.folder(name), compute, networks.save_arrays)
        return networks.load_arrays(folder, jax.eval_shape(compute))

    def _keys(self, number):
        return jax.random.split(jax.random.fold_in(self.key(2), number))

    def _rows(self, kind):
        targets = self.task.targets if self.config.network == "lnn" else self.task.labels
        shuffled = np.asarray(jax.random.permutation(self.key(3), len(targets)))
        return self.task.inputs, targets[shuffled] if kind == SHUFFLED else targets

    def _sigmoid_networks(self, kind, numbers):
        task, keys = self.task, jnp.stack([self._keys(number) for number in numbers])
        options = {
            "sizes": (task.inputs.shape[1], *task.hidden, task.targets.shape[1]),
            "steps": 0 if kind == UNTRAINED else task.passes * len(task.inputs),
            "drawn": not task.features.images,  # digits are shown in the paper's order, with alternating classes
        }
        compute = partial(train, keys, *map(jnp.asarray, self._rows(kind)), task.penalty, **options)
        stacked = self.stored(f"{kind} {numbers[0] + 1}", compute).network
        return [lane(stacked, index) for index in range(len(numbers))]

    def _chain(self, kind, numbers):
        start, order = self._keys(numbers[0])
        network, folder = chain(self.config.network, self.task, start), self.folder(f"{kind} {numbers[0] + 1}")
        if kind != UNTRAINED:
            options = {"key": order, "epochs": self.task.passes, "optimizer": ADAM, "minibatch_size": 50}
            train = partial(networks.fit, network, *self.spread(self._rows(kind)), **options)
            meshes.saved_once(folder, train, networks.save_fit)
            network = networks.load_fit(folder, network).network
        return [networks.inference_view(network)]


def exceeds(values, others, networks: int) -> bool:
    """Whether a mean is greater than another by over two standard errors, with so many independent networks."""
    if any(np.shape(each) == (1,) for each in (values, others)):
        return False  # no standard error is known
    return bool(np.mean(values) - np.mean(others) > 2 * np.hypot(np.std(values), np.std(others)) / np.sqrt(networks))
