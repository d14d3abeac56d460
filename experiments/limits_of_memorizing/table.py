"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.limits_of_memorizing.settings import PRESETS
from experiments.provenance import Files, data_name, provenance, table
from experiments.study import mean_and_spread

IN_README = 1  # jumps, the thesis' own task


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for config, noise in ((record["config"], record["metrics"]["noise"]) for record in files.values()):
        ratio = np.divide(noise["epochs"][-1], noise["epochs"][0])
        least = "" if np.all(noise["fitted"]) else "at least "
        what = f"epochs until shuffled labels are fitted, over those of true ones: {data_name(config)}"
        rows.append((what, f"{least}{mean_and_spread(ratio, 1)}", "many", config["seeds"]))
    return rows


def results_table(files: Files) -> str:
    """Rows for every data set, on true and on shuffled labels."""
    rows = []
    for config, metrics in ((record["config"], record["metrics"]) for record in files.values()):
        noise, of, answers = metrics["noise"], metrics["sensitivity"], metrics["answers"]
        ends = [np.array(noise["epochs"])[[0, -1]], 100 * np.array(noise["held_out"])[[0, -1]]]
        critical = [100 * np.array(each)[-1] for each in of["critical"].values()]
        near = [100 * np.array(answers[name]["last hidden layer"]) for name in ("learning", "memorizing")]
        ratios = [metrics["detection"]["ratios"][f"{share} shuffled"] for share in ("0%", "100%")]
        for name, pair, digits in (
            (f"{data_name(config)}: epochs until the rows are fitted", ends[0], 0),
            ("… held-out accuracy (%)", ends[1], 1),
            ("… Gini coefficient of the loss sensitivity", [*of["gini"].values()], 3),
            ("… critical held-out rows (%)", critical, 1),
            ("… answers of the nearest training row (%)", near, 1),
            ("… deviation, first hidden layer / input", ratios, 2),
        ):
            rows.append((name, *(mean_and_spread(each, digits) for each in pair)))
    text = "Mean ± standard deviation over networks; all sections are on the page that the command writes."
    header = "networks trained on", "true labels", "shuffled labels"
    return f"{table(header, rows)}\n\n{text} {provenance('limits_of_memorizing', files, PRESETS)}"
