"""Inputs that maximize each class of the thesis' networks, and of their later stages: Figures 5.1 to 5.5."""

from typing import NamedTuple

import numpy as np

from experiments.ascents import AT, Shares, curves, largest_rise, panels, shares
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread

SHOWN = (21, 40, 60, 80)
NUMBERS = {"CNN, 1 convolution": "5.3", "CNN, 2 convolutions": "5.4", "CNN, 3 convolutions": "5.5"}


class Classes(NamedTuple):
    """How ascents end, by stage the share that converges and where the mean rises most, and curves for the figures."""

    networks: dict[str, Shares]
    stages: dict[str, dict[str, tuple[float, int]]]
    perceptrons: dict[str, dict[str, np.ndarray]]
    convolutions: dict[str, dict[str, dict[str, np.ndarray]]]
    starts: int
    threshold: float


def measure(study) -> Classes:
    """Ascents on every network, and on the output of every convolution."""
    networks, stages, perceptrons, convolutions = {}, {}, {}, {}
    for name in study.counted("ascent", NETWORKS):
        first, *_ = several = study.lanes(study.thesis_fit(name))
        climbs = [study.climb(network) for network in several]
        networks[name] = shares(climbs)
        if name in NUMBERS:
            parts = {f"after {part}": first.after(part) for part in first.stage_names if part.startswith("conv")}
            learned = {stage: study.climb(rest, [AT]) for stage, rest in {"input": first, **parts}.items()}
            convolutions[name] = {stage: curves(each.inputs[0]) for stage, each in learned.items()}
            rises = {stage: int(largest_rise(each.inputs[0].mean(axis=0))) for stage, each in learned.items()}
            stages[name] = {stage: (float(learned[stage].converged.mean()), rise) for stage, rise in rises.items()}
        else:
            perceptrons |= {f"{name}, {at}": curves(climbs[0].inputs[at - FIRST]) for at in SHOWN}
    return Classes(networks, stages, perceptrons, convolutions, study.config.starts, study.config.threshold)


def show(result: Classes, page) -> None:
    """A table of the networks, and figures of the learned signals."""
    page.text(
        "The networks tell at which of 60 positions, 21 to 80, a noisy signal of 100 samples steps up. For each of "
        f"these classes, {result.starts} starts near zero are moved along the gradient of the class probability until "
        f"it exceeds {result.threshold:g} (converged). Those that rise most at the position of the class are correct."
    )
    page.finding(rises_in_words(result))
    page.table(
        ("network", "converged (%)", "correct, single (%)", "correct, mean of starts (%)", "steps to converge"),
        [
            (
                name,
                *(mean_and_spread(100 * each, 1) for each in (of.converged, of.correct_lanes, of.correct_means)),
                mean_and_spread(of.steps, 0) if of.converged.any() else None,
            )
            for name, of in result.networks.items()
        ],
        f"Mean ± standard deviation over {len(result.networks['1-layer perceptron'].steps)} networks; steps: the "
        "median over the ascents that converge.",
    )
    page.figure(
        "fig_5_1_and_5_2",
        panels(result.perceptrons, SHOWN, columns=len(SHOWN)),
        "Inputs that maximize classes, one perceptron per row, for jumps at 21, 40, 60 and 80 (as Figs. 5.1 and 5.2 of "
        "the thesis): the mean of all starts over one start, which is visible where they differ.",
    )
    page.finding(stages_in_words(result))
    for name, stages in result.stages.items():
        rows = {
            f"{stage}: {converged:.0%} converge, rise at {rise}": result.convolutions[name][stage]
            for stage, (converged, rise) in stages.items()
        }
        page.figure(
            f"fig_{NUMBERS[name].replace('.', '_')}",
            panels(rows, y_label="learned signal"),
            f"{name}: what the network, or its part after a convolution, responds to most for a jump at {AT} (Fig. "
            f"{NUMBERS[name]} of the thesis), and where the mean of all starts rises most.",
        )
    networks = {name: each._asdict() for name, each in result.networks.items()}
    page.metrics({"classes": networks, "stages": result.stages})


def rises_in_words(result: Classes) -> str:
    """The finding: for which kinds of networks learned inputs rise most at the position that was maximized."""
    correct = {name: each.correct_lanes.mean() for name, each in result.networks.items()}
    best, worst = max(correct, key=correct.get), min(correct, key=correct.get)
    reached, several = result.networks[worst].converged.mean(), result.networks[worst].correct_lanes
    spread = f" (± {100 * np.std(several, ddof=1):.0f} over networks)" if len(several) > 1 else ""
    sentence = f"Ascents on a position's probability end in inputs that rise most there in {correct[best]:.0%} of cases"
    if correct[best] - correct[worst] < 0.005:
        return f"{sentence}, whatever the kind of network."
    sentence += f" for the {best} and in {correct[worst]:.0%}{spread} for the {worst}"
    return f"{sentence}, where {reached:.0%} of the ascents reach a probability of {result.threshold:g}."


def stages_in_words(result: Classes) -> str:
    """The finding: whether inputs rise at the jump, and by how much signals after a convolution are shifted."""
    stages = [list(each.values()) for each in result.stages.values()]
    right = sum(rise == AT for (_, rise), *_ in stages)
    shift = max(abs(rise - AT) for _, *later in stages for _, rise in later)
    reached = all(converged > 0.5 for each in stages for converged, _ in each)
    sentence = f"Inputs learned for a jump at {AT} rise most there in {right} of {len(stages)} CNNs, one of each kind"
    if not shift:
        also = ", as do all" if right == len(stages) else "; all"
        return f"{sentence}{also} signals learned after a convolution{'' if right == len(stages) else ' do'}."
    sentence += (
        f"; signals learned after a convolution do so up to {shift} {'sample' if shift == 1 else 'samples'} away"
    )
    return f"{sentence}{', a shift for which later layers make up' if reached and right == len(stages) else ''}."
