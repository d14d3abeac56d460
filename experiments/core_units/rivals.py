"""Other ways to choose the units, on the same network and rows."""

from functools import cache

import jax
import numpy as np

from experiments.core_units.core_study import random_masks
from interp_jax import figures
from interp_jax.methods import core_units
from interp_jax.methods.core_units.gated import accept
from interp_jax.methods.core_units.judging import Judge

ORDERS = ("activation", "outgoing weights", "gradient × activation", "greedy forward", "greedy backward")
HARD_CONCRETE = "hard concrete"


def write(study, section) -> None:
    """For every layer: units that each rival needs, random sets of the same size, and curves for one class."""
    section.text(
        "Rivals order the units by importance, and the first so many are kept: mean activation on the class's rows; "
        "norm of the outgoing weights; gradient × activation of the class's log-probability; greedy selection, which "
        "adds the unit that helps most or drops the one that is missed least, judged on "
        f"{study.config.greedy_rows:,} of the class's rows. Hard-concrete gates, which ours are before they are "
        "polished, are trained for the same costs and steps and ordered by their odds; the best of the costs counts. "
        f"Curves are of {study.config.rival_rows:,} of the class's rows, numbers of units and holding rates of all, "
        "with negatives other than those that ours were found with."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"rivals, {layer}", len(study.classes))
    needed, random, held, curves = {}, {}, {}, None
    for name, label in zip(names, study.classes, strict=True):
        rate = _rate_of(study, layer, label)
        found, needed[name] = _rivals(study, layer, label, rate)
        ours = [study.core(layer, label, run).units for run in range(study.config.repeats)]
        needed[name]["ours"] = float(np.mean(ours))
        held[name], *random[name] = _rates(study, layer, label, rate)
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
                f"{held[name]:.2%}",
                f"{min(random[name]):.0%}\u00a0to\u00a0{max(random[name]):.0%}",
            )
        )
    lost = [name for name in names if needed[name]["ours"] > min(needed[name][rival] for rival in rivals)]
    verdict = f"Ours needs more than the best rival for {', '.join(lost)}." if lost else "Ours never needs more."
    below = sum(max(random[name]) < held[name] for name in names)
    verdict += (
        f" In {below} of {len(names)} classes each of {study.config.random_sets} random sets of the first selection's "
        "size holds less than it."
    )
    section.table(
        ("class", "ours", *rivals, "ours − best", "ours holds", "random sets hold"),
        rows,
        f"{layer}: fewest units that hold the rate asked for (ours: mean of {study.selections}), "
        "and what our first selection and random sets of its size hold on the same rows.",
        note=verdict,
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
    return {"needed": needed, "ours_holds": held, "random": random, "curves": {"class": name, **found}}


def _rivals(study, layer: str, label: int, rate) -> tuple[dict, dict]:
    """[units + 1] rates of every rival's first 0, 1, 2, … units, and how many it needs; kept on disk."""
    names = (*ORDERS, HARD_CONCRETE)
    curve = jax.ShapeDtypeStruct((study.units(layer) + 1,), np.float32)
    like = {f"curve{place}": curve for place in range(len(names))}
    like["needed"] = jax.ShapeDtypeStruct((len(names),), np.int32)

    def find():
        found = [_judged(study, layer, label, orders, rate) for orders in _orders(study, layer, label).values()]
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
        batch_size=study.config.batch_size,
    )
    return {**orders, HARD_CONCRETE: [np.argsort(-odds, kind="stable") for odds in swept.gates[0, :, 0]]}


def _judged(study, layer, label, orders, rate):
    """The curve of the best of some orders on a sample, and the fewest of its units that hold on all rows."""
    hidden, predictions, wanted = study.hidden(layer), study.predictions[0], study.wanted(layer, label)
    sample, tail = study.class_rows(label, study.config.rival_rows), study.tail(layer)
    curves = [core_units.nested_holding(tail, hidden, predictions, sample, label, order) for order in orders]
    sizes = [core_units.fewest(curve, wanted) for curve in curves]
    sizes = [len(orders[0]) if size < 0 else size for size in sizes]
    best = int(np.argmin(sizes))
    place, size = np.argsort(orders[best]), sizes[best]

    def holds(size):
        return rate(place < size) >= wanted - 1e-6

    # A sample errs by a unit or so.
    while size < len(place) and not holds(size):
        size += 1
    while size and holds(size - 1):
        size -= 1
    return curves[best], size


def _rates(study, layer, label, rate):
    """[1 + sets] what the first core holds of all of the class's rows, and random sets of its size; kept on disk."""

    def find():
        core = study.core(layer, label)
        key = jax.random.fold_in(study.key(7), label)
        masks = random_masks(key, study.units(layer), core.units, study.config.random_sets)
        return np.array([rate(mask) for mask in (core.mask, *masks)])

    like = jax.ShapeDtypeStruct((1 + study.config.random_sets,), np.float64)
    found = study.kept_arrays(f"random sets {layer} {label}", {"rates": like}, lambda: {"rates": find()})
    return found["rates"].tolist()


def _rate_of(study, layer, label):
    """What masks hold of all of the class's rows, whose judge is made when first asked for."""

    @cache
    def judge():
        network, hidden, predictions = accept(study.tail(layer), study.hidden(layer), study.predictions[0])
        return Judge(network, hidden, predictions, study.class_rows(label), label)

    return lambda mask: judge().rate(mask)


def _ours(study, layer, label):
    core = study.core(layer, label)
    order = np.lexsort((-core.gates, ~core.mask))
    found = core_units.nested_holding(
        study.tail(layer),
        study.hidden(layer),
        study.predictions[0],
        study.class_rows(label, study.config.rival_rows),
        label,
        order,
    )
    return np.where(np.arange(len(found)) <= core.units, found, np.nan)
