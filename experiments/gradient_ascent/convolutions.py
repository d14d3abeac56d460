"""Inputs that maximize a class at every stage of the convolutional networks: Figures 5.3 to 5.5 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.gradient_ascent.ascent_study import AT, curves, largest_rise, panels

NUMBERS = {"CNN, 1 convolution": "5.3", "CNN, 2 convolutions": "5.4", "CNN, 3 convolutions": "5.5"}


class Stage(NamedTuple):
    """The share of starts that converge, and the width of the peak and the largest rise of the mean over the starts."""

    converged: float
    width: int
    largest_rise: int


class Convolutions(NamedTuple):
    """For the first network of each kind, stage → numbers, and stage → name → signal [length] learned for `AT`.

    A stage is the input, or the output of a convolution: the signal is what the rest of the network responds to most.
    """

    networks: dict[str, dict[str, Stage]]
    curves: dict[str, dict[str, dict[str, np.ndarray]]]


def measure(study) -> Convolutions:
    """Ascent on the input and on the output of every convolution."""
    stages, shown = {}, {}
    for name in NUMBERS:
        network = study.networks(name)[0]
        parts = {f"after {part}": network.after(part) for part in network.stage_names if part.startswith("conv")}
        learned = {stage: study.climb(rest, [AT]) for stage, rest in {"input": network, **parts}.items()}
        shown[name] = {stage: curves(each.inputs[0]) for stage, each in learned.items()}
        stages[name] = {stage: _numbers(each) for stage, each in learned.items()}
    return Convolutions(stages, shown)


def _numbers(learned):
    mean = learned.inputs[0].mean(axis=0)
    return Stage(float(learned.converged.mean()), width(mean), int(largest_rise(mean)))


def show(result: Convolutions, page) -> None:
    """A figure of the stages of every network, and a table of the width and place of their signals."""
    page.text(
        "The output of a convolution is again a signal, so that the class can be maximized with respect to it: this "
        f"shows the signal that the rest of the network responds to most. All figures are for the jump at {AT}."
    )
    page.finding(stages_in_words(result))
    page.table(
        ("network", "learned signal", "converged", "largest rise at", "width of the peak"),
        [
            (name, stage, f"{each.converged:.0%}", str(each.largest_rise), str(each.width))
            for name, stages in result.networks.items()
            for stage, each in stages.items()
        ],
        "For the first network of each kind, the share of starts that converge, and of the mean over the starts the "
        f"position of the largest rise ({AT} is that of the class) and the width of the largest peak at half of its "
        "height, in samples.",
    )
    for name, rows in result.curves.items():
        page.figure(
            f"fig_{NUMBERS[name].replace('.', '_')}",
            panels(rows, [AT] * len(rows), y_label="learned signal"),
            f"{name}: signals learned as input and after each convolution (Fig. {NUMBERS[name]} of the thesis).",
        )
    page.metrics(
        {name: {stage: each._asdict() for stage, each in stages.items()} for name, stages in result.networks.items()}
    )


def stages_in_words(result: Convolutions) -> str:
    """The finding: whether inputs rise at the jump, and by how much signals after a convolution are shifted."""
    stages = [list(each.values()) for each in result.networks.values()]
    right = sum(first.largest_rise == AT for first, *_ in stages)
    shift = max(abs(each.largest_rise - AT) for _, *later in stages for each in later)
    reached = all(each.converged > 0.5 for every in stages for each in every)
    sentence = f"Inputs learned for a jump at {AT} rise most there in {right} of {len(stages)} convolutional networks"
    if not shift:
        return f"{sentence}, as do all signals learned after a convolution."
    sentence += f"; signals learned after a convolution do so up to {shift} samples away"
    return f"{sentence}{', a shift for which later layers make up' if reached and right == len(stages) else ''}."


def width(signal) -> int:
    """The width at half maximum of the largest peak of a signal's magnitude."""
    size = np.abs(signal)
    low = size < size.max() / 2
    peak = int(size.argmax())
    before = np.flatnonzero(low[:peak])
    after = np.flatnonzero(low[peak:])
    return int((peak + after[0] if after.size else len(size)) - (before[-1] + 1 if before.size else 0))
