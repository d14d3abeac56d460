"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.gradient_ascent.settings import PRESETS
from experiments.provenance import Files, provenance, table
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if record["config"]["data"] == "jumps")
    shares = record["metrics"]["classes"]["classes"]["4-layer perceptron"]
    what = "signals from gradient ascent with the largest rise at the correct position (%): 4-layer perceptron"
    return [(what, mean_and_spread(100 * np.array(shares["correct_lanes"]), 1), "figures", record["config"]["seeds"])]


def results_table(files: Files) -> str:
    """A row for every kind of network on jump signals, and a sentence for every set of images."""
    images = {record["config"]["data"]: record["metrics"] for record in files.values()}
    config = next(record["config"] for record in files.values() if record["config"]["data"] == "jumps")
    above = f"probability above {config['threshold']:g} (%)"
    header = f"inputs from gradient ascent, {config['starts']} starts × 60 classes", above
    header += "largest rise correct, single (%)", "… mean of the starts (%)"
    rows = []
    for name, shares in images.pop("jumps")["classes"]["classes"].items():
        columns = (100 * np.array(shares[column]) for column in ("converged", "correct_lanes", "correct_means"))
        rows.append((name, *(mean_and_spread(column, 1) for column in columns)))
    notes = [f"Mean ± standard deviation over {config['seeds']} networks; the thesis shows figures without numbers."]
    for name, metrics in images.items():
        other = {regularizer: each["other"] for regularizer, each in metrics["images"]["regularizers"].items()}
        best = max(other, key=other.get)
        notes.append(
            f"For images learned on {name}, the agreement of a second network is {other['none']:.0%} without a "
            f"regularizer and {other[best]:.0%} with {best}."
        )
    return f"{table(header, rows)}\n\n{' '.join(notes)} {provenance('gradient_ascent', files, PRESETS)}"
