"""The claims of the thesis on learning and memorizing networks, checked for every network."""

import numpy as np

from experiments.memorization.memorization_study import FULLY_TRAINED, LEARNING, MEMORIZING, METRICS

LEVEL_FREE = METRICS[1:]
FLAT = 0.1  # a curve is constant if its last value is within this share of that of the first hidden layer


def claims(deviations) -> dict[str, dict[str, list[bool]]]:
    """By claim and by distance measure, whether the claim holds for each network.

    Args:
        deviations: by distance measure, kind of network, and "inner", "inter" or "level": [layers, networks].
    """

    def by_distance(holds):
        return {metric: np.asarray(holds(deviations[metric])).tolist() for metric in LEVEL_FREE}

    level = {kind: each["level"] for kind, each in deviations["euclidean"].items()}
    results = {
        f"{kind}: the activation level increases from layer to layer": {
            "": np.all(np.diff(level[kind], axis=0) > 0, axis=0).tolist()
        }
        for kind in (LEARNING, MEMORIZING)
    }
    results["memorizing: the activation level is above that of learning in every hidden layer"] = {
        "": np.all(level[MEMORIZING][1:] > level[LEARNING][1:], axis=0).tolist()
    }
    for kind in (LEARNING, FULLY_TRAINED):
        results[f"{kind}: inner-class deviation is smaller in the last layer than in the input"] = by_distance(
            lambda each, kind=kind: each[kind]["inner"][-1] < each[kind]["inner"][0]
        )
    results["memorizing: inner-class deviation increases from the input to the first layer"] = by_distance(
        lambda each: each[MEMORIZING]["inner"][1] > each[MEMORIZING]["inner"][0]
    )
    results[f"memorizing: … and is then constant (within {FLAT:.0%})"] = by_distance(
        lambda each: np.abs(each[MEMORIZING]["inner"][-1] / each[MEMORIZING]["inner"][1] - 1) <= FLAT
    )
    results[f"memorizing: inner-class deviation in the last layer is above that of {FULLY_TRAINED}"] = by_distance(
        lambda each: each[MEMORIZING]["inner"][-1] > each[FULLY_TRAINED]["inner"][-1]
    )
    results["memorizing: inter-class deviation increases from layer to layer"] = by_distance(
        lambda each: np.all(np.diff(each[MEMORIZING]["inter"], axis=0) > 0, axis=0)
    )
    return results


def write(section, deviations) -> None:
    """A table of the claims, and the claims that fail for all networks."""
    results = claims(deviations)
    shown = ("", *LEVEL_FREE)
    section.table(
        ("claim", "level", *LEVEL_FREE),
        [
            (claim, *(f"{sum(by[name])} of {len(by[name])}" if name in by else None for name in shown))
            for claim, by in results.items()
        ],
        "Claims of the thesis on one network of each kind, and the number of our networks for which they hold.",
        note=_verdict(results),
    )
    section.metrics({"claims": results})


def _verdict(results):
    failing = [claim for claim, by in results.items() if not all(map(all, by.values()))]
    never = [claim for claim in failing if not any(map(any, results[claim].values()))]
    if not failing:
        return "All claims hold for every network and distance."
    summary = f"{len(results) - len(failing)} of {len(results)} claims hold for every network and distance."
    return f"{summary} Claims that hold for none: {'; '.join(never)}." if never else summary
