"""What the thesis says of learning and memorizing networks, network by network."""

import numpy as np

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, METRICS, TO_THE_END

LEVEL_FREE = METRICS[1:]
FLAT = 0.1  # a curve is constant if its last layer is within this share of its first hidden one


def claims(found) -> dict[str, dict[str, list[bool]]]:
    """For each claim, and each distance that it is about, whether it holds for every network.

    Args:
        found: deviations by distance, then kind of network, then "inner", "inter" or "level": [layers, networks].
    """

    def by_distance(holds):
        return {metric: np.asarray(holds(found[metric])).tolist() for metric in LEVEL_FREE}

    level = {kind: each["level"] for kind, each in found["euclidean"].items()}
    made = {
        f"{kind}: the activation level rises from layer to layer": {
            "": np.all(np.diff(level[kind], axis=0) > 0, axis=0).tolist()
        }
        for kind in (LEARNING, MEMORIZING)
    }
    made["memorizing: its level is above that of learning in every hidden layer"] = {
        "": np.all(level[MEMORIZING][1:] > level[LEARNING][1:], axis=0).tolist()
    }
    for kind in (LEARNING, TO_THE_END):
        made[f"{kind}: inner-class deviation is less in the last layer than in the input"] = by_distance(
            lambda each, kind=kind: each[kind]["inner"][-1] < each[kind]["inner"][0]
        )
    made["memorizing: inner-class deviation rises from the input to the first layer"] = by_distance(
        lambda each: each[MEMORIZING]["inner"][1] > each[MEMORIZING]["inner"][0]
    )
    made[f"memorizing: … and is then constant (to {FLAT:.0%})"] = by_distance(
        lambda each: np.abs(each[MEMORIZING]["inner"][-1] / each[MEMORIZING]["inner"][1] - 1) <= FLAT
    )
    made["memorizing: inner-class deviation in the last layer is above that of learning to the end"] = by_distance(
        lambda each: each[MEMORIZING]["inner"][-1] > each[TO_THE_END]["inner"][-1]
    )
    made["memorizing: inter-class deviation rises from layer to layer"] = by_distance(
        lambda each: np.all(np.diff(each[MEMORIZING]["inter"], axis=0) > 0, axis=0)
    )
    return made


def write(section, found) -> None:
    """The table of claims, and where they fail."""
    made = claims(found)
    shown = ("", *LEVEL_FREE)
    section.table(
        ("claim", "level", *LEVEL_FREE),
        [
            (claim, *(f"{sum(by[name])} of {len(by[name])}" if name in by else None for name in shown))
            for claim, by in made.items()
        ],
        "What the thesis saw in one network of each kind: for how many of ours it holds.",
        note=_verdict(made),
    )
    section.metrics({"claims": made})


def _verdict(made):
    failing = [claim for claim, by in made.items() if not all(map(all, by.values()))]
    never = [claim for claim in failing if not any(map(any, made[claim].values()))]
    if not failing:
        return "All of it holds for every network and distance."
    said = f"{len(made) - len(failing)} of {len(made)} claims hold for every network and distance."
    return f"{said} For none of them: {'; '.join(never)}." if never else said
