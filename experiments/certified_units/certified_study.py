"""The study's networks, the rows of its three parts, and the sets of units that all sections use."""

import dataclasses
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.study import BATCH, Study
from experiments.tasks import digit_cnn, image_sets
from interp_jax import networks
from interp_jax.methods import core_units

REFERENCE = 1_000  # rows of the search over which means are taken and from which units are resampled


class Part(NamedTuple):
    """A layer's activations on some rows, and the network's predictions for them."""

    hidden: jax.Array
    predictions: np.ndarray


@dataclasses.dataclass
class CertifiedStudy(Study):
    """A study of several networks; each has rows that trained it and serve the search, calibration rows, test rows."""

    stored_layer: tuple = (None, {})

    @cached_property
    def images(self) -> tuple:
        """The training images, which every network splits in its own way, and the test images."""
        return image_sets(self.config.data)

    def rows(self, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Images and labels that train a network and serve the search, that calibrate, and that test."""
        train, test = self.images
        order = np.asarray(jax.random.permutation(jax.random.fold_in(self.key(1), seed), len(train.labels)))
        parts = {"search": order[self.config.calibration_rows :], "calibration": order[: self.config.calibration_rows]}
        rows = {name: (train.inputs[np.sort(part)], train.labels[np.sort(part)]) for name, part in parts.items()}
        return {**rows, "test": (test.inputs, test.labels)}

    def network(self, seed: int) -> networks.Chain:
        """A network of the paper's kind, trained by its recipe on the rows of the search; on digits a smaller one."""
        constructor, options = digit_cnn(self.config.data, self.images[0].inputs.shape[1:])
        study = self.with_seed(seed) if seed else self
        rows = self.rows(seed)["search"]
        return study.fitted(
            f"network {seed}", constructor, rows, seeds=None, epochs=self.config.epochs, **options
        ).network

    def parts(self, seed: int, layer: str) -> dict[str, Part]:
        """A layer's activations on the three parts; those of one layer at a time stay in memory."""
        if self.stored_layer[0] != (seed, layer):
            self.stored_layer = (None, {})
            network, parts = self.network(seed), {}
            for name, (images, _) in self.rows(seed).items():
                hidden = jnp.asarray(networks.apply(network.until(layer), images, batch_size=BATCH))
                predictions = networks.apply(network.after(layer), hidden, batch_size=BATCH).argmax(axis=1)
                parts[name] = Part(hidden, predictions)
            self.stored_layer = (seed, layer), parts
        return self.stored_layer[1]

    def tail(self, seed: int, layer: str):
        """The network after a layer, lifted for masks: the next stage with weights follows directly."""
        return networks.lift(self.network(seed).after(layer), self.shape(layer))

    def shape(self, layer: str) -> tuple[int, ...]:
        """The shape of a layer's activations on one image, units last."""
        return jax.eval_shape(self.network(0).until(layer), self.images[0].inputs[:1]).shape[1:]

    def select(self, seed: int, layer: str, label: int, name: str = "", **options) -> core_units.Selection:
        """A selection for a class from the rows of the search, made once."""
        names = ("steps", "minibatch_size", "starts", "swaps", "search_rows", "holding")
        options |= {each: getattr(self.config, each) for each in names}
        options["key"] = jax.random.fold_in(jax.random.fold_in(self.key(2), seed), label)

        def compute():
            core = core_units.select(self.tail(seed, layer), *self.parts(seed, layer)["search"], label, **options)
            return core._replace(replacement=None)  # a random key cannot be stored

        return self.cached(f"core {name} {seed} {layer} {label}", compute, core_units)
