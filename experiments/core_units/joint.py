"""Both layers gated together: Tables 2 and 4 of the paper."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments import published_cores as published
from experiments.study import BATCH
from interp_jax import networks
from interp_jax.methods import core_units


class Joint(NamedTuple):
    """Selections in all layers together."""

    of: dict[str, int]  # all units, by layer
    units: dict[str, np.ndarray]  # by class, [selections, layers]
    rates: dict[str, np.ndarray]  # by class, [selections, 2] on the rows of the class and on held-out rows
    paper: dict[str, np.ndarray]  # by class, [runs, 3] holding rate in tenths of a per cent, and units


def measure(study) -> Joint:
    """Selections in all layers together, for some classes."""
    (first, *others), units, rates, paper = study.config.layers, {}, {}, {}
    of = {layer: study.units(layer) for layer in study.config.layers}
    tail = jax.tree_util.Partial(_masked, networks.gate(study.network.after(first), tuple(others)))
    held = tail, study.hidden(first, held=True), study.predictions[1]
    for label in study.counted("all layers together", study.few):
        name, required = study.few[label], study.required(first, label)
        if runs := published.JOINT.get((study.config.data, label)):
            paper[name] = np.array(runs)
            required = study.config.holding or paper[name][:, 0].min() / 1000
        cores = [_core(study, tail, of, label, run, required) for run in range(study.config.repeats)]
        units[name] = np.array([[core.mask[layer].sum() for layer in of] for core in cores])
        held_out = partial(core_units.holding_rate, *held, label, batch_size=BATCH)
        rates[name] = np.array([(core.holding_rate, float(held_out(core.mask))) for core in cores])
    return Joint(of, units, rates, paper)


def _core(study, tail, of, label, run, required):
    options = {"swaps": 0, "search_rows": 128, "starts": 1, "holding": float(required)}
    options["key"] = jax.random.fold_in(jax.random.fold_in(study.key(10), label), run)
    options["mask_shape"] = {layer: (units,) for layer, units in of.items()}

    def parts():
        rows = study.class_rows(label, study.config.joint_rows).rows
        return tail, study.hidden(study.config.layers[0])[rows], study.predictions[0][rows]

    return study.select(f"both layers {label} {run}", parts, label, **options)


def _masked(gated, hidden, masks):
    """Applies the first layer's mask to the tail's input, and the others to the chain by name."""
    (_, first), *others = masks.items()
    return gated(hidden * jnp.broadcast_to(first, hidden.shape), dict(others))


def show(result: Joint, page) -> None:
    """A table of all selections."""
    page.table(
        ("class", *(f"{layer}, of {of}" for layer, of in result.of.items()), "holding rate", "held-out rows", "paper"),
        [
            (
                name,
                *(", ".join(map(str, of_layer)) for of_layer in units.T),
                *(f"{rate:.2%}" for rate in result.rates[name].mean(axis=0)),
                "{1:.1f} and {2:.1f} @ {0:.1%}".format(*result.paper[name].mean(axis=0) / [1000, 1, 1])
                if name in result.paper
                else None,
            )
            for name, units in result.units.items()
        ],
        f"Units in every selection when {' and '.join(result.of)} are gated together: the smallest sum that reaches "
        "the lowest rate of the paper's runs, or else the required rate, on a sample of rows; mean holding rates. "
        "Paper: means of three runs.",
    )
    page.metrics({"units": result.units, "rates": result.rates})
