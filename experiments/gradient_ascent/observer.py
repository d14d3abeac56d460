"""The exact posterior as a control, beside networks trained for increasing numbers of steps."""

from typing import NamedTuple

import numpy as np
from jax.tree_util import Partial

from experiments.ascents import AT, LENGTH, curves, panels, shares
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread, probabilities
from interp_jax.kernels import jumps

EXACT, UNTRAINED = "exact posterior", "untrained"
THESIS = {"1 layer, as in the thesis": "1-layer perceptron", "2 layers, as in the thesis": "2-layer perceptron"}
SHAPES = "pulses", "between pulses and steps", "steps"  # by the share of the rise that is left: 0.2 and 0.8
FIRST_KIND, PROBED = THESIS  # PROBED: that of Fig. 7.1


class Ascents(NamedTuple):
    """By network, the mean error on test signals in samples, the `Shares`, and the `plateau` of learned signals."""

    l1: np.ndarray
    converged: np.ndarray
    correct_lanes: np.ndarray
    plateau: np.ndarray


class Observer(NamedTuple):
    """By kind of network, those of the thesis first and the exact posterior last; signals are learned for `AT`."""

    ascents: dict[str, Ascents]
    curves: dict[str, dict[str, np.ndarray]]
    probability: dict[str, np.ndarray]  # of `AT` for every probe, mean over the networks
    predicted: dict[str, list[tuple[int, ...]]]  # by the first network for every probe, as `most_likely`
    probes: dict[str, np.ndarray]


def measure(study) -> Observer:
    """Ascent on the posterior and on networks up to near-optimal ones, and their answers to the probes."""
    config, result = study.config, Observer({}, {}, {}, {}, probes(study.config.jump))
    kinds = {name: study.lanes(study.thesis_fit(kind)) for name, kind in THESIS.items()}
    kinds[UNTRAINED] = study.untrained(NETWORKS["1-layer perceptron"], config.seeds)
    for steps in config.stages:
        fit = study.fresh_fit(f"{steps} fresh steps", config.batch, steps, steps_per_call=10)
        kinds[f"{steps:,} steps"] = study.lanes(fit)
    kinds[EXACT] = [Partial(jumps.log_posterior, noise=config.noise, jump=config.jump)]
    signals = np.float32(list(result.probes.values()))
    for name, networks in kinds.items():
        climbs = [study.climb(each, objective="log_probability", rate=0.3) for each in networks]
        predictions = (FIRST + np.argmax(each(study.test.signals), axis=1) for each in networks)
        errors, ends = np.array([study.errors(each).l1 for each in predictions]), shares(climbs)
        plateaus = np.array([plateau(each.inputs, each.converged) for each in climbs])
        result.ascents[name] = Ascents(errors, ends.converged, ends.correct_lanes, plateaus)
        result.curves[name] = curves(climbs[0].inputs[AT - FIRST])
        result.probability[name] = np.mean([probabilities(each, signals)[:, AT - FIRST] for each in networks], axis=0)
        result.predicted[name] = most_likely(networks[0](signals))
    return result


def show(result: Observer, page) -> None:
    """Signals learned from the posterior and from networks up to near-optimal ones, and the probes of Figure 7.1."""
    page.text(
        "With known noise and step height, the exact posterior can be maximized like a network: its results are "
        "properties of the task. Beside it are networks of one layer after increasing numbers of training steps on "
        "fresh signals. The objective is the log-probability."
    )
    page.finding(plateaus_in_words(result))
    page.table(
        ("network", "L1", "converged (%)", "largest rise correct (%)", "plateau"),
        [
            (
                name,
                mean_and_spread(each.l1),
                *(mean_and_spread(100 * values, 1) for values in (each.converged, each.correct_lanes)),
                mean_and_spread(each.plateau, 2) if np.isfinite(each.plateau).any() else None,
            )
            for name, each in result.ascents.items()
        ],
        "L1: mean |error| in samples on test signals. Plateau: in means of the signals of ascents that converge, "
        "samples 6 to 15 after the jump less those 6 to 15 before it, relative to the rise: 1 for a step, 0 for a "
        "pulse; from 0.2 to 0.8 it counts as neither.",
    )
    figure = panels(result.curves)
    page.figure(
        "ascent_on_the_posterior",
        figure,
        f"Signals learned for a jump at {AT}: the mean of all starts over one start, visible where they differ.",
    )
    page.finding(probes_in_words(result))
    predicted = {name: ["–".join(map(str, each)) for each in places] for name, places in result.predicted.items()}
    page.table(
        ("signal", *predicted),
        [
            (probe, *(f"{result.probability[name][row]:.2f} ({places[row]})" for name, places in predicted.items()))
            for row, probe in enumerate(result.probes)
        ],
        f"Signals that share only the position {AT} of their largest rise: mean probability of {AT} over the networks, "
        "and in brackets the prediction of the first one, or the first and the last of several equally likely ones.",
    )
    signals = {probe: {"signal": signal} for probe, signal in result.probes.items()}
    page.figure("fig_7_1_probes", panels(signals, y_label="signal"), "The table's signals (as the thesis' Fig. 7.1).")
    answers = {"probability": result.probability, "predicted": result.predicted}
    page.metrics({"ascent": {name: each._asdict() for name, each in result.ascents.items()}, "probes": answers})


def plateaus_in_words(result: Observer) -> str:
    """The finding: whether learned inputs are steps like the signals, and whether those of the posterior are too."""
    last = list(result.ascents)[-2]
    values = [result.ascents[name].plateau for name in (FIRST_KIND, last, EXACT)]
    if not all(np.isfinite(each).any() for each in values):
        return "Too few ascents on the log-probability reached the threshold to measure the shape of learned inputs."
    thesis, near, exact = map(np.nanmean, values)
    shape, other = (SHAPES[int(np.digitize(value, (0.2, 0.8)))] for value in (thesis, exact))
    verdict = f"left, so that {shape} are a property of the task"
    if shape != other:
        verdict = f"left ({other}): the shape is not a property of the task alone"
    return (
        f"The inputs that one-layer networks respond to most are {shape}: a few samples after the rise {thesis:.0%} of "
        f"it is left (in a real signal all of it), and after {last} on fresh signals {near:.0%}. For the exact "
        f"posterior, the best possible detector, {exact:.0%} is {verdict}. Inputs learned from untrained networks have "
        f"their largest rise at the right position in {result.ascents[UNTRAINED].correct_lanes.mean():.0%} of cases."
    )


def probes_in_words(result: Observer) -> str:
    """The finding: the probes that networks place at their largest rise and the posterior does not."""

    def apart(name):
        places = zip(result.probes, result.predicted[name], result.predicted[EXACT], strict=True)
        return [probe for probe, place, best in places if place == (AT,) != best]

    last, probed = list(result.predicted)[-2], apart(PROBED)
    sentence = (
        f"{len(result.probes)} artificial signals have their largest rise at {AT}. In {len(probed) or 'none'} of them "
        f"a network with {PROBED}, places the jump there and the exact posterior elsewhere or at several positions"
    )
    if not probed:
        return f"{sentence}."
    return (
        f"{sentence} ({'; '.join(probed)}): to go by the largest rise is not a property of the task. "
        f"After {last} on fresh signals a one-layer network does so in {len(apart(last)) or 'none'} of them."
    )


def plateau(signals, converged) -> float:
    """The level after the jump less that before it, over the rise, of means of converged [classes, starts, length]."""
    levels, rises = 0.0, 0.0
    for at, lanes, counted in zip(range(FIRST, FIRST + len(signals)), signals, converged, strict=True):
        if counted.any():
            mean = lanes[counted].mean(axis=0)
            rises += mean[at - 1] - mean[at - 2]
            levels += mean[at + 5 : at + 15].mean() - mean[at - 16 : at - 6].mean()
    return float(levels / rises) if rises else float("nan")


def probes(jump: float) -> dict[str, np.ndarray]:
    """Signals without noise whose largest rise is at position `AT`."""
    t = np.arange(1, LENGTH + 1)
    step = np.where(t >= AT, jump, 0.0)
    fall = step * (t - AT) / (LENGTH - AT)
    return {
        "step": step,
        "half a step": step / 2,
        "step down to zero first": step - jump,
        "pulse of 5": np.where(t < AT + 5, step, 0.0),
        "pulse of 20": np.where(t < AT + 20, step, 0.0),
        "saw-tooth": step - fall,
        "step on a slow rise": step + jump * (t - AT) / LENGTH,
        "step, then a slow fall below": step - 2 * fall,
    }


def most_likely(scores) -> list[tuple[int, ...]]:
    """The position of each row's largest score, or the first and the last of several that are equal to within 1e-3."""
    largest = [np.flatnonzero(row >= row.max() - 1e-3) + FIRST for row in np.asarray(scores)]
    return [tuple(map(int, np.unique(places[[0, -1]]))) for places in largest]
