"""The accuracy of every layer, for networks initialized at the identity and at random weights."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM, SHUFFLED, scores_of
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.identity import layer_accuracy

COLUMNS = {
    "first": "first layer (%)",
    "half_mean": "first half, mean (%)",
    "half_best": "… best layer (%)",
    "last": "last (%)",
    "largest_drop": "largest drop (points)",
}


class Accuracies(NamedTuple):
    """Accuracies [layers, networks] by initialization and depth, the depth of all initializations, and the data."""

    accuracy: dict[tuple[str, int], np.ndarray]
    untrained: dict[str, np.ndarray]
    depth: int
    data: str
    rows: int
    classes: int


def measure(study) -> Accuracies:
    """The accuracies of trained networks, and of random ones also before training."""
    task, depth = study.task, study.config.depth
    held, labels = task.held_inputs, task.held_labels
    scores = {case: study.scores(*case) for case in [*study.cases, (SHUFFLED, depth)]}
    for kind in RANDOM:  # by chance, single layers may predict some classes
        scores[kind] = [scores_of(network, held) for network in study.networks(kind, depth, trained=False)]
    accuracy = {case: np.stack([layer_accuracy(one, labels) for one in each], axis=1) for case, each in scores.items()}
    untrained = {kind: accuracy.pop(kind) for kind in RANDOM}
    return Accuracies(accuracy, untrained, depth, task.name, len(labels), len(task.class_names))


def show(result: Accuracies, page) -> None:
    """A table and curves of the accuracy over the layers."""
    page.text(
        f"The accuracy of a layer is the share of {result.rows:,} held-out rows of {result.data} for which the unit of "
        "the true class is the greatest of the layer's class units. At the identity all class units are 0 before "
        "training, and every layer is at chance. All networks are trained in the same way: random initialization "
        "changes the initial weights only."
    )
    page.finding(early_layers(result))
    untrained = {(f"{kind}, untrained", result.depth): each for kind, each in result.untrained.items()}
    numbers = {case: summary(each) for case, each in (result.accuracy | untrained).items()}
    page.table(
        ("initialization", "layers", "networks", *COLUMNS.values()),
        [
            (
                NAMES.get(kind, kind),
                depth,
                len(each["last"]),
                *(mean_and_spread(100 * each[name], 1) for name in COLUMNS),
            )
            for (kind, depth), each in numbers.items()
        ],
        "Accuracy on held-out rows, mean ± standard deviation over the networks. Largest drop: how far, at most, a "
        "layer is below the best of the layers before it.",
    )
    depths = {f"{depth} layers": each for (kind, depth), each in result.accuracy.items() if kind == IDENTITY}
    starts = {NAMES[kind]: result.accuracy[kind, result.depth] for kind in (IDENTITY, *RANDOM, SHUFFLED)}
    for name, curves, what in (
        ("accuracy_by_depth", depths, "Networks initialized at the identity"),
        ("accuracy_by_start", starts, f"Networks of {result.depth} layers, by initialization"),
    ):
        chance = {"chance": 1 / result.classes}
        figure = figures.through_layers.shares(curves, "accuracy on held-out rows", references=chance)
        page.figure(name, figure, f"{what}: accuracy of every layer, mean and range over the networks.")
    layers = result.accuracy | untrained
    metrics = {f"{kind} {depth}": numbers[kind, depth] | {"layers": each} for (kind, depth), each in layers.items()}
    page.metrics({"accuracy": metrics, "chance": 1 / result.classes})


def early_layers(result: Accuracies) -> str:
    """The finding: what early layers predict, if the network starts at the identity and at random weights."""
    own, *others = (summary(result.accuracy[kind, result.depth]) for kind in (IDENTITY, *RANDOM))
    first, half_best, last = (f"{own[part].mean():.1%}" for part in ("first", "half_best", "last"))
    final, best = [each["last"].mean() for each in others], max(each["half_best"].max() for each in others)
    only = own["half_best"].min() > best
    return (
        f"A network of {result.depth} layers in which every layer starts as the identity classifies {last} of "
        f"held-out images correctly; its first layer alone classifies {first}, the best of its first half {half_best}. "
        f"From random weights networks reach {min(final):.1%} to {max(final):.1%}, but at most {best:.1%} in any layer "
        f"of the first half (chance: {1 / result.classes:.0%}). Early layers "
        f"{'predict the class only' if only else 'do not predict it better'} if the network starts at the identity."
    )


def summary(accuracies: np.ndarray) -> dict[str, np.ndarray]:
    """Summaries of accuracies [layers, networks]: first layer, mean and best of the first half, last, largest drop."""
    half, best = accuracies[: len(accuracies) // 2], np.maximum.accumulate(accuracies, axis=0)
    values = accuracies[0], half.mean(axis=0), half.max(axis=0), accuracies[-1], np.max(best - accuracies, axis=0)
    return dict(zip(COLUMNS, values, strict=True))
