"""What each unit correlates with, and the alignment of signs (paper section 3.1, appendix 2)."""

import numpy as np

from experiments.hierarchical_modules.module_study import TRAINED
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import alignment, ward


def write(study, section) -> None:
    """Figures 11 to 14: feature vectors and dendrograms before and after, and the trace of the sum of cosines."""
    shown, tree = study.shown, study.tree
    constant, dead = int(np.sum(shown.constant_inputs)), int(np.sum(shown.dead_units))
    features = f"{len(shown.constant_inputs)} inputs and {len(shown.constant_outputs)} outputs"
    section.text(
        f"Every hidden unit is described by its correlations with the network's {features} over the "
        f"{len(study.task.inputs):,} training rows. Constant inputs: {constant}; units that never change: {dead} of "
        f"{len(shown.vectors)} (their correlations are 0 by convention, and they are left out of the trees)."
    )
    section.figure(
        "feature_vectors",
        figures.alignment.aligned_vectors(
            shown.vectors[tree.units], tree.vectors, tree.similarity, split=len(shown.constant_inputs), order=tree.order
        ),
        "Feature vectors, one unit a row in the order of the tree, before and after their signs are aligned, and the "
        f"sum of the cosines of all pairs of units during alignment: from {tree.similarity[0]:,.0f} to "
        f"{tree.similarity[-1]:,.0f}. A unit and its negative do the same for the network; "
        f"{int(np.sum(tree.signs < 0))} units are reversed (Figs 11, 13 of the paper).",
    )
    before, after = study.unaligned[-1, 2], tree.linkage[-1, 2]
    section.figure(
        "dendrograms",
        figures.trees.dendrograms({"as measured": study.unaligned, "signs aligned": tree.linkage}),
        f"Ward trees of the feature vectors. With signs aligned the tree ends at {after:.2f}, before it did at "
        f"{before:.2f}: the lower, the more alike the units (Figs 12, 14 of the paper).",
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
    """The paper's random draws beside the deterministic default, in every network."""
    sums = {"before": [], "Algorithm 1": [], "the flip that helps most": []}
    heights = {"before": [], "after": []}
    settled = 0
    for number, (vectors, tree) in enumerate(zip(study.vectors(TRAINED), study.trees(TRAINED), strict=True)):
        measured = vectors.vectors[tree.units]
        paper = alignment.align_signs(measured, key=study.key(8 + 100 * number))
        settled += int(paper.converged)
        sums["before"].append(float(paper.similarity[0]))
        sums["Algorithm 1"].append(float(paper.similarity[-1]))
        sums["the flip that helps most"].append(float(tree.similarity[-1]))
        heights["before"].append(ward.linkage(measured)[-1, 2])
        heights["after"].append(tree.linkage[-1, 2])
    count, lower = len(heights["after"]), int(np.sum(np.less(heights["after"], heights["before"])))
    section.table(
        ("alignment", "sum of cosines"),
        [(name, mean_and_spread(values, 1)) for name, values in sums.items()],
        f"Two ways to align, in {count} networks: mean ± standard deviation.",
        note=f"No single flip would raise the sum any more in {settled} of {count} networks after the paper's 5,000 "
        f"random draws, and in {sum(tree.converged for tree in study.trees(TRAINED))} of {count} after always flipping "
        f"the unit that gains most. The tree is lower after alignment in {lower} of them.",
    )
    section.metrics({"similarity_of_all_networks": sums, "height_of_all_networks": heights})
