"""Which layers the units of a cluster are in, in networks with three hidden layers (paper section 5)."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import DEEP
from experiments.roles import members
from experiments.sigmoid_networks import score
from experiments.study import mean_and_spread


class Deep(NamedTuple):
    """The layers of clusters, at each resolution."""

    accuracy: bool
    hidden: tuple[int, ...]
    resolutions: tuple[int, ...]
    held_out: list[float]
    several: np.ndarray  # [networks, resolutions] share of clusters with units of more than one layer
    distant: np.ndarray  # [networks, resolutions] share with units of the first and the last hidden layer


def measure(study) -> Deep:
    """Scores of the deep networks, and the layers of all clusters."""
    task, hidden, several, distant = study.task, study.config.deep, [], []
    for tree in study.trees(DEEP):
        layer = np.repeat(np.arange(len(hidden)), hidden)[tree.units]
        measured = [[layers(layer, mask) for mask in members(tree.cut(c))] for c in task.resolutions]
        several.append([np.mean([len(each) > 1 for each in of]) for of in measured])
        distant.append([np.mean([{0, len(hidden) - 1} <= each for each in of]) for of in measured])
    scores = [score(task, net(task.held_inputs), task.held_targets) for net in study.networks(DEEP)]
    return Deep(task.features.images, hidden, task.resolutions, scores, np.array(several), np.array(distant))


def layers(layer: np.ndarray, mask: np.ndarray) -> set[int]:
    """The layers that a cluster's units are in."""
    return set(layer[mask].tolist())


def show(result: Deep, page) -> None:
    """Shares of clusters by resolution."""
    what = "accuracy" if result.accuracy else "root mean square error (points)"
    sizes = ", ".join(map(str, result.hidden))
    page.text(
        f"Networks with hidden layers of {sizes} units, all in one tree. Their {what} on held-out rows is "
        f"{mean_and_spread(result.held_out)} (mean ± standard deviation over {len(result.held_out)} networks)."
    )
    share, count = result.distant[:, 0].mean(), result.resolutions[0]
    page.finding(f"Of {count} clusters {share:.0%} have units of both the first and the last hidden layer.")
    rows = [
        (f"{c} clusters", mean_and_spread(result.several[:, place], 2), mean_and_spread(result.distant[:, place], 2))
        for place, c in enumerate(result.resolutions)
    ]
    page.table(("", "units of several layers", "of the first and the last"), rows, "Shares of the clusters.")
    page.metrics({"held_out": result.held_out, "several": result.several, "distant": result.distant})
