"""The trees of the paper's network and of the chosen one."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from experiments.price_forecasts.forecasts import CHOSEN, PAPER, PERMUTED
from experiments.roles import by_season, month_names
from experiments.sigmoid_networks import PRICES
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy

KINDS = PAPER, CHOSEN, PERMUTED
RESOLUTIONS = PRICES["resolutions"]


class Trees(NamedTuple):
    """By kind of network."""

    trees: dict[str, dict[str, Any]]  # the fields of the first network's Hierarchy
    items: tuple[str, ...]
    months: int
    roles: dict[str, np.ndarray]  # [pairs, resolutions] cosine of matched roles
    level: dict[str, np.ndarray]  # [networks, coarsest clusters] share that is the same in all months
    season: dict[str, np.ndarray]  # [networks, coarsest clusters] share of the season


def measure(study) -> Trees:
    """The trees on the training rows, agreement between networks, and the season in the roles."""
    trees, items = {}, len(study.windows.items)
    for kind in KINDS:
        inputs = study.rows(kind).inputs[: study.training]
        vectors = [hierarchy.network_vectors(each.segments(), inputs) for each in study.networks(kind)]
        trees[kind] = list(map(hierarchy.build, vectors))
    seasons = {
        kind: np.array(
            [[by_season(role[:-items].reshape(items, -1)) for role in tree.roles(RESOLUTIONS[0])] for tree in of]
        )
        for kind, of in trees.items()
    }
    return Trees(
        {kind: dataclasses.asdict(of[0]) for kind, of in trees.items()},
        study.windows.items,
        study.windows.months,
        {kind: hierarchy.tree_agreement(of, RESOLUTIONS).roles for kind, of in trees.items()},
        {kind: each[..., 0] for kind, each in seasons.items()},
        {kind: each[..., 1] for kind, each in seasons.items()},
    )


def show(result: Trees, page) -> None:
    """Both trees, and a table."""
    page.text(
        "The tree of the first network of each kind, as in Fig. 6 of the paper. Of the sum of squares of a cluster's "
        "correlations with the months, a share is the same in all months, and a share follows the season: it is given "
        f"for the {RESOLUTIONS[0]} coarsest clusters."
    )
    page.finding(in_words(result))
    months = month_names(result.items, result.months)
    for kind in (PAPER, CHOSEN):
        tree = hierarchy.Hierarchy(**result.trees[kind])
        options = {"feature_names": months, "output_names": result.items}
        figure = figures.hierarchy(tree, clusters=RESOLUTIONS, **options)
        name, whose = ("tree_paper", "the paper's") if kind == PAPER else ("tree_chosen", "the chosen")
        caption = (
            f"Tree of the hidden units of {whose} network, and the mean correlations of its {RESOLUTIONS[0]} coarsest "
            "clusters with the months and prices."
        )
        page.figure(name, figure, caption)
    rows = [
        (
            kind,
            *(mean_and_spread(each, 2) for each in result.roles[kind].T),
            mean_and_spread(result.level[kind].mean(axis=1), 2),
            mean_and_spread(result.season[kind].mean(axis=1), 2),
        )
        for kind in KINDS
    ]
    header = "network", *(f"roles, {c} clusters" for c in RESOLUTIONS), "all months alike", "season"
    page.table(header, rows, "Cosine of matched roles over pairs of networks; shares, means over clusters, by network.")
    page.metrics({"resolutions": RESOLUTIONS, "roles": result.roles, "level": result.level, "season": result.season})


def in_words(result: Trees) -> str:
    """The finding: agreement of the coarsest roles, and the season in them."""
    roles = {kind: result.roles[kind][:, 0].mean() for kind in KINDS}
    season = {kind: result.season[kind].mean() for kind in KINDS}
    return (
        f"The roles of {RESOLUTIONS[0]} clusters agree between two networks with a mean cosine of {roles[PAPER]:.2f} "
        f"(the paper's), {roles[CHOSEN]:.2f} (chosen) and {roles[PERMUTED]:.2f} (chosen settings, permuted targets); "
        f"the share of their correlations with the months that follows the season is {season[PAPER]:.0%}, "
        f"{season[CHOSEN]:.0%} and {season[PERMUTED]:.0%}."
    )
