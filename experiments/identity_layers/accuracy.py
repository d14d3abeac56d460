"""The accuracy of every layer, for networks initialized at the identity and at random weights."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, RANDOM, SHUFFLED, UNTRAINED, title
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.identity import layer_accuracy


class Accuracies(NamedTuple):
    """Accuracies [layers, networks] by initialization and depth, the depth of all initializations, and the data."""

    accuracy: dict[str, np.ndarray]
    depth: int
    data: str
    classes: int


def measure(study) -> Accuracies:
    """The accuracies of trained networks, and of random ones also before training."""
    task, depth, labels = study.task, study.config.depth, study.task.held_labels
    # Before training, some single layers of random networks predict better than chance already.
    controls = [(kind, depth) for kind in (SHUFFLED, *(f"{kind}{UNTRAINED}" for kind in RANDOM))]
    accuracy = {
        f"{kind} {layers}": np.transpose([layer_accuracy(scores, labels) for scores in study.scores(kind, layers)])
        for kind, layers in [*study.cases, *controls]
    }
    return Accuracies(accuracy, depth, task.name, len(task.class_names))


def show(result: Accuracies, page) -> None:
    """A table and curves of the accuracy over the layers."""
    page.text(
        f"The accuracy of a layer is the share of the held-out rows of {result.data} for which the unit of the true "
        "class is the greatest of the layer's class units. All initializations are followed by the same training."
    )
    page.finding(early_layers(result))
    numbers = {name: summary(each) for name, each in result.accuracy.items()}
    page.table(
        ("initialization", "networks", "first layer (%)", "first half, mean (%)", "… best layer (%)", "last (%)"),
        [
            (title(name), len(each["last"]), *(mean_and_spread(100 * shares, 1) for shares in each.values()))
            for name, each in numbers.items()
        ],
        "Accuracy on held-out rows, mean ± standard deviation over the networks.",
    )
    curves = {title(name): each for name, each in result.accuracy.items() if UNTRAINED not in name}
    chance = {"chance": 1 / result.classes}
    figure = figures.through_layers.shares(curves, "accuracy on held-out rows", references=chance)
    page.figure("accuracy", figure, "Accuracy of every layer: mean and range over the networks.")
    metrics = {name: numbers[name] | {"layers": each} for name, each in result.accuracy.items()}
    page.metrics({"accuracy": metrics} | chance)


def early_layers(result: Accuracies) -> str:
    """The finding: what early layers predict, if the network starts at the identity and at random weights."""
    own, *others = (summary(result.accuracy[f"{kind} {result.depth}"]) for kind in (IDENTITY, *RANDOM))
    first, half_best, last = (f"{own[part].mean():.1%}" for part in ("first", "half_best", "last"))
    final, best = ([each[part].mean() for each in others] for part in ("last", "half_best"))
    most = max(each["half_best"].max() for each in others)
    better = own["half_best"].min() > most  # in every network, not in the mean
    how = "no better"
    if better:
        how = "only" if most <= 2 / result.classes else "better"
    return (
        f"A network of {result.depth} layers in which every layer starts as the identity classifies {last} of held-out "
        f"images ({result.data}) correctly; its first layer alone {first}, the best of its first half {half_best}. "
        f"From random weights networks reach {min(final):.1%} to {max(final):.1%}, but the best layer of their first "
        f"half {min(best):.1%} to {max(best):.1%} (chance: {1 / result.classes:.0%}). Early layers "
        f"predict the class {how} if the network starts at the identity."
    )


def summary(accuracies: np.ndarray) -> dict[str, np.ndarray]:
    """Summaries of accuracies [layers, networks]: the first layer, mean and best of the first half, the last layer."""
    half = accuracies[: len(accuracies) // 2]
    means, best = half.mean(axis=0), half.max(axis=0)
    return {"first": accuracies[0], "half_mean": means, "half_best": best, "last": accuracies[-1]}
