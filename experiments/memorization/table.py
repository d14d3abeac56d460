"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.memorization.memorization_study import KINDS
from experiments.memorization.settings import PRESETS
from experiments.provenance import Files, data_name, on, provenance, table
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    kinds, rows = (KINDS[0], KINDS[-1]), []
    for record in on(files, "jumps"):
        inner = record["metrics"]["deviations"]["deviation"]["cosine"]
        ours = " and ".join(mean_and_spread(np.array(inner[kind]["inner"])[1], 2) for kind in kinds)
        what = f"inner-class deviation, first hidden layer, {' and '.join(kinds)}: jumps"
        rows.append((what, ours, "curves", record["config"]["seeds"]))
    return rows


def results_table(files: Files) -> str:
    """A column for every kind of network, rows for every data set."""
    rows, seeds = [], []
    for config, metrics in ((record["config"], record["metrics"]) for record in files.values()):
        accuracy, wrong = metrics["training"]["accuracy"], metrics["discrimination"]["misclassified"]
        inner = {kind: each["inner"] for kind, each in metrics["deviations"]["deviation"]["cosine"].items()}
        for name, of in ((f"{data_name(config)}: training", "training_labels"), ("… held-out", "held_out")):
            shares = (100 * np.array(accuracy[kind][of]) for kind in KINDS)
            rows.append((f"{name} accuracy (%)", *(mean_and_spread(each, 1) for each in shares)))
        through = (" → ".join(mean_and_spread(inner[kind][layer], 2) for layer in (0, 1, -1)) for kind in KINDS)
        rows.append(("… inner-class deviation (cosine): input → first → last hidden layer", *through))
        of_networks = f"… misclassified without test data, of {metrics['discrimination']['networks']}"
        rows.append((of_networks, *(wrong[kind] for kind in KINDS)))
        seeds.append(f"{config['seeds']} ({data_name(config)})")
    return table(("networks", *KINDS), rows) + (
        f"\n\nMean ± standard deviation over networks: {' and '.join(seeds)}. Fully trained networks are trained on "
        "the true labels for as many epochs as memorizing networks on shuffled labels, both by Adam (thesis: plain "
        "gradient descent); memorizing on MNIST is our addition. The thesis shows curves, and an "
        f"accuracy of 98.07% on MNIST. {provenance('memorization', files, PRESETS)}"
    )
