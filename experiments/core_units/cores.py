"""The smallest sets of units that preserve the decisions for each class: Tables 1 and 3 of the paper."""

from typing import NamedTuple

import numpy as np

from experiments import published_cores as published
from interp_jax.methods import core_units

CLASSIFIERS = {
    "argmax": "a row is of the class if the class's score is the greatest",
    "center": "by the paper's center-based classifier, which tolerates a score slightly below the greatest",
}


class Selected(NamedTuple):
    """Numbers of units, and holding rates as fractions; all but the required rate are [classes, selections]."""

    required: np.ndarray  # [classes]
    units: np.ndarray
    holding: np.ndarray
    reached: np.ndarray
    held_out: np.ndarray  # on held-out rows, always by argmax
    gates_units: np.ndarray  # of the gates' own set, before it is refined
    gates_holding: np.ndarray


class Cores(NamedTuple):
    """Selections by layer and classifier, all units by layer, and the paper's units and rates, [2, classes]."""

    classes: list[str]
    selected: dict[str, dict[str, Selected]]
    of: dict[str, int]
    paper: dict[str, np.ndarray]


def measure(study) -> Cores:
    """Selections for every class in every layer."""
    config, names = study.config, study.names
    selected = {layer: {by: _selected(study, layer, by) for by in config.classifiers} for layer in config.layers}
    tables = {layer: published.tables(config.data, layer) for layer in config.layers}
    paper = {layer: np.mean(of, axis=2)[:, [*names]] for layer, of in tables.items() if of}
    return Cores([*names.values()], selected, {layer: study.units(layer) for layer in config.layers}, paper)


def _selected(study, layer, classifier) -> Selected:
    rows, runs = [], [(label, run) for label in study.names for run in range(study.config.repeats)]
    for label, run in study.counted(f"core units by {classifier}, {layer}", runs):
        core = study.core(layer, label, run, classifier)
        hidden, predictions = study.hidden(layer, held=True), study.predictions[1]
        held_out = float(core_units.holding_rate(study.network.after(layer), hidden, predictions, label, core.mask))
        rows.append((core.units, core.holding_rate, core.reached, held_out, core.gates_units, core.gates_holding_rate))
    required = np.array([study.required(layer, label, classifier) for label in study.names])
    return Selected(required, *(np.reshape(each, (len(required), -1)) for each in zip(*rows, strict=True)))


def show(result: Cores, page) -> None:
    """A table for every layer and classifier."""
    page.text(
        "The rows of a class are all rows that the network assigns to it and as many others at random. The decision "
        "for a row, this class or not, holds if it is unchanged when all units outside a set are set to zero. The "
        "smallest set is sought whose holding rate, the share of decisions that hold, reaches a required rate: trained "
        "gates propose sets, to which a search adds, removes and exchanges units. Tables have the number of core units "
        "in every selection (*: the required rate is not reached), mean holding rates on the rows of the class and, by "
        "argmax, on held-out rows, and the same of the gates alone."
    )
    page.finding(sufficient(result))
    for layer, by in result.selected.items():
        metrics = {"classes": result.classes, "of": result.of[layer]}
        for classifier, each in by.items():
            columns = {
                "class": result.classes,
                "required rate": map("{:.2%}".format, each.required),
                "units": _counts(each.units, each.reached),
                "holding rate": map("{:.2%}".format, each.holding.mean(axis=1)),
                "held-out rows": map("{:.2%}".format, each.held_out.mean(axis=1)),
                "gates alone": _counts(each.gates_units, each.gates_holding >= each.required[:, None] - 1e-6),
                "… their rate": map("{:.2%}".format, each.gates_holding.mean(axis=1)),
            }
            if layer in result.paper:
                columns["paper, mean of three runs"] = map("{:.1f} @ {:.1%}".format, *result.paper[layer])
            caption = f"{layer}, {result.of[layer]} feature maps; {CLASSIFIERS[classifier]}."
            page.table([*columns], [*zip(*columns.values(), strict=True)], caption)
            metrics |= each._asdict() if classifier == "argmax" else {"by_center": each._asdict()}
        page.metrics({layer: metrics})


def _counts(units, reached):
    """The numbers of units for each class, with a star where the required rate is not reached."""
    return map(", ".join, np.char.add(units.astype(str), np.where(reached, "", "*")))


def sufficient(result: Cores) -> str:
    """The finding: how many units of each layer suffice, for how many decisions, and how many in the paper."""
    words, classes = [], len(result.classes)
    for layer, by in result.selected.items():
        each, notes = by["argmax"], ""
        if layer in result.paper:
            paper = result.paper[layer][0]
            no_more = np.sum(each.units.mean(axis=1) <= paper)
            notes = f"; paper: {paper.mean():.1f} maps, and {no_more} of {classes} classes need no more here"
        if not each.reached.all():
            notes += f"; {np.sum(~each.reached)} of {each.reached.size} selections miss the required rate"
        words.append(
            f"{each.units.mean():.1f} of the {result.of[layer]} feature maps of layer {layer} preserve "
            f"{each.holding.mean():.1%} ({each.held_out.mean():.1%} on held-out images{notes})"
        )
    return (
        f"When all maps but the core of a class are set to zero, {' and '.join(words)} of the network's decisions "
        f"whether an image is of this class; means over {classes} classes."
    )
