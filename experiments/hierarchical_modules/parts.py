"""The paper's comparison method: non-negative factorization of effect magnitudes (paper appendix 1)."""

from functools import partial
from itertools import combinations
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.hierarchical_modules.clusters import draw_roles
from experiments.hierarchical_modules.module_study import TRAINED
from experiments.sigmoid_networks import Features
from experiments.study import mean_and_spread
from interp_jax.kernels import nmf
from interp_jax.methods import hierarchy

CHUNK = 1_000  # starts that are computed and stored at a time
FEW = 20  # starts for each network that is only compared
RESAMPLES, ROWS = 5, 2_000  # draws of at most so many training rows, for the support
METHODS = TREE, PARTS = "tree", "factorization"


class Parts(NamedTuple):
    """The factorization of the network that is shown, and the agreement of both methods between networks."""

    rank: int  # number of parts, with or without units
    sizes: np.ndarray  # units of each part that has some
    roles: np.ndarray  # [parts, features] mean effect magnitudes of their units
    features: Features
    rand: dict[str, list[float]]  # by method, the adjusted Rand index of each pair of networks
    support: dict[str, list[float]]  # by method, how far the clusters of each network recur in drawn rows


def measure(study) -> Parts:
    """The best of many factorizations, and the agreement of clusters between networks."""
    config, trees, factorizations = study.config, study.trees[TRAINED], []
    rank, options = min(study.task.nmf_rank, len(trees[0].units)), {"iterations": config.nmf_iterations}
    segments = map(study.segments, study.networks[TRAINED])
    magnitudes = [jnp.asarray(hierarchy.effect_magnitudes(each, study.task.inputs)) for each in segments]
    for first in study.counted("factorization, starts", range(0, config.nmf_starts, CHUNK)):
        starts, key = min(CHUNK, config.nmf_starts - first), jax.random.fold_in(study.key(5), first)
        compute = partial(nmf.nmf, magnitudes[0], rank, key=key, restarts=starts, **options)
        factorizations.append(study.stored(f"factorization {first + 1}", compute))
    labels = clusters(min(factorizations, key=lambda each: each.error))
    roles = np.stack([np.asarray(magnitudes[0])[labels == part].mean(axis=0) for part in range(labels.max() + 1)])
    cuts = {TREE: [tree.cut(rank) for tree in trees], PARTS: []}
    for number in study.counted("factorization, networks", range(len(trees))):
        key = jax.random.fold_in(study.key(9), number)
        quick = nmf.nmf(magnitudes[number], rank, key=key, restarts=FEW, **options)
        cuts[PARTS].append(clusters(quick)[trees[number].units])
    rand = {method: [] for method in METHODS}
    for b, a in combinations(range(len(trees)), 2):
        matching = hierarchy.match_units(trees[a].vectors, trees[b].vectors)
        for method, of in cuts.items():
            rand[method].append(hierarchy.partition_agreement(of[a], of[b], matching))
    support = _support(study, rank)
    return Parts(rank, np.bincount(labels), roles, study.task.features, rand, support)


def _support(study, rank) -> dict[str, list[float]]:
    """By method and network, the mean Jaccard similarity of each cluster to the most similar one of resampled rows."""
    inputs = study.task.inputs
    support, rng = {method: [] for method in METHODS}, np.random.default_rng(study.config.seed)
    sample = inputs[rng.permutation(len(inputs))[:ROWS]]
    draws = [np.arange(len(sample)), *rng.integers(len(sample), size=(RESAMPLES, len(sample)))]
    networks = study.networks[TRAINED]
    for number in study.counted("factorization, resamples", range(len(networks))):
        segments, options = (
            study.segments(networks[number]),
            {"restarts": FEW, "iterations": study.config.nmf_iterations},
        )
        partitions = {method: [] for method in METHODS}
        for draw, rows in enumerate(draws):
            tree = hierarchy.build(hierarchy.network_vectors(segments, sample[rows]))
            partitions[TREE].append(tree.expand(tree.cut(min(rank, len(tree.units))), rank))
            magnitudes = jnp.asarray(hierarchy.effect_magnitudes(segments, sample[rows]))
            key = jax.random.fold_in(jax.random.fold_in(study.key(12), number), draw)
            partitions[PARTS].append(clusters(nmf.nmf(magnitudes, rank, key=key, **options)))
        for method, (whole, *drawn) in partitions.items():
            masks = whole == np.unique(whole[whole < rank])[:, None]
            support[method].append(float(hierarchy.partition_support(masks, np.stack(drawn)).jaccard.mean()))
    return support


def clusters(factors: nmf.Factorization) -> np.ndarray:
    """The cluster of every unit [units], the largest cluster first; parts without units are omitted."""
    lengths = np.linalg.norm(np.asarray(factors.components), axis=1)
    part = np.argmax(np.asarray(factors.weights) * lengths[None, :], axis=1)
    _, used, sizes = np.unique(part, return_inverse=True, return_counts=True)
    return np.argsort(np.argsort(-sizes, kind="stable"))[used]


def show(result: Parts, page) -> None:
    """Figures 8 and 10 of the paper: the roles of the factorization's clusters; and the agreement of both methods."""
    page.text(
        "The magnitude of an effect is the root mean square change of a unit under mean ablation of an input, or of an "
        f"output under mean ablation of the unit. These numbers of all units are factorized into {result.rank} parts; "
        f"a unit belongs to the part with its largest weight. Parts without units: {result.rank - len(result.sizes)}."
    )
    page.finding(f"{more_stable(result)} {recur(result)}")
    titles = [f"Part {number}, units: {size}" for number, size in enumerate(result.sizes, 1)]
    labels = {"input_label": "effect of the input", "output_label": "effect on the output"}
    figure = draw_roles(result.roles, result.features, titles, **labels)
    caption = "Mean effects of the units of each part (as Figs 8 and 10 of the paper)."
    page.figure("roles_factorization", figure, caption)
    page.metrics({"rank": result.rank, "adjusted_rand": result.rand, "support": result.support})


def recur(result: Parts) -> str:
    """Which of both methods finds its clusters again if the rows are drawn anew."""
    tree, parts = (round(float(np.mean(result.support[name])), 2) for name in METHODS)
    which = "more than" if tree > parts else "less than" if tree < parts else "as much as"
    return (
        f"If the training rows are drawn anew, the tree's clusters recur {which} those of the factorization: "
        f"{RESAMPLES} draws of at most {ROWS:,} rows, the same numbers of clusters; the mean Jaccard similarity of a "
        f"cluster to the most similar one is {mean_and_spread(result.support[TREE], 2)} and "
        f"{mean_and_spread(result.support[PARTS], 2)}."
    )


def more_stable(result: Parts) -> str:
    """The finding: which of both methods agrees more between networks."""
    tree, parts = (np.mean(result.rand[name]) for name in METHODS)
    which = "more than" if tree > parts else "less than" if tree < parts else "as much as"
    tree, parts = (mean_and_spread(result.rand[name], 2) for name in METHODS)
    return (
        f"The tree's clusters in two trained networks agree {which} those of the paper's comparison method, a "
        f"factorization without signs: adjusted Rand index {tree} and {parts} at {result.rank} clusters (1: the same "
        "units, 0: chance), where units are matched by their correlations, which favors the tree."
    )
