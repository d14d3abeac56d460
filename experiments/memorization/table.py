"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.memorization.memorization_study import KINDS
from experiments.memorization.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    (kept,) = (kept for kept in files.values() if kept["config"]["data"] == "jumps")
    inner, kinds = kept["metrics"]["deviations"]["deviation"]["cosine"], (KINDS[0], KINDS[-1])
    ours = " and ".join(mean_and_spread(np.array(inner[kind]["inner"])[1], 2) for kind in kinds)
    what = f"deviation inside a class, first hidden layer, {' and '.join(kinds)}: jumps"
    return [(what, ours, "curves", kept["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A column for every kind of network, rows for every data set."""
    lines = [f"| networks | {' | '.join(KINDS)} |", "|---" * (1 + len(KINDS)) + "|"]
    for kept in files.values():
        name, metrics = kept["config"]["data"], kept["metrics"]
        accuracy = metrics["training"]["accuracy"]
        inner = {kind: np.array(metrics["deviations"]["deviation"]["cosine"][kind]["inner"]) for kind in KINDS}
        telling = metrics["telling_apart"]
        rows = {
            f"{name}: training rows named as taught (%)": [
                mean_and_spread([100 * share for share in accuracy[kind]["taught"]], 1) for kind in KINDS
            ],
            "… held-out rows named right (%)": [
                mean_and_spread([100 * share for share in accuracy[kind]["held_out"]], 1) for kind in KINDS
            ],
            "… inner-class deviation (cosine): input → first → last hidden layer": [
                " → ".join(mean_and_spread(inner[kind][layer], 2) for layer in (0, 1, -1)) for kind in KINDS
            ],
            f"… called wrongly without test data, of {telling['of']}": [str(telling["wrong"][kind]) for kind in KINDS],
        }
        lines += [f"| {row} | {' | '.join(cells)} |" for row, cells in rows.items()]
    seeds = " and ".join(f"{kept['config']['seeds']} ({kept['config']['data']})" for kept in files.values())
    return "\n".join(
        [
            *lines,
            "",
            f"Mean ± standard deviation over networks: {seeds}. The thesis gives curves, and 98.07 % on MNIST. "
            f"{provenance('memorization', files, PRESETS)}",
        ]
    )
