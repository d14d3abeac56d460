"""Single, complete and average linkage beside Ward's method (paper section 3.2)."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import adjusted_rand_score

from experiments.quotient_networks.kinds import TRAINED
from experiments.quotient_networks.merging import ACTIVATION, FORMS, quotient_outputs
from experiments.sigmoid_networks import MODULES, planted_network, score
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy

WARD, *OTHERS = METHODS = "ward", "single", "complete", "average"
NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)  # added to the copies' weights, in standard deviations of the copied weights


class Linkages(NamedTuple):
    """By linkage."""

    accuracy: bool
    resolutions: tuple[int, ...]
    planted: dict[str, np.ndarray]  # [noise levels, networks] adjusted Rand index of the known modules
    rand: dict[str, np.ndarray]  # [pairs, resolutions] adjusted Rand index between trained networks
    roles: dict[str, np.ndarray]  # [pairs, resolutions] cosine of matched roles
    scores: dict[str, np.ndarray]  # [networks, resolutions] of the network with a unit for each cluster
    largest: dict[str, np.ndarray]  # [networks, resolutions] share of the units in the largest cluster


def measure(study) -> Linkages:
    """Known modules recovered, agreement between networks, and scores of quotients, by linkage."""
    task, trees, networks = study.task, study.trees(TRAINED), study.networks(TRAINED)
    by_method = {method: [relinked(tree, method) for tree in trees] for method in METHODS}
    agreement = {method: hierarchy.tree_agreement(of, task.resolutions) for method, of in by_method.items()}
    return Linkages(
        task.features.images,
        task.resolutions,
        _planted(study),
        {method: each.adjusted_rand for method, each in agreement.items()},
        {method: each.roles for method, each in agreement.items()},
        {m: np.array([_scores(task, *pair) for pair in zip(networks, of, strict=True)]) for m, of in by_method.items()},
        {
            method: np.array(
                [[np.bincount(tree.cut(c)).max() / len(tree.units) for c in task.resolutions] for tree in of]
            )
            for method, of in by_method.items()
        },
    )


def relinked(tree: hierarchy.Hierarchy, method: str) -> hierarchy.Hierarchy:
    """The tree of the same vectors by another linkage."""
    if method == WARD:
        return tree
    return dataclasses.replace(tree, linkage=linkage(np.asarray(tree.vectors, float), method))


def _scores(task, network, tree):
    labels = np.array([tree.expand(tree.cut(c), -1) for c in task.resolutions], np.int32)
    signs = jnp.asarray(tree.expand(tree.signs, 1))
    outputs = np.asarray(quotient_outputs(network, task.inputs, task.held_inputs, labels, signs))
    return [score(task, each, task.held_targets) for each in outputs[FORMS.index(ACTIVATION)]]


def _planted(study):
    units, outputs, inputs = study.task.hidden[0], study.task.targets.shape[1], study.task.inputs
    measured = {method: np.empty((len(NOISE), study.config.planted)) for method in METHODS}
    for level, number in study.counted("known modules", np.ndindex(len(NOISE), study.config.planted)):
        key = jax.random.fold_in(study.key(11), number)
        network, module, _ = planted_network(key, inputs.shape[1], units, outputs, NOISE[level])
        tree = hierarchy.build(hierarchy.network_vectors(network.segments(), inputs))
        for method in METHODS:
            cut = relinked(tree, method).cut(MODULES)
            measured[method][level, number] = adjusted_rand_score(module[tree.units], cut)
    return measured


def show(result: Linkages, page) -> None:
    """Recovery against noise, and a table by linkage."""
    page.text(
        "Trees of the same vectors, with the same signs, by four linkages. Known modules: units that are noisy copies "
        f"of {MODULES}, half of them reversed, cut into {MODULES} clusters. Agreement: adjusted Rand index between two "
        "trained networks, units matched by their vectors. Quotient: held-out score of the network in which each "
        "cluster has one standardized activation. A linkage that puts nearly all units into one cluster is not useful "
        "whatever its score."
    )
    page.finding(in_words(result))
    x_label = "noise / standard deviation of the weights"
    figure = figures.curves.against(np.array(NOISE), result.planted, x_label, "adjusted Rand index", extremes=True)
    page.figure("linkages_planted", figure, "Known modules recovered: mean and range over networks, a dot for each.")
    what = "accuracy" if result.accuracy else "error"
    rows = [
        (f"{method}, {c} clusters", *(mean_and_spread(of[method][:, place], digits) for of, digits in _columns(result)))
        for method in METHODS
        for place, c in enumerate(result.resolutions)
    ]
    header = "linkage", "adjusted Rand index", "cosine of roles", f"{what} of the quotient", "largest cluster"
    page.table(header, rows, "Mean ± standard deviation over networks, or over pairs of them.")
    pairs = {"adjusted_rand": result.rand, "roles": result.roles}
    page.metrics(
        {"noise": NOISE, "planted": result.planted, "scores": result.scores, "largest": result.largest} | pairs
    )


def _columns(result):
    return (result.rand, 2), (result.roles, 2), (result.scores, 3), (result.largest, 2)


def in_words(result: Linkages) -> str:
    """The finding: which linkage recovers known modules best with noise as large as the weights."""
    level = NOISE.index(1.0)
    means = {method: of[level].mean() for method, of in result.planted.items()}
    listed = ", ".join(f"{method} {mean:.2f}" for method, mean in sorted(means.items(), key=lambda each: -each[1]))
    return f"Known modules with noise as large as the weights are recovered with these adjusted Rand indices: {listed}."
