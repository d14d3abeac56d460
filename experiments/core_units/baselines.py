"""Other methods that select units, on the same network and rows."""

import jax
import numpy as np

from experiments.core_units.core_study import random_masks
from interp_jax import figures
from interp_jax.methods import core_units

ORDERS = ("activation", "outgoing weights", "gradient × activation", "greedy forward", "greedy backward")
HARD_CONCRETE = "hard concrete"


def write(study, section) -> None:
    """For every layer: units needed by each baseline, random sets of the same size, and curves for one class."""
    section.text(
        "The baselines rank the units and keep the first ones: by mean activation on the rows of the class; by the "
        "norm of the outgoing weights; by gradient × activation of the class's log-probability; and by greedy "
        "selection, which adds the unit that increases the holding rate most or removes the one that decreases it "
        f"least, on {study.config.greedy_rows:,} rows of the class. Hard-concrete gates, trained with the same costs "
        "and steps as ours before the refinement, rank the units by their odds; the best cost counts. Curves are "
        f"computed on {study.config.baseline_rows:,} rows of the class; numbers of units and holding rates on all of "
        "them, with negatives that differ from those of our selections."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"baselines, {layer}", len(study.classes))
    needed, random, held, curves = {}, {}, {}, None
    for name, label in zip(names, study.classes, strict=True):
        rate = _rate_of(study, layer, label)
        of_class, needed[name] = _baselines(study, layer, label, rate)
        ours = [study.core(layer, label, run).units for run in range(study.config.repeats)]
        needed[name]["ours"] = float(np.mean(ours))
        held[name], *random[name] = _rates(study, layer, label, rate)
        curves = (name, label, of_class) if curves is None else curves
        bar.advance(note=f"class {name}")
    bar.finish()
    methods = (*ORDERS, HARD_CONCRETE)
    rows = []
    for name in names:
        best = min(needed[name][method] for method in methods)
        ours = needed[name]["ours"]
        rows.append(
            (
                name,
                f"{ours:.1f}",
                *(f"{needed[name][method]}" for method in methods),
                f"{ours - best:+.1f}".replace("-", "−"),
                f"{held[name]:.2%}",
                f"{min(random[name]):.0%}\u00a0to\u00a0{max(random[name]):.0%}",
            )
        )
    more = [name for name in names if needed[name]["ours"] > min(needed[name][method] for method in methods)]
    verdict = "Our selections need "
    verdict += (
        f"more units than the best baseline for {', '.join(more)}."
        if more
        else "no more units than the best baseline in any class."
    )
    below = sum(max(random[name]) < held[name] for name in names)
    verdict += (
        f" In {below} of {len(names)} classes the holding rate of our first selection is higher than that of each of "
        f"{study.config.random_sets} random sets of its size."
    )
    section.table(
        ("class", "ours", *methods, "ours − best", "holding rate, ours", "random sets"),
        rows,
        f"{layer}: number of units needed for the required rate (ours: mean of {study.selections}), and the holding "
        "rates of our first selection and of random sets of its size on the same rows.",
        note=verdict,
    )
    name, label, of_class = curves
    sizes = np.arange(study.units(layer) + 1)
    section.figure(
        f"baselines_{layer}",
        figures.curves.against(
            sizes,
            of_class | {"ours": _ours(study, layer, label)},
            "units",
            "holding rate",
            references={"required": study.required(layer, label)},
            y_range=(0.48, 1.005),
        ),
        f"{layer}, class {name}: holding rate of the first units of every ranking, and of our core as its units are "
        "removed in increasing order of their gates.",
    )
    return {"needed": needed, "ours_holding": held, "random": random, "curves": {"class": name, **of_class}}


def _baselines(study, layer: str, label: int, rate) -> tuple[dict, dict]:
    """By baseline, the rates [units + 1] of its first 0, 1, 2, … units and the number that it needs; stored."""
    names = (*ORDERS, HARD_CONCRETE)
    curve = jax.ShapeDtypeStruct((study.units(layer) + 1,), np.float32)
    like = {f"curve{place}": curve for place in range(len(names))}
    like["needed"] = jax.ShapeDtypeStruct((len(names),), np.int32)

    def compute():
        pairs = [_evaluated(study, layer, label, orders, rate) for orders in _orders(study, layer, label).values()]
        curves = {f"curve{place}": curve.astype(np.float32) for place, (curve, _) in enumerate(pairs)}
        return {**curves, "needed": np.array([needed for _, needed in pairs], np.int32)}

    arrays = study.stored_arrays(f"baselines {layer} {label}", like, compute)
    curves = {name: arrays[f"curve{place}"] for place, name in enumerate(names)}
    return curves, dict(zip(names, arrays["needed"].tolist(), strict=True))


def _orders(study, layer, label) -> dict[str, list[np.ndarray]]:
    """The rankings of the units by each baseline: one ranking, or one for each cost of an open gate."""
    tail, hidden, predictions = study.tail(layer), study.hidden(layer), study.predictions[0]
    data, sample = study.class_rows(label), study.class_rows(label, study.config.greedy_rows)
    kernel = getattr(study.network, study.task.kernels[layer]).kernel[...]
    positives = hidden[data.positives[: study.config.baseline_rows]]
    importance = {
        "activation": core_units.activation_magnitude(positives),
        "outgoing weights": core_units.outgoing_magnitude(kernel, study.units(layer)),
        "gradient × activation": core_units.gradient_times_activation(tail, positives, label),
    }
    orders = {name: [np.argsort(-np.asarray(values), kind="stable")] for name, values in importance.items()}
    for direction in ("forward", "backward"):
        order = core_units.greedy(tail, hidden, predictions, label, data=sample, direction=direction)
        orders[f"greedy {direction}"] = [order]
    swept = core_units.sweep(
        tail,
        hidden,
        predictions,
        [label],
        key=jax.random.fold_in(study.key(6), label),
        kind="hard_concrete",
        repeats=1,
        steps=study.config.steps,
        minibatch_size=study.config.minibatch_size,
    )
    return {**orders, HARD_CONCRETE: [np.argsort(-odds, kind="stable") for odds in swept.gates[0, :, 0]]}


def _evaluated(study, layer, label, orders, rate):
    """The curve of the best of some rankings on a sample, and the number of its units that suffices on all rows."""
    hidden, predictions, required = study.hidden(layer), study.predictions[0], study.required(layer, label)
    sample, tail = study.class_rows(label, study.config.baseline_rows), study.tail(layer)
    curves = [core_units.nested_holding(tail, hidden, predictions, label, order, data=sample) for order in orders]
    sizes = [core_units.fewest(curve, required) for curve in curves]
    sizes = [len(orders[0]) if size < 0 else size for size in sizes]
    best = int(np.argmin(sizes))
    place, size = np.argsort(orders[best]), sizes[best]

    def holds(size):
        return rate([place < size])[0] >= required - 1e-6

    # The size on the sample may differ from that on all rows by a few units.
    while size < len(place) and not holds(size):
        size += 1
    while size and holds(size - 1):
        size -= 1
    return curves[best], size


def _rates(study, layer, label, rate):
    """Holding rates [1 + sets] of the first core and of random sets of its size on all rows of the class; stored."""

    def compute():
        core = study.core(layer, label)
        key = jax.random.fold_in(study.key(7), label)
        masks = random_masks(key, study.units(layer), core.units, study.config.random_sets)
        return rate([core.mask, *masks])

    like = jax.ShapeDtypeStruct((1 + study.config.random_sets,), np.float64)
    arrays = study.stored_arrays(f"random sets {layer} {label}", {"rates": like}, lambda: {"rates": compute()})
    return arrays["rates"].tolist()


def _rate_of(study, layer, label):
    """A function for the holding rates of masks on all rows of the class."""

    def rate(masks):
        data, hidden, predictions = study.class_rows(label), study.hidden(layer), study.predictions[0]
        return core_units.holding_rates(study.tail(layer), hidden, predictions, label, np.stack(masks), data=data)

    return rate


def _ours(study, layer, label):
    rates = study.nested_holding(layer, label)
    return np.pad(np.asarray(rates), (0, study.units(layer) + 1 - len(rates)), constant_values=np.nan)
