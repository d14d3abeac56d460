"""The shape of learned inputs: falls before and after the rise, and the width of peaks by layer (Figs 5.1 to 5.5)."""

from typing import NamedTuple

import numpy as np

from experiments.ascents import AT, curves, panels
from experiments.jumps import FIRST, LAST, NETWORKS
from experiments.layers_of_detectors.detector_study import CNNS, ONE, TRAINED, UNTRAINED
from experiments.study import mean_and_spread

INNER = np.arange(31, 71)
NUMBERS = dict(zip(CNNS, ("5.3", "5.4", "5.5"), strict=True))
FALLS = {
    "before": "before the rise",
    "after": "after it",
    "before_first": f"before {FIRST}",
    "after_last": f"after {LAST}",
}


class Stage(NamedTuple):
    """The signal behind a stage [networks]: the width of its peak, its fall below the base level, its place."""

    width: np.ndarray
    below_base: np.ndarray
    peak: np.ndarray
    first: np.ndarray  # [samples] of the first network


class Learned(NamedTuple):
    """Falls by variant [networks], stages by CNN, and curves of one network."""

    falls: dict[str, dict[str, np.ndarray]]
    stages: dict[str, dict[str, Stage]]
    curves: dict[str, dict[str, np.ndarray]]


def measure(study) -> Learned:
    """Ascents on single layers, and on CNNs with the signals behind their filters."""
    networks = {
        TRAINED: study.lanes(study.thesis_fit(ONE)),
        UNTRAINED: study.untrained(NETWORKS[ONE], study.config.seeds),
    }
    means = {kind: [study.climb(each).inputs.mean(axis=1) for each in of] for kind, of in networks.items()}
    measured = {kind: [falls(each) for each in of] for kind, of in means.items()}
    named = {kind: {name: np.array([each[name] for each in of]) for name in FALLS} for kind, of in measured.items()}
    stages = {name: _stages(study, name) for name in CNNS}
    shown = {f"jump at {at}": curves(means[TRAINED][0][at - FIRST][None]) for at in (21, 40, 60, 80)}
    return Learned(named, stages, shown)


def falls(signals) -> dict[str, float]:
    """Falls of signals [positions, samples], as shares of each signal's range, inside and at both ends."""
    of = {at: _falls(signals[at - FIRST], at) for at in (FIRST, *INNER, LAST)}
    before, after = np.mean([of[at] for at in INNER], axis=0)
    return {"before": before, "after": after, "before_first": of[FIRST][0], "after_last": of[LAST][1]}


def _falls(signal, at):
    spread, rise = np.ptp(signal), at - 1
    before = np.median(signal) - signal[rise - 5 : rise].mean()
    return np.array([before, signal[rise] - signal[rise + 5 : rise + 15].mean()]) / (spread or 1)


def _stages(study, name):
    measured, several = {}, study.lanes(study.thesis_fit(name))
    for network in several:
        learned = study.climb(network, [AT], objective="log_probability", rate=0.3).inputs[0].mean(axis=0)
        filters = [stage for stage in network.stage_names if stage.startswith("conv")]
        outputs = network.activations(np.float32(learned[None]))
        signals = {"input": learned} | {each: upright(np.asarray(outputs[each][0]).ravel()) for each in filters}
        for stage, signal in signals.items():
            measured.setdefault(stage, []).append((*peak(signal), signal))
    return {
        stage: Stage(*(np.array([each[part] for each in of]) for part in range(3)), of[0][3])
        for stage, of in measured.items()
    }


def upright(signal):
    """The signal, or its negative where its largest deviation from the base level, its median, is downward."""
    deviation = signal - np.median(signal)
    return signal if deviation.max() >= -deviation.min() else -signal


def peak(signal) -> tuple[float, float, int]:
    """Width of the highest peak at half its height above the median, the fall below that within ten samples, place."""
    signal = np.asarray(signal, np.float64)
    base, top = np.median(signal), int(np.argmax(signal))
    fine = np.linspace(0, len(signal) - 1, 50 * (len(signal) - 1) + 1)
    high = np.interp(fine, np.arange(len(signal)), signal) - base >= (signal[top] - base) / 2
    low = np.flatnonzero(~high)
    left, right = low[low < 50 * top], low[low > 50 * top]
    start, end = left[-1] + 1 if len(left) else 0, right[0] - 1 if len(right) else len(fine) - 1
    after = signal[top + 1 : top + 11]
    fall = (base - after.min()) / np.ptp(signal) if len(after) and np.ptp(signal) else 0.0
    return float(fine[end] - fine[start]), float(fall), top + 1


def show(result: Learned, page) -> None:
    """Falls beside those of untrained networks, and the peaks by stage."""
    page.text(
        "Inputs are learned by gradient ascent from starts near zero, and averaged over the starts. Falls of networks "
        "of one layer are shares of the range of a signal: the mean of the five samples before the rise below the "
        f"median, and of samples 5 to 14 after it below the peak, at positions {INNER[0]} to {INNER[-1]}."
    )
    page.finding(falls_in_words(result))
    page.table(
        ("network", *(f"fall {title}" for title in FALLS.values())),
        [(f"{ONE}, {kind}", *(mean_and_spread(of[name], 2) for name in FALLS)) for kind, of in result.falls.items()],
        "Mean ± standard deviation over networks.",
    )
    page.figure("fig_5_1_falls", panels(result.curves, (21, 40, 60, 80)), "Inputs learned by one network (Fig. 5.1).")
    page.text(widths_in_words(result))
    rows = [
        (name, stage, *(mean_and_spread(each, digits) for each, digits in zip(of[:3], (1, 2, 1), strict=True)))
        for name, stages in result.stages.items()
        for stage, of in stages.items()
    ]
    page.table(
        ("network", "signal", "width of the peak", "fall below the base level", "place of the peak"),
        rows,
        f"For a jump at {AT}, ascent on the log-probability: the learned input and the signals behind the "
        "filters, turned so that their largest deviation is upward. Width at half the height, in samples; fall "
        "below the base level, the median, within ten samples after the peak, as a share of the range.",
    )
    for name, stages in result.stages.items():
        shown = {stage: {"signal": of.first} for stage, of in stages.items()}
        number = NUMBERS[name]
        page.figure(
            f"fig_{number.replace('.', '_')}_stages",
            panels(shown, y_label="signal"),
            f"{name}: the learned input for a jump at {AT}, and the signals behind its filters (Fig. {number}).",
        )
    stages = {
        name: {stage: {"width": of.width, "below_base": of.below_base, "peak": of.peak} for stage, of in each.items()}
        for name, each in result.stages.items()
    }
    page.metrics({"falls": result.falls, "stages": stages})


def falls_in_words(result: Learned) -> str:
    """The finding: falls of learned inputs, and of untrained networks."""
    trained, before = (
        {name: float(np.mean(result.falls[kind][name])) for name in FALLS} for kind in (TRAINED, UNTRAINED)
    )
    return (
        f"Inputs learned by networks of one layer fall by {trained['before']:.0%} of their range before the rise and "
        f"by {trained['after']:.0%} after it ({before['before']:.0%} and {before['after']:.0%} before training); by "
        f"{trained['before_first']:.0%} before the first position and by {trained['after_last']:.0%} after the last."
    )


def widths_in_words(result: Learned) -> str:
    """The finding: in how many networks the last filter's signal has a sharper peak than the input."""
    sharper = [list(of.values())[-1].width < of["input"].width for of in result.stages.values()]
    counts = ", ".join(
        f"{each.sum()} of {len(each)} ({name})" for each, name in zip(sharper, result.stages, strict=True)
    )
    return f"The signal behind the last filter has a narrower peak than the learned input in {counts}."
