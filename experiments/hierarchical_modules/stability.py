"""Agreement between the trees of independently trained networks."""

from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import CONTROLS, KINDS, TRAINED, exceeds
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
    counts = sorted({*resolutions, *representative_resolutions(study.tree.linkage)})
    agreement = {kind: tree_agreement(study.trees[kind], counts) for kind in KINDS}
    return Stability(agreement, counts, resolutions[0], study.config.networks)


def show(result: Stability, page) -> None:
    """Agreement of roles, units and clusters."""
    counts = result.counts
    roles = {
        kind: {f"{c}": each.roles[:, place] for place, c in enumerate(counts)}
        for kind, each in result.agreement.items()
    }
    page.finding(learned(result))
    page.figure(
        "agreement_roles",
        figures.stability.agreement(roles, y_label="mean cosine of matched roles", x_label="number of clusters"),
        f"Agreement of the roles of clusters, whatever their units; one dot for each pair of {result.networks} "
        "networks.",
    )
    page.table(
        ("networks", "cosine of matched units", "cophenetic correlation", *(f"{c} clusters" for c in counts)),
        [
            (
                kind,
                *map(mean_and_spread, (each.similarity, each.cophenetic)),
                *(mean_and_spread(values, 2) for values in each.adjusted_rand.T),
            )
            for kind, each in result.agreement.items()
        ],
        "Mean ± standard deviation over pairs of networks, whose units are matched so that the sum of the cosines of "
        "their feature vectors is maximal; matching alone causes some agreement. The cophenetic correlation compares "
        "the heights at which pairs of units are joined; the last columns are the adjusted Rand index of clusters "
        "(1: the same units, 0: chance).",
    )
    page.metrics({"resolutions": counts, "agreement": {kind: _numbers(result, kind) for kind in KINDS}})


def _numbers(result, kind):
    each, numbers = result.agreement[kind], {}
    for name in ("adjusted_rand", "roles"):
        for end, by_count in (("", getattr(each, name).mean(axis=0)), ("_spread", getattr(each, name).std(axis=0))):
            numbers[name + end] = dict(zip(map(str, result.counts), by_count, strict=True))
    whole = {"cophenetic": each.cophenetic, "matched_units": each.similarity}
    return numbers | {name: [values.mean(), values.std()] for name, values in whole.items()}


def learned(result: Stability) -> str:
    """The finding: whether roles agree between trained networks more than between networks that learned nothing."""
    roles = {kind: each.roles[:, result.counts.index(result.coarse)] for kind, each in result.agreement.items()}
    beyond = all(exceeds(roles[TRAINED], roles[kind], result.networks) for kind in CONTROLS)
    trained, shuffled, untrained = (np.mean(values) for values in roles.values())
    learned_in_words = (
        "A part of the agreement is learned." if beyond else "So much can come from the data that all share."
    )
    return (
        f"The roles of {result.coarse} clusters in two independently trained networks have a mean cosine of "
        f"{trained:.2f} (1: the same roles); it is {shuffled:.2f} for networks trained on shuffled targets and "
        f"{untrained:.2f} for untrained ones. {learned_in_words}"
    )
