"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.core_units import published
from experiments.core_units.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def kept_as(config: dict) -> str:
    """What the file of a run is called: its data, and its layers where they are not the preset's."""
    layers = config["layers"] if tuple(config["layers"]) != PRESETS[config["preset"]].layers else ()
    return "_".join(["core_units", config["data"], *layers])


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    said = []
    for kept in files.values():
        data = kept["config"]["data"]
        for layer, found in kept["metrics"]["cores"].items():
            paper, units = published.units(data, layer), np.array(found["units"]).mean(axis=0)
            what = f"units of {found['of']} that keep {np.array(found['holding']).mean():.1%} of a class's decisions: "
            what += f"{_said(kept['config'])}, {layer}"
            said.append((what, mean_and_spread(units, 1), "–" if paper is None else f"{paper.mean():.1f}", 1))
    return said


def _said(config):
    return config["data"] + (f" ({config['data_note']})" if config["data_note"] else "")


def results_table(files: dict[Path, dict]) -> str:
    """A row for every data set and layer whose run was kept."""
    header = "layer (units)", "kept", "by the paper's classifier", "by gates alone", "by the best rival", "in the paper"
    header += "decisions held", "… held-out rows", "… in the paper"
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    notes, more = [], []
    for kept in files.values():
        data, metrics = kept["config"]["data"], kept["metrics"]
        notes.append(f"{_said(kept['config'])} {metrics['training']['accuracy']['held out']:.1%}")
        for layer, found in metrics["cores"].items():
            # A run may have been of some sections.
            needed = metrics["rivals"][layer]["needed"] if "rivals" in metrics else {}
            lines.append(_row(data, layer, found, needed))
            more += _more(data, layer, found, kept["config"]["classes"] or range(10))
    return "\n".join(
        [
            *lines,
            "",
            "Mean over the ten classes ± standard deviation between three selections; without it, of one. Held-out "
            f"rows named right: {', '.join(dict.fromkeys(notes))}. The paper's classifier forgives a class that is a "
            "little behind, and is asked for the paper's rate; the greatest score for at least 99.5% (CIFAR-10: the "
            "paper's rate). "
            f"Classes that need more than in the paper: {'; '.join(more)}. {provenance('core_units', files, PRESETS)}",
        ]
    )


def _more(data, layer, found, classes):
    """Which classes need more units than in the paper, by the greatest score and by the paper's classifier."""
    paper = published.units(data, layer)
    if paper is None:
        return []
    said = []
    for by, selections in (("", found), (" by its classifier", found.get("by_center"))):
        if selections is not None:
            means = zip(classes, np.mean(selections["units"], axis=1), strict=True)
            more = [str(label) for label, mean in means if mean > paper[label].mean()]
            said.append(f"{data}, {layer}{by}: {', '.join(more) or 'none'}")
    return said


def _row(data, layer, found, needed):
    units, own = np.array(found["units"]).mean(axis=0), np.array(found["gates_units"]).mean(axis=0)
    rivals = [min(size for name, size in sizes.items() if name != "ours") for sizes in needed.values()]
    rival = f"{np.mean(rivals):.1f}" if rivals else "–"
    paper, paper_rate = published.units(data, layer), published.holding(data, layer)
    holding, held = (np.array(found[name]).mean() for name in ("holding", "held_out"))
    by_center = found.get("by_center")
    center = "–" if by_center is None else mean_and_spread(np.array(by_center["units"]).mean(axis=0), 1)
    published_cells = (
        ("–", "–") if paper is None else (mean_and_spread(paper.mean(axis=0), 1), f"{paper_rate.mean():.1%}")
    )
    return (
        f"| {data}, {layer} ({found['of']}) | {mean_and_spread(units, 1)} | {center} | {mean_and_spread(own, 1)} at "
        f"{np.array(found['gates_holding']).mean():.1%} | {rival} | {published_cells[0]} | "
        f"{holding:.1%} | {held:.1%} | {published_cells[1]} |"
    )
