"""Explanations of held-out images, the tree, and its confusion with the network (Table I and Figs 7 to 9)."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from sklearn.metrics import confusion_matrix

from experiments.cnn_inte.inte_study import HALF
from interp_jax import figures
from interp_jax.methods.cnn_inte import Factors, Hypothesis, Level, Tree

TITLES = {  # of the chosen images
    "correct 1": "The first image that network and tree classify correctly",
    "correct 2": "The second image that network and tree classify correctly",
    "incorrect": "The first image that the tree misclassifies",
}
PICTURED = 20  # of the further images, those that the network misclassifies first
Explained = dict[str, int | float | np.ndarray | tuple[Level | Hypothesis, ...]]


class Instances(NamedTuple):
    """For the first half-trained network, the fields of each `Explanation`, its row and the network's prediction."""

    explainer: dict[str, Tree | Factors | np.ndarray]  # the fields that figures need
    chosen: dict[str, Explained]
    further: list[dict]  # `_brief`
    images: dict[int, np.ndarray]  # by held-out row, of some
    prototypes: np.ndarray  # [factors, ids, …] the training image nearest to each center
    confusion: np.ndarray
    names: tuple[str, ...]


def measure(study) -> Instances:
    """Two images that the tree classifies correctly and one that it does not, as in Table I, and the first images."""
    explainer, task, ((hidden, _), (_, network)) = study.explainer(HALF), study.task, study.outputs(HALF)
    truth, predicted = task.held_labels, explainer.predict(task.held_inputs)

    def explained(row):
        fields = vars(explainer.explain(task.held_inputs[row], int(truth[row])))
        return fields | {"row": row, "network": int(network[row])}

    right, wrong = np.flatnonzero((predicted == truth) & (network == truth)), np.flatnonzero(predicted != truth)
    rows = {"correct 1": right[:1], "correct 2": right[1:2], "incorrect": wrong[:1]}
    chosen = {name: explained(int(row)) for name, of in rows.items() for row in of}
    count = min(study.config.instances, len(truth))
    pictured = np.argsort(network[:count] == truth[:count], kind="stable")[:PICTURED].tolist()
    pictured += [each["row"] for each in chosen.values()]
    fields = {name: getattr(explainer, name) for name in ("tree", "factors", "labels", "class_labels")}
    return Instances(
        fields | {"hidden": explainer.hidden.astype(np.float16)},
        chosen,
        [_brief(explained(row)) for row in range(count)],
        {row: task.held_inputs[row].astype(np.float16) for row in pictured},
        task.inputs[nearest(explainer.factors, hidden)].astype(np.float16),
        confusion_matrix(network, predicted, labels=range(len(task.class_names)), normalize="true"),
        task.class_names,
    )


def _brief(each):
    """An explanation without the reference rows of its levels and the numbers of each class; no arrays."""
    return {name: each[name] for name in ("row", "network", "label", "prediction", "weight")} | {
        "ids": each["ids"].tolist(),
        "left": each["left"].tolist(),
        "levels": [(level.condition, level.vote) for level in each["levels"]],
        "ruled_out": [(other.label, other.ruled_out) for other in each["hypotheses"]],
    }


def nearest(factors: Factors, hidden: np.ndarray) -> np.ndarray:
    """The row of activations nearest to the center of each cluster, [factors, ids]."""
    rows = np.empty(factors.centers.shape[:2], int)
    for factor, id in np.ndindex(rows.shape):
        units = factors.of_unit == factor
        rows[factor, id] = np.square(hidden[:, units] - factors.centers[factor, id, units]).sum(axis=1).argmin()
    return rows


def show(result: Instances, page) -> None:
    """The chosen images, the tree, the confusion, and the further images, folded."""
    explainer, chosen = SimpleNamespace(**result.explainer), result.chosen
    classes = [result.names[label] for label in explainer.class_labels]
    page.finding(ruled_out(result.further))
    page.figure(
        "prototypes",
        _pictures(result, chosen),
        f"Held-out images and the first {HALF} network, as Table I of the paper: the image with its label and the "
        "predictions of network and tree, then for each factor the most likely cluster by the forests and its "
        "prototype, the training image nearest to its center.",
    )
    options = {"class_names": classes, "most_hypotheses": len(classes)}
    for number, (name, each) in enumerate(chosen.items()):
        figure = figures.explanation(explainer, SimpleNamespace(**each), whole_tree=number == 0, **options)
        caption = f"{TITLES[name]}: where on its path other classes are ruled out, as Figs 7 to 9 of the paper."
        page.figure(f"fig_7_{name.replace(' ', '_')}", figure, caption)
    axes = "prediction of the network", "prediction of the tree"
    figure = figures.heatmaps.confusion(result.confusion, result.names, *axes, label="share of the row")
    caption = f"Predictions of the tree for held-out rows, by those of the first {HALF} network."
    page.figure("confusion", figure, caption)
    page.text(
        f"The first {len(result.further)} held-out images by number, with their label and the predictions of the first "
        f"{HALF} network and of its tree. At most {PICTURED} have a picture, as above: those that the network "
        "misclassifies, then others. A class is ruled out where at most 1% of its reference rows (a sample of the "
        "training rows) satisfy all conditions so far, but more of the label's. In conditions f1 is the cluster of "
        "factor 1, and so on."
    )
    for each in result.further:
        _show_folded(each, result, page)
    metrics = {"instances": {name: each["row"] for name, each in chosen.items()}, "confusion": result.confusion}
    page.metrics(metrics | {"ruled_out": list(map(share_ruled_out, result.further))})


def share_ruled_out(each: dict) -> float:
    """The share of the other classes that are ruled out at the end of an image's path."""
    return float(np.mean([level is not None for _, level in each["ruled_out"]]))


def ruled_out(further: list[dict]) -> str:
    """The finding: how much an explanation says of an image, on average."""
    closed = np.mean([sum(level is not None for _, level in each["ruled_out"]) for each in further])
    weight, others = np.mean([each["weight"] for each in further]), len(further[0]["ruled_out"])
    return (
        f"Over {len(further)} held-out images, the conditions shown for an image rule out {closed:.1f} of {others} "
        f"other classes on average, {'but' if weight < 0.9 else 'and'} hold with a mean probability of {weight:.0%}."
    )


def _show_folded(each, result, page):
    label, network, tree = _classes(each, result.names)

    def out(level):
        return ", ".join(result.names[other] for other, at in sorted(each["ruled_out"]) if at == level)

    mark = None if network == label else "images that the network misclassifies"
    with page.folded(f"image {each['row']}: label {label}, network {network}, tree {tree}", mark=mark):
        if each["row"] in result.images:
            caption = f"Image {each['row']}, and its clusters' prototypes."
            page.figure(f"instance_{each['row']}", _pictures(result, {str(each["row"]): each}), caption)
        levels = enumerate(zip(each["levels"], each["left"], strict=True))
        page.table(
            ("condition", "probability", "rows of the label left", "classes ruled out"),
            [(name, f"{vote:.0%}", f"{left:.1%}", out(level)) for level, ((name, vote), left) in levels],
            f"Image {each['row']}, against the label {label}. Not ruled out: {out(None) or 'none'}. Probability of all "
            f"conditions: {each['weight']:.0%}.",
        )


def _classes(each, names):
    return [names[each[word]] for word in ("label", "network", "prediction")]


def _pictures(result, instances):
    """A row for each instance: its image and the prototypes of its clusters."""
    images, labels, factors = [], [], np.arange(len(result.prototypes))
    for each in instances.values():
        images.append([result.images[each["row"]], *result.prototypes[factors, each["ids"]]])
        clusters = [f"f{factor}: {id}" for factor, id in enumerate(each["ids"])]
        labels.append([", ".join(_classes(each, result.names)), *clusters])
    return figures.images.strongest_inputs(np.array(images), list(instances), labels=labels)
