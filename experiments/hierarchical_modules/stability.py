"""Agreement between the trees of independently trained networks."""

from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import CONTROLS, TRAINED, exceeds
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.hierarchy import Agreement, representative_resolutions, tree_agreement


class Stability(NamedTuple):
    """Agreement of pairs of networks by kind at some numbers of clusters."""

    agreement: dict[str, Agreement]
    counts: list[int]
    coarse: int  # the coarsest resolution that is shown
    networks: int


def measure(study) -> Stability:
    """Agreement of the trees of all networks of a kind: partitions, roles and heights."""
    resolutions = study.task.resolutions
    counts = sorted({*resolutions, *representative_resolutions(study.trees[TRAINED][0].linkage)})
    agreement = {kind: tree_agreement(trees, counts) for kind, trees in study.trees.items()}
    return Stability(agreement, counts, resolutions[0], study.config.networks)


def show(result: Stability, page) -> None:
    """Agreement of roles, units and clusters."""
    page.text(
        "Clusters of two networks of a kind are matched by their roles, and units by their feature vectors, so that "
        "the sum of the cosines is maximal; matching alone causes some agreement."
    )
    page.finding(learned(result))
    every, names = result.agreement, [str(c) for c in result.counts]
    roles = {kind: dict(zip(names, each.roles.T, strict=True)) for kind, each in every.items()}
    figure = figures.stability.agreement(roles, y_label="mean cosine of matched roles", x_label="number of clusters")
    page.figure("agreement_roles", figure, "Agreement of the roles of clusters; one dot for each pair of networks.")
    measures = {f"cosine of roles, {result.coarse} clusters": [each[str(result.coarse)] for each in roles.values()]}
    measures["cosine of units"] = [each.similarity for each in every.values()]
    measures["cophenetic correlation"] = [each.cophenetic for each in every.values()]
    for number, name in enumerate(names):
        measures[f"adjusted Rand index, {name} clusters"] = [each.adjusted_rand[:, number] for each in every.values()]
    page.table(
        ("agreement", *every),
        [(name, *(mean_and_spread(each, 2) for each in of)) for name, of in measures.items()],
        "Mean ± standard deviation over pairs of networks. The cosines are means over matched roles and matched units; "
        "the cophenetic correlation compares the heights at which units are joined; the adjusted Rand index is 1 for "
        "the same units in all clusters and 0 by chance.",
    )
    columns = {"roles": np.mean, "roles_spread": np.std}
    numbers = {
        kind: {column: {name: of(values) for name, values in each.items()} for column, of in columns.items()}
        for kind, each in roles.items()
    }
    page.metrics({"resolutions": result.counts, "agreement": numbers})


def learned(result: Stability) -> str:
    """The finding: whether roles agree between trained networks more than between networks that learned nothing."""
    roles = {kind: each.roles[:, result.counts.index(result.coarse)] for kind, each in result.agreement.items()}
    beyond = all(exceeds(roles[TRAINED], roles[kind], result.networks) for kind in CONTROLS)
    trained, shuffled, untrained = (np.mean(values) for values in roles.values())
    more = "more than in both controls, which suggests that a part is learned"
    alike = "not clearly more than in both controls, so that it can come from the data, which all networks share"
    return (
        f"The roles of {result.coarse} clusters in two independently trained networks have a mean cosine of "
        f"{trained:.2f} (1: the same roles); it is {shuffled:.2f} for networks trained on shuffled targets and "
        f"{untrained:.2f} for untrained ones. That is {more if beyond else alike}."
    )
