"""The fewest units of each layer that keep each class's decisions: the paper's Tables 1 and 3."""

import numpy as np

from experiments.core_units import published
from interp_jax import figures


def write(study, section) -> None:
    """A table and a picture for every layer."""
    section.text(
        "For each class, its data are all rows that the network predicts as it and as many others at random; a "
        "decision, this class or not, holds if it is the same when all other units of the layer are switched off. The "
        "holding rate is the share of decisions that hold. Asked for is the smallest set that holds a given rate"
        f"{_rates(study)}. Hard-concrete gates trained by gradient descent for several costs of an open gate propose "
        "sets, which are then polished: units are added until the rate is held, dropped one at a time, the sets joined "
        "with each other and dropped from again, and units exchanged. The table gives both; the gates' own is their "
        "smallest set that holds the rate, or else the set that holds most."
    )
    metrics = {}
    for layer in study.config.layers:
        bar = study.progress.task(f"core units, {layer}", len(study.classes) * study.config.repeats)
        found = {}
        for label in study.classes:
            found[label] = []
            for run in range(study.config.repeats):
                core = study.core(layer, label, run)
                found[label].append((core, study.held_rate(layer, label, core.mask)))
                bar.advance(note=f"class {study.task.class_names[label]}: {core.units} units")
        bar.finish()
        metrics[layer] = _layer(study, section, layer, found)
        if "center" in study.config.classifiers:
            metrics[layer]["by_center"] = _by_center(study, section, layer)
    section.metrics(metrics)


def _by_center(study, section, layer):
    """The same with the paper's own classifier, which forgives a class that is a little behind."""
    repeats = study.config.center_repeats
    names = [study.task.class_names[label] for label in study.classes]
    bar = study.progress.task(f"by the center, {layer}", len(study.classes) * repeats)
    units, rates, strict = [], [], []
    for label in study.classes:
        found = []
        for run in range(repeats):
            found.append(study.core(layer, label, run, "center"))
            bar.advance(note=f"class {study.task.class_names[label]}: {found[-1].units} units")
        units.append([core.units for core in found])
        rates.append([core.holding_rate for core in found])
        strict.append([study.held_rate(layer, label, core.mask) for core in found])
    bar.finish()
    units, rates, strict = map(np.array, (units, rates, strict))
    asked = np.array([study.wanted(layer, label, "center") for label in study.classes])
    paper_units = published.units(study.config.data, layer)
    rows = []
    for place, label in enumerate(study.classes):
        row = (names[place], f"{asked[place]:.2%}", _counts(units[place]))
        row += (f"{rates[place].mean():.2%}", f"{strict[place].mean():.2%}")
        rows.append(row if paper_units is None else (*row, f"{paper_units[label].mean():.1f}"))
    header = ("class", "asked for", "units", "holding", "held-out rows, by the greatest score")
    section.table(
        header if paper_units is None else (*header, "paper"),
        rows,
        f"{layer}: the same, decided by the paper's center-based classifier with the weight that is trained with the "
        f"gates{'' if paper_units is None or study.config.holding else ', at the rate of the paper'}. It calls a row "
        "the class's own also where that class's score is a little behind the greatest, so that fewer units hold as "
        "many of its decisions.",
        note=_against_paper(units, paper_units, list(study.classes), names).strip(),
    )
    return {"asked": asked, "units": units, "holding": rates, "held_out_by_argmax": strict}


def _rates(study):
    if study.config.holding is not None:
        return f": {study.config.holding:.1%}"
    if study.config.data == "cifar10":
        return ": the mean of the paper's three runs for the class"
    return ": 99.5%" + (
        ", or the mean of the paper's three runs where that is more" if study.config.data == "mnist" else ""
    )


def _layer(study, section, layer, found):
    names = [study.task.class_names[label] for label in study.classes]
    units = np.array([[core.units for core, _ in runs] for runs in found.values()])
    own = np.array([[core.gates_units for core, _ in runs] for runs in found.values()])
    rates = np.array([[core.holding_rate for core, _ in runs] for runs in found.values()])
    own_rates = np.array([[core.gates_holding_rate for core, _ in runs] for runs in found.values()])
    held = np.array([[rate for _, rate in runs] for runs in found.values()])
    reached = np.array([[core.reached for core, _ in runs] for runs in found.values()])
    wanted = np.array([study.wanted(layer, label) for label in study.classes])
    paper_units, paper_holding = (table(study.config.data, layer) for table in (published.units, published.holding))
    apart = f"{100 * (held - rates).mean():+.2f}".replace("-", "−")
    rows = []
    for place, label in enumerate(study.classes):
        row = (
            names[place],
            f"{wanted[place]:.2%}",
            _counts(units[place], reached[place]),
            f"{rates[place].mean():.2%}",
        )
        row += (f"{held[place].mean():.2%}", f"{_counts(own[place])} @ {own_rates[place].mean():.2%}")
        if paper_units is not None:
            row += (f"{paper_units[label].mean():.1f} @ {paper_holding[label].mean():.1%}",)
        rows.append(row)
    total = study.units(layer)
    header = ("class", "asked for", "units", "holding", "held-out rows", "gates alone")
    section.table(
        header if paper_units is None else (*header, "paper"),
        rows,
        f"{layer}, {total} feature maps: units kept in {study.selections} a class, and the mean holding "
        "rates on the class's rows and, by the same units, on the rows held out (mean of the two kinds of row).",
        note=f"Held-out rates differ from those on the class's rows by {apart} points on average."
        + _against_paper(units, paper_units, list(study.classes), names)
        + ("" if reached.all() else " An asterisk: the rate asked for was not reached."),
    )
    series = {"polished": units, "gates alone": np.where(own_rates >= wanted[:, None] - 1e-6, own, np.nan)}
    paper = None if paper_units is None else {"paper": paper_units.mean(axis=1)[list(study.classes)]}
    section.figure(
        f"units_{layer}",
        figures.selected_units.by_class(names, series, paper, y_label=f"units of {layer} kept"),
        f"{layer}: units kept of {total}. Gates alone are left out where no set of theirs holds the rate.",
    )
    return {
        "classes": names,
        "asked": wanted,
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
        f" On average over the selections {np.sum(ratios <= 1)} of {len(ratios)} classes need no more units than in "
        f"the paper, {np.sum(ratios <= 0.85)} at most 0.85 times as many"
        + (f". Up to {ratios.max():.2f} times as many: {', '.join(map(str, more))}." if more else ".")
    )


def _counts(values, reached=None):
    reached = np.ones(len(values), bool) if reached is None else reached
    return ",\u00a0".join(f"{int(value)}{'' if holds else '*'}" for value, holds in zip(values, reached, strict=True))
