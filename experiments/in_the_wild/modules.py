"""The tree of the 512 units: which respond alike, which types share a module, and whether other packages agree."""

from typing import NamedTuple

import numpy as np

from experiments.in_the_wild.detector import PADDING
from experiments.in_the_wild.needed import core
from experiments.in_the_wild.wild_study import CHECK, SEARCH
from experiments.in_the_wild.witnesses import push
from interp_jax import figures
from interp_jax.methods import hierarchy

MODULES, NAMED, DRAWS = 12, 4, 1_000


class Modules(NamedTuple):
    """The tree's cut, and where types lie in it.

    Attributes:
        linkage: of the tree.
        vectors: of the tree, sign-aligned correlations.
        module: [units] of each unit; −1 for a unit that never changes.
        outputs: names of the types whose scores are outputs.
        types: of the certified sets.
        counts: [types, modules] units of each type's set.
        sizes: [modules].
        best: [types] the module whose units together raise the type's score most in its files; of ``outputs``.
        inside: [types] the probability that two units of a type's set share a module.
        by_chance: [types, 2] mean of it in random sets of as many units, and the share of them that reach it.
        agreement: adjusted Rand index of the cut with that of the tree on the check's packages; and of the control.
        rows: files of both trees.
        tops: [modules] names of the outputs that its units' correlations are highest with.
        bytes: [modules] the bytes whose share of a file they are highest with.
    """

    linkage: np.ndarray
    vectors: np.ndarray
    module: np.ndarray
    outputs: list[str]
    types: list[str]
    counts: np.ndarray
    sizes: np.ndarray
    best: np.ndarray
    inside: np.ndarray
    by_chance: np.ndarray
    agreement: np.ndarray
    rows: np.ndarray
    tops: list[str]
    bytes: list[str]


def histogram(tokens: np.ndarray) -> np.ndarray:
    """[files, 256] the share of each byte in what the network sees of a file; numbers of bytes have no order."""
    counts = np.stack([np.bincount(row, minlength=PADDING + 1)[:PADDING] for row in tokens])
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def measure(study) -> Modules:
    """The tree by correlations with shares of bytes and with scores, on two parts of the packages."""
    shares, scores = histogram(study.files.tokens), study.seen.scores
    names = study.detector.types
    often = np.flatnonzero(np.bincount(study.predictions, minlength=len(names)) >= 3 * study.config.package_files)
    trees, rows = [], []
    for part in (SEARCH, CHECK):
        of = study.part(part)
        features = hierarchy.feature_vectors(shares[of], study.hidden[of], scores[of][:, often])
        trees.append(hierarchy.build(features))
        rows.append(len(of))
    tree, again = trees
    module = np.full(study.hidden.shape[1], -1)
    module[tree.units] = tree.cut(MODULES)
    control = np.random.default_rng(study.config.seed).permutation(again.cut(MODULES))
    first, second = np.nonzero(tree.units[:, None] == again.units)
    same = hierarchy.Matching(first, second, 1.0)
    agreement = [hierarchy.partition_agreement(tree.cut(MODULES), each, same) for each in (again.cut(MODULES), control)]
    # In their own directions: signs are aligned in the tree alone.
    raw = tree.vectors * tree.signs[:, None]
    roles = np.stack([raw[tree.cut(MODULES) == each].mean(axis=0) for each in range(MODULES)])
    outputs = [names[each] for each in often]
    raises = np.array([push(study, int(each)) for each in often])
    best = np.stack([raises[:, module == each].sum(axis=1) for each in range(MODULES)]).argmax(axis=0)
    sets = [core(study, number, "mean").mask for number in study.types]
    counts = np.array([[np.sum(mask & (module == each)) for each in range(MODULES)] for mask in sets])
    chance = np.array([_chance(study, module, mask) for mask in sets])
    return Modules(
        tree.linkage, tree.vectors, module, outputs, [names[each] for each in study.types], counts,
        np.bincount(module[module >= 0], minlength=MODULES), best,
        np.array([_inside(each) for each in counts]), chance, np.array(agreement), np.array(rows),
        [_highest(role[256:], outputs) for role in roles],
        [_highest(role[:256], [repr(bytes([byte]))[2:-1] for byte in range(256)]) for role in roles],
    )  # fmt: skip


def _inside(counts) -> float:
    total = counts.sum()
    return float(np.sum(counts * (counts - 1)) / (total * (total - 1))) if total > 1 else float("nan")


def _chance(study, module, mask):
    draw, reached = np.random.default_rng(study.config.seed), []
    for _ in range(DRAWS):
        chosen = module[draw.permutation(mask)]
        reached.append(_inside(np.bincount(chosen[chosen >= 0], minlength=MODULES)))
    counts = module[mask]
    own = _inside(np.bincount(counts[counts >= 0], minlength=MODULES))
    return float(np.mean(reached)), float(np.mean(np.array(reached) >= own))


def _highest(values, names) -> str:
    order = np.argsort(-values, kind="stable")[:NAMED]
    return ", ".join(f"{names[each]} {values[each]:.2f}" for each in order)


def show(result: Modules, page) -> None:
    """The tree, its modules, and the types that share one."""
    page.finding(in_words(result))
    page.text(
        "The 512 units are grouped by what they respond to (Watanabe, arXiv:1810.01588): by the correlation of each "
        "with the share of each of the 256 bytes in a file and with the scores of the types, in a Ward tree. Cut into "
        f"{MODULES} modules, the tree on the first part of the packages ({result.rows[0]:,} files) is compared with "
        f"that on the third ({result.rows[1]:,}): adjusted Rand index {result.agreement[0]:.2f}, for units in random "
        f"order {result.agreement[1]:.2f}."
    )
    page.table(
        ("module", "units", "scores that rise with it", "bytes that are frequent with it", "types it raises most"),
        [
            (
                each,
                int(result.sizes[each]),
                result.tops[each],
                result.bytes[each],
                ", ".join(name for name, best in zip(result.outputs, result.best, strict=True) if best == each) or "–",
            )
            for each in range(MODULES)
        ],
        "Modules of units; mean correlations over a module's units, and the types whose scores its units together "
        "raise more than any other module's.",
    )
    page.table(
        ("type", *map(str, range(MODULES)), "two units in one module", "random sets", "random sets that reach it"),
        [
            (
                name,
                *map(int, result.counts[row]),
                f"{result.inside[row]:.0%}",
                f"{result.by_chance[row, 0]:.0%}",
                f"{result.by_chance[row, 1]:.1%}",
            )
            for row, name in enumerate(result.types)
        ],
        "Units of each type's certified set (others at their means) in each module, and the probability that two of "
        "them share a module.",
    )
    tree = hierarchy.Hierarchy(result.linkage, result.vectors, np.ones(len(result.vectors)), np.zeros(1), True)
    page.figure("tree", figures.hierarchy(tree, clusters=(4, MODULES)), "The tree of the units, and its cuts.")
    page.metrics(
        {
            "agreement": result.agreement,
            "sizes": result.sizes,
            "best": dict(zip(result.outputs, result.best.tolist(), strict=True)),
            "counts": dict(zip(result.types, result.counts.tolist(), strict=True)),
            "inside": dict(zip(result.types, result.inside.tolist(), strict=True)),
            "by_chance": dict(zip(result.types, result.by_chance.tolist(), strict=True)),
        }
    )


def in_words(result: Modules) -> str:
    """The finding: which types share a module, and whether a type's units lie together."""
    shared = {
        module: [name for name, best in zip(result.outputs, result.best, strict=True) if best == module]
        for module in range(MODULES)
    }
    groups = sorted((each for each in shared.values() if len(each) > 1), key=len, reverse=True)
    what = "; ".join(", ".join(each) for each in groups) if groups else "no two types"
    together = int(np.sum(result.by_chance[:, 1] <= 0.05))
    above = result.agreement[0] - result.agreement[1]
    real = "agree" if above > 0.5 else "agree in part" if above > 0.1 else "do not agree"
    return (
        f"Types raised most by one module of units: {what}. Trees on two parts of the packages {real} (adjusted Rand "
        f"index {result.agreement[0]:.2f}, shuffled {result.agreement[1]:.2f}). The units of a type's set share "
        f"modules more often than random sets (p ≤ 0.05) for {together} of {len(result.types)} types."
    )
