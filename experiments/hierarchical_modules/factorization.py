"""The paper's comparison method: non-negative factorization of effect magnitudes (paper appendix 1)."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.metrics import adjusted_rand_score

from experiments.hierarchical_modules.clusters import draw_network
from experiments.hierarchical_modules.module_study import TRAINED, members
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import nmf
from interp_jax.methods import hierarchy

CHUNK = 1_000  # starts that are computed and stored at a time
FEW = 20  # starts for each resample and for each network that is only compared


def write(study, section) -> None:
    """Figures 7 to 10 of the paper: the factorization's clusters and their roles; and their stability."""
    config, rank = study.config, study.nmf_rank
    magnitudes = study.stored(
        "effect magnitudes", lambda: hierarchy.effect_magnitudes(study.segments(study.network), study.task.inputs)
    )
    best, errors = _best_of_all(study, magnitudes, rank)
    labels = clusters(best)
    count = labels.max() + 1
    section.text(
        "The magnitude of an effect is the root mean square change of a unit under mean ablation of an input, or of an "
        f"output under mean ablation of the unit. The matrix of these {magnitudes.shape[1]} numbers for each unit is "
        f"factorized into {rank} parts; a unit belongs to the part with its largest weight (parts scaled to unit "
        f"length). Error of the best of {len(errors):,} random starts with {config.nmf_iterations:,} updates: "
        f"{best.error:.4g}; range over all starts {errors.min():.4g} to {errors.max():.4g}, median "
        f"{np.median(errors):.4g}. {count} of the {rank} parts have units."
    )
    stable = _bootstrap(study, labels, rank)
    means = np.stack([np.asarray(magnitudes)[labels == cluster].mean(axis=0) for cluster in range(count)])
    titles = [
        f"Part {cluster + 1}: {np.sum(labels == cluster)} units, support {stable.jaccard[cluster]:.0%}"
        for cluster in range(count)
    ]
    inputs = means[:, : len(study.shown.constant_inputs)].reshape(count, *study.task.shape)
    outputs = means[:, len(study.shown.constant_inputs) :]
    names = {"input_label": "effect of the input", "output_label": "effect on the output"}
    if study.task.is_images:
        roles = figures.roles.image_roles(inputs, outputs, titles=titles, output_names=study.task.output_names, **names)
    else:
        roles = figures.roles.series_roles(inputs, outputs, titles=titles, item_names=study.task.output_names, **names)
    section.figure(
        "roles_factorization",
        roles,
        "Roles of the factorization's clusters: mean effect magnitudes of their units. Magnitudes have no sign, so "
        "that raised and lowered outputs are not distinguished (Figs 8, 10 of the paper).",
    )
    figure, caption = draw_network(study, labels, 1, figures.trees.cluster_colors([labels])[0])
    section.figure(
        "network_factorization",
        figure,
        f"The factorization's clusters in the network. {caption} (Figs 7, 9 of the paper).",
    )
    _compare(study, section, labels, stable, rank)
    section.metrics({"rank": rank, "error": best.error, "errors": _quantiles(errors), "starts": len(errors)})


def clusters(factors: nmf.Factorization) -> np.ndarray:
    """The cluster of every unit [units], the largest cluster first; parts without units are omitted."""
    lengths = np.linalg.norm(np.asarray(factors.components), axis=1)
    part = np.argmax(np.asarray(factors.weights) * lengths[None, :], axis=1)
    used, sizes = np.unique(part, return_counts=True)
    place = {old: new for new, old in enumerate(used[np.argsort(-sizes, kind="stable")])}
    return np.array([place[old] for old in part])


def _best_of_all(study, magnitudes, rank):
    config = study.config
    bar = study.progress.task("factorization, starts", config.nmf_starts)
    factorizations, errors = [], []
    for first in range(0, config.nmf_starts, CHUNK):
        starts = min(CHUNK, config.nmf_starts - first)
        key = jax.random.fold_in(study.key(5), first)
        options = {"key": key, "restarts": starts, "iterations": config.nmf_iterations}
        factorizations.append(
            study.stored(
                f"factorization {first + 1}", lambda options=options: nmf.nmf(jnp.asarray(magnitudes), rank, **options)
            )
        )
        errors.append(np.asarray(factorizations[-1].errors))
        bar.advance(starts, f"error {min(part.min() for part in errors):.4g}")
    bar.finish()
    return min(factorizations, key=lambda factors: factors.error), np.concatenate(errors)


def _bootstrap(study, labels, rank):
    """The support of the clusters in resamples of the rows."""
    inputs = jnp.asarray(study.task.inputs)
    rows_drawn = jax.random.randint(study.key(6), (study.config.nmf_resamples, len(inputs)), 0, len(inputs))
    segments = study.segments(study.network)
    bar = study.progress.task("factorization, resamples", study.config.nmf_resamples)
    partitions = []
    for number, drawn in enumerate(rows_drawn):
        magnitudes = hierarchy.effect_magnitudes(segments, inputs[drawn])
        partitions.append(_quick_clusters(study, magnitudes, rank, jax.random.fold_in(study.key(7), number)))
        bar.advance()
    bar.finish()
    return hierarchy.Support(*map(np.asarray, hierarchy.partition_support(members(labels), np.array(partitions))))


def _quick_clusters(study, magnitudes, rank, key):
    """The clusters of the best of a few starts."""
    return clusters(nmf.nmf(magnitudes, rank, key=key, restarts=FEW, iterations=study.config.nmf_iterations))


def _compare(study, section, labels, stable, rank):
    """A table of both methods at the same number of clusters: stability over resamples and over networks."""
    networks, trees = study.population(TRAINED), study.trees(TRAINED)
    parts = []
    bar = study.progress.task("factorization, networks", len(networks))
    for number, network in enumerate(networks):
        magnitudes = hierarchy.effect_magnitudes(study.segments(network), study.task.inputs)
        parts.append(_quick_clusters(study, magnitudes, rank, jax.random.fold_in(study.key(9), number)))
        bar.advance()
    bar.finish()
    rand = {"tree": [], "factorization": []}
    for a in range(len(networks)):
        for b in range(a):
            matching = hierarchy.match_units(trees[a].vectors, trees[b].vectors)
            rand["tree"].append(hierarchy.partition_agreement(trees[a].cut(rank), trees[b].cut(rank), matching))
            rand["factorization"].append(
                hierarchy.partition_agreement(parts[a][trees[a].units], parts[b][trees[b].units], matching)
            )
    again = study.supports[rank]
    both = float(adjusted_rand_score(study.tree.cut(rank), labels[study.tree.units]))
    section.table(
        ("method", "support over resamples", "adjusted Rand index over pairs of networks"),
        [
            (f"tree, {rank} clusters", mean_and_spread(again.jaccard, 2), mean_and_spread(rand["tree"], 3)),
            (
                f"factorization, {labels.max() + 1} clusters",
                mean_and_spread(stable.jaccard, 2),
                mean_and_spread(rand["factorization"], 3),
            ),
        ],
        "Stability of the clusters of both methods: mean ± standard deviation over clusters and over pairs of "
        "networks.",
        note=f"In resamples and other networks the factorization has {FEW} starts. A cluster of a tree can recur at "
        "any height, a part only as a part, so that the two supports are not strictly comparable. Units of two "
        "networks are matched by their correlations, which favors the tree. The two partitions of the network shown "
        f"agree with an adjusted Rand index of {both:.2f}.",
    )
    section.metrics(
        {
            "support": {"tree": again.jaccard, "factorization": stable.jaccard},
            "adjusted_rand_between_networks": {name: _quantiles(values) for name, values in rand.items()},
            "adjusted_rand_between_methods": both,
        }
    )


def _quantiles(values):
    names = ("least", "quartile", "median", "third_quartile", "most")
    return dict(zip(names, np.quantile(np.asarray(values, float), (0, 0.25, 0.5, 0.75, 1)), strict=True))
