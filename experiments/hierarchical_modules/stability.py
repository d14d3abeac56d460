"""Whether other networks, trained alike, have the same tree."""

import numpy as np

from experiments.hierarchical_modules.module_study import KINDS, SHUFFLED, TRAINED, UNTRAINED
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy


def write(study, section) -> None:
    """Agreement of the trees of all networks of a kind: partitions, roles, heights."""
    counts = sorted({*study.task.resolutions, *study.chosen})
    found = {kind: hierarchy.tree_agreement(study.trees(kind), counts) for kind in KINDS}
    pairs = len(found[TRAINED].cophenetic)
    section.text(
        f"{study.config.networks} networks of each kind, {pairs} pairs. Units have no names in common, so those of two "
        "networks are first matched such that the cosines of their correlations sum to the most. Matching alone makes "
        "trees agree somewhat; what counts is how far the trained networks are above the untrained ones and those "
        "trained on shuffled targets."
    )
    for name, title, caption in (
        ("adjusted_rand", "adjusted Rand index", "Agreement of the clusters of matched units"),
        (
            "roles",
            "mean cosine of matched roles",
            "Agreement of what the clusters stand for, whichever units they hold",
        ),
    ):
        values = {
            kind: {f"{c}": getattr(every, name)[:, index] for index, c in enumerate(counts)}
            for kind, every in found.items()
        }
        medians = {
            kind: ", ".join(f"{np.median(values[kind][f'{c}']):.2f}" for c in counts)
            for kind in (TRAINED, SHUFFLED, UNTRAINED)
        }
        section.figure(
            f"agreement_{name}",
            figures.stability.agreement(values, y_label=title, x_label="number of clusters"),
            f"{caption}, one dot a pair of networks. Medians at {', '.join(map(str, counts))} clusters: "
            f"{'; '.join(f'{kind} {said}' for kind, said in medians.items())}.",
        )
    coarse = counts.index(study.task.resolutions[0])
    means = {kind: every.roles[:, coarse].mean() for kind, every in found.items()}
    section.text(
        f"At {study.task.resolutions[0]} clusters the roles of two trained networks have a mean cosine of "
        f"{means[TRAINED]:.2f}. Networks whose targets were shuffled reach {means[SHUFFLED]:.2f}, and networks that "
        f"were not trained at all {means[UNTRAINED]:.2f}: so much of the agreement comes from the inputs alone, which "
        "every network shares, and only what is beyond it is learned."
    )
    section.table(
        ("networks", "cosine of matched units", "cophenetic correlation"),
        [(kind, mean_and_spread(every.similarity), mean_and_spread(every.cophenetic)) for kind, every in found.items()],
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
        ("resolution", "support", "clusters of 75 % or more", "found again exactly"),
        rows,
        f"Bootstrap support of the clusters of the network shown, over {study.config.resamples} resamples of the rows.",
        note="This asks whether the data at hand determine the clusters of one network; the pictures above ask whether "
        "training determines them.",
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
                for kind, every in found.items()
            },
            "support": {str(c): level.jaccard for c, level in zip(study.task.resolutions, study.support, strict=True)},
        }
    )
