"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.gradient_ascent.settings import PRESETS
from experiments.provenance import Files, data_name, provenance, table
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    what = "signals from gradient ascent with the largest rise at the correct position (%): 4-layer perceptron"
    rows = []
    for config, metrics in _runs(files, jumps=True):
        shares = 100 * np.array(metrics["classes"]["classes"]["4-layer perceptron"]["correct_lanes"])
        rows.append((what, mean_and_spread(shares, 1), "figures", config["seeds"]))
    return rows


def _runs(files, jumps):
    """The settings and metrics of the runs on jump signals, or of those on images."""
    runs = ((record["config"], record["metrics"]) for record in files.values())
    return [run for run in runs if (run[0]["data"] == "jumps") == jumps]


def results_table(files: Files) -> str:
    """A row for every kind of network on jump signals, and a sentence for every set of images."""
    parts, notes = [], []
    for config, metrics in _runs(files, jumps=True):
        above = f"probability above {config['threshold']:g} (%)"
        header = f"inputs from gradient ascent, {config['starts']} starts × 60 classes", above
        header += "largest rise correct, single (%)", "… mean of the starts (%)"
        rows = []
        for name, shares in metrics["classes"]["classes"].items():
            columns = (100 * np.array(shares[column]) for column in ("converged", "correct_lanes", "correct_means"))
            rows.append((name, *(mean_and_spread(column, 1) for column in columns)))
        parts.append(table(header, rows))
        notes.append(
            f"Mean ± standard deviation over {config['seeds']} networks; the thesis shows figures without numbers."
        )
    for config, metrics in _runs(files, jumps=False):
        other = {regularizer: each["other"] for regularizer, each in metrics["images"]["regularizers"].items()}
        best = max(other, key=other.get)
        notes.append(
            f"For images learned on {data_name(config)}, the agreement of a second network is {other['none']:.0%} "
            f"without a regularizer and {other[best]:.0%} with {best}."
        )
    return "\n\n".join([*parts, f"{' '.join(notes)} {provenance('gradient_ascent', files, PRESETS)}"])
