"""Representative resolutions of the tree, an open problem in the paper."""

import numpy as np

from experiments.hierarchical_modules.clusters import draw_roles
from experiments.hierarchical_modules.module_study import KINDS, first_numbers
from interp_jax import figures
from interp_jax.methods import hierarchy


def write(study, section) -> None:
    """Lifetimes of all numbers of clusters, and the tree at the resolutions with the longest lifetimes."""
    tree = study.tree
    life = hierarchy.lifetimes(tree.linkage)
    chosen = study.chosen
    largest = min(len(life) - 1, 2 * max([*chosen, *study.task.resolutions]))
    counts = np.arange(1, largest + 1)
    section.text(
        "The lifetime of a number of clusters is the interval between the merge that creates it and the next merge. On "
        "a logarithmic axis it is the ratio of two merge heights; it is long where distances within clusters are much "
        "smaller than distances between them. The representative resolutions are the three with the greatest sum of "
        "lifetimes, each at least twice the one before (as in the paper)."
    )
    section.figure(
        "lifetimes",
        figures.resolution_choice.choice(counts, life[counts - 1], tree.ess[counts - 1], chosen),
        f"Error sum of squares and lifetime of every number of clusters up to {largest}; the representative "
        f"resolutions {', '.join(map(str, chosen))} are marked. The paper shows "
        f"{', '.join(map(str, study.task.paper_resolutions))}.",
    )
    if chosen:
        _chosen(study, section, chosen)
    every = {kind: [hierarchy.representative_resolutions(tree.linkage) for tree in study.trees(kind)] for kind in KINDS}
    section.table(
        ("networks", "coarse", "middle", "fine"),
        [
            (kind, *(_median_and_range([x[level] for x in resolved if level < len(x)]) for level in range(3)))
            for kind, resolved in every.items()
        ],
        f"Representative resolutions of {study.config.networks} networks of each kind: median, minimum to maximum.",
    )
    section.metrics(
        {"chosen": chosen, "lifetimes": life[counts - 1], "ess": tree.ess[counts - 1], "all_networks": every}
    )


def _median_and_range(values):
    return f"{np.median(values):.0f} ({min(values)} to {max(values)})" if values else None


def _chosen(study, section, chosen):
    tree = study.tree
    levels = [tree.cut(c) for c in chosen]
    section.figure(
        "tree_chosen",
        figures.trees.resolutions(tree.linkage, tree.order, levels, numbers=first_numbers(chosen)),
        f"The same tree at its representative resolutions; these clusters are numbered from 1 to {sum(chosen)}.",
    )
    section.figure(
        "roles_chosen",
        draw_roles(study, tree.roles(chosen[0]), [f"{np.sum(levels[0] == k)} units" for k in range(chosen[0])]),
        f"Roles of the clusters at the coarsest of these resolutions, from left to right in the tree ({chosen[0]} "
        "clusters).",
    )
