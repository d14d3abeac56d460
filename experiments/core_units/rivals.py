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
        f"{study.config.greedy_rows:,} of the class's rows. Hard-concrete gates are trained like ours for the same "
        "costs and steps, and ordered by their odds; the best of the costs counts. Curves are of "
        f"{study.config.rival_rows:,} of the class's rows, the numbers of units of all of them."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"rivals, {layer}", len(study.classes))
    needed, random, curves = {}, {}, None
    for name, label in zip(names, study.classes, strict=True):
        found, needed[name] = _rivals(study, layer, label)
        ours = [study.core(layer, label, run).units for run in range(study.config.repeats)]
        needed[name]["ours"] = float(np.mean(ours))
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
                f"{ours:.1f}",
                *(f"{needed[name][rival]}" for rival in rivals),
                f"{ours - best:+.1f}".replace("-", "−"),
                f"{min(random[name]):.0%} to {max(random[name]):.0%}",
            )
        )
    lost = [name for name in names if needed[name]["ours"] > min(needed[name][rival] for rival in rivals)]
    verdict = f"Ours needs more than the best rival for {', '.join(lost)}." if lost else "Ours never needs more."
    section.table(
        ("class", "ours", *rivals, "ours − best", "random sets hold"),
        rows,
        f"{layer}: fewest units that hold the rate asked for (ours: mean of {study.config.repeats} "
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


def _rivals(study, layer: str, label: int) -> tuple[dict, dict]:
    """[units + 1] rates of every rival's first 0, 1, 2, … units, and how many it needs; kept on disk."""
    names = (*ORDERS, HARD_CONCRETE)
    curve = jax.ShapeDtypeStruct((study.units(layer) + 1,), np.float32)
    like = {f"curve{place}": curve for place in range(len(names))}
    like["needed"] = jax.ShapeDtypeStruct((len(names),), np.int32)

    def find():
        found = [_judged(study, layer, label, orders) for orders in _orders(study, layer, label).values()]
        curves = {f"curve{place}": curve.astype(np.float32) for place, (curve, _) in enumerate(found)}
        return {**curves, "needed": np.array([needed for _, needed in found], np.int32)}

    found = study.kept_arrays(f"rivals {layer} {label}", like, find)
    curves = {name: found[f"curve{place}"] for place, name in enumerate(names)}
    return curves, dict(zip(names, found["needed"].tolist(), strict=True))


def _orders(study, layer, label) -> dict[str, list[np.ndarray]]:
    """By rival, the orders of the units that it proposes: one, or one for each cost of an open gate."""
    tail, hidden, predictions = study.tail(layer), study.hidden(layer), study.predictions[0]
    data, sample = study.class_rows(label), study.class_rows(label, study.config.greedy_rows)
    kernel = getattr(study.network, study.task.kernels[layer]).kernel[...]
    positives = hidden[data.positives[: study.config.rival_rows]]
    importance = {
        "activation": core_units.activation_magnitude(positives),
        "outgoing weights": core_units.outgoing_magnitude(kernel, study.units(layer)),
        "gradient × activation": core_units.gradient_times_activation(tail, positives, label),
    }
    orders = {name: [np.argsort(-np.asarray(values), kind="stable")] for name, values in importance.items()}
    for direction in ("forward", "backward"):
        found = core_units.greedy(tail, hidden, predictions, sample, label, direction=direction)
        orders[f"greedy {direction}"] = [found]
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
    return {**orders, HARD_CONCRETE: [np.argsort(-odds, kind="stable") for odds in swept.gates[0, :, 0]]}


def _judged(study, layer, label, orders):
    """The curve of the best of some orders on a sample, and the fewest of its units that hold on all rows."""
    hidden, predictions, wanted = study.hidden(layer), study.predictions[0], study.wanted(layer, label)
    sample, tail = study.class_rows(label, study.config.rival_rows), study.tail(layer)
    curves = [core_units.nested_holding(tail, hidden, predictions, sample, label, order) for order in orders]
    sizes = [core_units.fewest(curve, wanted) for curve in curves]
    sizes = [len(orders[0]) if size < 0 else size for size in sizes]
    best = int(np.argmin(sizes))
    place = np.argsort(orders[best])
    rows = study.class_rows(label).rows
    rows_hidden, rows_predictions = hidden[rows], predictions[rows]
    # A sample errs by a unit or so.
    for size in range(max(0, sizes[best] - 1), len(place) + 1):
        rate = core_units.holding_rate(tail, rows_hidden, rows_predictions, label, place < size)
        if rate >= wanted - 1e-6:
            break
    return curves[best], size


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
