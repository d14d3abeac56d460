"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.gradient_ascent.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread

JUMPS = "jumps"


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if record["config"]["data"] == JUMPS)
    name = "4-layer perceptron"
    correct = record["metrics"]["classes"]["classes"][name]["correct_lanes"]
    what = f"signals from gradient ascent with the largest rise at the correct position (%): {name}"
    return [(what, mean_and_spread([100 * share for share in correct], 1), "figures", record["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every kind of network on jump signals, and a sentence for every set of images."""
    by_data = {record["config"]["data"]: record for record in files.values()}
    config = by_data[JUMPS]["config"]
    lines = [
        f"| inputs from gradient ascent, {config['starts']} starts × 60 classes | probability above "
        f"{config['threshold']:g} (%) | largest rise correct, single (%) | … mean of the starts (%) |",
        "|---|---|---|---|",
    ]
    for name, learned in by_data[JUMPS]["metrics"]["classes"]["classes"].items():
        shares = (learned["converged"], learned["correct_lanes"], learned["correct_means"])
        cells = (mean_and_spread([100 * share for share in each], 1) for each in shares)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    notes = [f"Mean ± standard deviation over {config['seeds']} networks; the thesis shows figures without numbers."]
    for name, record in by_data.items():
        if name != JUMPS:
            measures = record["metrics"]["images"]["regularizers"]
            best = max(measures, key=lambda regularizer: measures[regularizer]["other"])
            notes.append(
                f"For images learned on {name}, the agreement of a second network is "
                f"{measures['none']['other']:.0%} without a regularizer and {measures[best]['other']:.0%} with {best}."
            )
    return "\n".join([*lines, "", f"{' '.join(notes)} {provenance('gradient_ascent', files, PRESETS)}"])
