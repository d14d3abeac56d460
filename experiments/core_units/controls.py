"""Sanity controls: cores of an untrained and of a shuffled-label network, and planted cores."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.core_units.core_study import predicted
from interp_jax import networks
from interp_jax.methods import core_units

TRAINED = "trained"
ROWS, UNITS, CLASSES = 2_000, 24, 4
PLANTED = 3  # units in the planted core of each class


class Core(NamedTuple):
    """The number of core units, and their holding rate."""

    units: int
    holding: float


class Controls(NamedTuple):
    """Cores by network, layer and class, the training accuracy on shuffled labels, and planted cores."""

    classes: list[str]
    networks: dict[str, dict[str, dict[str, Core]]]
    memorized: float
    planted: dict[str, np.ndarray]  # by selection, units with and without outgoing weights, and the rate


def measure(study) -> Controls:
    """Cores of the network and of two controls for some classes, and selections where the answer is known."""
    shuffled, (inputs, labels) = study.control("shuffled labels"), study.shuffled()
    controls = {TRAINED: study.network, "trained on shuffled labels": _balanced(study, shuffled)}
    controls["untrained"] = _balanced(study, study.control("untrained"))
    cores = {}
    for name in study.counted("sanity controls", controls):
        cores[name] = {layer: _cores(study, name, controls[name], layer) for layer in study.config.layers}
    memorized = float(np.mean(predicted(shuffled, inputs) == labels))
    return Controls([*study.few.values()], cores, memorized, _planted(study))


def _balanced(study, network):
    """The network with biases such that the mean score of every class over the rows is 0."""
    scores = networks.apply(network, study.task.inputs[: study.config.control_rows])
    balanced = nnx.clone(network)
    getattr(balanced, balanced.stage_names[-1]).bias[...] -= scores.mean(axis=0)
    return balanced


def _cores(study, name, network, layer) -> dict[str, Core]:
    """The cores of the classes that the network predicts for ten rows or more, and not for all but fewer than ten."""
    hidden = jnp.asarray(networks.apply(network.until(layer), study.task.inputs[: study.config.control_rows]))
    predictions, cores = predicted(network.after(layer), hidden), {}
    parts = study.tail(layer, network), hidden, predictions
    for label, class_name in study.few.items():
        if 10 <= np.sum(predictions == label) <= len(predictions) - 10:
            options = {"key": jax.random.fold_in(study.key(15), label), "holding": study.required(layer, label)}
            options |= {"swaps": 2, "starts": 1}
            core = study.select(f"control {name} {layer} {label}", lambda: parts, label, **options)
            cores[class_name] = Core(core.units, core.holding_rate)
    return cores


def _planted(study) -> dict[str, np.ndarray]:
    """Selections where the score of a class is the sum of its own units and all other units are unconnected noise."""
    counts = []
    for seed in study.counted("planted cores", range(study.config.repeats)):
        hidden_key, order_key, select_key = jax.random.split(jax.random.fold_in(study.key(17), seed), 3)
        place = np.asarray(jax.random.permutation(order_key, UNITS)).argsort()
        owner = np.where(place < CLASSES * PLANTED, place // PLANTED, -1)
        weights = jnp.asarray(owner[:, None] == np.arange(CLASSES), jnp.float32)
        hidden = jax.random.normal(hidden_key, (ROWS, UNITS))
        tail = jax.tree_util.Partial(_linear, weights)
        predictions = np.asarray(tail(hidden)).argmax(axis=1)
        for label in range(CLASSES):
            options = {"key": jax.random.fold_in(select_key, label), "holding": 1.0, **study.select_options}
            core = core_units.select(tail, hidden, predictions, label, **options)
            counts.append((int(core.mask[owner >= 0].sum()), int(core.mask[owner < 0].sum()), core.holding_rate))
    columns = map(np.array, zip(*counts, strict=True))
    return dict(zip(("connected", "others", "holding"), columns, strict=True))


def _linear(weights, hidden):
    return jnp.matmul(hidden, weights, precision="highest")


def show(result: Controls, page) -> None:
    """A table of the controls, and the planted cores in a sentence."""
    page.finding(verdict(result.networks))
    page.table(
        ("network", "layer", *(f"class {name}" for name in result.classes)),
        [
            (network, layer, *(cores[name].units if name in cores else None for name in result.classes))
            for network, layers in result.networks.items()
            for layer, cores in layers.items()
        ],
        "Number of core units at the required rate on a sample of rows, by a search shorter than for the core units "
        "above, so that it may find larger sets. Left out: classes that a network predicts for fewer than ten rows, or "
        "for all but fewer than ten. Of the controls, which would predict one class for nearly all rows, the mean "
        "score of each class is subtracted.",
        note=f"Accuracy on the rows with shuffled labels of the network trained on them: {result.memorized:.0%}.",
    )
    connected, others, holding = result.planted.values()
    page.text(
        f"Planted cores: of {UNITS} units, {PLANTED} sum to the score of each of {CLASSES} classes, and the others are "
        f"not connected, so that the {CLASSES * PLANTED} connected ones preserve all decisions. {len(connected)} "
        f"selections have {connected.mean():.1f} connected and {others.mean():.1f} other units on average; their "
        f"lowest holding rate is {holding.min():.1%}."
    )
    networks = {
        network: {layer: {name: core._asdict() for name, core in cores.items()} for layer, cores in layers.items()}
        for network, layers in result.networks.items()
    }
    page.metrics({"networks": networks, "memorized": result.memorized, "planted": result.planted})


def verdict(by_network: dict[str, dict[str, dict[str, Core]]]) -> str:
    """The finding: whether networks that have learned nothing of the classes have larger cores."""
    predicts = [{(layer, name) for layer, cores in of.items() for name in cores} for of in by_network.values()]
    common = sorted(set.intersection(*predicts))
    if not common:
        return "The controls predict too few classes often enough for a comparison of their cores."
    mean = {network: np.mean([of[layer][name].units for layer, name in common]) for network, of in by_network.items()}
    own, layers = mean.pop(TRAINED), sorted({layer for layer, _ in common})
    classes = "; ".join(f"{layer}: {', '.join(name for at, name in common if at == layer)}" for layer in layers)
    numbers = ", ".join(f"{each:.1f} ({network})" for network, each in mean.items())
    learned = own < 0.8 * min(mean.values())
    how = "result from learning" if learned else "are no evidence of learning"
    return (
        f"Small cores {how}: the core of a class has {own:.1f} units in the trained network. Networks that have "
        f"not learned the classes need {numbers}, at least {min(mean.values()) / own:.1f} times as many; means over "
        f"the classes that all of them predict ({classes})."
    )
