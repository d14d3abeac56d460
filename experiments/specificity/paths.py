"""What the paths of explanations are worth, and what it takes to read them: coverage, precision, effort."""

from typing import NamedTuple

import numpy as np

from experiments.explained_cnns import FULL, HALF
from experiments.specificity.explained import ORDER, WEIGHTED, WEIGHTED_COMPONENTS, Reading
from experiments.study import mean_and_spread


class Paths(NamedTuple):
    """By kind of network and explanation, a `Reading` of arrays [networks]."""

    readings: dict[str, dict[str, Reading]]


def measure(study) -> Paths:
    """The readings of all networks."""
    result = Paths({})
    for kind in (HALF, FULL):
        every = [study.explained(kind, seed).readings for seed in range(study.config.seeds)]
        result.readings[kind] = {
            name: Reading(*map(np.array, zip(*(of[name] for of in every), strict=True))) for name in ORDER
        }
    return result


def show(result: Paths, page) -> None:
    """A table for each kind of network."""
    page.text(
        "The path of an image through a tree is its explanation. Coverage is the share of held-out images that satisfy "
        "its conditions, precision the share of these that the network gives the class of the leaf. The effort to read "
        "it is the number of conditions, and of the clusters that they name; a threshold on a component, unit or pixel "
        "counts as one. Of a tree that sees the layer or the image, the mean precision is the agreement with the "
        "network."
    )
    page.finding(in_words(result))
    for kind, of in result.readings.items():
        page.table(
            (kind, "coverage (%)", "precision (%)", "conditions", "clusters or thresholds"),
            [
                (
                    name,
                    mean_and_spread(100 * of[name].coverage, 1),
                    mean_and_spread(100 * of[name].precision, 1),
                    mean_and_spread(of[name].conditions, 1),
                    mean_and_spread(of[name].listed, 1),
                )
                for name in ORDER
            ],
            "Means over held-out images; mean ± standard deviation over networks. Rows with … as above.",
        )
    page.metrics({kind: {name: each._asdict() for name, each in of.items()} for kind, of in result.readings.items()})


def in_words(result: Paths) -> str:
    """The finding: how precise a path is and how long, beside a tree on components."""
    ours, other = (result.readings[HALF][name] for name in (WEIGHTED, WEIGHTED_COMPONENTS))
    precise, control = ours.precision.mean(), other.precision.mean()
    than = (
        "more precise than"
        if precise > control + 0.005
        else "less precise than"
        if precise < control - 0.005
        else "as precise as"
    )
    longer = "more" if ours.listed.mean() > other.listed.mean() else "no more"
    return (
        f"In half-trained networks the path of an image through a tree over clusters of the layer, rows weighted, has "
        f"{ours.conditions.mean():.1f} conditions that name {ours.listed.mean():.1f} clusters; it holds for "
        f"{ours.coverage.mean():.1%} of the images, of which the network gives {precise:.1%} the class of the leaf: "
        f"{than} a path through a tree on components ({control:.1%}), with {longer} to read "
        f"({other.listed.mean():.1f} thresholds)."
    )
