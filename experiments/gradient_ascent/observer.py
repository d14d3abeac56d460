"""The exact posterior as a control, beside networks trained for increasing numbers of steps."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.gradient_ascent.ascent_study import AT, LENGTH, curves, panels, shares
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread, probabilities
from interp_jax.kernels import jumps

RATE = 0.3  # step size of the ascent on log-probabilities
EXACT = "exact posterior"
UNTRAINED = "untrained"
THESIS = {"1 layer, as in the thesis": "1-layer perceptron", "2 layers, as in the thesis": "2-layer perceptron"}
FIRST_KIND, PROBED = THESIS  # PROBED: that of Fig. 7.1
TIE = 1e-3  # log-probabilities that differ by less count as equal


class Ascents(NamedTuple):
    """By network, the mean error on test signals in samples, the `Shares`, and the `plateau` of learned signals."""

    l1: np.ndarray
    converged: np.ndarray
    correct_lanes: np.ndarray
    plateau: np.ndarray


class Observer(NamedTuple):
    """By kind of network, from those of the thesis to the exact posterior, and for the probes [length] by name.

    Attributes:
        ascents: numbers [networks].
        curves: name → signal [length] learned for `AT` with the first network.
        likely: the probability of `AT` for every probe, mean over the networks.
        predicted: for every probe the prediction of the first network, or the first and last of equally likely ones.
    """

    ascents: dict[str, Ascents]
    curves: dict[str, dict[str, np.ndarray]]
    likely: dict[str, np.ndarray]
    predicted: dict[str, list[tuple[int, ...]]]
    probes: dict[str, np.ndarray]


def measure(study) -> Observer:
    """Ascent on the posterior and on networks up to near-optimal ones, and their answers to the probes."""
    networks = {name: study.networks(kind) for name, kind in THESIS.items()}
    networks |= {UNTRAINED: study.untrained(NETWORKS["1-layer perceptron"], study.config.seeds)}
    networks |= {f"{steps:,} steps": study.fresh(steps) for steps in study.config.stages}
    networks[EXACT] = [jax.tree_util.Partial(jumps.log_posterior, noise=study.config.noise, jump=study.config.jump)]
    made = probes(study.config.jump)
    signals, ascents, shown, likely, predicted = np.float32(list(made.values())), {}, {}, {}, {}
    for name, kind in networks.items():
        climbs = [study.climb(network, objective="log_probability", rate=RATE) for network in kind]
        modes = [jumps.estimates(_log_probabilities(network, study.test.signals)).mode for network in kind]
        numbers = [
            (study.errors(mode).l1, share.converged, share.correct_lanes, plateau(each.inputs, each.converged))
            for mode, share, each in zip(modes, map(shares, climbs), climbs, strict=True)
        ]
        ascents[name] = Ascents(*np.array(numbers, float).T)
        shown[name] = curves(climbs[0].inputs[AT - FIRST])
        likely[name] = np.mean([probabilities(network, signals)[:, AT - FIRST] for network in kind], axis=0)
        predicted[name] = most_likely(_log_probabilities(kind[0], signals))
    return Observer(ascents, shown, likely, predicted, made)


def show(result: Observer, page) -> None:
    """Signals learned from the posterior and from networks up to near-optimal ones, and the probes of Figure 7.1."""
    page.text(
        "With known noise and step height, the exact posterior can be maximized and probed like a network; its results "
        "are properties of the task. It is compared with one-layer networks trained for increasing numbers of steps on "
        "fresh signals. Near the starts most posterior probabilities are 0 in single precision, so that the objective "
        "here is the log-probability, for all networks."
    )
    page.finding(plateaus_in_words(result))
    page.table(
        ("network", "L1", "converged (%)", "largest rise correct (%)", "plateau"),
        [
            (
                name,
                mean_and_spread(each.l1, 3),
                *(mean_and_spread(100 * values, 1) for values in (each.converged, each.correct_lanes)),
                mean_and_spread(each.plateau, 2) if np.isfinite(each.plateau).any() else None,
            )
            for name, each in result.ascents.items()
        ],
        "Learned signals of all classes. L1: mean |error| in samples on test signals. Plateau: the mean of samples 6 "
        "to 15 after the jump less that of samples 6 to 15 before it, relative to the rise at the jump, for the mean "
        "over converged lanes and all classes together; 1 for a step, 0 for a pulse.",
    )
    page.figure(
        "ascent_on_the_posterior",
        panels(result.curves, [AT] * len(result.curves)),
        f"Signals learned for the jump at {AT}, by numbers of training steps and for the exact posterior.",
    )
    page.finding(probes_in_words(result))
    _show_probes(result, page)
    page.metrics(
        {
            "ascent": {name: each._asdict() for name, each in result.ascents.items()},
            "probes": {"probability": result.likely, "predicted": result.predicted},
        }
    )


def _show_probes(result, page):
    predicted = {name: ["–".join(map(str, each)) for each in places] for name, places in result.predicted.items()}
    page.table(
        ("signal", *predicted),
        [
            (probe, *(f"{result.likely[name][row]:.2f} ({places[row]})" for name, places in predicted.items()))
            for row, probe in enumerate(result.probes)
        ],
        f"Synthetic signals that share only the position {AT} of their largest rise (Fig. 7.1 of the thesis): "
        f"probability of {AT}, mean over the networks, and in brackets the prediction of the first network, or the "
        "first and the last of several equally likely positions.",
    )
    page.figure(
        "fig_7_1_probes",
        panels({probe: {"signal": signal} for probe, signal in result.probes.items()}, y_label="signal"),
        "The signals of this table.",
    )


def plateaus_in_words(result: Observer) -> str:
    """The finding: whether learned inputs are steps like the signals, and whether the task decides it."""
    values = [result.ascents[name].plateau for name in (FIRST_KIND, EXACT)]
    if not all(np.isfinite(each).any() for each in values):
        return "Too few ascents on the log-probability reached the threshold to measure the shape of learned inputs."
    thesis, exact = map(np.nanmean, values)
    shape = "pulses" if thesis < 0.5 else "steps"
    whose = "task" if (thesis < 0.5) == (exact < 0.5) else "networks"
    return (
        f"The inputs that one-layer networks respond to most are {shape}: of their rise {thesis:.0%} is left a few "
        f"samples later, of a real signal's 100%. For the exact posterior, the best possible detector, {exact:.0%} is "
        f"left, so that {shape} are a property of the {whose}. Of the inputs of untrained networks "
        f"{result.ascents[UNTRAINED].correct_lanes.mean():.0%} rise most at the right position."
    )


def probes_in_words(result: Observer) -> str:
    """The finding: the probes that networks place at their largest rise and the posterior does not."""
    last = list(result.predicted)[-2]
    sentence = f"Of {len(result.probes)} artificial signals that rise most at {AT}, a network with {PROBED}, places "

    def apart(name):
        places = zip(result.probes, result.predicted[name], result.predicted[EXACT], strict=True)
        return [probe for probe, place, best in places if place == (AT,) != best]

    if not apart(PROBED):
        return f"{sentence}none there that the exact posterior places elsewhere."
    return (
        f"{sentence}{len(apart(PROBED))} there that the exact posterior places elsewhere, or at several positions "
        f"({'; '.join(apart(PROBED))}): to go by the largest rise is a result of training and not a property of the "
        f"task. After {last} on fresh signals a one-layer network does so for {len(apart(last)) or 'none'} of them."
    )


def plateau(signals, converged) -> float:
    """The level after the jump less that before it, relative to the rise, both summed over the classes.

    Signals are [classes, starts, length], and averaged over the converged ones.
    """
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
    after = t >= AT
    return {
        "step": np.where(after, jump, 0.0),
        "half a step": np.where(after, jump / 2, 0.0),
        "step down to zero first": np.where(after, 0.0, -jump),
        "pulse of 5": np.where(after & (t < AT + 5), jump, 0.0),
        "pulse of 20": np.where(after & (t < AT + 20), jump, 0.0),
        "saw-tooth": np.where(after, jump * (1 - (t - AT) / (LENGTH - AT)), 0.0),
        "step on a slow rise": np.where(after, jump, 0.0) + jump * (t - AT) / LENGTH,
        "step, then a slow fall below": np.where(after, jump - 2 * jump * (t - AT) / (LENGTH - AT), 0.0),
    }


def most_likely(log_probabilities) -> list[tuple[int, ...]]:
    """The most likely position of every row, or the first and the last of several equally likely ones."""
    values = np.asarray(log_probabilities)
    equal = [np.flatnonzero(row >= row.max() - TIE) + FIRST for row in values]
    return [tuple(dict.fromkeys((int(places[0]), int(places[-1])))) for places in equal]


@jax.jit
def _log_probabilities(network, signals):
    return jax.nn.log_softmax(network(signals))
