"""The study's table in the README."""

from pathlib import Path

from experiments.cnn_inte.fidelity import KNOWN, LETTERS, ONE_PATH, OURS, PAPER
from experiments.cnn_inte.settings import PRESETS
from experiments.cnn_inte.tasks import FULL, HALF
from experiments.provenance import provenance
from experiments.study import mean_and_spread

SAID = {
    "the network itself": "the network itself",
    OURS: "CNN-INTE: tree, clusters told by forests from the input",
    ONE_PATH: "… one path, by each forest's first choice",
    KNOWN: "… clusters known",
    LETTERS: "the paper's letter: clusters numbered, thresholds, Gini",
}


def readme_table(files: dict[Path, dict]) -> str:
    """Accuracy and fidelity of every kind of explanation, a pair of columns for every data set and kind of network."""
    by_data = {kept["config"]["data"]: kept for kept in files.values()}
    columns = [(data, kind) for data in by_data for kind in (HALF, FULL)]
    found = {(data, kind): by_data[data]["metrics"]["fidelity"][kind] for data, kind in columns}
    lines = [
        "| accuracy / fidelity (%) | " + " | ".join(f"{data}, {kind}" for data, kind in columns) + " |",
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
        f"{kept['config']['seeds']} half-trained and {kept['config']['full_seeds']} trained ({data})"
        for data, kept in by_data.items()
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Trees of {config['depth']} levels, {config['factors']} factors, {config['ids']} clusters; mean ± "
            f"standard deviation over networks: {seeds}. Fidelity: how often a held-out row is called as the network "
            "calls it. "
            f"The paper, half-trained on MNIST: accuracy {PAPER}. {provenance('cnn_inte', files, PRESETS)}",
        ]
    )


def _cell(scores):
    if scores is None:
        return "–"
    return " / ".join(mean_and_spread([100 * value for value in each], 1) for each in scores)
