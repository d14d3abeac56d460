"""Whether a unit rises with an input as their correlation predicts (paper definition 1)."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import OWN, PERMUTED, TRAINED, UNTRAINED
from experiments.roles import STRONG
from experiments.study import mean_and_spread

DELETED = 0.01  # weights below this in magnitude have been made small by the L1 term


class Inputs(NamedTuple):
    """By kind, a number for each network; NaN without strong correlations."""

    agreeing: dict[str, list[float]]  # share of strong correlations whose sign is that of the effect
    through_weights: dict[str, list[float]]  # the same where the weight is not deleted
    strong: dict[str, list[float]]  # share of pairs of an input and a unit with a strong correlation
    without: dict[str, list[float]]  # share of strong correlations whose weight is deleted


def measure(study) -> Inputs:
    """The sign of each strong correlation of an input and a unit against that of the unit's change with the input."""
    measured = {
        kind: np.array([signs(each, study.rows(kind)[0], tree) for each, tree in zip(*of, strict=True)])
        for kind in (TRAINED, OWN, PERMUTED, UNTRAINED)
        for of in [(study.networks(kind), study.trees(kind))]
    }
    return Inputs(*({kind: list(each[:, column]) for kind, each in measured.items()} for column in range(4)))


def signs(network, rows, tree) -> tuple[float, float, float, float]:
    """The four measures of one network with one hidden layer.

    A sigmoid unit of the first layer rises with an input, all others unchanged and whatever they are, exactly if their
    weight is positive.
    """
    weights = np.asarray(network.weights[0])[:, tree.units].T
    correlations = tree.vectors[:, : rows.shape[1]] * tree.signs[:, None]
    strong, present = np.abs(correlations) >= STRONG, np.abs(weights) >= DELETED
    agree = np.sign(correlations) == np.sign(weights)
    varying = np.ptp(np.asarray(rows), axis=0) > 0
    share = [float(np.mean(agree[each])) if each.any() else np.nan for each in (strong, strong & present)]
    deleted = float(np.mean(~present[strong])) if strong.any() else np.nan
    return share[0], share[1], float(np.mean(strong[:, varying])), deleted


def show(result: Inputs, page) -> None:
    """A table by kind."""
    page.text(
        "An input is changed and all others are not: a sigmoid unit of the first layer then rises exactly if the "
        "weight between them is positive, and the share of correlations with the sign of that weight is counted, among "
        "those "
        f"of at least {STRONG} in magnitude. Where the L1 term has made a weight small, the unit can still follow "
        f"other inputs that vary with this one. Weights below {DELETED} count as deleted."
    )
    page.finding(in_words(result))
    columns = result.agreeing, result.through_weights, result.strong, result.without
    page.table(
        (
            "networks",
            "signs as predicted",
            "… where the weight is not deleted",
            "strong correlations",
            "… weight deleted",
        ),
        [(kind, *(mean_and_spread(of[kind]) for of in columns)) for kind in result.agreeing],
        "Shares, mean ± standard deviation over networks.",
    )
    names = "signs_as_predicted", "where_not_deleted", "strong", "deleted"
    page.metrics(dict(zip(names, columns, strict=True)))


def in_words(result: Inputs) -> str:
    """The finding: signs as predicted, and strong correlations without a weight."""
    share, deleted = (np.nanmean(of[TRAINED]) for of in (result.agreeing, result.without))
    untrained = np.nanmean(result.agreeing[UNTRAINED])
    often = "more often" if round(share, 2) > round(untrained, 2) else "no more often"
    return (
        "Of the pairs of an input and a unit with a strong correlation, the unit changes with the input as the "
        f"correlation predicts in {share:.0%}, {often} than in untrained networks ({untrained:.0%}; chance 50%); in "
        f"{deleted:.0%} of these pairs the weight between them is deleted, so that the correlation comes from other "
        "inputs."
    )
