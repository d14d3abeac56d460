"""Representative resolutions of the tree, an open problem in the paper."""

from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import TRAINED
from interp_jax import figures
from interp_jax.methods import hierarchy


class Choice(NamedTuple):
    """Lifetimes and errors of 1, 2, … clusters in the tree that is shown, and resolutions of all trees."""

    lifetimes: np.ndarray
    ess: np.ndarray
    chosen: dict[str, list[list[int]]]  # by kind, of each network


def measure(study) -> Choice:
    """Lifetimes of the tree that is shown, and representative resolutions of all trees."""
    tree, choose = study.trees[TRAINED][0], hierarchy.representative_resolutions
    chosen = {kind: [choose(tree.linkage) for tree in trees] for kind, trees in study.trees.items()}
    life = hierarchy.lifetimes(tree.linkage)
    largest = min(len(life) - 1, 2 * max([*chosen[TRAINED][0], *study.task.resolutions]))
    return Choice(life[:largest], tree.ess[:largest], chosen)


def show(result: Choice, page) -> None:
    """Lifetimes of numbers of clusters, and the resolutions of all networks."""
    chosen, counts = result.chosen[TRAINED][0], np.arange(1, len(result.lifetimes) + 1)
    page.text(
        "A cut anywhere between two merge heights gives the same number of clusters. The logarithm of the ratio of the "
        "two is the lifetime of that number: long where distances within clusters are much smaller than between them. "
        "Representative resolutions are the three with the greatest sum of lifetimes, each at least twice the one "
        "before, among up to 16 clusters (or up to a sixth of the units, if that is more). The other sections use by "
        f"default the paper's, chosen without a rule; agreement between networks is shown for both. {varies(result)}"
    )
    figure = figures.resolution_choice.choice(counts, result.lifetimes, result.ess, chosen)
    page.figure("lifetimes", figure, "Error sum of squares and lifetime; the representative resolutions c are marked.")
    page.metrics({"chosen": chosen, "all_networks": result.chosen})


def varies(result: Choice) -> str:
    """The coarsest resolution of the networks of each kind, or its range."""
    coarse = {kind: [each[0] for each in of if each] for kind, of in result.chosen.items()}
    ranges = {kind: sorted({min(of), max(of)}) for kind, of in coarse.items() if of}
    listed = ", ".join(f"{' to '.join(map(str, ends))} ({kind})" for kind, ends in ranges.items())
    return f"Over all networks, the coarsest representative resolution has this number of clusters: {listed}."
