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
from interp_jax.methods import ablation, hierarchy
from interp_jax.networks.models import lnn

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
    populations: dict[str, list] = dataclasses.field(default_factory=dict)
    measured: dict[str, list[hierarchy.FeatureVectors]] = dataclasses.field(default_factory=dict)
    grown: dict[str, list[hierarchy.Hierarchy]] = dataclasses.field(default_factory=dict)
    curves: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)  # [stretches, networks] training errors

    def population(self, kind: str) -> list:
        """The networks of one kind: trained, trained on shuffled targets, or with their starting weights."""
        if kind not in self.populations:
            make = self._sigmoid_networks if self.config.network == "lnn" else self._chains
            self.populations[kind] = make(kind)
        return self.populations[kind]

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
        """The Ward tree of its feature vectors as measured, without dead units."""
        return ward.linkage(self.shown.vectors[self.tree.units])

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
        """The cluster of every unit in the tree, at every resolution shown."""
        return [self.tree.cut(c) for c in self.task.resolutions]

    @cached_property
    def numbers(self) -> list[int]:
        """The first cluster's number at every resolution: clusters are numbered through, as in the paper."""
        return first_numbers(self.task.resolutions)

    @cached_property
    def chosen(self) -> list[int]:
        """The representative resolutions of the tree that is shown."""
        return hierarchy.representative_resolutions(self.tree.linkage)

    @property
    def nmf_rank(self) -> int:
        """Parts of the factorization, no more than there are units in the tree."""
        return min(self.task.nmf_rank, len(self.tree.units))

    @property
    def support(self) -> list[hierarchy.Support]:
        """Bootstrap support of the clusters of every resolution shown."""
        return [self.supports[c] for c in self.task.resolutions]

    @cached_property
    def supports(self) -> dict[int, hierarchy.Support]:
        """Bootstrap support of the clusters of every resolution shown, and at the factorization's number of parts."""
        counts = sorted({*self.task.resolutions, self.nmf_rank})
        masks = np.concatenate([members(self.tree.cut(c)) for c in counts])
        weights = hierarchy.bootstrap_weights(self.key(4), len(self.task.inputs), self.config.resamples)
        layers, outputs = self.activations
        live = jnp.concatenate(layers, axis=1)[:, self.tree.units]
        found = hierarchy.tree_support(self.task.inputs, live, outputs, masks, weights=weights)
        parts = zip(*(np.split(np.asarray(x), np.cumsum(counts)[:-1]) for x in found), strict=True)
        return {c: hierarchy.Support(*part) for c, part in zip(counts, parts, strict=True)}

    def kept(self, name: str, compute):
        """The arrays that a function of no arguments returns: computed once, then read from the run's folder."""
        folder = self.folder(name)
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
        steps = 0 if kind == UNTRAINED else self.task.steps
        train = partial(_train, sizes=sizes, steps=steps, drawn=not self.task.is_images)
        rows = inputs, targets, self.task.penalty
        like = jax.eval_shape(lambda: lane(train(self._keys(0)[None], *rows), 0))
        found = []
        for first in range(0, count, together):
            numbers = range(first, min(first + together, count))
            folders = [self.folder(f"{kind} {number + 1}") for number in numbers]
            keys = jnp.stack([self._keys(number) for number in numbers])
            if not all(folder.is_dir() for folder in folders):
                stacked = train(keys, *rows)
                for index, folder in enumerate(folders):
                    if not folder.is_dir():
                        networks.save_arrays(folder, lane(stacked, index))
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
                folder = self.folder(f"{kind} {number + 1}")
                if not folder.is_dir():
                    options = {"key": order, "epochs": task.passes, "optimizer": ADAM, "minibatch_size": 50}
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
        network, order = lnn.init(pair[0], sizes), pair[1] if drawn else None
        if not steps:
            return lnn.Trained(network, jnp.zeros(1))
        return lnn.train(network, inputs, targets, steps=steps, penalty=penalty, key=order)

    return jax.vmap(one)(keys)


@jax.jit
def _activations(segments, rows):
    def one(row):
        hidden, outputs = ablation.intact_layers(segments, row[None])
        return [jnp.mean(layer[0], axis=tuple(range(layer.ndim - 2))) for layer in hidden], outputs[0]

    return jax.lax.map(one, rows, batch_size=BATCH)


def first_numbers(counts) -> list[int]:
    """The first cluster's number at every resolution when clusters are numbered through."""
    return [1 + sum(counts[:level]) for level in range(len(counts))]


def members(labels: np.ndarray) -> np.ndarray:
    """[clusters, units] which units belong to each cluster."""
    return labels[None, :] == np.arange(labels.max() + 1)[:, None]
