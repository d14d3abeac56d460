"""Sanity controls: cores of an untrained and of a shuffled-label network, and planted cores."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.core_units.core_study import activations, predicted, random_masks
from interp_jax.methods import core_units

TRAINED = "trained"
ROWS, UNITS, CLASSES = 2_000, 24, 4
PLANTED = 3  # units in the planted core of each class


def write(study, section) -> None:
    """Tables of the controls and of the planted cores."""
    section.metrics({"networks": _networks(study, section), "planted": _planted(study, section)})


def _networks(study, section):
    labels = [label for label in study.config.joint_classes if label in study.classes] or list(study.classes[:1])
    controls = {
        TRAINED: study.network,
        "trained on shuffled labels": _balanced(study, study.control("shuffled labels")),
        "untrained": _balanced(study, study.control("untrained")),
    }
    rows, metrics = [], {}
    bar = study.progress.task("sanity controls", len(controls) * len(study.config.layers))
    for name, network in controls.items():
        for layer in study.config.layers:
            cores = _cores(study, name, network, layer, labels)
            metrics.setdefault(name, {})[layer] = cores
            rows.append((name, layer, *(_shown(cores.get(study.task.class_names[label])) for label in labels)))
            bar.advance()
    bar.finish()
    section.table(
        ("network", "layer", *(f"class {study.task.class_names[label]}" for label in labels)),
        rows,
        f"Number of core units at the required rate, and mean holding rate of {study.config.random_sets} random sets "
        f"of the same size, on {study.config.control_rows:,} rows. A dash: the network predicts the class for fewer "
        "than ten rows, or for all but fewer than ten. For the two controls the mean score of each class over the rows "
        "is subtracted, because otherwise they would predict one class for nearly all rows.",
        note="The training accuracy of the network trained on shuffled labels, with respect to these labels, is "
        f"{_memorized(study):.0%}. {_verdict(metrics)}",
    )
    return metrics


def _memorized(study):
    inputs, labels = study.shuffled()
    return float(np.mean(predicted(study.control("shuffled labels"), inputs) == labels))


def _verdict(metrics):
    """A comparison of the sizes over the classes that all networks predict."""
    common = set.intersection(
        *({(layer, label) for layer, cores in layers.items() for label in cores} for layers in metrics.values())
    )
    sizes = {
        name: [layers[layer][label]["units"] for layer, label in sorted(common)] for name, layers in metrics.items()
    }
    mean = {name: np.mean(values) for name, values in sizes.items() if values}
    sizes_in_words = (
        f"Mean number of units: {', '.join(f'{each:.1f} ({name})' for name, each in mean.items()) or 'none'}."
    )
    others = [value for name, value in mean.items() if name != TRAINED]
    if TRAINED not in mean or not others:
        return f"{sizes_in_words} Too few classes are predicted often enough for a comparison."
    if mean[TRAINED] < 0.8 * min(others):
        return f"{sizes_in_words} Small cores result from learning: the controls need more units."
    return f"{sizes_in_words} Small cores are no evidence of learning here: the controls have them too."


def _balanced(study, network):
    """The network with biases such that the mean score of every class over the rows is 0."""
    scores = activations(network, study.task.inputs[: study.config.control_rows])
    balanced = nnx.clone(network)
    last = getattr(balanced, balanced.stage_names[-1])
    last.bias[...] -= scores.mean(axis=0)
    return balanced


def _cores(study, name, network, layer, labels):
    inputs = study.task.inputs[: study.config.control_rows]
    hidden = activations(network.until(layer), inputs)
    predictions = np.asarray(activations(network.after(layer), hidden)).argmax(axis=1)
    tail, cores = study.tail(layer, network), {}
    for label in labels:
        positives = np.sum(predictions == label)
        if not 10 <= positives <= len(predictions) - 10:
            continue

        def select(label=label):
            return core_units.select(
                tail,
                hidden,
                predictions,
                label,
                key=jax.random.fold_in(study.key(15), label),
                holding=study.required(layer, label),
                **study.select_options | {"swaps": 2, "starts": 1},
            )

        core = study.selection(f"control {name} {layer} {label}", study.units(layer), select)
        rates = [
            float(core_units.holding_rate(network.after(layer), hidden, predictions, label, mask))
            for mask in random_masks(study.key(16), study.units(layer), core.units, study.config.random_sets)
        ]
        cores[study.task.class_names[label]] = {"units": core.units, "holding": core.holding_rate, "random": rates}
    return cores


def _shown(core):
    return f"{core['units']}; random {np.mean(core['random']):.0%}" if core else None


def _planted(study, section):
    """Selections where the score of a class is the sum of its own units and all other units are unconnected noise."""
    counts = []
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
            counts.append((int(core.mask[owner >= 0].sum()), int(core.mask[owner < 0].sum()), core.holding_rate))
    connected, noise, rates = map(np.array, zip(*counts, strict=True))
    section.text(
        f"Planted cores: of {UNITS} units, {PLANTED} sum to the score of each of {CLASSES} classes; the other "
        f"{UNITS - CLASSES * PLANTED} have no outgoing weights. To preserve all decisions, the {CLASSES * PLANTED} "
        "connected units are necessary and sufficient, because a class is compared with all others. In "
        f"{len(counts)} selections, {connected.mean():.1f} connected and {noise.mean():.1f} other units were selected "
        f"on average; the lowest holding rate was {rates.min():.1%}."
    )
    return {"connected": connected, "others": noise, "holding": rates}


def _linear(weights, hidden):
    return jnp.matmul(hidden, weights, precision="highest")
