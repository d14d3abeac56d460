"""What the paper reads from its clusters, measured in every network (paper Figs 4 and 6)."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import OWN, PERMUTED, TRAINED, UNTRAINED
from experiments.roles import by_season
from experiments.study import mean_and_spread

WEAK = 0.2  # the paper's limit below which a cluster "does not significantly affect the prediction result"
TARO, RADISH, CARROT = range(3)
KINDS = TRAINED, OWN, PERMUTED, UNTRAINED
# The readings that differ, of digits and of prices.
OTHERS = {
    True: "by how much it correlates with the outputs named more strongly than with any other; whether such a cluster "
    "follows the shape of a digit, or of one less that of another (correlation with mean images); and, where one of a "
    f"cluster's two parts is weak, its correlations with all outputs below {WEAK}, whether the other is the cluster's "
    "heir (cosine of their roles; 0 without a weak part)",
    False: "which share of the clusters has correlations with the prices in the paper's order; how strongly the "
    "cluster with the weakest effect correlates with any output; and which share of a cluster's correlations with the "
    "months is the same in all of them, and which follows the season",
}


class Readings(NamedTuple):
    """By kind and reading, a number for each network; and the roles that they are read from."""

    resolutions: tuple[int, ...]
    values: dict[str, dict[str, list[float]]]
    roles: dict[str, np.ndarray]  # by kind, [networks, clusters of all resolutions, features], half precision


def measure(study) -> Readings:
    """Every reading in every network."""
    task, roles, values = study.task, {}, {}
    shapes = _shapes(task) if task.features.images else None
    for kind in KINDS:
        read, each = [], []
        for tree in study.trees(kind):
            levels = [tree.roles(c) for c in task.resolutions]
            read.append(_prices(levels, task) if shapes is None else _digits(levels, _first_parts(tree, task), shapes))
            each.append(np.concatenate(levels))
        roles[kind] = np.array(each, np.float16)
        values[kind] = {name: [one[name] for one in read] for name in read[0]}
    return Readings(task.resolutions, values, roles)


def _first_parts(tree, task):
    """[clusters] the number of the first of the finest clusters within each of the finer ones, which it is part of."""
    finer, finest = (tree.cut(c) for c in task.resolutions[-2:])
    return np.array([finest[finer == number].min() for number in range(finer.max() + 1)])


def _shapes(task):
    """[classes, inputs] how the mean image of each class differs from the mean of all."""
    labels = np.argmax(task.targets, axis=1)
    means = np.array([task.inputs[labels == label].mean(axis=0) for label in range(task.targets.shape[1])])
    return means - means.mean(axis=0)


def _digits(levels, first_parts, shapes):
    """The readings of Fig. 4; roles are correlations with the inputs, then with the ten outputs."""
    coarse, finer, finest = (level[:, -shapes.shape[0] :] for level in levels)
    inputs = levels[0][:, : -shapes.shape[0]]
    return {
        "raises 6, lowers 7": signed(coarse, (6,), (7,)),
        "raises 2 and 6, lowers 0, 4 and 9": signed(coarse, (2, 6), (0, 4, 9)),
        "raises 0, 4 and 6, lowers 3 and 7": signed(coarse, (0, 4, 6), (3, 7)),
        "0 more strongly than any other": leading(coarse, (0,)),
        "5 and 6 more strongly than any other": leading(finer, (5, 6)),
        "2 more strongly than any other": leading(finer, (2,)),
        "lowers 4 and 9": signed(finer, (), (4, 9)),
        "an heir and a weak part": heir(finer, finest, first_parts),
        "shape of 6 against 7": shape(inputs, coarse, (6,), (7,), shapes),
        "shape of 0": shape(inputs, coarse, (0,), (), shapes),
    }


def _prices(levels, task):
    """The readings of Fig. 6; roles are correlations with the months of each item, then with the outputs."""
    items = len(task.features.outputs)
    coarse, finest = (level[:, -items:] for level in (levels[0], levels[-1]))
    level, season = np.array([by_season(role[:-items].reshape(items, -1)) for role in levels[0]]).T
    opposed = signed(finest, (TARO, CARROT), (RADISH,)) if items == 3 else np.nan
    return {
        "0 < radish < taro < carrot, share of clusters": in_order(coarse) if items == 3 else np.nan,
        "raises taro and carrot, lowers radish": opposed,
        "strongest output of the weakest cluster": float(np.abs(finest).max(axis=1).min()),
        "season, most seasonal cluster": float(season.max()),
        "all months alike, the cluster where most so": float(level.max()),
        "season, most less least seasonal cluster": float(np.ptp(season)),
    }


def signed(roles: np.ndarray, raised, lowered) -> float:
    """How strongly some cluster raises and lowers the named outputs, or does the reverse: the least correlation.

    The signs of a whole cluster are arbitrary: the alignment makes them equal within it.
    """
    named = np.concatenate([roles[:, list(raised)], -roles[:, list(lowered)]], axis=1)
    return float(np.maximum(named.min(axis=1), (-named).min(axis=1)).max())


def leading(roles: np.ndarray, outputs) -> float:
    """By how much some cluster correlates more strongly with each of these outputs than with any other."""
    strengths, own = np.abs(roles), np.isin(np.arange(roles.shape[1]), list(outputs))
    return float((strengths[:, own].min(axis=1) - strengths[:, ~own].max(axis=1)).max())


def heir(above: np.ndarray, parts: np.ndarray, first: np.ndarray) -> float:
    """The greatest cosine of a cluster and one of its two parts, whose other part is weak; 0 without a weak part.

    Args:
        above: [clusters, outputs] roles.
        parts: [parts, outputs] roles at the next resolution; parts of a cluster have neighboring numbers.
        first: [clusters] the number of the first part of each.
    """
    cosines = [0.0]
    for role, start, end in zip(above, first, [*first[1:], len(parts)], strict=True):
        children = sorted(parts[start:end], key=lambda child: np.abs(child).max())
        if len(children) == 2 and np.abs(children[0]).max() < WEAK:
            cosines.append(float(children[1] @ role / np.linalg.norm(children[1]) / np.linalg.norm(role)))
    return max(cosines)


def shape(inputs: np.ndarray, outputs: np.ndarray, raised, lowered, shapes: np.ndarray) -> float:
    """Whether the cluster that does most as its reading says follows the shape of these digits: a correlation.

    Over the inputs, of the cluster's correlations with them (0 for constant inputs, left out) and the mean image of
    the digits that it raises less that of those it lowers.
    """
    named = np.concatenate([outputs[:, list(raised)], -outputs[:, list(lowered)]], axis=1)
    if lowered:
        strengths = np.maximum(named.min(axis=1), (-named).min(axis=1))
    else:
        strengths = np.abs(named[:, 0]) - np.delete(np.abs(outputs), list(raised), axis=1).max(axis=1)
    chosen = int(np.argmax(strengths))
    sign = 1 if named[chosen].sum() >= 0 else -1
    wanted = shapes[list(raised)].mean(axis=0) - (shapes[list(lowered)].mean(axis=0) if lowered else 0)
    varying = inputs[chosen] != 0
    return float(sign * np.corrcoef(inputs[chosen][varying], wanted[varying])[0, 1])


def in_order(roles: np.ndarray) -> float:
    """The share of clusters whose correlations, or their negatives, are 0 < radish < taro < carrot."""
    rising = np.stack([np.zeros(len(roles)), *roles[:, [RADISH, TARO, CARROT]].T])
    return float(np.mean([np.any([np.all(np.diff(sign * each) > 0) for sign in (1, -1)]) for each in rising.T]))


def show(result: Readings, page) -> None:
    """A table of all readings by kind."""
    networks = len(next(iter(result.values[TRAINED].values())))
    page.text(
        "The paper reads its clusters in one network. Here each reading is a number, in every network: how strongly "
        "some cluster raises and lowers the outputs named (the least of its correlations with them, in the cluster "
        f"where that is greatest); {OTHERS['shape of 0' in result.values[TRAINED]]}. The same before training, and in "
        "networks that memorized few rows, with their own targets and with permuted ones."
    )
    page.finding(in_words(result))
    rows = [
        (name, *(mean_and_spread(result.values[kind][name], 2) for kind in KINDS)) for name in result.values[TRAINED]
    ]
    page.table(("reading", *KINDS), rows, f"Mean ± standard deviation over {networks} networks of each kind.")
    page.metrics({"readings": result.values})


def in_words(result: Readings) -> str:
    """The finding: which readings are stronger in all networks with true targets than in all with permuted ones."""
    own, permuted = result.values[OWN], result.values[PERMUTED]
    clear = [name for name, of in own.items() if np.min(of) > np.max(permuted[name])]
    listed = f": {'; '.join(clear)}" if clear else ""
    return (
        f"Of {len(own)} of the paper's readings, such as which outputs a cluster raises, {len(clear)} are stronger in "
        f"every network that learned few rows with their targets than in every one that learned as many with permuted "
        f"targets{listed}."
    )
