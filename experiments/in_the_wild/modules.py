"""The tree of the 512 units: which respond alike, which types share a module, and whether other packages agree."""

from typing import NamedTuple

import numpy as np

from experiments.in_the_wild.detector import PADDING
from experiments.in_the_wild.needed import core
from experiments.in_the_wild.wild_study import CHECK, LAYER, SEARCH, see
from experiments.in_the_wild.witnesses import push
from interp_jax import figures, networks
from interp_jax.methods import hierarchy

MODULES, NAMED, DRAWS = 12, 4, 1_000
NETWORK, WEIGHTS, FILES = (
    "the network", "the network with its weights in random order", "each unit's outputs on files in random order",
)  # fmt: skip


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
        agreement: adjusted Rand index of the cut with that of the tree on the check's packages; and with its modules
            for units in random order.
        rows: files of both trees.
        tops: [modules] names of the outputs that its units' correlations are highest with.
        bytes: [modules] the bytes whose share of a file they are highest with.
        beside: of the network and of its controls, the agreement; then, in the first tree, the mean over units of the
            greatest magnitude of a correlation with a byte's share and with a score. Earlier runs have none.
        shared: pairs of types with the same best module; their mean with units in random order, and the share of
            such draws that reach it. Earlier runs have none.
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
    beside: dict[str, np.ndarray] = {}  # noqa: RUF012 (never changed)
    shared: np.ndarray = np.zeros(0)


def histogram(tokens: np.ndarray) -> np.ndarray:
    """[files, 256] the share of each byte in what the network sees of a file; numbers of bytes have no order."""
    counts = np.stack([np.bincount(row, minlength=PADDING + 1)[:PADDING] for row in tokens])
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def measure(study) -> Modules:
    """The tree by correlations with shares of bytes and with scores, on two parts of the packages."""
    shares, scores = histogram(study.files.tokens), study.seen.scores
    names = study.detector.types
    often = np.flatnonzero(np.bincount(study.predictions, minlength=len(names)) >= 3 * study.config.package_files)
    draw = np.random.default_rng(study.config.seed)
    parts = [study.part(part) for part in (SEARCH, CHECK)]
    hidden = [study.hidden[of] for of in parts]
    permuted = [see(study.permuted, study.files.tokens[of]) for of in parts]
    norm = networks.freeze(study.permuted.after("pool").until(LAYER))
    layers = {
        NETWORK: [(each, scores[of]) for each, of in zip(hidden, parts, strict=True)],
        WEIGHTS: [(networks.apply(norm, each.pooled), each.scores) for each in permuted],
        FILES: [(draw.permuted(each, axis=0), scores[of]) for each, of in zip(hidden, parts, strict=True)],
    }
    beside, trees = {}, {}
    for name, of in layers.items():
        pair = [
            hierarchy.build(hierarchy.feature_vectors(shares[part], units, answers[:, often]))
            for part, (units, answers) in zip(parts, of, strict=True)
        ]
        trees[name], magnitude = pair, np.abs(pair[0].vectors)
        strongest = [np.mean(each.max(axis=1)) for each in (magnitude[:, :256], magnitude[:, 256:])]
        beside[name] = np.array([_agreement(*pair, pair[1].cut(MODULES)), *strongest])
    tree, again = trees[NETWORK]
    by_order = _agreement(tree, again, draw.permutation(again.cut(MODULES)))
    agreement = np.array([beside[NETWORK][0], by_order])
    module = np.full(study.hidden.shape[1], -1)
    module[tree.units] = tree.cut(MODULES)
    # In their own directions: signs are aligned in the tree alone.
    raw = tree.vectors * tree.signs[:, None]
    roles = np.stack([raw[tree.cut(MODULES) == each].mean(axis=0) for each in range(MODULES)])
    outputs = [names[each] for each in often]
    raises = np.array([push(study, int(each)) for each in often])
    best = _best(raises, module)
    pairs = np.array([_pairs(_best(raises, draw.permutation(module))) for _ in range(DRAWS)])
    shared = np.array([_pairs(best), pairs.mean(), np.mean(pairs >= _pairs(best))])
    sets = [core(study, number, "mean").mask for number in study.types]
    counts = np.array([[np.sum(mask & (module == each)) for each in range(MODULES)] for mask in sets])
    chance = np.array([_chance(study, module, mask) for mask in sets])
    return Modules(
        tree.linkage, tree.vectors, module, outputs, [names[each] for each in study.types], counts,
        np.bincount(module[module >= 0], minlength=MODULES), best,
        np.array([_inside(each) for each in counts]), chance, agreement, np.array([len(of) for of in parts]),
        [_highest(role[256:], outputs) for role in roles],
        [_highest(role[:256], [repr(bytes([byte]))[2:-1] for byte in range(256)]) for role in roles],
        beside, shared,
    )  # fmt: skip


def _agreement(tree, again, cut) -> float:
    """The adjusted Rand index of a tree's cut with another's, over the units that both have."""
    first, second = np.nonzero(tree.units[:, None] == again.units)
    return float(hierarchy.partition_agreement(tree.cut(MODULES), cut, hierarchy.Matching(first, second, 1.0)))


def _best(raises: np.ndarray, module: np.ndarray) -> np.ndarray:
    """[types] the module whose units together raise a type's score most, from what each raises [types, units]."""
    return np.stack([raises[:, module == each].sum(axis=1) for each in range(MODULES)]).argmax(axis=0)


def _pairs(best: np.ndarray) -> int:
    """Pairs of types with the same module."""
    counts = np.bincount(best)
    return int(np.sum(counts * (counts - 1)) // 2)


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
        f"that on the third ({result.rows[1]:,}): adjusted Rand index {result.agreement[0]:.2f}, 1 for the same "
        f"modules; for units in random order {result.agreement[1]:.2f}."
    )
    if result.beside:
        page.table(
            ("tree of", "agreement of both parts", "strongest correlation with a byte's share", "with a type's score"),
            [(name, *(f"{each:.2f}" for each in values)) for name, values in result.beside.items()],
            "The tree beside controls, which say how much of it is owed to the files and not to what was learned. "
            "Agreement: adjusted Rand index of the modules. Strongest correlation: its magnitude, mean over units. An "
            "untrained network has none of this network's weights; the same weights in random order stand for one.",
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
    page.figure(
        "tree",
        figures.hierarchy(tree, clusters=(4, MODULES)),
        "The tree of the units, cut into 4 clusters, and into the modules of the tables: module 0 is number 5, and so "
        "on. Below, the mean correlations of the 4 clusters, signs aligned: features 1 to 256 are the shares of the "
        f"bytes 0 to 255, the other {len(result.outputs)} the scores.",
    )
    page.metrics(
        {
            "agreement": result.agreement,
            "beside": result.beside,
            "shared": result.shared,
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
    own = result.agreement[0]
    real = "agree" if own > 0.5 else "agree in part" if own > 0.1 else "hardly agree"
    pairs = control = ""
    if result.beside:
        count, chance, reached = result.shared
        how = "more" if reached <= 0.05 else "fewer" if reached >= 0.99 else "no more"
        pairs = (
            f" Pairs of types that share one: {count:.0f}; with units in random order {chance:.0f} on average, and at "
            f"least as many in {reached:.1%} of draws, so that they share {how} than by chance."
        )
        of = result.beside[WEIGHTS][0]
        learned = "more than" if own > of + 0.1 else "no more than" if own <= of else "little more than"
        control = f", {learned} those of the network with its weights in random order ({of:.2f})"
    return (
        f"The units are cut into {MODULES} groups that respond alike (modules). The scores of these types rise with "
        f"the same module: {what}.{pairs} Modules on two parts of the packages {real} (adjusted Rand index {own:.2f}; "
        f"1 for equal ones){control}. The units of a type's set share modules more often than random sets (p ≤ 0.05) "
        f"for {together} of {len(result.types)} types."
    )
