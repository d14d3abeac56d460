"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.cnn_inte.controls import ERRS, OTHER, OTHER_ERRS, OWN
from experiments.cnn_inte.fidelity import KNOWN, LETTERS, ONE_PATH, OURS, PAPER, SAME
from experiments.cnn_inte.settings import PRESETS
from experiments.cnn_inte.tasks import FULL, HALF
from experiments.provenance import provenance
from experiments.study import mean_and_spread

TITLES = {"digits": "digits", "mnist": "MNIST"}
SAID = {
    "the network itself": "the network itself",
    OURS: "CNN-INTE: tree, clusters told by forests from the input, all leaves weighed by the forests' votes",
    ONE_PATH: "… one path, by each forest's first choice",
    SAME: "… the same tree, clusters known",
    KNOWN: "a tree grown on known clusters",
    LETTERS: "the paper's letter: clusters numbered, thresholds, Gini",
}


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    (kept,) = (kept for kept in files.values() if kept["config"]["data"] == "mnist")
    config, said = kept["config"], []
    for kind, paper, seeds in ((HALF, PAPER, config["seeds"]), (FULL, "–", config["full_seeds"])):
        found = kept["metrics"]["fidelity"][kind]
        ours, network = (
            mean_and_spread([100 * value for value in found[name][0]], 1) for name in (OURS, "the network itself")
        )
        what = f"accuracy of a tree of {config['depth']} levels that explains a CNN (%): MNIST, {kind}"
        said.append((what, f"{ours} (network {network})", paper, seeds))
    return said


def results_table(files: dict[Path, dict]) -> str:
    """Accuracy and fidelity of every kind of explanation, a pair of columns for every data set and kind of network."""
    by_data = {kept["config"]["data"]: kept for kept in files.values()}
    columns = [(data, kind) for data in by_data for kind in (HALF, FULL)]
    found = {(data, kind): by_data[data]["metrics"]["fidelity"][kind] for data, kind in columns}
    lines = [
        "| accuracy / fidelity (%) | " + " | ".join(f"{TITLES[data]}, {kind}" for data, kind in columns) + " |",
        "|---" * (1 + len(columns)) + "|",
    ]
    rivals = [name for name in found[columns[0]] if name.startswith("a tree")]
    # What sees the input alone comes first, as CNN-INTE does.
    rivals.sort(key=lambda name: ("layer" in name or "principal" in name, name))
    for name, said in (SAID | {name: name.replace("of them", "of the activations") for name in rivals}).items():
        cells = [_cell(found[column].get(name)) for column in columns]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    config = next(iter(by_data.values()))["config"]
    seeds = " and ".join(
        f"{kept['config']['seeds']} half-trained and {kept['config']['full_seeds']} trained ({TITLES[data]})"
        for data, kept in by_data.items()
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Trees of {config['depth']} levels, {config['factors']} factors, {config['ids']} clusters; mean ± "
            f"standard deviation over networks: {seeds}. Fidelity: how often a held-out row is called as the network "
            f"calls it; {_controls(by_data)} "
            f"The paper, half-trained on MNIST: accuracy {PAPER}. {provenance('cnn_inte', files, PRESETS)}",
        ]
    )


def _controls(by_data):
    """What of the fidelity is particular to the network."""
    said, gaps = [], []
    for data, kept in by_data.items():
        for kind, networks in kept["metrics"]["fidelity"]["controls"].items():
            if all(each[OTHER] is not None for each in networks):
                own, other = (100 * np.mean([each[name] for each in networks]) for name in (OWN, OTHER))
                gaps.append(own - other)
                on_errors = [
                    100 * np.mean([each[name] for each in networks if each[name] is not None])
                    for name in (ERRS, OTHER_ERRS)
                ]
                said.append(
                    f"{own:.1f} and {other:.1f} ({TITLES[data]}, {kind}; where the network errs "
                    f"{on_errors[0]:.1f} and {on_errors[1]:.1f})"
                )
    if not said:
        return "no other network to compare with."
    return (
        "how much of that is accuracy alone is told by the explanation of another network, from another seed, which "
        f"knows nothing of this one. In per cent, its own explanation and another's: {', '.join(said)}."
        + (" So the fidelity is nearly all accuracy." if max(gaps) < 1 else "")
    )


def _cell(scores):
    if scores is None:
        return "–"
    return " / ".join(mean_and_spread([100 * value for value in each], 1) for each in scores)
