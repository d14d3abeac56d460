"""Agreement between the trees of independently trained networks."""

import numpy as np

from experiments.hierarchical_modules.module_study import KINDS, SHUFFLED, TRAINED, UNTRAINED
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy


def write(study, section) -> None:
    """Agreement of the trees of all networks of a kind: partitions, roles and heights."""
    counts = sorted({*study.task.resolutions, *study.chosen})
    agreements = {kind: hierarchy.tree_agreement(study.trees(kind), counts) for kind in KINDS}
    pairs = len(agreements[TRAINED].cophenetic)
    section.text(
        f"{study.config.networks} networks of each kind, {pairs} pairs. The units of two networks are first matched so "
        "that the sum of the cosines of their correlation vectors is maximal. Matching alone causes some agreement; "
        "the relevant quantity is the difference between the trained networks and the controls, which are untrained or "
        "trained on shuffled targets."
    )
    for name, title, caption in (
        ("adjusted_rand", "adjusted Rand index", "Agreement of the clusters of matched units"),
        (
            "roles",
            "mean cosine of matched roles",
            "Agreement of the roles of clusters, independent of their units",
        ),
    ):
        values = {
            kind: {f"{c}": getattr(every, name)[:, index] for index, c in enumerate(counts)}
            for kind, every in agreements.items()
        }
        medians = {
            kind: ", ".join(f"{np.median(values[kind][f'{c}']):.2f}" for c in counts)
            for kind in (TRAINED, SHUFFLED, UNTRAINED)
        }
        section.figure(
            f"agreement_{name}",
            figures.stability.agreement(values, y_label=title, x_label="number of clusters"),
            f"{caption}; one dot for each pair of networks. Medians at {', '.join(map(str, counts))} clusters: "
            f"{'; '.join(f'{kind} {each}' for kind, each in medians.items())}.",
        )
    coarse = counts.index(study.task.resolutions[0])
    means = {kind: every.roles[:, coarse].mean() for kind, every in agreements.items()}
    section.text(
        f"At {study.task.resolutions[0]} clusters the mean cosine between the roles of two trained networks is "
        f"{means[TRAINED]:.2f}. For networks trained on shuffled targets it is {means[SHUFFLED]:.2f}, for untrained "
        f"networks {means[UNTRAINED]:.2f}. Agreement up to these values is due to the inputs, which all networks share."
    )
    section.table(
        ("networks", "cosine of matched units", "cophenetic correlation"),
        [
            (kind, mean_and_spread(every.similarity), mean_and_spread(every.cophenetic))
            for kind, every in agreements.items()
        ],
        "Agreement of single units and of whole trees: mean ± standard deviation over pairs of networks.",
        note="The cophenetic correlation compares the heights at which pairs of matched units are joined.",
    )
    rows = [
        (
            f"{c} clusters",
            mean_and_spread(level.jaccard, 2),
            f"{np.mean(level.jaccard >= 0.75):.0%}",
            f"{level.recovered.mean():.0%}",
        )
        for c, level in zip(study.task.resolutions, study.support, strict=True)
    ]
    section.table(
        ("resolution", "support", "clusters of 75 % or more", "recovered exactly"),
        rows,
        f"Bootstrap support of the clusters of the network shown, over {study.config.resamples} resamples of the rows.",
        note="Bootstrap support measures whether the rows determine the clusters of one network; the figures above "
        "show whether training determines them.",
    )
    section.metrics(
        {
            "resolutions": counts,
            "agreement": {
                kind: {
                    "adjusted_rand": dict(zip(map(str, counts), every.adjusted_rand.mean(axis=0), strict=True)),
                    "adjusted_rand_spread": dict(zip(map(str, counts), every.adjusted_rand.std(axis=0), strict=True)),
                    "roles": dict(zip(map(str, counts), every.roles.mean(axis=0), strict=True)),
                    "roles_spread": dict(zip(map(str, counts), every.roles.std(axis=0), strict=True)),
                    "cophenetic": [every.cophenetic.mean(), every.cophenetic.std()],
                    "matched_units": [every.similarity.mean(), every.similarity.std()],
                }
                for kind, every in agreements.items()
            },
            "support": {str(c): level.jaccard for c, level in zip(study.task.resolutions, study.support, strict=True)},
        }
    )
