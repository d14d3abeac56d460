"""Units that act alike: a tree of their correlations with inputs and outputs."""

from typing import Any, NamedTuple

import numpy as np

from interp_jax import figures, methods
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject, pooling
from interp_jax.interpreting._words import counted, listed

_NAMED = 3  # outputs named of each cluster
_LEAST = 0.1  # correlation of an output that is named


class Modules(NamedTuple):
    """The tree, and the numbers of clusters at which it is shown."""

    tree: methods.hierarchy.Hierarchy
    clusters: tuple[int, ...]


def measure(subject: Subject, budget: Budget) -> Modules:
    """The tree of all hidden units."""
    del budget
    vectors = methods.hierarchy.network_vectors(subject.segments, subject.inputs, pool=subject.tree_pool)
    tree = methods.hierarchy.build(vectors)
    clusters = methods.hierarchy.representative_resolutions(tree.linkage) if len(tree.vectors) > 2 else []
    coarse = [each for each in clusters if each <= 8] or [min(4, len(tree.vectors))]
    return Modules(tree, tuple(sorted({*coarse, *clusters})))


def show(result: Modules, page: Any, subject: Subject) -> None:
    """The tree with its clusters, and the outputs that each of the coarsest goes with."""
    tree, count = result.tree, result.clusters[0]
    page.text(
        "Units whose correlations with the inputs and the outputs are similar are merged step by step into a tree. "
        f"Units: those of {listed(subject.layers)}. A role is the mean of a cluster's correlations; where a unit's "
        f"sign is reversed, it acts against its cluster.{pooling(subject, subject.tree_pool)}"
    )
    page.figure(
        "modules",
        figures.hierarchy(
            tree,
            clusters=result.clusters,
            input_shape=subject.image_shape,
            feature_names=subject.feature_names,
            output_names=subject.class_names,
        ),
        f"The tree of {len(tree.vectors)} units, cut where partitions last longest, and the roles of the {count} "
        "coarsest clusters.",
    )
    roles, sizes = tree.roles(count)[:, -subject.outputs :], np.bincount(tree.cut(count))
    page.table(
        ("cluster", "units", "high for", "low for"),
        [
            (number, int(size), _outputs(role, subject, 1), _outputs(role, subject, -1))
            for number, (size, role) in enumerate(zip(sizes, roles, strict=True), 1)
        ],
        "Outputs with which the units of a cluster are correlated most.",
        note=_dead(tree),
    )
    page.metrics({"units": len(tree.vectors), "dead_units": len(tree.dead_units), "cluster_sizes": sizes.tolist()})


def sentence(result: Modules, subject: Subject) -> str:
    """What the tree says in one sentence."""
    tree, count = result.tree, result.clusters[0]
    within = 1 - tree.ess[count - 1] / tree.ess[0] if tree.ess[0] > 0 else 1.0
    sizes = np.bincount(tree.cut(count))
    dead = f"; {counted(len(tree.dead_units), 'unit')} never change" if len(tree.dead_units) else ""
    dead = dead.replace("1 unit never change", "1 unit never changes")
    extent = (
        f"{min(sizes)} to {max(sizes)} units" if min(sizes) < max(sizes) else f"{counted(int(sizes[0]), 'unit')} each"
    )
    strength = "well apart" if within >= 0.5 else "hardly apart"
    return (
        f"The {len(tree.vectors)} units form {counted(count, 'cluster')} of {extent}, {strength}: {within:.0%} of the "
        f"variation of their roles lies between clusters{dead}."
    )


def _outputs(role: np.ndarray, subject: Subject, sign: int) -> str | None:
    order = np.argsort(-sign * role, kind="stable")[:_NAMED]
    return ", ".join(subject.class_names[each] for each in order if sign * role[each] >= _LEAST) or None


def _dead(tree) -> str | None:
    count = len(tree.dead_units)
    if not count:
        return None
    are = "is the same for all rows and is" if count == 1 else "are the same for all rows and are"
    return f"{counted(count, 'unit')} {are} not in the tree."
