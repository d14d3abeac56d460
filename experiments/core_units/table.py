"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.core_units import published
from experiments.core_units.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


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
            paper, units = published.units(data, layer), np.array(cores["units"]).mean(axis=0)
            what = f"core units of {cores['of']}, holding rate {np.array(cores['holding']).mean():.1%}: "
            what += f"{_title(record['config'])}, {layer}"
            rows.append((what, mean_and_spread(units, 1), "–" if paper is None else f"{paper.mean():.1f}", 1))
    return rows


def _title(config):
    return config["data"] + (f" ({config['data_note']})" if config["data_note"] else "")


def results_table(files: dict[Path, dict]) -> str:
    """A row for every data set and layer of the stored runs."""
    header = "layer (units)", "core units", "center-based classifier", "gates alone", "best baseline", "paper"
    header += "holding rate", "… on held-out rows", "… in the paper"
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    notes, more = [], []
    for record in files.values():
        data, metrics = record["config"]["data"], record["metrics"]
        notes.append(f"{_title(record['config'])} {metrics['training']['accuracy']['held out']:.1%}")
        for layer, cores in metrics["cores"].items():
            # A run may have only some of the sections.
            needed = metrics["baselines"][layer]["needed"] if "baselines" in metrics else {}
            lines.append(_row(data, layer, cores, needed))
            more += _more(data, layer, cores, record["config"]["classes"] or range(10))
    return "\n".join(
        [
            *lines,
            "",
            "Mean over the ten classes ± standard deviation over three selections; without ±, of one selection. "
            f"Held-out accuracy: {', '.join(dict.fromkeys(notes))}. The required rate is at least 99.5% (CIFAR-10: the "
            "paper's rate); for the paper's center-based classifier, which tolerates a score slightly below the "
            f"greatest, it is the paper's rate. Classes that need more units than in the paper: {'; '.join(more)}. "
            f"{provenance('core_units', files, PRESETS)}",
        ]
    )


def _more(data, layer, cores, classes):
    """The classes that need more units than in the paper, with argmax and with the center-based classifier."""
    paper = published.units(data, layer)
    if paper is None:
        return []
    sentences = []
    for by, selections in (("", cores), (", center-based", cores.get("by_center"))):
        if selections is not None:
            means = zip(classes, np.mean(selections["units"], axis=1), strict=True)
            more = [str(label) for label, mean in means if mean > paper[label].mean()]
            sentences.append(f"{data}, {layer}{by}: {', '.join(more) or 'none'}")
    return sentences


def _row(data, layer, cores, needed):
    units, own = np.array(cores["units"]).mean(axis=0), np.array(cores["gates_units"]).mean(axis=0)
    least = [min(size for name, size in sizes.items() if name != "ours") for sizes in needed.values()]
    baseline = f"{np.mean(least):.1f}" if least else "–"
    paper, paper_rate = published.units(data, layer), published.holding(data, layer)
    holding, held = (np.array(cores[name]).mean() for name in ("holding", "held_out"))
    by_center = cores.get("by_center")
    center = "–" if by_center is None else mean_and_spread(np.array(by_center["units"]).mean(axis=0), 1)
    published_cells = (
        ("–", "–") if paper is None else (mean_and_spread(paper.mean(axis=0), 1), f"{paper_rate.mean():.1%}")
    )
    return (
        f"| {data}, {layer} ({cores['of']}) | {mean_and_spread(units, 1)} | {center} | {mean_and_spread(own, 1)} at "
        f"{np.array(cores['gates_holding']).mean():.1%} | {baseline} | {published_cells[0]} | "
        f"{holding:.1%} | {held:.1%} | {published_cells[1]} |"
    )
