"""Detectors without a network (thesis section 3.2), and the optimum, which the thesis does not compute."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.jumps import ERRORS, FIRST, LAST, NOISES, PUBLISHED, WIDTHS, located
from interp_jax import data, figures
from interp_jax.kernels import jumps
from interp_jax.kernels.location_errors import LocationErrors

# The first is the sum of the others: the equation of the thesis holds with a smoothing part of three taps.
FILTERS = {
    "mixed [1 1 1 1 −1]": np.array([1, 1, 1, 1, -1]),
    "smoothing [1 1 1 0 0]": np.array([1, 1, 1, 0, 0]),
    "differentiating [0 0 0 1 −1]": np.array([0, 0, 0, 1, -1]),
}
QUIET = 0.25  # with the study's noise the spike of a filter of five taps is not visible
CLASSICAL, MODE = "Gaussian derivative", "optimum, mode"


class Detectors(NamedTuple):
    """A signal with and without noise, and the success and the errors of detectors."""

    step: np.ndarray  # [100]
    noisy: np.ndarray  # [100]
    success: np.ndarray  # [noises, widths], the share of jumps that are located within one position
    smoother: np.ndarray  # [19]
    errors: dict[str, LocationErrors]
    differences: np.ndarray  # [signals], classical detector minus true position


def measure(study) -> Detectors:
    """Success by width and noise, and the errors on test signals."""
    posterior, classical = study.posterior, study.derivative_positions
    predicted = {
        CLASSICAL: classical,
        f"{CLASSICAL} within {FIRST}…{LAST}": FIRST + jnp.argmax(jumps.gaussian_derivative(study.test.signals), axis=1),
        MODE: posterior.mode,
        "optimum, median": posterior.median,
        "optimum, mean": posterior.mean,
    }
    return Detectors(
        study.clean(50),
        data.jump_signals(study.key(6), 1, QUIET, study.config.jump, positions=np.array([50])).signals[0],
        np.stack([located(study.key(7), noise) for noise in NOISES]),
        jumps.gaussian_smoother(),
        {name: study.errors(positions) for name, positions in predicted.items()},
        classical - study.test.positions,
    )


def show(result: Detectors, page) -> None:
    """Figures 3.3 to 3.7 and 3.16 of the thesis, and the errors of the detectors."""
    page.text(
        "The classical detector smooths the signal and returns the position of the largest first difference. Both "
        "steps are linear filters: together they are one, a smoothed derivative."
    )
    page.finding(classical_in_words(result.errors))
    responses = {name: np.convolve(result.noisy, taps)[: len(result.noisy)] for name, taps in FILTERS.items()}
    page.figure(
        "fig_3_03_04_filters",
        figures.signals.filter_steps(result.step, result.noisy, FILTERS, responses),
        f"The response of a filter with taps of both signs to a jump (Fig. 3.3 of the thesis; noise {QUIET}), and "
        "those of its two parts, one with positive and one with negative taps (Fig. 3.4).",
    )
    figure = figures.curves.success_against_width(WIDTHS, result.success, NOISES, y_label="located within one position")
    page.figure("fig_3_05_width", figure, "Jumps of height 1 located, by the width of the filter (Fig. 3.5).")
    taps, difference = result.smoother, np.array([-1.0, 1.0])
    parts = {
        "Gaussian smoother": (np.arange(-9, 10), taps),
        "first difference": (np.array([-1, 0]), difference),
        CLASSICAL: (np.arange(-10, 10), np.convolve(taps, difference)),
    }
    composition = figures.filters.composition(parts, x_label="offset (samples)")
    page.figure("fig_3_06_16_composition", composition, "The parts of the classical detector (Figs. 3.6 and 3.16).")
    page.text(
        "The optimum is based on the exact posterior probability of every position, with known noise and step height. "
        "No detector has a higher expected accuracy than its mode, a smaller |error| than its median, or a smaller "
        "square error than its mean. A network predicts the most probable class: below, the optimum is the mode."
    )
    rows, absolute = {**result.errors, f"{CLASSICAL}, in the thesis": PUBLISHED[CLASSICAL]}, np.abs(result.differences)
    page.table(
        ("detector", *ERRORS),
        [(name, *(f"{float(each):.3f}" for each in errors)) for name, errors in rows.items()],
        f"Mean |error| (L1) and root mean square error (L2) in samples on {len(absolute):,} test signals, also without "
        "the 1% of them with the largest errors.",
    )
    histogram = figures.histograms.absolute_errors(result.differences)
    shown = f"{np.mean(absolute <= 1):.1%} are 0 or 1, the largest is {absolute.max()}"
    page.figure("fig_3_07_histogram", histogram, f"Errors of the classical detector: {shown} (Fig. 3.7).")
    rows = zip(NOISES, result.success, strict=True)
    best = {f"{noise:.1f}": WIDTHS[row == row.max()][[0, -1]] for noise, row in rows}
    page.metrics({"best_widths": best, "errors": {name: error._asdict() for name, error in result.errors.items()}})


def classical_in_words(errors: dict[str, LocationErrors]) -> str:
    """The finding: how far the classical detector is from the optimum."""
    optimum, classical = (float(errors[name].l1) for name in (MODE, CLASSICAL))
    times = f"{classical / optimum:.1f} times as much" if classical > optimum else "no more"
    return (
        "The optimum, the most probable position if noise and height of the step are known, misses the jump by "
        f"{optimum:.2f} samples on average; a classical edge detector by {classical:.2f}, {times}."
    )
