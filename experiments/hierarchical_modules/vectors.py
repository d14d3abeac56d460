"""The correlation vectors of units, and the alignment of signs (paper section 3.1, appendix 2)."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import TRAINED
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import alignment, ward
from interp_jax.methods.hierarchy import Hierarchy


class Vectors(NamedTuple):
    """The alignment of signs in the network that is shown, and in all trained networks."""

    tree: dict[str, Any]  # the fields of the Hierarchy
    unaligned: np.ndarray  # the linkage of the same vectors as measured
    sums: dict[str, list[float]]  # by algorithm, the sum of cosines of each network
    heights: dict[str, list[float]]  # before and after the alignment, of the tree of each network


def measure(study) -> Vectors:
    """The paper's random flips and greedy flips, in every trained network."""
    trees, vectors = study.trees[TRAINED], study.vectors[TRAINED]
    measured = [each.vectors[tree.units] for each, tree in zip(vectors, trees, strict=True)]
    paper = [alignment.align_signs(each, key=study.key(8 + 100 * number)) for number, each in enumerate(measured)]
    linkages = {"before": list(map(ward.linkage, measured)), "after": [tree.linkage for tree in trees]}
    sums = {"before": [float(each.similarity[0]) for each in paper]}
    for name, of in {"Algorithm 1": paper, "greedy flips": trees}.items():
        sums[name] = [float(each.similarity[-1]) for each in of]
    heights = {when: [float(each[-1, 2]) for each in of] for when, of in linkages.items()}
    return Vectors(dataclasses.asdict(trees[0]), linkages["before"][0], sums, heights)


def show(result: Vectors, page) -> None:
    """Figures 11 to 14 of the paper: feature vectors, dendrograms and the sum of cosines during the alignment."""
    tree = Hierarchy(**result.tree)
    units, inputs, dead = len(tree.vectors), tree.vectors.shape[1] - tree.outputs, len(tree.dead_units)
    constant = int(np.sum(~tree.vectors.any(axis=0)[:inputs]))
    before, paper, greedy = (mean_and_spread(values, 0) for values in result.sums.values())
    page.text(
        f"The feature vector of a hidden unit is its correlations with {inputs} inputs ({constant} of them constant) "
        f"and {tree.outputs} outputs over the training rows; units that are constant are left out, here {dead} of "
        f"{units + dead}. Signs are aligned before units are compared: a sigmoid unit and its negative are "
        "equivalent. "
        f"The sum of the cosines of all pairs is {before} as measured, {paper} after the paper's random flips and "
        f"{greedy} after greedy flips (mean ± standard deviation over networks). {lower(result)}"
    )
    vectors = tree.vectors * tree.signs[:, None], tree.vectors
    options = {"split": inputs, "order": tree.order, "label": "correlation (color)"}
    page.figure(
        "feature_vectors",
        figures.alignment.aligned_vectors(*vectors, tree.similarity, **options),
        "Feature vectors, a unit a row in the order of the tree, before and after the alignment of signs (as Figs 11 "
        "and 13 of the paper).",
    )
    page.figure(
        "dendrograms",
        figures.trees.dendrograms({"as measured": result.unaligned, "signs aligned": tree.linkage}),
        "Trees before and after the alignment (as Figs 12 and 14 of the paper); the next section shows the lower one "
        "with its branches in another order. ΔESS is the increase of the sum of squared distances to the clusters' "
        "means when two clusters are joined.",
    )
    page.metrics({"similarity_of_all_networks": result.sums, "height_of_all_networks": result.heights})


def lower(result: Vectors) -> str:
    """In how many networks the last merge is lower after the alignment: the units are then more similar."""
    heights = result.heights
    count, of = int(np.sum(np.less(heights["after"], heights["before"]))), len(heights["after"])
    where = "every network" if count == of else f"{count} of {of} networks"
    return f"The tree's last merge is at a lower height after the alignment in {where}."
