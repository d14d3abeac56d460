"""What the network still does if every cluster of its hidden units is one unit, at every resolution of the tree."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.quotient_networks.kinds import TRAINED, UNTRAINED
from experiments.quotient_networks.merging import (
    ACTIVATION,
    CHANCE,
    FORMS,
    PARTITIONS,
    TREE,
    partitions,
    quotient_outputs,
)
from experiments.sigmoid_networks import score
from experiments.study import mean_and_spread
from interp_jax import figures

AT_ONCE = 10  # partitions whose outputs are in memory
KEPT = 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128  # numbers of clusters that the record has
NEAR = {True: 0.01, False: 0.05}  # of the whole network: accuracy less this, or error more by this share


class Quotients(NamedTuple):
    """Scores on held-out rows."""

    accuracy: bool
    resolutions: tuple[int, ...]
    counts: np.ndarray  # numbers of clusters, from one to the number of units
    whole: np.ndarray  # [networks] of the network itself
    scores: dict[str, np.ndarray]  # by partition, [forms, networks, counts]


def measure(study) -> Quotients:
    """Scores of the network with units for clusters, by the tree and by the controls, at every number of clusters."""
    task, networks, trees = study.task, study.networks(TRAINED), study.trees(TRAINED)
    counts = np.arange(1, task.hidden[0] + 1)
    scores, whole = {name: [] for name in PARTITIONS}, []
    every = list(enumerate(zip(networks, trees, study.trees(UNTRAINED), strict=True)))
    for number, (network, tree, untrained) in study.counted("quotients", every):
        draw = np.random.default_rng([study.config.seed, number])
        signs = jnp.asarray(tree.expand(tree.signs, 1))
        for name, labels in partitions(tree, untrained, draw, counts).items():
            scores[name].append(_scores(task, network, labels, signs))
        whole.append(score(task, network(task.held_inputs), task.held_targets))
    by_form = {name: np.stack(of, axis=1) for name, of in scores.items()}
    return Quotients(task.features.images, task.resolutions, counts, np.array(whole), by_form)


def _scores(task, network, labels, signs):
    """[forms, partitions]."""
    measured = []
    for first in range(0, len(labels), AT_ONCE):
        some = labels[first : first + AT_ONCE]
        padded = np.concatenate([some, np.repeat(some[-1:], AT_ONCE - len(some), axis=0)])  # one compilation
        outputs = np.asarray(quotient_outputs(network, task.inputs, task.held_inputs, padded, signs))[:, : len(some)]
        measured.append([[score(task, each, task.held_targets) for each in form] for form in outputs])
    return np.concatenate(measured, axis=1)


def show(result: Quotients, page) -> None:
    """Curves for both forms, and a table at the paper's resolutions."""
    what = "accuracy" if result.accuracy else "root mean square error (points)"
    page.text(
        "Every cluster of hidden units becomes one unit, at every resolution of the tree. Either all its units have "
        "the cluster's mean standardized activation, each at its own mean and standard deviation, fitted to training "
        "rows: the next layer is linear in it and reads one number for each cluster, by sums of weights. Or the "
        "cluster is one sigmoid unit: the mean of the incoming weights and biases, with opposite signs for reversed "
        "units, and the sums of the outgoing ones. Compared are the tree; a random partition with clusters of the same "
        "sizes; the tree of the network with the same initial weights before training; the tree of features shuffled "
        "between units; and k-means on the same vectors. The signs are the tree's in all of them. Scores are on "
        "held-out rows."
    )
    page.finding(in_words(result))
    for place, form in enumerate(FORMS):
        series = {name: of[place].T for name, of in result.scores.items()}
        references = {"all units": float(result.whole.mean())}
        figure = figures.curves.against(result.counts, series, "number of clusters", what, references, log_x=True)
        name = f"quotient_{form.replace(' ', '_')}"
        page.figure(name, figure, f"Each cluster is one {form}: mean ± standard deviation over networks.")
    rows = [
        (f"{form}, {name}", *_cells(result, of[place]))
        for place, form in enumerate(FORMS)
        for name, of in result.scores.items()
    ]
    near = "0.01 of accuracy" if result.accuracy else "5% of the error"
    page.table(
        ("each cluster is one", *(f"{c} clusters" for c in result.resolutions), "clusters needed"),
        rows,
        f"{what.capitalize()} on held-out rows, mean ± standard deviation over {len(result.whole)} networks; all units "
        f"{mean_and_spread(result.whole)}. Clusters needed: the fewest from which on the score stays within {near} of "
        "all units'.",
    )
    page.metrics(metrics(result))


def metrics(result: Quotients) -> dict:
    """What the record keeps: scores of each network at some numbers of clusters."""
    counts = sorted({c for c in (*KEPT, *result.resolutions, int(result.counts[-1])) if c <= result.counts[-1]})
    scores = {
        form: {name: of[place][:, np.array(counts) - 1] for name, of in result.scores.items()}
        for place, form in enumerate(FORMS)
    }
    needed = {
        form: {name: needed_clusters(result, of[place]) for name, of in result.scores.items()}
        for place, form in enumerate(FORMS)
    }
    about = {"counts": counts, "resolutions": result.resolutions, "whole": result.whole}
    return about | {"accuracy": result.accuracy, "scores": scores, "needed": needed}


def needed_clusters(result: Quotients, scores: np.ndarray) -> list[int]:
    """[networks] the fewest clusters from which on the score stays near that of all units."""
    whole, near = result.whole[:, None], NEAR[result.accuracy]
    fails = scores < whole - near if result.accuracy else scores > whole * (1 + near)
    return [int(np.max(np.flatnonzero(each), initial=-1)) + 2 for each in fails]


def _cells(result, scores):
    at = [mean_and_spread(scores[:, c - 1]) for c in result.resolutions]
    return *at, mean_and_spread(needed_clusters(result, scores), 1)


def in_words(result: Quotients) -> str:
    """The finding: the tree beside the random partition, and how many clusters do what all units do."""
    count, place = result.resolutions[-1], FORMS.index(ACTIVATION)
    tree, chance = (result.scores[name][place][:, count - 1] for name in (TREE, CHANCE))
    better = int(np.sum(tree > chance if result.accuracy else tree < chance))
    digits = 3 if result.accuracy else 1
    what, unit = ("an accuracy of", "") if result.accuracy else ("an error of", " points")
    near = "0.01 of the accuracy" if result.accuracy else "5% of the error"
    needed, drawn = (np.mean(needed_clusters(result, result.scores[name][place])) for name in (TREE, CHANCE))
    others = {name: of[place][:, count - 1] for name, of in result.scores.items() if name != TREE}
    best = max(others, key=lambda name: others[name].mean() if result.accuracy else -others[name].mean())
    strongest = mean_and_spread(others[best], digits)
    tree, chance, whole = (mean_and_spread(each, digits) for each in (tree, chance, result.whole))
    return (
        f"With its {result.counts[-1]} hidden units as {count} clusters, each with one activation, the network has "
        f"{what} {tree}{unit} on held-out rows, with clusters drawn at random {chance}, with the best of the other "
        f"partitions ({best}) {strongest}, with all units {whole}. The tree does better than the random clusters in "
        f"{better} of {len(result.whole)} networks. To stay within {near} of all units, {needed:.0f} clusters are "
        f"needed on average, of those drawn at random {drawn:.0f}."
    )
