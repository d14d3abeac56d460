"""The tree at a few resolutions, and the roles of its clusters (paper sections 3.2 and 4)."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.hierarchical_modules.module_study import BATCH, TRAINED, members
from experiments.hierarchical_modules.reading import Features, draw_roles, inputs_in_words, outputs_in_words
from interp_jax import figures, networks
from interp_jax.methods import ablation, hierarchy
from interp_jax.methods.hierarchy import Hierarchy, Support

EDGES = 200  # weights that the drawing of the network shows, about
STABLE = 0.75  # support that usually counts as stable


class Clusters(NamedTuple):
    """The tree that is shown, and the support of its clusters."""

    data: str
    tree: dict[str, Any]  # the fields of the Hierarchy
    features: Features
    support: dict[int, Support]  # by number of clusters
    resamples: int
    weights: list[np.ndarray]  # of each layer, if dense
    hidden: tuple[int, ...]


def measure(study) -> Clusters:
    """The tree and the support of its clusters."""
    task, tree, network = study.task, study.tree, study.networks[TRAINED][0]
    segments = study.segments(network)
    layers, outputs = networks.apply(lambda x: ablation.intact_layers(segments, x), task.inputs, batch_size=BATCH)
    live = np.concatenate([x.mean(axis=tuple(range(1, x.ndim - 1))) for x in layers], axis=1)[:, tree.units]
    masks = np.concatenate([members(tree.cut(c)) for c in task.resolutions])
    drawn = hierarchy.bootstrap_weights(study.key(4), len(task.inputs), study.config.resamples)
    support = hierarchy.tree_support(task.inputs, jnp.asarray(live), outputs, masks, weights=drawn)
    parts = zip(*(np.split(np.asarray(x), np.cumsum(task.resolutions)[:-1]) for x in support), strict=True)
    support = {c: Support(*part) for c, part in zip(task.resolutions, parts, strict=True)}
    drawing = study.weights(network), task.hidden
    return Clusters(task.name, dataclasses.asdict(tree), task.features, support, study.config.resamples, *drawing)


def show(result: Clusters, page) -> None:
    """Figures 3 to 6 of the paper: the clusters in the tree and in the network, and their roles."""
    tree, features, resolutions = Hierarchy(**result.tree), result.features, tuple(result.support)
    every, coarse = _entries(result, tree), resolutions[0]
    page.finding(in_words(result))
    months = [f"{item} {month}" for item in features.outputs for month in range(-features.shape[1], 0)]
    inputs = {"input_shape": features.shape} if features.images else {"feature_names": months}
    page.figure(
        "tree",
        figures.hierarchy(tree, clusters=resolutions, output_names=features.outputs, **inputs),
        f"The tree, its clusters at {' and '.join(map(str, resolutions))} clusters, numbered consecutively, and the "
        f"roles of the first {coarse} (as Figs 4 and 6 of the paper: what clusters respond to and raise).",
    )
    page.table(
        ("cluster", "part of", "units", "reversed", "support", "outputs", "inputs"),
        [
            (
                *(each[name] and str(each[name]) for name in ("number", "part_of")),
                *(str(number) for number in (len(each["units"]), each["reversed"])),
                f"{each['support']:.0%}",
                outputs_in_words(each["outputs"], features.outputs, 2),
                inputs_in_words(role, features),
            )
            for each, role in every
        ],
        "What an active cluster raises, lowers and follows, by the mean correlations of its units (those of at least "
        "0.1); reversed units have the opposite signs. Inputs are "
        f"{'the parts of a 3 × 3 grid' if features.images else 'months, counted back from the forecast'}. Support is "
        "the mean Jaccard similarity of a cluster with the most similar one in the trees of "
        f"{result.resamples} resamples of the rows; {STABLE:.0%} or more usually counts as stable.",
    )
    if len(resolutions) > 1:
        titles = [f"Cluster {each['number']}: {len(each['units'])} units" for each, _ in every[coarse:]]
        page.figure(
            f"roles_{resolutions[1]}",
            draw_roles(_roles(tree, resolutions[1]), features, titles[: resolutions[1]]),
            "Roles of the clusters of the next resolution (as Figs 4 and 6 of the paper).",
        )
    if result.weights:
        labels = tree.expand(tree.cut(coarse), coarse)
        strengths = np.abs(np.concatenate(result.weights, axis=None))
        figure = figures.networks.layered_network(
            result.weights,
            np.split(labels, np.cumsum(result.hidden)[:-1]),
            threshold=np.sort(strengths)[-EDGES:][0],
            colors=figures.trees.cluster_colors([labels])[0],
            input_names=None if features.images else features.outputs,
            output_names=features.outputs,
        )
        caption = "The network with its strongest weights, units colored by cluster (as Figs 3 and 5 of the paper)."
        page.figure(f"network_{coarse}", figure, caption)
    page.metrics({"resolutions": resolutions, "clusters": [each for each, _ in every]})


def _roles(tree, c):
    """The roles of a resolution, NaN for constant inputs."""
    return np.where(tree.vectors.any(axis=0), tree.roles(c), np.nan)


def _entries(result, tree):
    """The record of every cluster at every resolution, and its role."""
    entries, above, first = [], None, 1
    for c, support in result.support.items():
        labels, roles = tree.cut(c), _roles(tree, c)
        for cluster in range(c):
            units = np.flatnonzero(labels == cluster)
            entry = {
                "number": first + cluster,
                "part_of": None if above is None else int(above[units[0]]),
                "units": tree.units[units],
                "reversed": int(np.sum(tree.signs[units] < 0)),
                "support": support.jaccard[cluster],
                "recovered": support.recovered[cluster],
                "outputs": roles[cluster, -tree.outputs :],
            }
            entries.append((entry, roles[cluster]))
        above, first = labels + first, first + c
    return entries


def in_words(result: Clusters) -> str:
    """The finding: what the largest of the coarsest clusters does, and how many recur when rows are drawn anew."""
    entries = _entries(result, Hierarchy(**result.tree))[: next(iter(result.support))]
    largest, role = max(entries, key=lambda entry: len(entry[0]["units"]))
    stable, c = sum(each["support"] >= STABLE for each, _ in entries), len(entries)
    outputs = outputs_in_words(largest["outputs"], result.features.outputs, 2)
    return (
        f"The {len(result.tree['vectors'])} hidden units of a network trained on {result.data} form {c} clusters that "
        f"respond alike; the largest, {len(largest['units'])} units, follows {inputs_in_words(role, result.features)}, "
        f"and {outputs}. {'All' if stable == c else stable or 'None'} of the {c} recur when the training rows are "
        "drawn anew."
    )
