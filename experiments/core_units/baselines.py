"""Other methods that select units, on the same network and rows."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units

OURS = "ours"
KERNELS = {"max1": "conv2", "max2": "dense1"}  # the next stage with weights


class Compared(NamedTuple):
    """What the methods need for a class, and their holding rates."""

    needed: dict[str, float]  # units for the required rate; ours is a mean over selections
    rates: np.ndarray  # of our first selection and of random sets as large
    curves: dict[str, np.ndarray]  # [units + 1] for the first 0, 1, 2, … units
    required: float


class Baselines(NamedTuple):
    """By layer and class."""

    layers: dict[str, dict[str, Compared]]


def measure(study) -> Baselines:
    """For every layer and class: units needed by each method, random sets of the same size, and curves."""

    def compared(layer, label):
        compare = partial(_compare, study, layer, label)
        return Compared(*study.cached(f"baselines {layer} {label}", compare))

    return Baselines(study.by_layer("baselines", compared))


def _compare(study, layer, label) -> list:
    config, required, given = study.config, study.required(layer, label), (*study.parts(layer), label)
    curve = partial(core_units.nested_holding, *given, data=study.class_rows(label, config.baseline_rows))
    rates = partial(core_units.holding_rates, *given, data=study.class_rows(label))
    needed, curves = {}, {}
    for name, orders in _orders(study, layer, label).items():
        every = [curve(order) for order in orders]
        sizes = [core_units.fewest(each, required) for each in every]
        sizes = [study.units(layer) if size < 0 else size for size in sizes]
        best = int(np.argmin(sizes))
        needed[name], curves[name] = _on_all_rows(orders[best], sizes[best], rates, required), np.float32(every[best])
    cores = [study.core(layer, label, run) for run in range(config.repeats)]
    mask, size, key = cores[0].mask, cores[0].units, jax.random.fold_in(study.key(7), label)
    needed[OURS] = float(np.mean([core.units for core in cores]))
    order = np.lexsort((-cores[0].gates, ~mask))  # units outside the core come last
    curves[OURS] = np.where(np.arange(len(mask) + 1) <= size, curve(order), np.nan)
    places = [jax.random.permutation(jax.random.fold_in(key, draw), len(mask)) for draw in range(config.random_sets)]
    return [needed, rates(np.stack([mask, *(np.asarray(place) < size for place in places)])), curves, required]


def _on_all_rows(order, size, rates, required):
    """How many of the first units suffice on all rows: a few more or fewer than on the sample."""
    place = np.argsort(order)

    def holds(size):
        return rates(place[None] < size)[0] >= required - 1e-6

    while size < len(place) and not holds(size):
        size += 1
    while size and holds(size - 1):
        size -= 1
    return size


def _orders(study, layer, label) -> dict[str, list[np.ndarray]]:
    """The rankings of the units by each baseline: one ranking, or one for each cost of an open gate."""
    config, (tail, hidden, predictions) = study.config, study.parts(layer)
    positives = hidden[study.class_rows(label).positives[: config.baseline_rows]]
    kernel = getattr(study.network, KERNELS[layer]).kernel[...]
    importance = {
        "activation": core_units.activation_magnitude(positives),
        "outgoing weights": core_units.outgoing_magnitude(kernel, study.units(layer)),
        "gradient × activation": core_units.gradient_times_activation(tail, positives, label),
    }
    orders = {name: [np.argsort(-np.asarray(values), kind="stable")] for name, values in importance.items()}
    sample = study.class_rows(label, config.greedy_rows)
    for way in ("forward", "backward"):
        orders[f"greedy {way}"] = [core_units.greedy(tail, hidden, predictions, label, data=sample, direction=way)]
    options = {"kind": "hard_concrete", "repeats": 1, "steps": config.steps, "minibatch_size": config.minibatch_size}
    options["key"] = jax.random.fold_in(study.key(6), label)
    odds = core_units.sweep(tail, study.spread(hidden), predictions, [label], **options).gates[0, :, 0]
    return orders | {"hard concrete": [*np.argsort(-np.asarray(odds), axis=1, kind="stable")]}


def show(result: Baselines, page) -> None:
    """For every layer a table, and curves for one class."""
    page.text(
        "The baselines rank the units and keep the first: by mean activation on the rows of the class; by the norm of "
        "the outgoing weights; by gradient × activation of the class's log-probability; by the odds of hard-concrete "
        "gates, of which the best cost counts; and by greedy selection on a sample of rows, which adds the unit that "
        "increases the holding rate most or removes the one that decreases it least."
    )
    page.finding(compared(result.layers))
    for layer, classes in result.layers.items():
        first, (methods, _, curves, required) = next(iter(classes.items()))
        page.table(
            ("class", *methods, "holding rate, ours", "random sets"),
            [(name, *_row(*each)) for name, each in classes.items()],
            f"{layer}: number of units needed for the required rate, and the holding rates of our first selection and "
            "of random sets of its size. Ours: mean over selections, each on its own random rows of other classes; all "
            "else is on another sample of them, where the rate of our selection can be below the required one.",
        )
        lines = curves, "units", "holding rate", {"required": required}
        page.figure(
            f"baselines_{layer}",
            figures.curves.against(np.arange(len(curves[OURS])), *lines, y_range=(0.48, 1.005)),
            f"{layer}, class {first}: holding rate of the first units of every ranking, and of our core as its units "
            "are removed in increasing order of their gates (as Fig. 6 of the paper: the same for its networks).",
        )
        metrics = {"needed": {name: each.needed for name, each in classes.items()}, "curves": {OURS: curves[OURS]}}
        metrics["ours_holding"] = {name: each.rates[0] for name, each in classes.items()}
        metrics["random"] = {name: each.rates[1:] for name, each in classes.items()}
        page.metrics({layer: metrics})


def _row(needed, rates, *_):
    sizes = (f"{size:.{int(name == OURS)}f}" for name, size in needed.items())
    return *sizes, f"{rates[0]:.2%}", f"{min(rates[1:]):.0%} to {max(rates[1:]):.0%}"


def compared(layers: dict[str, dict[str, Compared]]) -> str:
    """The finding: whether simpler methods need more units, and what random sets hold."""
    words = []
    for layer, classes in layers.items():
        best = np.array([min(size for name, size in each.needed.items() if name != OURS) for each in classes.values()])
        ours = np.array([each.needed[OURS] for each in classes.values()])
        random = np.mean([each.rates[1:] for each in classes.values()])
        order = "more than" if best.mean() > ours.mean() else "no more than"
        hold = sum(each.rates[0] >= each.required - 1e-6 for each in classes.values())
        words.append(
            f"{best.mean():.1f} feature maps of {layer}, {order} the {ours.mean():.1f} of the cores (and fewer than "
            f"the core for {np.sum(best < ours)} of {len(ours)} classes). On the rows of this comparison, which the "
            f"simpler methods are fitted to and the cores have not seen, the cores reach the required rate for {hold} "
            f"of {len(ours)} classes, and random sets as large preserve {random:.0%} of the decisions"
        )
    return f"The best of six simpler methods for each class needs {'. It needs '.join(words)} (constant answers: 50%)."
