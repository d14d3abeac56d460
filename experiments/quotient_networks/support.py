"""How often the coarsest clusters recur when the training rows are drawn anew, in every network (paper section 5)."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.quotient_networks.kinds import TRAINED
from experiments.roles import members
from experiments.study import mean_and_spread
from interp_jax.methods import hierarchy

STABLE = 0.75  # support that usually counts as stable


class Support(NamedTuple):
    """The support of the coarsest clusters."""

    clusters: int
    resamples: int
    support: np.ndarray  # [networks, clusters]
    by_chance: np.ndarray  # [networks, clusters] the same for clusters of these sizes, of units drawn at random


def measure(study) -> Support:
    """The mean Jaccard similarity of each coarse cluster to the most similar one in trees of resampled rows."""
    task, measured, rng = study.task, [], np.random.default_rng(study.config.seed)
    clusters, inputs = task.resolutions[0], jnp.asarray(task.inputs)
    weights = hierarchy.bootstrap_weights(study.key(4), len(task.inputs), study.config.resamples)
    pairs = list(zip(study.networks(TRAINED), study.trees(TRAINED), strict=True))
    for network, tree in study.counted("support", pairs):
        head, tail = network.segments()
        hidden = head(inputs)
        masks = members(tree.expand(tree.cut(clusters), -1))[:, tree.units]
        both = np.concatenate([masks, masks[:, rng.permutation(masks.shape[1])]])
        support = hierarchy.tree_support(inputs, hidden[:, tree.units], tail(hidden), both, weights=weights)
        measured.append(np.asarray(support.jaccard).reshape(2, -1))
    return Support(clusters, study.config.resamples, *np.moveaxis(np.array(measured), 1, 0))


def show(result: Support, page) -> None:
    """The mean support of each network's clusters."""
    means = result.support.mean(axis=1)
    stable = int(np.sum(result.support >= STABLE))
    page.text(
        "Rows are drawn again with replacement; a cluster recurs as far as a tree of these rows has a cluster of the "
        "same units: the Jaccard similarity to the most similar one, the units of both by those of either."
    )
    page.finding(
        f"Of {result.support.size} clusters, {result.clusters} in each of {len(means)} networks, {stable} recur with a "
        f"mean Jaccard similarity of at least {STABLE} in trees of {result.resamples} resamples of the training rows; "
        f"the mean is {mean_and_spread(means, 2)} over networks, "
        f"{mean_and_spread(result.by_chance.mean(axis=1), 2)} for clusters of the same sizes drawn at random."
    )
    rows = {"of the tree": result.support, "of the same sizes, drawn at random": result.by_chance}
    page.table(
        ("clusters", "mean similarity", f"similarity of at least {STABLE}"),
        [
            (name, mean_and_spread(of.mean(axis=1), 2), f"{np.sum(of >= STABLE)} of {of.size}")
            for name, of in rows.items()
        ],
        "Similarity to the most similar cluster of the resampled rows' trees, mean ± standard deviation over networks.",
    )
    page.metrics(
        {
            "clusters": result.clusters,
            "resamples": result.resamples,
            "support": means,
            "by_chance": result.by_chance.mean(axis=1),
        }
    )
