"""One set of units for all classes, and the network without the other units."""

from typing import NamedTuple

import jax
import numpy as np

from interp_jax import networks

WHOLE, TOGETHER, ONE = "whole network", "cores of all classes together", "one set for all classes"


class Network(NamedTuple):
    """A network, and how it differs from the whole one."""

    units: dict[str, tuple[int, int]]  # by layer, those of the network and of the whole one
    accuracy: float
    same: float  # share of held-out rows with the prediction of the whole network
    parameters: int
    flops: float
    seconds: float
    apart: float  # the greatest difference to the scores of the masked network, relative to the greatest score


class Shrunken(NamedTuple):
    """Networks by name, and the required share of predictions for one set for all classes."""

    networks: dict[str, Network]
    holding: float


def measure(study) -> Shrunken:
    """Accuracy, size and time of the whole and the shrunken networks; their masks are stored beside the page."""
    holding = 0.95 if study.config.data == "cifar10" else 0.99
    cores = {layer: [study.core(layer, label).mask for label in study.names] for layer in study.config.layers}
    every = {
        WHOLE: {layer: np.ones_like(masks[0]) for layer, masks in cores.items()},
        TOGETHER: {layer: np.any(masks, axis=0) for layer, masks in cores.items()},
        ONE: _one_set(study, holding),
    }
    for name in (TOGETHER, ONE):
        networks.save_masks(study.run.folder / f"{name.replace(' ', '_')}.npz", every[name])
    return Shrunken({name: _measured(study, masks) for name, masks in every.items()}, holding)


def _measured(study, masks) -> Network:
    rows, small = study.task.held_inputs, networks.shrink(study.network, masks)
    gated = jax.tree_util.Partial(_apply, networks.gate(study.network, tuple(masks)), masks)
    scores, masked = (networks.apply(network, rows) for network in (small, gated))
    same = [float(np.mean(scores.argmax(axis=1) == of)) for of in (study.task.held_labels, study.predictions[1])]
    apart = float(np.abs(scores - masked).max() / np.abs(masked).max())
    units = {layer: (int(mask.sum()), len(mask)) for layer, mask in masks.items()}
    return Network(units, *same, *networks.cost(small, rows[:500]), apart)


def _apply(gated, masks, rows):
    return gated(rows, masks)


def _one_set(study, holding):
    """Units for all classes by layer; each layer is selected after the later layers have been shrunken."""
    layers, masks = study.config.layers, {}
    rows = np.asarray(jax.random.permutation(study.key(13), len(study.task.inputs)))[: study.config.shrunken_rows]
    for place, layer in enumerate(reversed(layers), 1):

        def parts(layer=layer):
            shrunken = networks.shrink(study.network, masks) if masks else study.network
            return study.tail(layer, shrunken), study.hidden(layer)[rows], study.predictions[0][rows]

        options = {"key": study.key(14), "holding": 1 - place / len(layers) * (1 - holding)}
        masks[layer] = study.select(f"all classes {layer}", parts, None, **options).mask
    return {layer: masks[layer] for layer in layers}


def show(result: Shrunken, page) -> None:
    """A table of the networks."""
    whole, columns = result.networks[WHOLE], ("accuracy", "agreement", "parameters", "operations", "time", "difference")
    page.finding(one_set(result))
    page.table(
        ("network", *whole.units, *columns),
        [(name, *_row(each, whole)) for name, each in result.networks.items()],
        "The other feature maps are removed with all weights to and from them. Accuracy, and agreement with the whole "
        "network, on held-out rows; operations and time a row, relative to the whole network (time in brackets); "
        "greatest difference to the scores of the masked network, in millionths of the greatest score. One set for all "
        f"classes: the smallest found that preserves {result.holding:.1%} of the predictions on a sample of rows.",
    )
    stored = "accuracy", "same", "parameters", "flops", "apart"
    page.metrics({name: {of: getattr(each, of) for of in stored} for name, each in result.networks.items()})


def _row(each, whole):
    units = (f"{some} of {of}" for some, of in each.units.values())
    time = f"{1e6 * each.seconds:.1f} µs ({each.seconds / whole.seconds:.2f})"
    numbers = f"{each.accuracy:.2%}", f"{each.same:.2%}", f"{each.parameters:,}", f"{each.flops / whole.flops:.2f}"
    return *units, *numbers, time, f"{1e6 * each.apart:.1f}"


def one_set(result: Shrunken) -> str:
    """The finding: what a network without the other units loses and saves."""
    whole, small = result.networks[WHOLE], result.networks[ONE]
    few = " and ".join(f"{units} of {of} feature maps of {layer}" for layer, (units, of) in small.units.items())
    lost = round(100 * (whole.accuracy - small.accuracy), 1)
    less = f"{lost:.1f} points less" if lost > 0 else "no less"
    return (
        f"A network with {few}, one set for all classes, classifies {small.accuracy:.1%} of held-out images "
        f"correctly, {less} than the whole network, with {small.flops / whole.flops:.0%} of its operations, in "
        f"{small.seconds / whole.seconds:.1f} times its time."
    )
