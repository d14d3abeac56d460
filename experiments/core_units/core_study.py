"""The study's network, its hidden layers, and the core units that all sections use."""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments import published_cores as published
from experiments.core_units.tasks import Task, task
from experiments.study import BATCH, Study
from interp_jax import networks
from interp_jax.methods import core_units


@dataclasses.dataclass
class CoreStudy(Study):
    """The study with its task; ``held`` selects the held-out rows in place of the training rows."""

    stored_layers: dict = dataclasses.field(default_factory=dict)

    @cached_property
    def task(self) -> Task:
        """The images and the network; a page that is only shown again needs none."""
        return task(self.config)

    @cached_property
    def network(self) -> networks.Chain:
        """The trained network."""
        return self.fitted("network", self.task.network, self.task.learned, seeds=None, **self.task.training).network

    def control(self, name: str) -> networks.Chain:
        """A sanity control of the network: untrained, or trained on shuffled labels."""
        if name == "untrained":
            return networks.inference_view(self.stacked(self.task.network, None)[0])
        options = {"epochs": self.config.shuffled_epochs, "minibatch_size": self.task.training["minibatch_size"]}
        options["optimizer"] = optax.adam(1e-3)
        return self.fitted(name, self.task.network, self.shuffled(), seeds=None, **options).network

    def shuffled(self) -> tuple[np.ndarray, np.ndarray]:
        """Some of the training rows with randomly permuted labels."""
        labels = self.task.labels
        order = np.asarray(jax.random.permutation(self.key(18), len(labels)))[: self.config.shuffled_rows]
        return self.task.inputs[np.sort(order)], labels[order]

    @property
    def names(self) -> dict[int, str]:
        """The classes of interest and their names."""
        return {label: self.task.class_names[label] for label in self.config.classes or range(10)}

    @property
    def few(self) -> dict[int, str]:
        """The classes of the sections that treat only some."""
        some = {label: name for label, name in self.names.items() if label in self.config.joint_classes}
        return some or dict(list(self.names.items())[:3])

    @cached_property
    def predictions(self) -> tuple[np.ndarray, np.ndarray]:
        """The predicted classes of the training rows and of the held-out rows."""
        return tuple(predicted(self.network, rows) for rows in (self.task.inputs, self.task.held_inputs))

    def hidden(self, layer: str, held: bool = False) -> jax.Array:
        """A layer's activations on all rows; the activations of one layer at a time stay in memory."""
        if (layer, held) not in self.stored_layers:
            self.stored_layers = {key: value for key, value in self.stored_layers.items() if key[0] == layer}
            rows = self.task.held_inputs if held else self.task.inputs
            hidden = networks.apply(self.network.until(layer), rows, batch_size=BATCH)
            self.stored_layers[layer, held] = jnp.asarray(hidden)
        return self.stored_layers[layer, held]

    def units(self, layer: str) -> int:
        """The number of units of a layer."""
        return jax.eval_shape(self.network.until(layer), self.task.inputs[:1]).shape[-1]

    def tail(self, layer: str, network=None):
        """The network after a layer, prepared for masks: lifted where the next stage is linear, else narrowed."""
        network = self.network if network is None else network
        shape = jax.eval_shape(network.until(layer), self.task.inputs[:1]).shape[1:]
        return (networks.lift if layer in self.task.lifted else networks.narrow)(network.after(layer), shape)

    def required(self, layer: str, label: int, classifier: str = "argmax") -> float:
        """The required holding rate; with the paper's classifier that of the paper."""
        tables = published.tables(self.config.data, layer)
        if self.config.holding or not tables:
            return self.config.holding or 0.995
        paper = float(tables[1][label].mean())
        return paper if classifier == "center" or self.config.data == "cifar10" else max(0.995, paper)

    def parts(self, layer: str) -> tuple[Any, jax.Array, np.ndarray]:
        """The tail after a layer, its activations on the training rows, and the predictions for them."""
        return self.tail(layer), self.hidden(layer), self.predictions[0]

    def core(self, layer: str, label: int, run: int = 0, classifier: str = "argmax") -> core_units.Selection:
        """The core units of a class in a layer; every run has its own rows, batches and initial gates."""
        key = jax.random.fold_in(jax.random.fold_in(self.key(2), label), run)
        options = {"key": key, "holding": self.required(layer, label, classifier), "classifier": classifier}
        by = "" if classifier == "argmax" else f"{classifier} "
        return self.select(f"core {by}{layer} {label} {run}", lambda: self.parts(layer), label, **options)

    def select(self, name: str, parts: Callable, target: int | None, **options: Any) -> core_units.Selection:
        """A selection from the tail, the activations and the predictions that ``parts`` returns; made once."""
        options = self.select_options | options
        return self.cached(name, lambda: core_units.select(*parts(), target, **options), core_units)

    @property
    def select_options(self) -> dict:
        """Options of all selections."""
        names = ("steps", "minibatch_size", "starts", "swaps", "search_rows")
        return {name: getattr(self.config, name) for name in names}

    def by_layer(self, what: str, of_class: Callable[[str, int], Any]) -> dict[str, dict[str, Any]]:
        """``of_class(layer, label)`` by layer and name of the class."""
        return {
            layer: {self.names[label]: of_class(layer, label) for label in self.counted(f"{what}, {layer}", self.names)}
            for layer in self.config.layers
        }

    def class_rows(self, label: int, most: int | None = None) -> core_units.ClassData:
        """The class rows of a selection, or a sample of at most ``most`` of them, half of either side."""
        data = core_units.class_data(self.predictions[0], label, key=jax.random.fold_in(self.key(3), label))
        if most is None:
            return data
        key = jax.random.fold_in(self.key(4), label)
        sides = (np.asarray(jax.random.permutation(key, side))[: most // 2] for side in data)
        return core_units.ClassData(*map(np.sort, sides))


def predicted(network, rows) -> np.ndarray:
    """The predicted class of every row."""
    return networks.apply(network, rows, batch_size=BATCH).argmax(axis=1)
