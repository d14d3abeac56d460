"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.cnn_inte.fidelity import AS_PUBLISHED, KNOWN, ONE_PATH, OURS, PAPER, SAME
from experiments.cnn_inte.settings import PRESETS
from experiments.cnn_inte.specificity import ERRS, OTHER, OTHER_ERRS, OWN
from experiments.cnn_inte.tasks import FULL, HALF
from experiments.provenance import provenance
from experiments.study import mean_and_spread

TITLES = {"digits": "digits", "mnist": "MNIST"}
ROWS = {
    "the network itself": "the network itself",
    OURS: "CNN-INTE: tree over clusters that forests predict from the input, all leaves weighted by the forests' votes",
    ONE_PATH: "… one path, by the most likely clusters",
    SAME: "… the same tree, true clusters",
    KNOWN: "a tree grown on true clusters",
    AS_PUBLISHED: "as published: thresholds on cluster numbers, Gini index",
}


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if record["config"]["data"] == "mnist")
    config, rows = record["config"], []
    for kind, paper, seeds in ((HALF, PAPER, config["seeds"]), (FULL, "–", config["full_seeds"])):
        scores = record["metrics"]["fidelity"][kind]
        ours, network = (
            mean_and_spread([100 * value for value in scores[name][0]], 1) for name in (OURS, "the network itself")
        )
        what = f"accuracy of a tree of depth {config['depth']} that explains a CNN (%): MNIST, {kind}"
        rows.append((what, f"{ours} (network {network})", paper, seeds))
    return rows


def results_table(files: dict[Path, dict]) -> str:
    """Accuracy and fidelity of every kind of explanation, for every data set and kind of network."""
    by_data = {record["config"]["data"]: record for record in files.values()}
    columns = [(data, kind) for data in by_data for kind in (HALF, FULL)]
    scores = {(data, kind): by_data[data]["metrics"]["fidelity"][kind] for data, kind in columns}
    lines = [
        "| accuracy / fidelity (%) | " + " | ".join(f"{TITLES[data]}, {kind}" for data, kind in columns) + " |",
        "|---" * (1 + len(columns)) + "|",
    ]
    baselines = [name for name in scores[columns[0]] if name.startswith("a tree")]
    # Baselines that use the input alone, as CNN-INTE does, come first.
    baselines.sort(key=lambda name: ("layer" in name or "principal" in name, name))
    for name, title in (ROWS | {name: name.replace("of them", "of the activations") for name in baselines}).items():
        cells = [_cell(scores[column].get(name)) for column in columns]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    config = next(iter(by_data.values()))["config"]
    seeds = " and ".join(
        f"{record['config']['seeds']} half-trained and {record['config']['full_seeds']} trained ({TITLES[data]})"
        for data, record in by_data.items()
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Trees of depth {config['depth']}, {config['factors']} factors, {config['ids']} clusters; mean ± standard "
            f"deviation over networks: {seeds}. Fidelity is the share of held-out rows on which an explanation agrees "
            f"with the network. {_specificity(by_data)} "
            f"The paper, half-trained on MNIST: accuracy {PAPER}. {provenance('cnn_inte', files, PRESETS)}",
        ]
    )


def _specificity(by_data):
    """The agreement with the explanation of another network, in words."""
    pairs, gaps = [], []
    for data, record in by_data.items():
        for kind, networks in record["metrics"]["fidelity"]["specificity"].items():
            if all(each[OTHER] is not None for each in networks):
                own, other = (100 * np.mean([each[name] for each in networks]) for name in (OWN, OTHER))
                gaps.append(own - other)
                on_errors = [
                    100 * np.mean([each[name] for each in networks if each[name] is not None])
                    for name in (ERRS, OTHER_ERRS)
                ]
                pairs.append(
                    f"{own:.1f} and {other:.1f} ({TITLES[data]}, {kind}; where the network errs "
                    f"{on_errors[0]:.1f} and {on_errors[1]:.1f})"
                )
    if not pairs:
        return "There is no other network for comparison."
    return (
        "The control is the explanation of another network, trained with another seed. Agreement in per cent with the "
        f"network's own and with the other explanation: {', '.join(pairs)}."
        + (" Nearly all of the fidelity is therefore accuracy." if max(gaps) < 1 else "")
    )


def _cell(scores):
    if scores is None:
        return "–"
    return " / ".join(mean_and_spread([100 * value for value in each], 1) for each in scores)
