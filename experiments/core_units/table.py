"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments import published_cores as published
from experiments.core_units.settings import PRESETS
from experiments.provenance import data_name, provenance, table
from experiments.study import mean_and_spread

# MNIST's first layer: the training of CIFAR-10's networks was chosen among three with their counts of units in view.
IN_README = -2


def file_name(config: dict) -> str:
    """The name of a run's file: its data, and its layers where they differ from those of the preset."""
    layers = config["layers"] if tuple(config["layers"]) != PRESETS[config["preset"]].layers else ()
    return "_".join(["core_units", config["data"], *layers])


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for record in files.values():
        data = record["config"]["data"]
        for layer, cores in record["metrics"]["cores"].items():
            tables, rate = published.tables(data, layer), np.mean(cores["holding"])
            what = f"core units of {cores['of']}, holding rate {rate:.1%}: {_title(record['config'])}, {layer}"
            ours = f"{_units(cores['units'])} (gates alone {np.mean(cores['gates_units']):.1f})"
            rows.append((what, ours, f"{tables[0].mean():.1f}" if tables else "–", 1))
    return rows


def _units(selections):
    """Mean numbers of units over the classes, with their spread over selections."""
    return mean_and_spread(np.mean(selections, axis=0), 1)


def _title(config):
    return data_name(config) + (f" ({config['data_note']})" if config["data_note"] else "")


def results_table(files: dict[Path, dict]) -> str:
    """A row for every data set and layer of the stored runs."""
    header = "layer (units)", "core units", "center-based classifier", "gates alone", "best baseline", "paper"
    header += "holding rate", "… on held-out rows", "… in the paper"
    rows, notes, more = [], [], []
    for record in files.values():
        config, metrics = record["config"], record["metrics"]
        notes.append(f"{_title(config)} {metrics['training']['accuracy']['held out']:.1%}")
        for layer, cores in metrics["cores"].items():
            # A run may have only some of the sections.
            needed = metrics["baselines"][layer]["needed"] if "baselines" in metrics else {}
            tables = published.tables(config["data"], layer)
            place = f"{data_name(config)}, {layer}"
            rows.append(_row(place, tables, cores, needed))
            more += _more(place, tables, cores, config["classes"] or range(10))
    return table(header, rows) + (
        "\n\nMean over the ten classes ± standard deviation over three selections; without ±, of one selection. "
        f"Held-out accuracy: {', '.join(dict.fromkeys(notes))}. The required rate is at least 99.5% (CIFAR-10: the "
        "paper's rate); for the paper's center-based classifier, which tolerates a score slightly below the "
        f"greatest, it is the paper's rate. Classes that need more units than in the paper: {'; '.join(more)}. "
        f"{provenance('core_units', files, PRESETS)}"
    )


def _row(place, tables, cores, needed):
    center = cores.get("by_center")
    least = [min(size for name, size in sizes.items() if name != "ours") for sizes in needed.values()]
    return (
        f"{place} ({cores['of']})",
        _units(cores["units"]),
        _units(center["units"]) if center else "–",
        f"{_units(cores['gates_units'])} at {np.mean(cores['gates_holding']):.1%}",
        f"{np.mean(least):.1f}" if least else "–",
        _units(tables[0]) if tables else "–",
        *(f"{np.mean(cores[name]):.1%}" for name in ("holding", "held_out")),
        f"{tables[1].mean():.1%}" if tables else "–",
    )


def _more(place, tables, cores, classes):
    """The classes that need more units than in the paper, with argmax and with the center-based classifier."""
    by = {"": cores, ", center-based": cores.get("by_center")} if tables else {}
    for name, selections in by.items():
        if selections:
            means, (paper, _) = np.mean(selections["units"], axis=1), tables
            more = [str(label) for label, mean in zip(classes, means, strict=True) if mean > paper[label].mean()]
            yield f"{place}{name}: {', '.join(more) or 'none'}"
