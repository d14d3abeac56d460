"""The correlation vectors of units, and the alignment of signs (paper section 3.1, appendix 2)."""

import numpy as np

from experiments.hierarchical_modules.module_study import TRAINED
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import alignment, ward


def write(study, section) -> None:
    """Figures 11 to 14 of the paper: feature vectors, dendrograms and the sum of cosines during the alignment."""
    shown, tree = study.shown, study.tree
    constant, dead = int(np.sum(shown.constant_inputs)), int(np.sum(shown.dead_units))
    features = f"{len(shown.constant_inputs)} inputs and {len(shown.constant_outputs)} outputs"
    section.text(
        f"Every hidden unit is described by its correlations with the network's {features} over the "
        f"{len(study.task.inputs):,} training rows. Constant inputs: {constant}; dead (constant) units: {dead} of "
        f"{len(shown.vectors)} (their correlations are set to 0, and they are excluded from the trees)."
    )
    section.figure(
        "feature_vectors",
        figures.alignment.aligned_vectors(
            shown.vectors[tree.units], tree.vectors, tree.similarity, split=len(shown.constant_inputs), order=tree.order
        ),
        "Feature vectors before and after the alignment of signs, one unit per row in the order of the tree, and the "
        f"sum of the cosines of all pairs of units during the alignment: from {tree.similarity[0]:,.0f} to "
        f"{tree.similarity[-1]:,.0f}. A unit and its negative are equivalent for the network; "
        f"{int(np.sum(tree.signs < 0))} units are reversed (Figs 11, 13 of the paper).",
    )
    before, after = study.unaligned[-1, 2], tree.linkage[-1, 2]
    section.figure(
        "dendrograms",
        figures.trees.dendrograms({"as measured": study.unaligned, "signs aligned": tree.linkage}),
        f"Ward trees of the feature vectors. The height of the tree is {after:.2f} with aligned signs, and "
        f"{before:.2f} before; a lower tree means more similar units (Figs 12, 14 of the paper).",
    )
    _algorithms(study, section)
    section.metrics(
        {
            "units": len(shown.vectors),
            "dead_units": dead,
            "constant_inputs": constant,
            "similarity": {"before": tree.similarity[0], "after": tree.similarity[-1]},
            "height": {"before": before, "after": after},
        }
    )


def _algorithms(study, section):
    """A comparison of the paper's random flips with greedy flips, in every network."""
    sums = {"before": [], "Algorithm 1": [], "greedy flips": []}
    heights = {"before": [], "after": []}
    converged = 0
    for number, (vectors, tree) in enumerate(zip(study.vectors(TRAINED), study.trees(TRAINED), strict=True)):
        measured = vectors.vectors[tree.units]
        paper = alignment.align_signs(measured, key=study.key(8 + 100 * number))
        converged += int(paper.converged)
        sums["before"].append(float(paper.similarity[0]))
        sums["Algorithm 1"].append(float(paper.similarity[-1]))
        sums["greedy flips"].append(float(tree.similarity[-1]))
        heights["before"].append(ward.linkage(measured)[-1, 2])
        heights["after"].append(tree.linkage[-1, 2])
    count, lower = len(heights["after"]), int(np.sum(np.less(heights["after"], heights["before"])))
    section.table(
        ("alignment", "sum of cosines"),
        [(name, mean_and_spread(values, 1)) for name, values in sums.items()],
        f"Two algorithms for the alignment, in {count} networks: mean ± standard deviation.",
        note=f"No single flip increases the sum further in {converged} of {count} networks after the paper's 5,000 "
        f"random flips, and in {sum(tree.converged for tree in study.trees(TRAINED))} of {count} after greedy flips. "
        f"The tree is lower after the alignment in {lower} of them.",
    )
    section.metrics({"similarity_of_all_networks": sums, "height_of_all_networks": heights})
