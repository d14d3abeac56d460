"""The accuracy of every layer, for networks initialized at the identity and at random weights."""

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM, SHUFFLED
from experiments.study import mean_and_spread
from interp_jax import figures


def write(study, section) -> None:
    """A table and curves of the accuracy over the layers."""
    config, task = study.config, study.task
    chance = 1 / len(task.class_names)
    section.text(
        f"{task.name}, {len(task.labels):,} training rows. All networks are trained in the same way: "
        f"{_epochs(config.epochs)} in batches of {config.minibatch_size} with Adam, with a peak learning rate of "
        f"{config.rate:g}. A layer has {task.inputs.shape[1]} units for the pixels and {len(task.class_names)} for the "
        "classes. The accuracy of a layer is the share of rows for which the unit of the true class is greatest among "
        f"its class units, on {len(task.held_labels):,} held-out rows. Networks with random initialization differ "
        "from those initialized at the identity in their initial weights only."
    )
    cases = {(IDENTITY, depth): study.accuracies(IDENTITY, depth) for depth in config.depths}
    cases |= {(kind, config.depth): study.accuracies(kind, config.depth) for kind in (*RANDOM, SHUFFLED)}
    # The accuracy that single layers of random networks have by chance, before training.
    cases |= {(f"{kind}, untrained", config.depth): study.untrained(kind, config.depth) for kind in RANDOM}
    names = NAMES | {f"{kind}, untrained": f"{NAMES[kind]}, untrained" for kind in RANDOM}
    rows, metrics = [], {}
    for (kind, depth), accuracies in cases.items():
        numbers = summary(accuracies)
        rows.append(
            (
                names[kind],
                depth,
                accuracies.shape[1],
                *(mean_and_spread(100 * each, 1) for each in numbers.values()),
            )
        )
        metrics[f"{kind} {depth}"] = {**numbers, "layers": accuracies}
    best = max(metrics[f"{kind} {config.depth}"]["half_best"].max() for kind in RANDOM)
    section.table(
        (
            "initialization",
            "layers",
            "networks",
            "first layer (%)",
            "first half, mean (%)",
            "… best layer (%)",
            "last (%)",
            "largest drop (points)",
        ),
        rows,
        "Accuracy on held-out rows, mean ± standard deviation over the networks. Largest drop: the largest difference, "
        "in points, between the best of the layers before a layer and that layer.",
        note=f"Before training, a network initialized at the identity has an accuracy of {chance:.0%} in every layer, "
        "because all class units are 0. The best single layer in the first half of the networks with random "
        f"initialization has an accuracy of {best:.1%}.",
    )
    section.figure(
        "accuracy_by_depth",
        figures.through_layers.shares(
            {f"{depth} layers": cases[IDENTITY, depth] for depth in config.depths},
            "accuracy on held-out rows",
            references={"chance": chance},
        ),
        "Initialization at the identity: accuracy of every layer, mean and range over the networks.",
    )
    section.figure(
        "accuracy_by_start",
        figures.through_layers.shares(
            {NAMES[kind]: cases[kind, config.depth] for kind in (IDENTITY, *RANDOM, SHUFFLED)},
            "accuracy on held-out rows",
            references={"chance": chance},
        ),
        f"{config.depth} layers, by initialization: mean and range over the networks.",
    )
    section.metrics({"accuracy": metrics, "chance": chance})


def _epochs(count):
    return "1 epoch" if count == 1 else f"{count} epochs"


def summary(accuracies: np.ndarray) -> dict[str, np.ndarray]:
    """Summaries of accuracies [layers, networks]: first layer, mean and best of the first half, last, largest drop."""
    half = accuracies[: len(accuracies) // 2]
    drop = np.max(np.maximum.accumulate(accuracies, axis=0) - accuracies, axis=0)
    return {
        "first": accuracies[0],
        "half_mean": half.mean(axis=0),
        "half_best": half.max(axis=0),
        "last": accuracies[-1],
        "largest_drop": drop,
    }
