"""Which layers the units of a cluster are in, in networks with three hidden layers (paper section 5)."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import DEEP
from experiments.roles import members
from experiments.sigmoid_networks import score
from experiments.study import mean_and_spread

SHUFFLES = 200


class Deep(NamedTuple):
    """The layers of clusters, at each resolution."""

    accuracy: bool
    hidden: tuple[int, ...]
    resolutions: tuple[int, ...]
    held_out: list[float]
    several: np.ndarray  # [networks, resolutions] share of clusters with units of more than one layer
    distant: np.ndarray  # [networks, resolutions] share with units of the first and the last hidden layer
    by_chance: np.ndarray  # [networks, resolutions] the same where the layers of the units are shuffled: the mean


def measure(study) -> Deep:
    """Scores of the deep networks, and the layers of all clusters."""
    task, hidden, shares, by_chance = study.task, study.config.deep, [], []
    rng = np.random.default_rng(study.config.seed)
    for tree in study.trees(DEEP):
        layer = np.repeat(np.arange(len(hidden)), hidden)[tree.units]
        levels = [members(tree.cut(c)) for c in task.resolutions]
        shares.append([layers(layer, masks) for masks in levels])
        shuffled = [rng.permutation(layer) for _ in range(SHUFFLES)]
        by_chance.append([np.mean([layers(each, masks)[1] for each in shuffled]) for masks in levels])
    scores = [score(task, net(task.held_inputs), task.held_targets) for net in study.networks(DEEP)]
    several, distant = np.moveaxis(np.array(shares), -1, 0)
    return Deep(task.features.images, hidden, task.resolutions, scores, several, distant, np.array(by_chance))


def layers(layer: np.ndarray, masks: np.ndarray) -> tuple[float, float]:
    """The shares of clusters with units of more than one layer, and with units of the first and the last layer.

    Args:
        layer: [units] the layer of each.
        masks: [clusters, units] the clusters.
    """
    of = [set(layer[mask].tolist()) for mask in masks]
    return np.mean([len(each) > 1 for each in of]), np.mean([{layer.min(), layer.max()} <= each for each in of])


def show(result: Deep, page) -> None:
    """Shares of clusters by resolution."""
    what = "accuracy" if result.accuracy else "root mean square error (points)"
    sizes = ", ".join(map(str, result.hidden))
    page.text(
        f"Networks with hidden layers of {sizes} units, all in one tree. Their {what} on held-out rows is "
        f"{mean_and_spread(result.held_out)} (mean ± standard deviation over {len(result.held_out)} networks)."
    )
    page.finding(in_words(result))
    columns = result.several, result.distant, result.by_chance
    rows = [
        (f"{c} clusters", *(mean_and_spread(of[:, place], 2) for of in columns))
        for place, c in enumerate(result.resolutions)
    ]
    header = "", "units of several layers", "of the first and the last", "… at random"
    page.table(header, rows, f"Shares of the clusters; at random: the mean over {SHUFFLES} shuffles of the layers.")
    page.metrics(
        {
            "held_out": result.held_out,
            "several": result.several,
            "distant": result.distant,
            "distant_by_chance": result.by_chance,
        }
    )


def in_words(result: Deep) -> str:
    """The finding: at the finest resolution, clusters with units of distant layers beside layers at random."""
    share, chance = (round(float(of[:, -1].mean()), 2) for of in (result.distant, result.by_chance))
    many = "more than" if share > chance else "fewer than" if share < chance else "as many as"
    return (
        f"Of {result.resolutions[-1]} clusters {share:.0%} have units of both the first and the last hidden layer, "
        f"{many} if the layers of the units are shuffled ({chance:.0%})."
    )
