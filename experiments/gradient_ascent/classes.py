"""Inputs that maximize each class of the thesis' networks, from many starts: Figures 5.1 and 5.2."""

from typing import NamedTuple

import numpy as np

from experiments.gradient_ascent.ascent_study import Shares, curves, panels, shares
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread

RATES = {"log_probability": 1.0, "logit": 0.1}  # step sizes
SHOWN = (21, 40, 60, 80)
COLUMNS = ("converged (%)", "steps", "largest rise correct, single (%)", "mean of starts (%)")


class Classes(NamedTuple):
    """The ascents on all positions.

    Attributes:
        networks: kind → shares [networks].
        curves: perceptron → position of `SHOWN` → name → signal [length], of the first network.
        objectives: (perceptron, objective, step size) → shares of the first network.
        starts, threshold, steps: settings of the ascents.
    """

    networks: dict[str, Shares]
    curves: dict[str, dict[int, dict[str, np.ndarray]]]
    objectives: dict[tuple[str, str, float], Shares]
    starts: int
    threshold: float
    steps: int


def measure(study) -> Classes:
    """Ascents on every network, and on two of them with three objectives."""
    config, networks, shown, objectives = study.config, {}, {}, {}
    bar = study.progress.task("ascent", len(NETWORKS) * config.seeds)
    for name in NETWORKS:
        learned = []
        for network in study.networks(name):
            learned.append(study.climb(network))
            bar.advance(note=name)
        networks[name] = Shares(*map(np.array, zip(*map(shares, learned), strict=True)))
        if "perceptron" in name:
            shown[name] = {at: curves(learned[0].inputs[at - FIRST]) for at in SHOWN}
    bar.finish()
    for name in ("1-layer perceptron", "4-layer perceptron"):
        for objective, rate in {"probability": config.rate, **RATES}.items():
            learned = study.climb(study.networks(name)[0], objective=objective, rate=rate)
            objectives[name, objective, rate] = shares(learned)
    return Classes(networks, shown, objectives, config.starts, config.threshold, config.steps)


def show(result: Classes, page) -> None:
    """A table of the networks, figures of the learned signals, and a comparison of three objectives."""
    page.text(
        "The networks tell at which of 60 positions, 21 to 80, a noisy signal of 100 samples steps up. For each of "
        f"these classes, {result.starts} starts near zero are moved along the gradient of the class probability until "
        f"it exceeds {result.threshold:g}."
    )
    page.finding(rises_in_words(result))
    page.table(
        ("network", *COLUMNS),
        [(name, *_cells(each)) for name, each in result.networks.items()],
        f"Converged: share of ascents that reach a probability of {result.threshold:g} within {result.steps:,} steps. "
        "Steps: their median number. Largest rise correct: share of learned signals, converged or not, that rise most "
        "at the position of the class, for single signals and for the mean over the starts. Mean ± standard deviation "
        f"over {len(result.networks['1-layer perceptron'].steps)} networks.",
    )
    _show_signals(result, page)
    page.table(
        ("network", "objective", "step size", *COLUMNS),
        [
            (name, what.replace("_", " "), f"{rate:g}", *_cells(each))
            for (name, what, rate), each in result.objectives.items()
        ],
        "Ascent on the probability, on its logarithm and on the score before the softmax, for the first network of a "
        "kind; the stopping criterion is the probability in all cases. Other columns as above.",
    )
    page.metrics(
        {
            "classes": {name: each._asdict() for name, each in result.networks.items()},
            "objectives": {f"{name}, {what}": each._asdict() for (name, what, _), each in result.objectives.items()},
        }
    )


def rises_in_words(result: Classes) -> str:
    """The finding: for which kinds of networks learned inputs rise most at the position that was maximized."""
    correct = {name: each.correct_lanes.mean() for name, each in result.networks.items()}
    best, worst = max(correct, key=correct.get), min(correct, key=correct.get)
    reached = result.networks[worst].converged.mean()
    sentence = (
        "Inputs that are moved from noise near zero to make a network certain of a step at one position rise most "
        f"at this position in {correct[best]:.0%} of cases"
    )
    if correct[best] - correct[worst] < 0.005:
        return f"{sentence}, whatever the kind of network."
    certain = f"{reached:.0%} of the ascents reach a probability of {result.threshold:g}"
    sentence += f" for the {best} and in {correct[worst]:.0%} for the {worst}"
    return f"{sentence}, where only {certain}." if reached < 0.95 else f"{sentence}, although {certain}."


def _cells(each: Shares) -> list[str | None]:
    cells = [mean_and_spread(100 * values, 1) for values in (each.converged, each.correct_lanes, each.correct_means)]
    return [cells[0], mean_and_spread(each.steps, 0) if np.any(each.converged) else None, *cells[1:]]


def _show_signals(result, page):
    one, *deeper = result.curves
    page.figure(
        "fig_5_1_one_layer",
        panels({f"jump at {at}": each for at, each in result.curves[one].items()}, SHOWN),
        "Inputs that maximize classes of the 1-layer perceptron (Fig. 5.1 of the thesis). Training signals stay at the "
        "upper level after the jump; the section on the exact posterior has how far learned signals do.",
    )
    page.figure(
        "fig_5_2_deeper",
        panels(
            {f"{name}, {at}": each for name in deeper for at, each in result.curves[name].items()},
            SHOWN * len(deeper),
            columns=len(SHOWN),
        ),
        "Deeper perceptrons, one network per row, for jumps at 21, 40, 60 and 80 (Fig. 5.2 of the thesis).",
    )
