"""How much of a core comes from the data alone: twins of the network, and planted cores."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.core_units.core_study import activations, predicted, random_masks
from interp_jax.methods import core_units

TRAINED = "trained"
ROWS, UNITS, CLASSES = 2_000, 24, 4
PLANTED = 3  # units of each class's planted core


def write(study, section) -> None:
    """Cores of an untrained network and of one trained on shuffled labels, and planted cores."""
    section.metrics({"twins": _twins(study, section), "planted": _planted(study, section)})


def _twins(study, section):
    labels = [label for label in study.config.joint_classes if label in study.classes] or list(study.classes[:1])
    twins = {
        TRAINED: study.network,
        "trained on shuffled labels": _balanced(study, study.twin("shuffled labels")),
        "starting weights": _balanced(study, study.twin("untrained")),
    }
    rows, metrics = [], {}
    bar = study.progress.task("twins", len(twins) * len(study.config.layers))
    for name, network in twins.items():
        for layer in study.config.layers:
            found = _cores(study, name, network, layer, labels)
            metrics.setdefault(name, {})[layer] = found
            rows.append((name, layer, *(_shown(found.get(study.task.class_names[label])) for label in labels)))
            bar.advance()
    bar.finish()
    section.table(
        ("network", "layer", *(f"class {study.task.class_names[label]}" for label in labels)),
        rows,
        f"Units kept to hold the rate asked for, and the rate of random sets of the same size (mean of "
        f"{study.config.random_sets}), on {study.config.twin_rows:,} rows. A dash: the network predicts the class for "
        "fewer than ten of them. So that the networks that have learned nothing do not name one class throughout, "
        "the mean of every class's score over the rows is taken from it.",
        note=f"The network trained on shuffled labels names {_by_heart(study):.0%} of them as it was taught. "
        + _verdict(metrics),
    )
    return metrics


def _by_heart(study):
    inputs, labels = study.shuffled()
    return float(np.mean(predicted(study.twin("shuffled labels"), inputs) == labels))


def _verdict(metrics):
    """What the sizes say about learning, whichever way it falls; of the classes that all networks predict."""
    common = set.intersection(
        *({(layer, label) for layer, found in layers.items() for label in found} for layers in metrics.values())
    )
    sizes = {
        name: [layers[layer][label]["units"] for layer, label in sorted(common)] for name, layers in metrics.items()
    }
    mean = {name: np.mean(values) for name, values in sizes.items() if values}
    said = ", ".join(f"{value:.1f} ({name})" for name, value in mean.items())
    others = [value for name, value in mean.items() if name != TRAINED]
    if TRAINED not in mean or not others:
        return f"Mean units: {said or 'none'}. Too few classes are predicted often enough to compare."
    if mean[TRAINED] < 0.8 * min(others):
        return f"Mean units: {said}. That few units carry a decision has been learned: without learning it takes more."
    return f"Mean units: {said}. Small cores are not a mark of learning here: decisions without any have them as well."


def _balanced(study, network):
    """The network with every class's mean score at 0."""
    scores = activations(network, study.task.inputs[: study.config.twin_rows])
    balanced = nnx.clone(network)
    last = getattr(balanced, balanced.stage_names[-1])
    last.bias[...] -= scores.mean(axis=0)
    return balanced


def _cores(study, name, network, layer, labels):
    inputs = study.task.inputs[: study.config.twin_rows]
    hidden = activations(network.until(layer), inputs)
    predictions = np.asarray(activations(network.after(layer), hidden)).argmax(axis=1)
    tail, found = study.tail(layer, network), {}
    for label in labels:
        positives = np.sum(predictions == label)
        if not 10 <= positives <= len(predictions) - 10:
            continue

        def find(label=label):
            return core_units.select(
                tail,
                hidden,
                predictions,
                label,
                key=jax.random.fold_in(study.key(15), label),
                holding=study.wanted(layer, label),
                **study.select_options | {"swaps": 2, "starts": 1},
            )

        core = study.kept(f"twin {name} {layer} {label}", study.units(layer), find)
        rates = [
            float(core_units.holding_rate(network.after(layer), hidden, predictions, label, mask))
            for mask in random_masks(study.key(16), study.units(layer), core.units, study.config.random_sets)
        ]
        found[study.task.class_names[label]] = {"units": core.units, "holding": core.holding_rate, "random": rates}
    return found


def _shown(found):
    return f"{found['units']}; random {np.mean(found['random']):.0%}" if found else None


def _planted(study, section):
    """Every class's score is the sum of its own few units; the others are noise that no weight leads from."""
    found = []
    for seed in range(study.config.repeats):
        key = jax.random.fold_in(study.key(17), seed)
        hidden_key, order_key, select_key = jax.random.split(key, 3)
        place = np.asarray(jax.random.permutation(order_key, UNITS)).argsort()
        owner = np.where(place < CLASSES * PLANTED, place // PLANTED, -1)
        weights = jnp.asarray(owner[:, None] == np.arange(CLASSES), jnp.float32)
        hidden = jax.random.normal(hidden_key, (ROWS, UNITS))
        tail = jax.tree_util.Partial(_linear, weights)
        predictions = np.asarray(tail(hidden)).argmax(axis=1)
        for label in range(CLASSES):
            core = core_units.select(
                tail,
                hidden,
                predictions,
                label,
                key=jax.random.fold_in(select_key, label),
                holding=1.0,
                **study.select_options,
            )
            found.append((int(core.mask[owner >= 0].sum()), int(core.mask[owner < 0].sum()), core.holding_rate))
    connected, noise, rates = map(np.array, zip(*found, strict=True))
    section.text(
        f"Planted: {UNITS} units, {PLANTED} of which add up to the score of each of {CLASSES} classes; no weight leads "
        f"from the other {UNITS - CLASSES * PLANTED}. To hold every decision the {CLASSES * PLANTED} that are "
        f"connected are needed, since a class is compared with all others, and no other unit. Over {len(found)} "
        f"selections {connected.mean():.1f} connected and {noise.mean():.1f} other units were kept; the least holding "
        f"rate was {rates.min():.1%}."
    )
    return {"connected": connected, "others": noise, "holding": rates}


def _linear(weights, hidden):
    return jnp.matmul(hidden, weights, precision="highest")
