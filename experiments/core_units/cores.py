"""The smallest sets of units that preserve the decisions for each class: Tables 1 and 3 of the paper."""

import numpy as np

from experiments.core_units import published
from interp_jax import figures


def write(study, section) -> None:
    """A table and a figure for every layer."""
    section.text(
        "The rows of a class are all rows that the network assigns to it and an equal number of others at random. The "
        "decision for a row (this class or not) holds if it is unchanged when all units outside the set are set to "
        "zero; the holding rate is the share of decisions that hold. For each class the smallest set is sought whose "
        f"holding rate is at least a required rate{_rates(study)}. Gates trained by gradient descent, with several "
        "costs of an open gate, propose sets. These sets are then refined: units are added until the required rate is "
        "reached, removed one at a time, sets are merged and reduced again, and units are exchanged. The table gives "
        "both; the column for the gates alone has their smallest set that reaches the required rate, or, if there is "
        "none, the set with the highest holding rate."
    )
    metrics = {}
    for layer in study.config.layers:
        bar = study.progress.task(f"core units, {layer}", len(study.classes) * study.config.repeats)
        selected = {}
        for label in study.classes:
            selected[label] = []
            for run in range(study.config.repeats):
                core = study.core(layer, label, run)
                selected[label].append((core, study.held_out_rate(layer, label, core.mask)))
                bar.advance(note=f"class {study.task.class_names[label]}: {core.units} units")
        bar.finish()
        metrics[layer] = _layer(study, section, layer, selected)
        if "center" in study.config.classifiers:
            metrics[layer]["by_center"] = _by_center(study, section, layer)
    section.metrics(metrics)


def _by_center(study, section, layer):
    """The same with the paper's center-based classifier, which tolerates a score slightly below the greatest."""
    repeats = study.config.center_repeats
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"center-based classifier, {layer}", len(study.classes) * repeats)
    units, rates, strict = [], [], []
    for label in study.classes:
        runs = []
        for run in range(repeats):
            runs.append(study.core(layer, label, run, "center"))
            bar.advance(note=f"class {study.task.class_names[label]}: {runs[-1].units} units")
        units.append([core.units for core in runs])
        rates.append([core.holding_rate for core in runs])
        strict.append([study.held_out_rate(layer, label, core.mask) for core in runs])
    bar.finish()
    units, rates, strict = map(np.array, (units, rates, strict))
    required = np.array([study.required(layer, label, "center") for label in study.classes])
    paper_units = published.units(study.config.data, layer)
    rows = []
    for place, label in enumerate(study.classes):
        row = (names[place], f"{required[place]:.2%}", _counts(units[place]))
        row += (f"{rates[place].mean():.2%}", f"{strict[place].mean():.2%}")
        rows.append(row if paper_units is None else (*row, f"{paper_units[label].mean():.1f}"))
    header = ("class", "required rate", "units", "holding rate", "held-out rows, argmax")
    section.table(
        header if paper_units is None else (*header, "paper"),
        rows,
        f"{layer}: the same with the paper's center-based classifier, whose weight is trained with the "
        f"gates{'' if paper_units is None or study.config.holding else ', at the rates of the paper'}. It assigns a "
        "row to the class even if the score of the class is slightly below the greatest, so that fewer units suffice "
        "for the same holding rate.",
        note=_against_paper(units, paper_units, list(study.classes), names).strip(),
    )
    return {"required": required, "units": units, "holding": rates, "held_out_by_argmax": strict}


def _rates(study):
    if study.config.holding is not None:
        return f" of {study.config.holding:.1%}"
    if study.config.data == "cifar10":
        return ", the mean of the paper's three runs for the class"
    return " of 99.5%" + (
        ", or the mean of the paper's three runs where that is greater" if study.config.data == "mnist" else ""
    )


def _layer(study, section, layer, selected):
    names = [study.task.class_names[label] for label in study.classes]
    units = np.array([[core.units for core, _ in runs] for runs in selected.values()])
    own = np.array([[core.gates_units for core, _ in runs] for runs in selected.values()])
    rates = np.array([[core.holding_rate for core, _ in runs] for runs in selected.values()])
    own_rates = np.array([[core.gates_holding_rate for core, _ in runs] for runs in selected.values()])
    held = np.array([[rate for _, rate in runs] for runs in selected.values()])
    reached = np.array([[core.reached for core, _ in runs] for runs in selected.values()])
    required = np.array([study.required(layer, label) for label in study.classes])
    paper_units, paper_holding = (table(study.config.data, layer) for table in (published.units, published.holding))
    apart = f"{100 * (held - rates).mean():+.2f}".replace("-", "−")
    rows = []
    for place, label in enumerate(study.classes):
        row = (
            names[place],
            f"{required[place]:.2%}",
            _counts(units[place], reached[place]),
            f"{rates[place].mean():.2%}",
        )
        row += (f"{held[place].mean():.2%}", f"{_counts(own[place])} @ {own_rates[place].mean():.2%}")
        if paper_units is not None:
            row += (f"{paper_units[label].mean():.1f} @ {paper_holding[label].mean():.1%}",)
        rows.append(row)
    total = study.units(layer)
    header = ("class", "required rate", "units", "holding rate", "held-out rows", "gates alone")
    section.table(
        header if paper_units is None else (*header, "paper"),
        rows,
        f"{layer}, {total} feature maps: number of core units in {study.selections} of each class, and their mean "
        "holding rates on the rows of the class and on the held-out rows (balanced over the two kinds of row).",
        note=f"Holding rates on the held-out rows differ from those on the rows of the class by {apart} points on "
        "average."
        + _against_paper(units, paper_units, list(study.classes), names)
        + ("" if reached.all() else " An asterisk: the required rate was not reached."),
    )
    series = {"refined": units, "gates alone": np.where(own_rates >= required[:, None] - 1e-6, own, np.nan)}
    paper = None if paper_units is None else {"paper": paper_units.mean(axis=1)[list(study.classes)]}
    section.figure(
        f"units_{layer}",
        figures.selected_units.by_class(names, series, paper, y_label=f"core units of {layer}"),
        f"{layer}: core units, of {total}. Gates alone are omitted where none of their sets reaches the required rate.",
    )
    return {
        "classes": names,
        "required": required,
        "units": units,
        "holding": rates,
        "reached": reached,
        "held_out": held,
        "gates_units": own,
        "gates_holding": own_rates,
        "of": total,
    }


def _against_paper(units, paper_units, classes, names):
    if paper_units is None:
        return ""
    ratios = units.mean(axis=1) / paper_units.mean(axis=1)[classes]
    more = [name for name, ratio in zip(names, ratios, strict=True) if ratio > 1]
    return (
        f" Averaged over selections, {np.sum(ratios <= 1)} of {len(ratios)} classes need no more units than in the "
        f"paper, and {np.sum(ratios <= 0.85)} need at most 0.85 times as many"
        + (
            f". More units than in the paper, at most {ratios.max():.2f} times as many: {', '.join(map(str, more))}."
            if more
            else "."
        )
    )


def _counts(values, reached=None):
    reached = np.ones(len(values), bool) if reached is None else reached
    return ",\u00a0".join(f"{int(value)}{'' if holds else '*'}" for value, holds in zip(values, reached, strict=True))
