"""Explanations of three held-out instances, the tree, and its confusion with the network (Figs 7 to 9)."""

import numpy as np

from experiments.cnn_inte.tasks import HALF
from interp_jax import figures


def write(study, section) -> None:
    """Two instances that the tree classifies correctly and one that it does not, as in Table I of the paper."""
    explainer, task = study.explainer(HALF, 0), study.task
    network, predicted = study.outputs(HALF, 0)["held predictions"], explainer.predict(task.held_inputs)
    correct = np.flatnonzero((predicted == task.held_labels) & (network == task.held_labels))
    incorrect = np.flatnonzero(predicted != task.held_labels)
    chosen = {"correct 1": correct[0], "correct 2": correct[1], "incorrect": incorrect[0]}
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
        f"Three held-out instances and the first {HALF} network: the most likely clusters according to the forests, "
        "the label, and the predictions of the network and of the tree (Table I).",
        note="Where a forest is uncertain, an instance reaches several leaves, each with its probability. The path "
        "shown is that of the leaf that contributes most to the predicted class, with a probability of "
        + ", ".join(f"{each.weight:.0%} ({name})" for name, each in explained.items())
        + ".",
    )
    names = [task.class_names[label] for label in explainer.class_labels]
    for name, explanation in explained.items():
        section.figure(
            f"fig_7_{name.replace(' ', '_')}",
            figures.explanation(explainer, explanation, class_names=names, most_hypotheses=len(names)),
            f"Instance {name}, label {task.class_names[explanation.label]}, prediction "
            f"{task.class_names[explanation.prediction]}: reference rows (a sample of the training rows) that satisfy "
            "the conditions so far, in the plane of the first two principal components of the factor's activations. A "
            "green frame marks where a hypothesis is ruled out: at most 1 % of its reference rows remain, but more of "
            "the label's. Frames before that are purple. Above each panel is the separability of the two classes; a "
            f"dash where too few rows remain. {_summary(explanation, task.class_names)}",
        )
    whole = {"class_names": names, "whole_tree": True, "most_hypotheses": 0}
    section.figure(
        "tree",
        figures.explanation(explainer, explained["correct 1"], **whole),
        "The tree: the upper branch is taken where the condition holds. Leaves show the class and its share of the "
        "training rows; the path of the first instance is bold.",
    )
    confusion = np.zeros((len(task.class_names),) * 2)
    np.add.at(confusion, (network, predicted), 1)
    confusion /= np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    section.figure(
        "confusion",
        figures.heatmaps.confusion(
            confusion, task.class_names, "prediction of the network", "prediction of the tree", label="share of the row"
        ),
        "Predictions of the tree for held-out rows, by the prediction of the network.",
    )
    section.metrics({"instances": {name: int(row) for name, row in chosen.items()}, "confusion": confusion})


def browse(study, section) -> None:
    """Explanations of the first held-out instances, folded."""
    explainer, task = study.explainer(HALF, 0), study.task
    network, count = study.outputs(HALF, 0)["held predictions"], min(study.config.instances, len(task.held_labels))
    section.text(
        f"The first {count} held-out instances. Remaining rows: the share of a class's reference rows (a sample of the "
        "training rows) that satisfy all conditions so far. A class is ruled out where at most 1 % of its rows remain, "
        "but more of the rows of the instance's class. Separability: the accuracy above chance of a linear separation "
        "of these rows from those of the instance's class, in the factor of the level; 1 where no row remains, a dash "
        "where too few remain."
    )
    bar = study.progress.task("instances", count)
    for row in range(count):
        explanation = explainer.explain(task.held_inputs[row], int(task.held_labels[row]))
        labels = (explanation.label, int(network[row]), explanation.prediction)
        names = [task.class_names[label] for label in labels]
        with section.folded(f"{row}: label {names[0]}, network {names[1]}, tree {names[2]}"):
            section.table(
                ("hypothesis", *(level.condition for level in explanation.levels), "ruled out at level"),
                [
                    (
                        task.class_names[hypothesis.label],
                        *(
                            f"{left:.1%}, {'–' if np.isnan(score) else f'{score:.2f}'}"
                            for left, score in zip(hypothesis.left, hypothesis.separability, strict=True)
                        ),
                        None if hypothesis.ruled_out is None else str(hypothesis.ruled_out + 1),
                    )
                    for hypothesis in explanation.hypotheses
                ],
                f"Instance {row}: remaining rows and separability by level; classes ruled out last come first. "
                f"Remaining rows of the label: {', '.join(f'{left:.1%}' for left in explanation.left)}. The leaf of "
                f"the path has a probability of {explanation.weight:.0%}; class shares over all leaves: "
                + _shares(explanation.share, task.class_names),
            )
        bar.advance()
    bar.finish()


def _shares(share, names):
    """The classes with a share of at least 1 %, the largest first, in words."""
    order = [label for label in np.argsort(-share, kind="stable") if share[label] >= 0.01]
    return ", ".join(f"{names[label]} {share[label]:.0%}" for label in order) + "."


def _summary(explanation, names):
    left = [names[hypothesis.label] for hypothesis in explanation.hypotheses if hypothesis.ruled_out is None]
    result = f"Not ruled out: {', '.join(left)}." if left else "All other classes are ruled out."
    return f"{result} Of the label's reference rows {explanation.left[-1]:.1%} remain at the last level."
