"""The study's network, its hidden layers, and the core units that all sections speak of."""

import dataclasses
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.core_units import published
from experiments.core_units.tasks import Task
from experiments.study import Study
from interp_jax import networks
from interp_jax.methods import core_units

BATCH = 500  # rows that go through a network at a time
# One optimizer for all calls: another object means another compilation.
SHUFFLED_OPTIMIZER = optax.adam(1e-3)


@dataclasses.dataclass(frozen=True)
class Core:
    """A selection without its rows, as it is kept on disk; masks and gates are vectors over all gated units."""

    mask: np.ndarray
    gates: np.ndarray
    gates_mask: np.ndarray
    holding_rate: float
    gates_holding_rate: float
    reached: bool

    @property
    def units(self) -> int:
        """How many units are kept."""
        return int(self.mask.sum())

    @property
    def gates_units(self) -> int:
        """How many the gates alone keep."""
        return int(self.gates_mask.sum())


@dataclasses.dataclass(kw_only=True)
class CoreStudy(Study):
    """The study with its task. Rows are all that the network was trained and chosen with, or those held out."""

    task: Task
    kept_layers: dict = dataclasses.field(default_factory=dict)
    kept_found: dict = dataclasses.field(default_factory=dict)

    @cached_property
    def network(self) -> networks.Chain:
        """The trained network."""
        options = {"epochs": self.task.epochs, **self.task.training}
        return self.fitted("network", self.task.network, self.task.learned, seeds=None, **options).network

    def twin(self, name: str) -> networks.Chain:
        """The same network with its starting weights, or trained on labels in random order (`shuffled`)."""
        if name == "untrained":
            return networks.inference_view(self.stacked(self.task.network, None)[0])
        return self.fitted(
            name,
            self.task.network,
            self.shuffled(),
            seeds=None,
            epochs=self.config.shuffled_epochs,
            optimizer=SHUFFLED_OPTIMIZER,
            batch_size=self.task.training["batch_size"],
        ).network

    def shuffled(self) -> tuple[np.ndarray, np.ndarray]:
        """Some of the rows, with each other's labels."""
        labels = self.task.labels
        order = np.asarray(jax.random.permutation(self.key(18), len(labels)))[: self.config.shuffled_rows]
        return self.task.inputs[np.sort(order)], labels[order]

    @property
    def all_classes_holding(self) -> float:
        """The share of rows that has to keep its class when one set of units serves all classes."""
        return 0.95 if self.config.data == "cifar10" else 0.99

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes of interest."""
        return self.config.classes or tuple(range(len(self.task.class_names)))

    @property
    def selections(self) -> str:
        """How many selections a class has, in words."""
        return "one selection" if self.config.repeats == 1 else f"{self.config.repeats} selections"

    def rows(self, held: bool) -> np.ndarray:
        """The images, as the network takes them."""
        return self.task.held_inputs if held else self.task.inputs

    @cached_property
    def predictions(self) -> tuple[np.ndarray, np.ndarray]:
        """The classes predicted for the rows, and for those held out."""
        return tuple(predicted(self.network, self.rows(held)) for held in (False, True))

    def hidden(self, layer: str, held: bool = False) -> jax.Array:
        """A layer's activations on all rows; one layer at a time is kept."""
        if (layer, held) not in self.kept_layers:
            self.kept_layers = {key: value for key, value in self.kept_layers.items() if key[0] == layer}
            self.kept_layers[layer, held] = activations(self.network.until(layer), self.rows(held))
        return self.kept_layers[layer, held]

    def units(self, layer: str) -> int:
        """How many units a layer has."""
        return jax.eval_shape(self.network.until(layer), self.task.inputs[:1]).shape[-1]

    def tail(self, layer: str, network=None):
        """What follows a layer, taken apart unit by unit where that can be done, else able to leave units out."""
        network = self.network if network is None else network
        shape = jax.eval_shape(network.until(layer), self.task.inputs[:1]).shape[1:]
        return (networks.lift if self.task.lifts[layer] else networks.narrow)(network.after(layer), shape)

    def wanted(self, layer: str, label: int, classifier: str = "argmax") -> float:
        """The holding rate asked for; by the paper's own classifier, the paper's."""
        if self.config.holding is not None:
            return self.config.holding
        found = published.holding(self.config.data, layer)
        if found is None:
            return 0.995
        papers = float(found[label].mean())
        return papers if classifier == "center" or self.config.data == "cifar10" else max(0.995, papers)

    def core(self, layer: str, label: int, run: int = 0, classifier: str = "argmax") -> Core:
        """The core units of a class in a layer; every run draws its own rows, batches and starts."""

        def find():
            return core_units.select(
                self.tail(layer),
                self.hidden(layer),
                self.predictions[0],
                label,
                key=jax.random.fold_in(jax.random.fold_in(self.key(2), label), run),
                holding=self.wanted(layer, label, classifier),
                classifier=classifier,
                **self.select_options,
            )

        by = "" if classifier == "argmax" else f"{classifier} "
        return self.kept(f"core {by}{layer} {label} {run}", self.units(layer), find)

    @property
    def select_options(self) -> dict:
        """What all selections have in common."""
        return {name: getattr(self.config, name) for name in ("steps", "batch_size", "starts", "swaps", "search_rows")}

    def kept(self, name: str, units: int, find) -> Core:
        """A selection: looked for once, then read from the run's folder."""

        def arrays():
            found = find()
            flat = {field: _flat(getattr(found, field)) for field in vectors}
            rates = np.array([found.holding_rate, found.gates_holding_rate, found.reached], np.float32)
            return {**flat, "rates": rates}

        vectors = {"mask": bool, "gates": np.float32, "gates_mask": bool}
        like = {field: jax.ShapeDtypeStruct((units,), dtype) for field, dtype in vectors.items()}
        saved = self.kept_arrays(name, {**like, "rates": jax.ShapeDtypeStruct((3,), np.float32)}, arrays)
        holding, gates_holding, reached = saved["rates"].tolist()
        found = {field: saved[field] for field in vectors}
        return Core(**found, holding_rate=holding, gates_holding_rate=gates_holding, reached=bool(reached))

    def kept_arrays(self, name: str, like, find):
        """A pytree of arrays of the shapes of ``like``: computed once, then read from the run's folder."""
        if name not in self.kept_found:
            folder = self.folder(name)
            if not folder.is_dir():
                networks.save_arrays(folder, find())
            self.kept_found[name] = jax.tree.map(np.asarray, networks.load_arrays(folder, like))
        return self.kept_found[name]

    def held_rate(self, layer: str, label: int, mask) -> float:
        """The holding rate of a mask on the rows held out."""
        hidden, predictions = self.hidden(layer, held=True), self.predictions[1]
        return float(core_units.holding_rate(self.network.after(layer), hidden, predictions, label, mask))

    def class_rows(self, label: int, most: int | None = None, held: bool = False) -> core_units.ClassData:
        """The class's rows as a selection draws them, or as many of each kind as are asked for."""
        predictions = self.predictions[int(held)]
        found = core_units.class_data(predictions, label, key=jax.random.fold_in(self.key(3), label))
        if most is None:
            return found
        key = jax.random.fold_in(self.key(4), label)
        kept = (np.asarray(jax.random.permutation(key, side))[: most // 2] for side in found)
        return core_units.ClassData(*map(np.sort, kept))


def _flat(value) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in value.values()]) if isinstance(value, dict) else np.ravel(value)


@jax.jit
def _outputs(network, rows):
    return network(rows)


def activations(network, rows) -> jax.Array:
    """What a network puts out for some rows, a batch at a time."""
    return jnp.concatenate([_outputs(network, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)])


def predicted(network, rows) -> np.ndarray:
    """The class of greatest score for every row."""
    return np.asarray(activations(network, rows)).argmax(axis=1)


def random_masks(key, units: int, size: int, count: int) -> list[np.ndarray]:
    """Random sets of units."""
    keys = (jax.random.fold_in(key, draw) for draw in range(count))
    return [np.asarray(jax.random.permutation(key, units) < size) for key in keys]
