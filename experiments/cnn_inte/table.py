"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.cnn_inte.fidelity import AS_PUBLISHED, KNOWN, NETWORK, ONE_PATH, OURS, PAPER, SAME, percent, specific
from experiments.cnn_inte.inte_study import FULL, HALF
from experiments.cnn_inte.settings import PRESETS
from experiments.explained_cnns import TRAINING
from experiments.provenance import data_name, on, provenance

ROWS = NETWORK, OURS, ONE_PATH, SAME, KNOWN, AS_PUBLISHED


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for record in on(files, "mnist"):
        config = record["config"]
        for kind, paper, seeds in ((HALF, PAPER, config["seeds"]), (FULL, "–", config["full_seeds"])):
            of = {name: percent(each[0]) for name, each in record["metrics"]["fidelity"][kind].items()}
            published = f"as published {of[AS_PUBLISHED]}; " if AS_PUBLISHED in of else ""
            what = f"accuracy of a tree of depth {config['depth']} that explains a CNN (%): MNIST, {kind}"
            rows.append((what, f"{of[OURS]} ({published}network {of[NETWORK]})", paper, seeds))
    return rows


def results_table(files: dict[Path, dict]) -> str:
    """Accuracy and fidelity of every kind of explanation, for every data set and kind of network."""
    records = {data_name(record["config"]): record for record in files.values()}
    configs = {data: record["config"] for data, record in records.items()}
    measured = {data: record["metrics"]["fidelity"] for data, record in records.items()}
    columns = {(data, kind): of[kind] for data, of in measured.items() for kind in (HALF, FULL)}
    # Baselines that use the input alone, as CNN-INTE does, come first.
    baselines = [name for name in next(iter(columns.values())) if name.startswith("a tree")]
    baselines.sort(key=lambda name: ("layer" in name or "principal" in name, name))
    table = [("accuracy / fidelity (%)", *map(", ".join, columns)), ("---",) * (1 + len(columns))]
    for name in (*ROWS, *baselines):
        cells = (" / ".join(map(percent, of[name])) if name in of else "–" for of in columns.values())
        table.append((name.replace("of them", "of the activations"), *cells))
    control = specific({", ".join(column): measured[column[0]]["specificity"][column[1]] for column in columns}) or ""
    seeds = (f"{of['seeds']} half-trained and {of['full_seeds']} trained ({data})" for data, of in configs.items())
    config = next(iter(configs.values()))
    return "\n".join(f"| {' | '.join(row)} |" for row in table) + (
        f"\n\nCNN-INTE: a tree of depth {config['depth']} over clusters that forests predict from the input, "
        f"{config['ids']} in each of {config['factors']} factors; as published: thresholds on cluster numbers, Gini "
        f"index. Mean ± standard deviation over networks: {' and '.join(seeds)}. Fidelity is the share of held-out "
        f"rows on which an explanation agrees with the network. {control} Half-trained networks on MNIST see "
        f"{TRAINING['mnist', HALF][0]:,} of the 55,000 rows, as many as the paper's 1,000 steps, at a rate chosen to "
        "match its accuracy, which it does not publish; trained networks and digits are our addition. The paper, "
        f"half-trained on MNIST: accuracy {PAPER}. {provenance('cnn_inte', files, PRESETS)}"
    )
