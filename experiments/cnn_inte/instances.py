"""Three held-out instances explained, the tree they go through, and where it differs from the network (Figs 7 to 9)."""

import numpy as np
from sklearn.decomposition import PCA

from experiments.cnn_inte.tasks import HALF
from interp_jax import figures
from interp_jax.figures.hypotheses import Panel
from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte.tree import LEAF

SHOWN = 150  # points of a class in a panel


def write(study, section) -> None:
    """Two instances that the tree names rightly and one that it does not, as in the paper's Table I."""
    explainer, task = study.explainer(HALF, 0), study.task
    network, predicted = study.outputs(HALF, 0)["held predictions"], explainer.predict(task.held_inputs)
    right = np.flatnonzero((predicted == task.held_labels) & (network == task.held_labels))
    wrong = np.flatnonzero(predicted != task.held_labels)
    chosen = {"right 1": right[0], "right 2": right[1], "wrong": wrong[0]}
    explained = {
        name: explainer.explain(task.held_inputs[row], int(task.held_labels[row])) for name, row in chosen.items()
    }
    section.table(
        ("instance", *(f"f{factor}" for factor in range(study.config.factors)), "label", "network", "tree"),
        [
            (
                name,
                *map(str, explained[name].ids),
                *(task.class_names[each[row]] for each in (task.held_labels, network, predicted)),
            )
            for name, row in chosen.items()
        ],
        f"Three held-out instances of the first {HALF} network: the clusters that the forests find most likely, their "
        "label, and what network and tree call them (Table I).",
        note="Where a forest is not sure, an instance goes to several leaves, each by its probability; the path shown "
        "is the one that does most for the class it is called: "
        + ", ".join(f"{found.weight:.0%} ({name})" for name, found in explained.items())
        + " of the probability.",
    )
    for name, found in explained.items():
        columns = _columns(explainer, found, task.class_names)
        deepest = max(map(len, columns.values()))
        section.figure(
            f"fig_7_{name.replace(' ', '_')}",
            figures.hypotheses.grid(
                columns,
                [level.condition for level in found.levels[:deepest]],
                mine=f"label {task.class_names[found.label]}",
            ),
            f"Instance {name}, label {task.class_names[found.label]}, called {task.class_names[found.prediction]}: "
            "reference rows, some of the training rows, that satisfy the conditions so far, by the first two principal "
            "components of the factor's activations. Frames are green where the hypothesis is ruled out, at most 1 % "
            "of its reference rows left but more of the label's, and purple where it is not yet. Above each panel the "
            "separability of the two clouds, a dash where too few are left to tell. "
            f"{_said(found, task.class_names)}",
        )
    tree = explainer.tree
    inner = np.flatnonzero(tree.factor != LEAF)
    possible = cnn_inte.boxes(tree, study.config.factors)
    section.figure(
        "tree",
        figures.decision_tree.tree(
            {int(node): (int(tree.left[node]), int(tree.right[node])) for node in inner},
            {int(node): _condition(tree, node, possible[node]) for node in inner},
            tree.share,
            task.class_names,
            [*(level.node for level in explained["right 1"].levels), _leaf(tree, explained["right 1"])],
        ),
        "The tree: where a condition holds the way leads up. At the leaves the class and its share of the training "
        "rows; bold is the way of the first instance.",
    )
    confusion = np.zeros((len(task.class_names),) * 2)
    np.add.at(confusion, (network, predicted), 1)
    confusion /= np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    section.figure(
        "confusion",
        figures.heatmaps.confusion(
            confusion, task.class_names, "called by the network", "called by the tree", label="share of the row"
        ),
        "What the tree calls held-out rows that the network calls as the row says.",
    )
    section.metrics({"instances": {name: int(row) for name, row in chosen.items()}, "confusion": confusion})


def browse(study, section) -> None:
    """Any of the first held-out instances, to be opened by the reader."""
    explainer, task = study.explainer(HALF, 0), study.task
    network, count = study.outputs(HALF, 0)["held predictions"], min(study.config.instances, len(task.held_labels))
    section.text(
        f"The first {count} held-out instances. Rows left: the share of a class's reference rows, some of the "
        "training rows, that satisfies all conditions so far; a class is ruled out where at most 1 % is left of it, "
        "but more of the instance's class. Separability: how much better a plane parts these rows from those of the "
        "instance's class than chance would, in the factor of the level; 1 where none is left, a dash "
        "where too few are to tell."
    )
    bar = study.progress.task("instances", count)
    for row in range(count):
        found = explainer.explain(task.held_inputs[row], int(task.held_labels[row]))
        names = [task.class_names[label] for label in (found.label, int(network[row]), found.prediction)]
        with section.folded(f"{row}: label {names[0]}, network {names[1]}, tree {names[2]}"):
            section.table(
                ("hypothesis", *(level.condition for level in found.levels), "ruled out at level"),
                [
                    (
                        task.class_names[hypothesis.label],
                        *(
                            f"{left:.1%}, {'–' if np.isnan(score) else f'{score:.2f}'}"
                            for left, score in zip(hypothesis.left, hypothesis.separability, strict=True)
                        ),
                        None if hypothesis.ruled_out is None else str(hypothesis.ruled_out + 1),
                    )
                    for hypothesis in found.hypotheses
                ],
                f"Instance {row}: rows left and separability, level by level, the latest ruled out first; of the "
                f"label's own rows {', '.join(f'{left:.1%}' for left in found.left)}. The "
                f"path's leaf has {found.weight:.0%} of the probability; class shares of all leaves: "
                + _shares(found.share, task.class_names),
            )
        bar.advance()
    bar.finish()


def _shares(share, names):
    """The classes that have a part to speak of, the largest first."""
    order = [label for label in np.argsort(-share, kind="stable") if share[label] >= 0.01]
    return ", ".join(f"{names[label]} {share[label]:.0%}" for label in order) + "."


def _condition(tree, node, possible):
    """What a node asks, less the IDs that the nodes above have ruled out."""
    factor = tree.factor[node]
    kept, left_out = (np.flatnonzero(goes & possible[factor]) for goes in (tree.goes_left[node], ~tree.goes_left[node]))
    sign, ids = ("∈", kept) if len(kept) <= len(left_out) else ("∉", left_out)
    return f"f{factor} {sign} {{{', '.join(map(str, ids))}}}"


def _leaf(tree, found):
    """Where an explanation's path ends."""
    last = found.levels[-1]
    goes_left = tree.goes_left[last.node, last.allowed[0]]
    return int((tree.left if goes_left else tree.right)[last.node])


def _columns(explainer, found, names):
    """A panel for every level down to the one that rules a hypothesis out."""
    planes = []
    for level in found.levels:
        activations = explainer.hidden[:, explainer.factors.of_unit == level.factor]
        flat = np.pad(activations, ((0, 0), (0, max(0, 2 - activations.shape[1]))))
        planes.append(PCA(2, random_state=0).fit_transform(flat))
    columns = {}
    for hypothesis in sorted(found.hypotheses):
        last = len(found.levels) if hypothesis.ruled_out is None else hypothesis.ruled_out + 1
        panels = []
        for number, (level, plane) in enumerate(zip(found.levels[:last], planes, strict=False)):
            mine, other = (
                plane[level.rows[explainer.labels[level.rows] == label][:SHOWN]]
                for label in (found.label, hypothesis.label)
            )
            panels.append(Panel(mine, other, hypothesis.separability[number], number == hypothesis.ruled_out))
        columns[names[hypothesis.label]] = panels
    return columns


def _said(found, names):
    still = [names[hypothesis.label] for hypothesis in found.hypotheses if hypothesis.ruled_out is None]
    said = f"Not ruled out: {', '.join(still)}." if still else "All other classes are ruled out."
    return f"{said} Of the label's own reference rows {found.left[-1]:.1%} are left at the last level."
