"""The recognition accuracy of every layer: networks of several depths from the identity, and random starts."""

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM, SHUFFLED
from experiments.study import mean_and_spread
from interp_jax import figures


def write(study, section) -> None:
    """Curves over the layers, and what they come to in numbers."""
    config, task = study.config, study.task
    chance = 1 / len(task.class_names)
    section.text(
        f"{task.name}, {len(task.labels):,} training rows, all networks trained alike: {_epochs(config.epochs)} in "
        f"batches of {config.batch_size} with Adam, its rate rising to {config.rate:g} and falling to 0. A layer holds "
        f"{task.inputs.shape[1]} units for the pixels and {len(task.class_names)} for the classes; the accuracy of a "
        f"layer is how often the greatest of its class units is the right one, on {len(task.held_labels):,} held-out "
        "rows. Random starts differ in their first weights alone."
    )
    cases = {(IDENTITY, depth): study.accuracies(IDENTITY, depth) for depth in config.depths}
    cases |= {(kind, config.depth): study.accuracies(kind, config.depth) for kind in (*RANDOM, SHUFFLED)}
    # How far single layers of random networks get by luck, before anything is learned.
    cases |= {(f"{kind}, untrained", config.depth): study.untrained(kind, config.depth) for kind in RANDOM}
    names = NAMES | {f"{kind}, untrained": f"{NAMES[kind]}, untrained" for kind in RANDOM}
    rows, metrics = [], {}
    for (kind, depth), found in cases.items():
        numbers = summary(found)
        rows.append(
            (
                names[kind],
                depth,
                found.shape[1],
                *(mean_and_spread(100 * each, 1) for each in numbers.values()),
            )
        )
        metrics[f"{kind} {depth}"] = {**numbers, "layers": found}
    luckiest = max(metrics[f"{kind} {config.depth}"]["half_best"].max() for kind in RANDOM)
    section.table(
        (
            "start",
            "layers",
            "networks",
            "first layer (%)",
            "first half, mean (%)",
            "… best layer (%)",
            "last (%)",
            "largest drop (points)",
        ),
        rows,
        "Accuracy on held-out rows, mean ± standard deviation over the networks. Largest drop: by how many points a "
        "layer falls below the best before it.",
        note=f"An untrained identity start has {chance:.0%} in every layer: all its class units are 0. The best single "
        f"layer in the first half of any network from a random start has {luckiest:.1%}.",
    )
    section.figure(
        "accuracy_by_depth",
        figures.through_layers.shares(
            {f"{depth} layers": cases[IDENTITY, depth] for depth in config.depths},
            "accuracy on held-out rows",
            references={"chance": chance},
        ),
        "From the identity: accuracy of every layer, mean and range over the networks.",
    )
    section.figure(
        "accuracy_by_start",
        figures.through_layers.shares(
            {NAMES[kind]: cases[kind, config.depth] for kind in (IDENTITY, *RANDOM, SHUFFLED)},
            "accuracy on held-out rows",
            references={"chance": chance},
        ),
        f"{config.depth} layers, by their start: mean and range over the networks.",
    )
    section.metrics({"accuracy": metrics, "chance": chance})


def _epochs(count):
    return "1 epoch" if count == 1 else f"{count} epochs"


def summary(accuracies: np.ndarray) -> dict[str, np.ndarray]:
    """Of [layers, networks]: first layer, mean and best of the first half, last layer, the largest drop."""
    half = accuracies[: len(accuracies) // 2]
    drop = np.max(np.maximum.accumulate(accuracies, axis=0) - accuracies, axis=0)
    return {
        "first": accuracies[0],
        "half_mean": half.mean(axis=0),
        "half_best": half.max(axis=0),
        "last": accuracies[-1],
        "largest_drop": drop,
    }
