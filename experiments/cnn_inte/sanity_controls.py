"""Sanity controls: trees for untrained and shuffled-label networks, and for planted factors."""

from typing import NamedTuple

import jax
import numpy as np
from sklearn.metrics import adjusted_rand_score

from experiments.cnn_inte.inte_study import FULL, HALF, SHUFFLED, UNTRAINED, activations
from interp_jax import networks

UNITS, ROWS = 16, 3_000  # of each planted factor, and of all of them
DRAWS = 4


class Controls(NamedTuple):
    """Accuracy of each network and, for each clustering, of its tree; agreement and accuracy for planted factors."""

    trees: dict[str, list[float]]
    networks: dict[str, float]
    planted: tuple[float, float]
    sizes: tuple[int, int, int, int]  # training rows, depth, factors and clusters


def measure(study) -> Controls:
    """Accuracy of trees over clusters of the same layer in control networks, and over planted factors."""
    config, task, trees, own = study.config, study.task, {}, {}
    rows = min(len(task.inputs), 2 * config.sweep_rows)
    for kind in study.counted("sanity controls", (FULL, HALF, SHUFFLED, UNTRAINED)):
        network = study.network(kind)
        hidden, held = (activations(network, part) for part in (task.inputs[:rows], task.held_inputs))
        keys = [jax.random.fold_in(study.key(7), draw) for draw in range(DRAWS)]
        layers = hidden, task.labels[:rows], held, task.held_labels
        trees[kind] = [_accuracy(study, *layers, key=key)[0] for key in keys]
        own[kind] = float(np.mean(networks.apply(network, task.held_inputs).argmax(axis=1) == task.held_labels))
    return Controls(trees, own, _planted(study), (rows, config.depth, config.factors, config.ids))


def show(result: Controls, page) -> None:
    """A table of the networks, and a sentence on planted factors."""
    (rows, depth, factors, ids), (agreement, accuracy) = result.sizes, result.planted
    page.finding(trained(result.trees))
    page.table(
        ("network", "accuracy of the network", "accuracy of the tree", f"range over {DRAWS} clusterings"),
        [
            (kind, f"{result.networks[kind]:.1%}", f"{np.mean(of):.1%}", f"{min(of):.1%} to {max(of):.1%}")
            for kind, of in result.trees.items()
        ],
        f"Accuracy on held-out rows of trees of depth {depth} over true clusters of the first dense layer ({factors} "
        f"factors of {ids} clusters, {rows:,} training rows).",
    )
    page.text(
        f"Planted factors: {factors} groups of {UNITS} units that show one of {ids} patterns with noise, every other "
        f"group by the class. The factors of the method agree with them with an adjusted Rand index of {agreement:.2f} "
        f"(1 for identical groups), and the accuracy of the tree on held-out rows is {accuracy:.1%}."
    )
    numbers = {kind: {"tree": of, "network": result.networks[kind]} for kind, of in result.trees.items()}
    page.metrics({"networks": numbers, "planted": {"agreement": agreement, "accuracy": accuracy}})


def trained(trees: dict[str, list[float]]) -> str:
    """The finding: what training adds to the accuracy of a tree over a layer with random weights."""
    full, shuffled, untrained = (round(np.mean(trees[kind]), 3) for kind in (FULL, SHUFFLED, UNTRAINED))
    adds = f"{100 * (full - untrained):.1f} points" if full > untrained else "nothing"
    return (
        f"What the images alone explain: a tree over clusters of an untrained network's activations has an accuracy of "
        f"{untrained:.1%}, of one trained on shuffled labels {shuffled:.1%}, of a trained one {full:.1%}; training "
        f"adds {adds}."
    )


def _accuracy(study, hidden, labels, held, held_labels, **options):
    config = study.config
    options |= {"factors": config.factors, "ids": config.ids}
    _, (predicted,), groups = study.trees(hidden, labels, held, [config.depth], **options)
    return float(np.mean(predicted == held_labels)), groups


def _planted(study):
    """Agreement of the factors with planted ones, and accuracy of the tree over them."""
    config, random, classes = study.config, np.random.default_rng(study.config.seed), len(study.task.class_names)
    labels = random.integers(0, classes, ROWS)
    # Half of the factors depend on the class, each by its own permutation.
    codes = [
        random.permutation(classes)[labels] % config.ids if factor % 2 == 0 else random.integers(config.ids, size=ROWS)
        for factor in range(config.factors)
    ]
    patterns = random.exponential(size=(config.factors, config.ids))
    planted = np.repeat(np.arange(config.factors), UNITS)
    hidden = np.stack([patterns[factor, codes[factor]] for factor in planted], axis=1)
    hidden = np.maximum(hidden + 0.02 * random.normal(size=hidden.shape), 0).astype(np.float32)
    halves = [each[part] for part in (slice(ROWS // 2), slice(ROWS // 2, ROWS)) for each in (hidden, labels)]
    accuracy, groups = _accuracy(study, *halves, key=study.key(8), restarts=10)
    return float(adjusted_rand_score(planted, groups.of_unit)), accuracy
