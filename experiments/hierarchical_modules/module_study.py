"""The study's networks, their trees, and the clusters that all sections speak of."""

import dataclasses
from functools import cached_property, partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.hierarchical_modules.tasks import Task, chain, shuffled
from experiments.study import Study, lane
from interp_jax import networks
from interp_jax.kernels import ward
from interp_jax.methods import ablation, hierarchy, support
from interp_jax.networks import lnn

TRAINED, SHUFFLED, UNTRAINED = "trained", "shuffled targets", "untrained"
KINDS = (TRAINED, SHUFFLED, UNTRAINED)
ADAM = optax.adam(1e-3)  # one object for all calls, which share a compilation
HIDDEN = {"mlp": "relu", "cnn": "max"}  # stages that give the hidden layers
BATCH = 1_000  # rows that go through a network at a time
CNN_ROWS = 1_000  # held-out rows that modules of a convolutional network are ablated on


@dataclasses.dataclass(kw_only=True)
class ModuleStudy(Study):
    """The study with its task; the first trained network is the one that is shown."""

    task: Task

    def population(self, kind: str) -> list:
        """The networks of one kind: trained, trained on shuffled targets, or with their starting weights."""
        if kind not in self.populations:
            make = self._sigmoid_networks if self.config.network == "lnn" else self._chains
            self.populations[kind] = make(kind)
        return self.populations[kind]

    @cached_property
    def populations(self) -> dict[str, list]:
        """The networks that there are by now."""
        return {}

    @cached_property
    def curves(self) -> dict[str, np.ndarray]:
        """[stretches, networks] errors of sigmoid networks while they were trained."""
        return {}

    def segments(self, network) -> tuple:
        """A network cut at its hidden layers."""
        if self.config.network == "lnn":
            return network.segments()
        names = [f"{HIDDEN[self.config.network]}{layer}" for layer in range(1, len(self.task.hidden) + 1)]
        parts = [network.until(names[0])]
        parts += [network.after(before).until(name) for before, name in pairwise(names)]
        return (*parts, network.after(names[-1]))

    def trees(self, kind: str) -> list[hierarchy.Hierarchy]:
        """The trees of all networks of one kind."""
        if kind not in self.grown:
            self.grown[kind] = [hierarchy.build(vectors) for vectors in self.vectors(kind)]
        return self.grown[kind]

    @cached_property
    def grown(self) -> dict[str, list]:
        """The trees that there are by now."""
        return {}

    def vectors(self, kind: str) -> list[hierarchy.FeatureVectors]:
        """The feature vectors of all networks of one kind, over the training rows."""
        if kind not in self.measured:
            bar = self.progress.task(f"correlations, {kind}", self.config.networks)
            self.measured[kind] = []
            for network in self.population(kind):
                self.measured[kind].append(hierarchy.network_vectors(self.segments(network), self.task.inputs))
                bar.advance()
            bar.finish()
        return self.measured[kind]

    @cached_property
    def measured(self) -> dict[str, list]:
        """The feature vectors that there are by now."""
        return {}

    @cached_property
    def network(self):
        """The network that is shown."""
        return self.population(TRAINED)[0]

    @cached_property
    def shown(self) -> hierarchy.FeatureVectors:
        """Its feature vectors as measured."""
        return self.vectors(TRAINED)[0]

    @cached_property
    def tree(self) -> hierarchy.Hierarchy:
        """Its tree."""
        return self.trees(TRAINED)[0]

    @cached_property
    def unaligned(self) -> np.ndarray:
        """The Ward tree of its feature vectors as measured."""
        return ward.linkage(self.shown.vectors)

    @cached_property
    def activations(self) -> tuple:
        """Its hidden units, averaged over their places, and its outputs on the training rows."""
        return _activations(self.segments(self.network), self.task.inputs)

    def outputs(self, network, rows) -> np.ndarray:
        """What a network puts out for some rows."""
        return np.asarray(_activations(self.segments(network), rows)[1])

    @cached_property
    def ablated_rows(self) -> np.ndarray:
        """The held-out rows that modules are ablated on."""
        return self.task.held_inputs[: CNN_ROWS if self.config.network == "cnn" else None]

    @cached_property
    def levels(self) -> list[np.ndarray]:
        """The cluster of every unit at every resolution shown."""
        return [self.tree.cut(c) for c in self.task.resolutions]

    @cached_property
    def numbers(self) -> list[int]:
        """The first cluster's number at every resolution: clusters are numbered through, as in the paper."""
        return [1 + sum(self.task.resolutions[:level]) for level in range(len(self.task.resolutions))]

    @cached_property
    def row_weights(self):
        """How often each training row counts in each resample."""
        return support.bootstrap_weights(self.key(4), len(self.task.inputs), self.config.resamples)

    @cached_property
    def support(self) -> list[support.Support]:
        """Bootstrap support of the clusters of every resolution shown."""
        masks = np.concatenate([members(labels) for labels in self.levels])
        hidden, outputs = self.activations
        found = jax.jit(support.tree_support)(self.task.inputs, hidden, outputs, masks, weights=self.row_weights)
        ends = np.cumsum(self.task.resolutions)[:-1]
        return [support.Support(*parts) for parts in zip(*(np.split(np.asarray(x), ends) for x in found), strict=True)]

    def kept(self, name: str, compute):
        """The arrays that a function of no arguments returns: computed once, then read from the run's folder."""
        folder = self.run.checkpoint(name.replace(" ", "-"))
        if not folder.is_dir():
            networks.save_arrays(folder, compute())
        return networks.load_arrays(folder, jax.eval_shape(compute))

    def _targets(self, kind):
        targets = self.task.targets if self.config.network == "lnn" else self.task.labels
        return shuffled(targets, self.key(3)) if kind == SHUFFLED else targets

    def _keys(self, number):
        return jax.random.split(jax.random.fold_in(self.key(2), number))

    def _sigmoid_networks(self, kind):
        inputs, targets = jnp.asarray(self.task.inputs), jnp.asarray(self._targets(kind))
        sizes = (inputs.shape[1], *self.task.hidden, targets.shape[1])
        count, together = self.config.networks, self.config.networks_at_once
        bar = self.progress.task(f"networks, {kind}", count)
        # Digits come in the paper's order, the classes taking turns; months at random.
        train = partial(_train, sizes=sizes, steps=self.task.steps, drawn=not self.task.is_images)
        if kind == UNTRAINED:
            train = partial(_untrained, sizes=sizes)
        found = []
        for first in range(0, count, together):
            numbers = range(first, min(first + together, count))
            folders = [self.run.checkpoint(f"{kind} {number + 1}".replace(" ", "-")) for number in numbers]
            keys = jnp.stack([self._keys(number) for number in numbers])
            if not all(folder.is_dir() for folder in folders):
                stacked = train(keys, inputs, targets, self.task.penalty)
                for index, folder in enumerate(folders):
                    if not folder.is_dir():
                        networks.save_arrays(folder, lane(stacked, index))
            like = jax.eval_shape(lambda: lane(train(keys, inputs, targets, self.task.penalty), 0))  # noqa: B023
            found += [networks.load_arrays(folder, like) for folder in folders]
            bar.advance(len(folders))
        bar.finish()
        self.curves[kind] = np.stack([trained.error for trained in found], axis=1)
        return [trained.network for trained in found]

    def _chains(self, kind):
        task, labels, config = self.task, self._targets(kind), self.config
        bar = self.progress.task(f"networks, {kind}", config.networks)
        found = []
        for number in range(config.networks):
            start, order = self._keys(number)
            network = chain(config.network, task, start)
            if kind != UNTRAINED:
                folder = self.run.checkpoint(f"{kind} {number + 1}".replace(" ", "-"))
                if not folder.is_dir():
                    options = {"key": order, "epochs": task.passes, "optimizer": ADAM, "batch_size": 50}
                    networks.save_fit(folder, networks.fit(network, task.inputs, labels, **options))
                network = networks.load_fit(folder, network).network
            found.append(networks.inference_view(network))
            bar.advance()
        bar.finish()
        return found


@partial(jax.jit, static_argnames=("sizes", "steps", "drawn"))
def _train(keys, inputs, targets, penalty, *, sizes, steps, drawn):
    """Sigmoid networks, each from two keys: one for its starting weights, one for the order of its rows if drawn."""

    def one(pair):
        order = pair[1] if drawn else None
        return lnn.train(lnn.init(pair[0], sizes), inputs, targets, steps=steps, penalty=penalty, key=order)

    return jax.vmap(one)(keys)


@partial(jax.jit, static_argnames="sizes")
def _untrained(keys, inputs, targets, penalty, *, sizes):
    return jax.vmap(lambda pair: lnn.Trained(lnn.init(pair[0], sizes), jnp.zeros(1)))(keys)


@jax.jit
def _activations(segments, rows):
    def one(row):
        hidden, outputs = ablation.intact_layers(segments, row[None])
        return [jnp.mean(layer[0], axis=tuple(range(layer.ndim - 2))) for layer in hidden], outputs[0]

    return jax.lax.map(one, rows, batch_size=BATCH)


def members(labels: np.ndarray) -> np.ndarray:
    """[clusters, units] which units belong to each cluster."""
    return labels[None, :] == np.arange(labels.max() + 1)[:, None]
