"""The tree at a few resolutions, and the roles of its clusters (paper sections 3.2 and 4)."""

import dataclasses
import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.hierarchical_modules.module_study import BATCH, TRAINED
from experiments.roles import members, month_names
from experiments.sigmoid_networks import Features
from interp_jax import figures, networks
from interp_jax.methods import ablation, hierarchy
from interp_jax.methods.hierarchy import Hierarchy

LEAST = 0.1  # weaker correlations are omitted
EDGES = 200  # weights that the drawing of the network shows
STABLE = 0.75  # support that usually counts as stable
GRAY = " Constant inputs, which have no correlation, are gray."


class Clusters(NamedTuple):
    """The tree that is shown, and the record of each of its clusters."""

    data: str
    tree: dict[str, Any]  # the fields of the Hierarchy
    features: Features
    resolutions: tuple[int, ...]
    clusters: list[dict[str, Any]]  # of all resolutions, numbered consecutively as in the paper
    resamples: int
    weights: list[np.ndarray]  # [in, out] of each layer of sigmoid units, half precision
    hidden: tuple[int, ...]


def measure(study) -> Clusters:
    """The tree and the support of its clusters."""
    task, tree, network = study.task, study.trees[TRAINED][0], study.networks[TRAINED][0]
    segments, resamples = study.segments(network), study.config.resamples
    layers, outputs = networks.apply(lambda x: ablation.intact_layers(segments, x), task.inputs, batch_size=BATCH)
    live = np.concatenate([x.mean(axis=tuple(range(1, x.ndim - 1))) for x in layers], axis=1)[:, tree.units]
    masks = np.concatenate([members(tree.cut(c)) for c in task.resolutions])
    drawn = hierarchy.bootstrap_weights(study.key(4), len(task.inputs), resamples)
    support = hierarchy.tree_support(task.inputs, jnp.asarray(live), outputs, masks, weights=drawn).jaccard
    roles = np.concatenate([tree.roles(c)[:, -tree.outputs :] for c in task.resolutions])
    clusters = [_record(tree, masks[: place + 1], *each) for place, each in enumerate(zip(roles, support, strict=True))]
    weights = [np.asarray(each, np.float16) for each in network.weights] if study.config.network == "lnn" else []
    tree = dataclasses.asdict(tree)
    return Clusters(task.name, tree, task.features, task.resolutions, clusters, resamples, weights, task.hidden)


def _record(tree, masks, role, support):
    """What is known of the last of some clusters."""
    mask = masks[-1]
    larger = np.flatnonzero(masks[:-1, mask].all(axis=1))  # the last of them is of the resolution before
    return {
        "number": len(masks),
        "part_of": int(larger[-1]) + 1 if len(larger) else None,
        "units": tree.units[mask],
        "reversed": int(np.sum(tree.signs[mask] < 0)),
        "support": float(support),
        "outputs": role,
    }


def show(result: Clusters, page) -> None:
    """Figures 3 to 6 of the paper: the clusters in the tree and in the network, and their roles."""
    tree, features, (coarse, *finer) = Hierarchy(**result.tree), result.features, result.resolutions
    page.text(
        "The role of a cluster is the mean of its units' correlations, with aligned signs. The lower the tree is cut, "
        f"the more clusters it has: {', '.join(map(str, result.resolutions))} (c in the figure)."
    )
    page.finding(in_words(result))
    gray = "" if tree.vectors.any(axis=0).all() else GRAY
    months = month_names(features.outputs, features.shape[1])
    inputs = {"input_shape": features.shape} if features.images else {"feature_names": months}
    figure = figures.hierarchy(tree, clusters=result.resolutions, output_names=features.outputs, **inputs)
    caption = f"The tree, and the roles of its first {coarse} clusters: mean correlations with inputs and outputs"
    page.figure("tree", figure, f"{caption} (as Figs 4 and 6 of the paper).{gray}")
    words = [outputs_in_words(each["outputs"], features.outputs) for each in result.clusters]
    rows = [
        (each["number"], each["part_of"], len(each["units"]), each["reversed"], f"{each['support']:.0%}", role)
        for each, role in zip(result.clusters, words, strict=True)
    ]
    page.table(
        ("cluster", "part of", "units", "reversed", "support", "correlated outputs"),
        rows,
        "Outputs with the strongest positive (raises) and negative (lowers) mean correlations; reversed units have the "
        "opposite signs. Part of: the cluster at the resolution before, which may not have been split. Support is the "
        f"mean Jaccard similarity to the most similar cluster in the trees of {result.resamples} resamples of the "
        f"rows; {STABLE:.0%} usually counts as stable.",
    )
    for c in finer[:1]:
        titles = [f"Cluster {row[0]}, units: {row[2]}, support {row[4]}" for row in rows[coarse : coarse + c]]
        roles = np.where(tree.vectors.any(axis=0), tree.roles(c), np.nan)  # constant inputs are gray
        figure = draw_roles(roles, features, titles)
        page.figure(f"roles_{c}", figure, f"Roles at the next resolution (as Figs 4 and 6 of the paper).{gray}")
    if result.weights:
        caption = "The network's strongest weights; units colored by cluster (as Figs 3 and 5 of the paper)."
        page.figure("network", _network(result, tree.expand(tree.cut(coarse), coarse)), caption)
    page.metrics({"resolutions": result.resolutions, "clusters": result.clusters})


def _network(result, labels):
    strengths, outputs = np.abs(np.concatenate(result.weights, axis=None)), result.features.outputs
    options = {"threshold": np.sort(strengths)[-EDGES:][0], "colors": figures.trees.cluster_colors([labels])[0]}
    options |= {"input_names": None if result.features.images else outputs, "output_names": outputs}
    by_layer = np.split(labels, np.cumsum(result.hidden)[:-1])
    return figures.networks.layered_network(result.weights, by_layer, **options)


def draw_roles(roles: np.ndarray, features: Features, titles: list[str], **labels: str):
    """A figure of roles [clusters, features]: images or series, beside bars for the outputs; NaN is gray."""
    count = math.prod(features.shape)
    parts = roles[:, :count].reshape(len(roles), *features.shape), roles[:, count:]
    draw, names = figures.roles.series_roles, {"item_names": features.outputs}
    if features.images:
        draw, names = figures.roles.image_roles, {"output_names": features.outputs}
    return draw(*parts, titles=titles, **names, **labels)


def outputs_in_words(values: np.ndarray, names) -> str:
    r"""The outputs with the strongest positive and negative correlations with a cluster, two of each.

    >>> outputs_in_words(np.array([0.5, -0.3, 0.05, 0.2]), ("0", "1", "2", "3")).replace("\u00a0", " ")
    'raises 0 (+0.50), 3 (+0.20); lowers 1 (−0.30)'
    """
    parts = []
    for sign, verb in ((1, "raises"), (-1, "lowers")):
        chosen = [index for index in np.argsort(-sign * values, kind="stable")[:2] if sign * values[index] >= LEAST]
        named = [f"{names[index]}\u00a0({values[index]:+.2f})".replace("-", "−") for index in chosen]
        parts += [f"{verb} {', '.join(named)}"] if named else []
    return "; ".join(parts) or f"no correlation of {LEAST} or more"


def in_words(result: Clusters) -> str:
    """The finding: what the largest of the coarsest clusters does, and how many recur when rows are drawn anew."""
    coarse = result.clusters[: result.resolutions[0]]
    largest = max(coarse, key=lambda cluster: len(cluster["units"]))
    stable, c = sum(cluster["support"] >= STABLE for cluster in coarse), len(coarse)
    role = outputs_in_words(largest["outputs"], result.features.outputs)
    which = f"{'All' if stable == c else stable or 'None'} of the {c} {'are' if stable > 1 else 'is'} stable"
    ends = " to ".join(f"{end([cluster['support'] for cluster in coarse]):.0%}" for end in (min, max))
    return (
        f"The {len(result.tree['vectors'])} hidden units of a network trained on {result.data} are cut into {c} "
        f"clusters of units with similar correlations. The largest, {len(largest['units'])} units, has this role for "
        f"the outputs: {role} (mean correlations). {which} when the training rows are resampled: their support is "
        f"{ends}, and {STABLE:.0%} usually counts as stable."
    )
