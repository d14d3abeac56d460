"""How the mean activity of hidden units varies with the position of the jump (Fig. 3.12 of the thesis)."""

from typing import NamedTuple

import numpy as np

from experiments.jumps import POSITIONS
from experiments.layers_of_detectors.detector_study import TRAINED, TWO
from experiments.study import mean_and_spread
from interp_jax import figures

HIDDEN = "relu1"
SILENT = 0.01  # of the layer's largest mean activity: units below it everywhere are left out

# By whether trained networks have smaller steps, and longer rows of active positions, than all controls.
VERDICTS = {
    (True, True): "more gradual and wider",
    (True, False): "more gradual but not wider",
    (False, True): "wider but not more gradual",
    (False, False): "neither more gradual nor wider",
}


class Stripes(NamedTuple):
    """By variant, arrays [networks]; ``averages`` [positions, units] of the first network of each."""

    largest_step: dict[str, np.ndarray]
    widest_run: dict[str, np.ndarray]
    active: dict[str, np.ndarray]
    averages: dict[str, np.ndarray]


def measure(study) -> Stripes:
    """The mean activities of all networks with one hidden layer."""
    result = Stripes({}, {}, {}, {})
    for kind, networks in study.variants(TWO).items():
        averages = [np.asarray(study.averages(each)[HIDDEN]) for each in networks]
        measured = zip(*(stripes(each) for each in averages), strict=True)
        for of, values in zip(result[:3], measured, strict=True):
            of[kind] = np.array(values)
        result.averages[kind] = averages[0]
    return result


def stripes(averages) -> tuple[float, float, float]:
    """Of mean activities [positions, units], the mean over active units of two measures, and the share of those units.

    The measures: the largest change from a position to the next as a share of the unit's range, and the share of
    positions in the longest row of them at which the unit is above the middle of its range.
    """
    active = averages.max(axis=0) > SILENT * averages.max()
    of = averages[:, active & (np.ptp(averages, axis=0) > 0)]
    spread = np.ptp(of, axis=0)
    steps = np.abs(np.diff(of, axis=0)).max(axis=0) / spread
    runs = [longest(column) for column in (of >= of.min(axis=0) + spread / 2).T]
    return float(np.mean(steps)), float(np.mean(runs)) / len(averages), float(np.mean(active))


def longest(flags) -> int:
    """The length of the longest row of True."""
    best = count = 0
    for each in flags:
        count = count + 1 if each else 0
        best = max(best, count)
    return best


def show(result: Stripes, page) -> None:
    """Both measures beside untrained networks, and the mean activities of a network of each kind."""
    page.text(
        "The mean activity of a hidden unit, as a function of the position of the jump, is gradual if it "
        "changes little from a position to the next, and wide if it is large at many positions in a row: the "
        "stripes of Fig. 3.12."
    )
    page.finding(in_words(result))
    page.table(
        ("network", "largest change to the next position (%)", "positions in a row above half (%)", "active units (%)"),
        [(kind, *(mean_and_spread(100 * of[kind], 1) for of in result[:3])) for kind in result.active],
        f"{TWO}: means over the active units, mean ± standard deviation over networks. The change is a share of the "
        "unit's range; active: above 1% of the layer's largest mean activity at some position.",
    )
    figure = figures.heatmaps.class_averages(result.averages, POSITIONS)
    page.figure(
        "fig_3_12_stripes", figure, "Mean activities of one network of each kind, from the same start (Fig. 3.12)."
    )
    measures = {
        kind: {"largest_step": result.largest_step[kind], "widest_run": result.widest_run[kind]}
        for kind in result.active
    }
    page.metrics({"measures": measures, "active": result.active})


def in_words(result: Stripes) -> str:
    """The finding: the stripes of trained networks and of the controls."""
    step, run = (
        {kind: round(float(np.mean(of[kind])), 2) for kind in result.active}
        for of in (result.largest_step, result.widest_run)
    )
    controls = [kind for kind in result.active if kind != TRAINED]
    gradual = all(step[TRAINED] < step[kind] for kind in controls)
    wide = all(run[TRAINED] > run[kind] for kind in controls)
    steps, runs = (", ".join(f"{kind} {of[kind]:.0%}" for kind in controls) for of in (step, run))
    return (
        f"The mean activity of a hidden unit changes by up to {step[TRAINED]:.0%} of its range from a position to the "
        f"next ({steps}), and is above half of it without a break at {run[TRAINED]:.0%} of the positions ({runs}): "
        f"stripes of trained networks are {VERDICTS[gradual, wide]} than those of the controls."
    )
