"""The study's networks, their trees, and the clusters that all sections use."""

import dataclasses
from functools import cached_property, partial

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
ADAM = optax.adam(1e-3)  # one object for all calls, so that they share a compilation
HIDDEN = {"mlp": "relu", "cnn": "max"}  # stages whose outputs are the hidden layers
BATCH = 1_000  # rows that a network evaluates at a time
CNN_ROWS = 1_000  # held-out rows for the ablation of modules of a convolutional network


@dataclasses.dataclass(kw_only=True)
class ModuleStudy(Study):
    """The study with its task. Figures show the first trained network."""

    task: Task
    populations: dict[str, list] = dataclasses.field(default_factory=dict)
    measured: dict[str, list[hierarchy.FeatureVectors]] = dataclasses.field(default_factory=dict)
    grown: dict[str, list[hierarchy.Hierarchy]] = dataclasses.field(default_factory=dict)
    curves: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)  # [intervals, networks] training errors

    def population(self, kind: str) -> list:
        """The networks of one kind: trained, trained on shuffled targets, or untrained."""
        if kind not in self.populations:
            make = self._sigmoid_networks if self.config.network == "lnn" else self._chains
            self.populations[kind] = make(kind)
        return self.populations[kind]

    def segments(self, network) -> tuple:
        """A network cut at its hidden layers."""
        if self.config.network == "lnn":
            return network.segments()
        names = [f"{HIDDEN[self.config.network]}{layer}" for layer in range(1, len(self.task.hidden) + 1)]
        return network.segments(*names)

    def trees(self, kind: str) -> list[hierarchy.Hierarchy]:
        """The trees of all networks of one kind."""
        if kind not in self.grown:
            self.grown[kind] = [hierarchy.build(vectors) for vectors in self.vectors(kind)]
        return self.grown[kind]

    def vectors(self, kind: str) -> list[hierarchy.FeatureVectors]:
        """The feature vectors of all networks of one kind, on the training rows."""
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
        """The network of the figures."""
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
        """Its hidden units, averaged over positions, and its outputs on the training rows."""
        return _activations(self.segments(self.network), self.task.inputs)

    def outputs(self, network, rows) -> np.ndarray:
        """The outputs of a network for some rows."""
        return np.asarray(_activations(self.segments(network), rows)[1])

    @cached_property
    def ablated_rows(self) -> np.ndarray:
        """The held-out rows for the ablation of modules."""
        return self.task.held_inputs[: CNN_ROWS if self.config.network == "cnn" else None]

    @cached_property
    def levels(self) -> list[np.ndarray]:
        """The cluster of every unit in the tree, at every resolution of the task."""
        return [self.tree.cut(c) for c in self.task.resolutions]

    @cached_property
    def numbers(self) -> list[int]:
        """The number of the first cluster at every resolution: clusters are numbered consecutively, as in the paper."""
        return first_numbers(self.task.resolutions)

    @cached_property
    def chosen(self) -> list[int]:
        """The representative resolutions of its tree."""
        return hierarchy.representative_resolutions(self.tree.linkage)

    @property
    def nmf_rank(self) -> int:
        """The number of parts of the factorization, at most the number of units in the tree."""
        return min(self.task.nmf_rank, len(self.tree.units))

    @property
    def support(self) -> list[hierarchy.Support]:
        """Bootstrap support of the clusters at every resolution of the task."""
        return [self.supports[c] for c in self.task.resolutions]

    @cached_property
    def supports(self) -> dict[int, hierarchy.Support]:
        """Bootstrap support at every resolution of the task, and at the factorization's number of parts."""
        counts = sorted({*self.task.resolutions, self.nmf_rank})
        masks = np.concatenate([members(self.tree.cut(c)) for c in counts])
        weights = hierarchy.bootstrap_weights(self.key(4), len(self.task.inputs), self.config.resamples)
        layers, outputs = self.activations
        live = jnp.concatenate(layers, axis=1)[:, self.tree.units]
        support = hierarchy.tree_support(self.task.inputs, live, outputs, masks, weights=weights)
        parts = zip(*(np.split(np.asarray(x), np.cumsum(counts)[:-1]) for x in support), strict=True)
        return {c: hierarchy.Support(*part) for c, part in zip(counts, parts, strict=True)}

    def stored(self, name: str, compute):
        """The arrays that ``compute()`` returns: computed once, then read from the run's folder."""
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
        # Digits are shown in the paper's order, with alternating classes; months at random.
        steps = 0 if kind == UNTRAINED else self.task.steps
        train = partial(_train, sizes=sizes, steps=steps, drawn=not self.task.is_images)
        rows = inputs, targets, self.task.penalty
        like = jax.eval_shape(lambda: lane(train(self._keys(0)[None], *rows), 0))
        trained = []
        for first in range(0, count, together):
            numbers = range(first, min(first + together, count))
            folders = [self.folder(f"{kind} {number + 1}") for number in numbers]
            keys = jnp.stack([self._keys(number) for number in numbers])
            if not all(folder.is_dir() for folder in folders):
                stacked = train(keys, *rows)
                for index, folder in enumerate(folders):
                    if not folder.is_dir():
                        networks.save_arrays(folder, lane(stacked, index))
            trained += [networks.load_arrays(folder, like) for folder in folders]
            bar.advance(len(folders))
        bar.finish()
        self.curves[kind] = np.stack([each.error for each in trained], axis=1)
        return [each.network for each in trained]

    def _chains(self, kind):
        task, labels, config = self.task, self._targets(kind), self.config
        bar = self.progress.task(f"networks, {kind}", config.networks)
        chains = []
        for number in range(config.networks):
            start, order = self._keys(number)
            network = chain(config.network, task, start)
            if kind != UNTRAINED:
                folder = self.folder(f"{kind} {number + 1}")
                if not folder.is_dir():
                    options = {"key": order, "epochs": task.passes, "optimizer": ADAM, "minibatch_size": 50}
                    networks.save_fit(folder, networks.fit(network, task.inputs, labels, **options))
                network = networks.load_fit(folder, network).network
            chains.append(networks.inference_view(network))
            bar.advance()
        bar.finish()
        return chains


@partial(jax.jit, static_argnames=("sizes", "steps", "drawn"))
def _train(keys, inputs, targets, penalty, *, sizes, steps, drawn):
    """Sigmoid networks from pairs of keys: one for the initial weights, one for the order of the rows if drawn."""

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
    """The number of the first cluster at every resolution when clusters are numbered consecutively."""
    return [1 + sum(counts[:level]) for level in range(len(counts))]


def members(labels: np.ndarray) -> np.ndarray:
    """Masks [clusters, units] of the units of each cluster."""
    return labels[None, :] == np.arange(labels.max() + 1)[:, None]
