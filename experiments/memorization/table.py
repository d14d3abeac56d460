"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.memorization.memorization_study import KINDS
from experiments.memorization.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if record["config"]["data"] == "jumps")
    inner, kinds = record["metrics"]["deviations"]["deviation"]["cosine"], (KINDS[0], KINDS[-1])
    ours = " and ".join(mean_and_spread(np.array(inner[kind]["inner"])[1], 2) for kind in kinds)
    what = f"inner-class deviation, first hidden layer, {' and '.join(kinds)}: jumps"
    return [(what, ours, "curves", record["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A column for every kind of network, rows for every data set."""
    lines = [f"| networks | {' | '.join(KINDS)} |", "|---" * (1 + len(KINDS)) + "|"]
    for record in files.values():
        accuracy, discrimination = (record["metrics"][name] for name in ("training", "discrimination"))
        columns = []
        for kind in KINDS:
            shares = (100 * np.array(accuracy["accuracy"][kind][rows]) for rows in ("training_labels", "held_out"))
            inner = record["metrics"]["deviations"]["deviation"]["cosine"][kind]["inner"]
            through = " → ".join(mean_and_spread(inner[layer], 2) for layer in (0, 1, -1))
            columns.append(
                [*(mean_and_spread(each, 1) for each in shares), through, discrimination["misclassified"][kind]]
            )
        names = (
            f"{record['config']['data']}: training accuracy (%)",
            "… held-out accuracy (%)",
            "… inner-class deviation (cosine): input → first → last hidden layer",
            f"… misclassified without test data, of {discrimination['networks']}",
        )
        lines += [f"| {' | '.join(map(str, row))} |" for row in zip(names, *columns, strict=True)]
    seeds = " and ".join(f"{record['config']['seeds']} ({record['config']['data']})" for record in files.values())
    return "\n".join(lines) + (
        f"\n\nMean ± standard deviation over networks: {seeds}. Fully trained networks are trained on the true labels "
        "for as many epochs as memorizing networks on shuffled labels. The thesis shows curves, and an accuracy of "
        f"98.07% on MNIST. {provenance('memorization', files, PRESETS)}"
    )
