"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.gradient_ascent.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread

JUMPS = "jumps"


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    (kept,) = (kept for kept in files.values() if kept["config"]["data"] == JUMPS)
    name = "4-layer perceptron"
    right = kept["metrics"]["classes"]["classes"][name]["right_lanes"]
    what = f"signals made by gradient ascent that jump where they should (%): {name}"
    return [(what, mean_and_spread([100 * share for share in right], 1), "pictures", kept["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every kind of network that finds jumps, and a sentence for every set of images."""
    by_data = {kept["config"]["data"]: kept for kept in files.values()}
    config = by_data[JUMPS]["config"]
    lines = [
        f"| inputs learned by gradient ascent, {config['starts']} starts × 60 classes | above {config['threshold']:g} "
        "(%) | jump in its place, single (%) | … mean of the starts (%) |",
        "|---|---|---|---|",
    ]
    for name, found in by_data[JUMPS]["metrics"]["classes"]["classes"].items():
        shares = (found["converged"], found["right_lanes"], found["right_means"])
        cells = (mean_and_spread([100 * share for share in each], 1) for each in shares)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    notes = [f"Mean ± standard deviation over {config['seeds']} networks; the thesis gives pictures, no numbers."]
    for name, kept in by_data.items():
        if name != JUMPS:
            found = kept["metrics"]["images"]["regularizers"]
            best = max(found, key=lambda regularizer: found[regularizer]["other"])
            notes.append(
                f"A second network agrees with {found['none']['other']:.0%} of the images learned for {name} without a "
                f"regularizer, with {found[best]['other']:.0%} under {best}."
            )
    return "\n".join([*lines, "", f"{' '.join(notes)} {provenance('gradient_ascent', files, PRESETS)}"])
