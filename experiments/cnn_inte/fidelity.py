"""Accuracy and fidelity of the explanation over networks, what each part of it loses, and what else could be tried."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

from experiments.cnn_inte.tasks import FULL, HALF
from experiments.study import mean_and_spread
from interp_jax.methods import cnn_inte

# As the paper has it: IDs in the order that k-means gives them, the first clustering, scikit-learn's usual criterion.
LETTER = {"splits": "thresholds", "criterion": "gini", "draws": 1, "finalists": 1}
KINDS = (HALF, FULL)
PAPER = "0.928 (network 0.939)"


def write(study, section) -> None:
    """The table of all networks, the losses, and trees of equal depth on pixels, activations and components."""
    config = study.config
    section.text(
        f"Units of the first dense layer are put into {config.factors} factors and, in each, the training rows into "
        f"{config.ids} clusters; a tree of {config.depth} levels tells the class from the cluster numbers, which "
        f"forests of {config.trees} trees tell from the input. Accuracy: how often the tree names a held-out row "
        f"rightly. Fidelity: how often it names it as the network does. {config.seeds} networks of each kind; whatever "
        "is chosen is chosen on training rows."
    )
    found = {kind: [_network(study, kind, seed) for seed in range(config.seeds)] for kind in KINDS}
    names = list(found[HALF][0])
    rows = [
        (kind, name, *(mean_and_spread([each[name][side] for each in found[kind]]) for side in (0, 1)))
        for kind in KINDS
        for name in names
    ]
    section.table(
        ("network", "explained by", "accuracy", "fidelity"),
        rows,
        f"Held-out rows, mean ± standard deviation over {config.seeds} networks."
        + (f" The paper: accuracy {PAPER} for the half-trained one." if config.data == "mnist" else ""),
        note=_verdict(found),
    )
    section.metrics(
        {kind: {name: np.array([each[name] for each in found[kind]]).T for name in names} for kind in KINDS}
    )


def _network(study, kind, seed):
    """(accuracy, fidelity) on held-out rows, by what explains."""
    outputs, task, depth = study.outputs(kind, seed), study.task, study.config.depth
    truth, network = task.held_labels, outputs["held predictions"]

    def judged(predicted):
        return float(np.mean(predicted == truth)), float(np.mean(predicted == network))

    ours, letter = study.explainer(kind, seed), study.explainer(kind, seed, "letter", **LETTER)
    ids, held_ids = (ours.hidden_ids(outputs[f"{part} hidden"]) for part in ("rows", "held"))
    forest_ids = ours.input_ids(task.held_inputs)
    sizes = {"count": study.config.ids, "classes": len(task.class_names), "depth": depth}

    def tree(numbers, **options):
        grown = cnn_inte.grow(ids, task.labels, **sizes, **options)
        return judged(grown.predict(numbers))

    found = {
        "the network itself": judged(network),
        "CNN-INTE": judged(ours.tree.predict(forest_ids)),
        "… clusters known, no forests": judged(ours.tree.predict(held_ids)),
        "… no forests, splits by Gini's index": tree(held_ids, criterion="gini"),
        "… no forests, splits on cluster numbers": tree(held_ids, splits="thresholds"),
        "… the paper's letter, one clustering": judged(letter.predict(task.held_inputs)),
    }
    flat, held_flat = (rows.reshape(len(rows), -1) for rows in (task.inputs, task.held_inputs))
    hidden, held_hidden = (outputs[f"{part} hidden"] for part in ("rows", "held"))
    components = PCA(study.config.factors, random_state=0).fit(hidden)
    rivals = {
        "a tree on pixels": (flat, held_flat),
        "a tree on activations": (hidden, held_hidden),
        f"a tree on {study.config.factors} principal components": (
            components.transform(hidden),
            components.transform(held_hidden),
        ),
    }
    for name, (rows, held) in rivals.items():
        rival = DecisionTreeClassifier(max_depth=depth, criterion="entropy", random_state=0).fit(rows, task.labels)
        found[name] = judged(rival.predict(held))
    return found


def _verdict(found):
    said = []
    for kind, networks in found.items():
        mean = {name: np.mean([each[name][1] for each in networks]) for name in networks[0]}
        rival = max((name for name in mean if name.startswith("a tree")), key=mean.get)
        gap = 100 * (mean["CNN-INTE"] - mean[rival])
        word = "above" if gap >= 0 else "below"
        said.append(f"{kind}: CNN-INTE's fidelity is {abs(gap):.1f} points {word} that of {rival}, the best rival")
    return "; ".join(said) + ". Rivals split by entropy and see the activations, which CNN-INTE has to guess."
