"""The study's network, its hidden layers, and the core units that all sections use."""

import dataclasses
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.core_units import published
from experiments.core_units.tasks import Task
from experiments.study import BATCH, Study
from interp_jax import networks
from interp_jax.methods import core_units

# One optimizer object for all calls, so that they share a compilation.
SHUFFLED_OPTIMIZER = optax.adam(1e-3)


@dataclasses.dataclass(frozen=True)
class Core:
    """A selection as it is stored, without its rows; masks and gates are vectors over all gated units."""

    mask: np.ndarray
    gates: np.ndarray
    gates_mask: np.ndarray
    holding_rate: float
    gates_holding_rate: float
    reached: bool

    @property
    def units(self) -> int:
        """The number of units that the mask keeps."""
        return int(self.mask.sum())

    @property
    def gates_units(self) -> int:
        """The number of units that the gates alone keep."""
        return int(self.gates_mask.sum())


@dataclasses.dataclass(kw_only=True)
class CoreStudy(Study):
    """The study with its task; ``held`` selects the held-out rows in place of the training rows."""

    task: Task
    stored_layers: dict = dataclasses.field(default_factory=dict)
    stored: dict = dataclasses.field(default_factory=dict)

    @cached_property
    def network(self) -> networks.Chain:
        """The trained network."""
        options = {"epochs": self.task.epochs, **self.task.training}
        return self.fitted("network", self.task.network, self.task.learned, seeds=None, **options).network

    def control(self, name: str) -> networks.Chain:
        """A sanity control of the network: untrained, or trained on shuffled labels."""
        if name == "untrained":
            return networks.inference_view(self.stacked(self.task.network, None)[0])
        return self.fitted(
            name,
            self.task.network,
            self.shuffled(),
            seeds=None,
            epochs=self.config.shuffled_epochs,
            optimizer=SHUFFLED_OPTIMIZER,
            minibatch_size=self.task.training["minibatch_size"],
        ).network

    def shuffled(self) -> tuple[np.ndarray, np.ndarray]:
        """Some of the training rows with randomly permuted labels."""
        labels = self.task.labels
        order = np.asarray(jax.random.permutation(self.key(18), len(labels)))[: self.config.shuffled_rows]
        return self.task.inputs[np.sort(order)], labels[order]

    @property
    def all_classes_holding(self) -> float:
        """The required share of unchanged predictions when one set of units is selected for all classes."""
        return 0.95 if self.config.data == "cifar10" else 0.99

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes of interest."""
        return self.config.classes or tuple(range(len(self.task.class_names)))

    @property
    def selections(self) -> str:
        """The number of selections of each class, in words."""
        return "one selection" if self.config.repeats == 1 else f"{self.config.repeats} selections"

    def rows(self, held: bool) -> np.ndarray:
        """The images as inputs of the network."""
        return self.task.held_inputs if held else self.task.inputs

    @cached_property
    def predictions(self) -> tuple[np.ndarray, np.ndarray]:
        """The predicted classes of the training rows and of the held-out rows."""
        return tuple(predicted(self.network, self.rows(held)) for held in (False, True))

    def hidden(self, layer: str, held: bool = False) -> jax.Array:
        """A layer's activations on all rows; the activations of one layer at a time stay in memory."""
        if (layer, held) not in self.stored_layers:
            self.stored_layers = {key: value for key, value in self.stored_layers.items() if key[0] == layer}
            self.stored_layers[layer, held] = activations(self.network.until(layer), self.rows(held))
        return self.stored_layers[layer, held]

    def units(self, layer: str) -> int:
        """The number of units of a layer."""
        return jax.eval_shape(self.network.until(layer), self.task.inputs[:1]).shape[-1]

    def tail(self, layer: str, network=None):
        """The network after a layer, prepared for masks: lifted where the next stage is linear, else narrowed."""
        network = self.network if network is None else network
        shape = jax.eval_shape(network.until(layer), self.task.inputs[:1]).shape[1:]
        return (networks.lift if self.task.lifts[layer] else networks.narrow)(network.after(layer), shape)

    def required(self, layer: str, label: int, classifier: str = "argmax") -> float:
        """The required holding rate; with the paper's classifier that of the paper."""
        if self.config.holding is not None:
            return self.config.holding
        rates = published.holding(self.config.data, layer)
        if rates is None:
            return 0.995
        paper = float(rates[label].mean())
        return paper if classifier == "center" or self.config.data == "cifar10" else max(0.995, paper)

    def core(self, layer: str, label: int, run: int = 0, classifier: str = "argmax") -> Core:
        """The core units of a class in a layer; every run has its own rows, batches and initial gates."""

        def select():
            return core_units.select(
                self.tail(layer),
                self.hidden(layer),
                self.predictions[0],
                label,
                key=jax.random.fold_in(jax.random.fold_in(self.key(2), label), run),
                holding=self.required(layer, label, classifier),
                classifier=classifier,
                **self.select_options,
            )

        by = "" if classifier == "argmax" else f"{classifier} "
        return self.selection(f"core {by}{layer} {label} {run}", self.units(layer), select)

    @property
    def select_options(self) -> dict:
        """Options of all selections."""
        names = ("steps", "minibatch_size", "starts", "swaps", "search_rows")
        return {name: getattr(self.config, name) for name in names}

    def selection(self, name: str, units: int, select) -> Core:
        """The result of ``select``: computed once, then read from the run's folder."""

        def arrays():
            core = select()
            flat = {field: _flat(getattr(core, field)) for field in vectors}
            rates = np.array([core.holding_rate, core.gates_holding_rate, core.reached], np.float32)
            return {**flat, "rates": rates}

        vectors = {"mask": bool, "gates": np.float32, "gates_mask": bool}
        like = {field: jax.ShapeDtypeStruct((units,), dtype) for field, dtype in vectors.items()}
        saved = self.stored_arrays(name, {**like, "rates": jax.ShapeDtypeStruct((3,), np.float32)}, arrays)
        holding, gates_holding, reached = saved["rates"].tolist()
        return Core(
            **{field: saved[field] for field in vectors},
            holding_rate=holding,
            gates_holding_rate=gates_holding,
            reached=bool(reached),
        )

    def stored_arrays(self, name: str, like, compute):
        """A pytree of arrays with the shapes of ``like``: computed once, then read from the run's folder."""
        if name not in self.stored:
            folder = self.folder(name)
            if not folder.is_dir():
                networks.save_arrays(folder, compute())
            self.stored[name] = jax.tree.map(np.asarray, networks.load_arrays(folder, like))
        return self.stored[name]

    def nested_holding(self, layer: str, label: int) -> np.ndarray:
        """Holding rates of the first 0, 1, 2, … units of the first core on a sample, by decreasing gates."""
        core = self.core(layer, label)
        rows = self.class_rows(label, self.config.baseline_rows)
        order = np.lexsort((-core.gates, ~core.mask))  # units outside the core come last
        hidden, predictions = self.hidden(layer), self.predictions[0]
        rates = core_units.nested_holding(self.tail(layer), hidden, predictions, label, order, data=rows)
        return rates[: core.units + 1]

    def held_out_rate(self, layer: str, label: int, mask) -> float:
        """The holding rate of a mask on the held-out rows."""
        hidden, predictions = self.hidden(layer, held=True), self.predictions[1]
        return float(core_units.holding_rate(self.network.after(layer), hidden, predictions, label, mask))

    def class_rows(self, label: int, most: int | None = None, held: bool = False) -> core_units.ClassData:
        """The class rows of a selection, or a sample of at most ``most`` of them, half of either side."""
        predictions = self.predictions[int(held)]
        data = core_units.class_data(predictions, label, key=jax.random.fold_in(self.key(3), label))
        if most is None:
            return data
        key = jax.random.fold_in(self.key(4), label)
        sides = (np.asarray(jax.random.permutation(key, side))[: most // 2] for side in data)
        return core_units.ClassData(*map(np.sort, sides))


def _flat(value) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in value.values()]) if isinstance(value, dict) else np.ravel(value)


@jax.jit
def _outputs(network, rows):
    return network(rows)


def activations(network, rows) -> jax.Array:
    """The outputs of a network for some rows, computed for a batch of rows at a time."""
    return jnp.concatenate([_outputs(network, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)])


def predicted(network, rows) -> np.ndarray:
    """The predicted class of every row."""
    return np.asarray(activations(network, rows)).argmax(axis=1)


def random_masks(key, units: int, size: int, count: int) -> list[np.ndarray]:
    """Random sets of units of a given size, as masks."""
    keys = (jax.random.fold_in(key, draw) for draw in range(count))
    return [np.asarray(jax.random.permutation(key, units) < size) for key in keys]
