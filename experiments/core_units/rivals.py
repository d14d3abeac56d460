"""Other ways to choose the units, on the same network and rows."""

import jax
import numpy as np

from experiments.core_units.core_study import random_masks
from interp_jax import figures
from interp_jax.methods import core_units

ORDERS = ("activation", "outgoing weights", "gradient × activation", "greedy forward", "greedy backward")
HARD_CONCRETE = "hard concrete"


def write(study, section) -> None:
    """For every layer: units that each rival needs, random sets of the same size, and curves for one class."""
    section.text(
        "Rivals order the units by importance, and the first so many are kept: mean activation on the class's rows; "
        "norm of the outgoing weights; gradient × activation of the class's log-probability; greedy selection, which "
        "adds the unit that helps most or drops the one that is missed least, judged on "
        f"{study.config.rival_rows:,} of the class's rows. Hard-concrete gates are trained like ours for the same "
        "costs and steps, and ordered by their odds. All sets are then judged on all of the class's rows."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"rivals, {layer}", len(study.classes))
    needed, random, curves = {}, {}, None
    for name, label in zip(names, study.classes, strict=True):
        found = rates(study, layer, label)
        wanted = study.wanted(layer, label)
        needed[name] = {rival: core_units.fewest(values, wanted) for rival, values in found.items()}
        needed[name]["ours"] = min(study.core(layer, label, run).units for run in range(study.config.repeats))
        random[name] = _random(study, layer, label)
        curves = (name, label, found) if curves is None else curves
        bar.advance(note=f"class {name}")
    bar.finish()
    rivals = (*ORDERS, HARD_CONCRETE)
    rows = []
    for name in names:
        best = min(needed[name][rival] for rival in rivals)
        ours = needed[name]["ours"]
        rows.append(
            (
                name,
                f"{ours}",
                *(f"{needed[name][rival]}" for rival in rivals),
                f"{ours - best:+d}".replace("-", "−"),
                f"{min(random[name]):.0%} to {max(random[name]):.0%}",
            )
        )
    lost = [name for name in names if needed[name]["ours"] > min(needed[name][rival] for rival in rivals)]
    verdict = f"Ours needs more than the best rival for {', '.join(lost)}." if lost else "Ours never needs more."
    section.table(
        ("class", "ours", *rivals, "ours − best", "random sets hold"),
        rows,
        f"{layer}: fewest units that hold the rate asked for (ours: the smallest of {study.config.repeats} "
        f"selections), and what {study.config.random_sets} random sets of our size hold. {verdict}",
    )
    name, label, found = curves
    sizes = np.arange(study.units(layer) + 1)
    section.figure(
        f"rivals_{layer}",
        figures.curves.against(
            sizes,
            found | {"ours": _ours(study, layer, label)},
            "units kept",
            "holding rate",
            references={"asked for": study.wanted(layer, label)},
            y_range=(0.48, 1.005),
        ),
        f"{layer}, class {name}: holding rate of the first units of every order, and of our sets as units are taken "
        "away from the smallest gate up.",
    )
    return {"needed": needed, "random": random, "curves": {"class": name, **found}}


def rates(study, layer: str, label: int) -> dict[str, np.ndarray]:
    """[units + 1] holding rates of every rival's first 0, 1, 2, … units; kept on disk."""
    names = (*ORDERS, HARD_CONCRETE)
    units = study.units(layer) + 1
    like = {_plain(name): jax.ShapeDtypeStruct((units,), np.float32) for name in names}
    found = study.kept_arrays(f"rivals {layer} {label}", like, lambda: _find(study, layer, label))
    return {name: np.asarray(found[_plain(name)]) for name in names}


def _find(study, layer, label):
    tail, hidden, predictions = study.tail(layer), study.hidden(layer), study.predictions[0]
    data, sample = study.class_rows(label), study.class_rows(label, study.config.rival_rows)
    kernel = getattr(study.network, study.task.kernels[layer]).kernel[...]
    importance = {
        "activation": core_units.activation_magnitude(hidden[data.positives]),
        "outgoing weights": core_units.outgoing_magnitude(kernel, study.units(layer)),
        "gradient × activation": core_units.gradient_times_activation(tail, hidden[data.positives], label),
    }
    orders = {name: np.argsort(-np.asarray(values), kind="stable") for name, values in importance.items()}
    for direction in ("forward", "backward"):
        found = core_units.greedy(tail, hidden, predictions, sample, label, direction=direction)
        orders[f"greedy {direction}"] = found
    held = {
        name: core_units.nested_holding(tail, hidden, predictions, data, label, order) for name, order in orders.items()
    }
    held[HARD_CONCRETE] = _hard_concrete(study, tail, layer, label, data)
    return {_plain(name): values.astype(np.float32) for name, values in held.items()}


def _hard_concrete(study, tail, layer, label, data):
    """The best of all costs at every size."""
    hidden, predictions = study.hidden(layer), study.predictions[0]
    swept = core_units.sweep(
        tail,
        hidden,
        predictions,
        [label],
        key=jax.random.fold_in(study.key(6), label),
        kind="hard_concrete",
        repeats=1,
        steps=study.config.steps,
    )
    orders = [np.argsort(-odds, kind="stable") for odds in swept.gates[0, :, 0]]
    return np.max(
        [core_units.nested_holding(tail, hidden, predictions, data, label, order) for order in orders], axis=0
    )


def _random(study, layer, label):
    core, units = study.core(layer, label), study.units(layer)
    hidden, predictions = study.hidden(layer), study.predictions[0]
    rows = study.class_rows(label).rows
    masks = random_masks(jax.random.fold_in(study.key(7), label), units, core.units, study.config.random_sets)
    tail = study.network.after(layer)
    return [float(core_units.holding_rate(tail, hidden[rows], predictions[rows], label, mask)) for mask in masks]


def _ours(study, layer, label):
    core = study.core(layer, label)
    order = np.lexsort((-core.gates, ~core.mask))
    found = core_units.nested_holding(
        study.tail(layer), study.hidden(layer), study.predictions[0], study.class_rows(label), label, order
    )
    return np.where(np.arange(len(found)) <= core.units, found, np.nan)


def _plain(name):
    return name.replace(" × ", "_").replace(" ", "_")
