"""Detectors without a network (thesis section 3.2), and the optimum that the thesis does not compute."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.jump_detection.jump_study import LAST, POSITIONS, PUBLISHED
from interp_jax import data, figures
from interp_jax.kernels import jumps

MIXED, SMOOTHING, DIFFERENTIATING = (np.array(taps) for taps in ([1, 1, 1, 1, -1], [1, 1, 1, 0, 0], [0, 0, 0, 1, -1]))
WIDTHS = np.linspace(0.4, 8.0, 39)
NOISES = np.arange(1, 7) / 10
WINDOW = 37  # the longest that reaches over no end of the signal from any position


def write(study, section) -> None:
    """Figures 3.3 to 3.7 and the first lines of the table."""
    section.text(
        "The classical detector smooths the signal, takes the first difference, and reports where that is largest. "
        "Both steps are filters, so the whole detector is one: a smoothed derivative."
    )
    _filters(study, section)
    _width_against_noise(study, section)
    _errors(study, section)


def _filters(study, section):
    quiet = 0.25  # at the study's own noise the spike of five taps drowns
    signal = np.asarray(
        data.jump_signals(study.key(6), 1, quiet, study.config.jump, positions=np.array([50])).signals[0]
    )
    mixed = {"mixed [1 1 1 1 −1]": MIXED}
    parts = {"smoothing [1 1 1 0 0]": SMOOTHING, "differentiating [0 0 0 1 −1]": DIFFERENTIATING}
    # Adding the parts gives [1 1 1 1 −1]: the thesis' equation holds with its smoothing part three taps long.
    for name, caption, filters in (
        (
            "fig_3_03_mixed_filter",
            "A filter of mixed signs smooths and differentiates at once: the response keeps the step and adds a spike "
            f"at the jump (Fig. 3.3; noise {quiet}).",
            mixed,
        ),
        (
            "fig_3_04_parts",
            "The same filter taken apart: the smoothing part enlarges the step and evens out the noise, the "
            "differentiating part leaves only the spike; the two responses add up to the one above (Fig. 3.4).",
            parts,
        ),
    ):
        responses = {label: np.convolve(signal, taps)[: len(signal)] for label, taps in filters.items()}
        section.figure(name, figures.signals.filter_steps(study.clean(50), signal, filters, responses), caption)


def _width_against_noise(study, section):
    success = np.stack([_success(study.key(7), noise) for noise in NOISES])
    best = [WIDTHS[row == row.max()] for row in success]
    section.figure(
        "fig_3_05_width",
        figures.curves.success_against_width(
            WIDTHS, success, NOISES, y_label="jumps found within one position", x_label="filter width τ (samples)"
        ),
        "How often a Gaussian-derivative filter finds a jump of height 1 to within one position: noisier signals want "
        "a wider filter, and the best one (marked; where several are equal, the middle one) does worse (Fig. 3.5).",
    )
    section.metrics(
        {"best_widths": {f"{noise:.1f}": [ties[0], ties[-1]] for noise, ties in zip(NOISES, best, strict=True)}}
    )


def _success(key, noise):
    drawn = data.jump_signals(key, 20_000, float(noise), jump=1.0)

    @jax.jit
    def of_width(width):
        found = jnp.argmax(jumps.gaussian_derivative(drawn.signals, width, WINDOW), axis=1)
        return jnp.mean(jnp.abs(found - drawn.labels) <= 1)

    return jax.lax.map(of_width, jnp.asarray(WIDTHS, jnp.float32))


def _errors(study, section):
    offsets = np.arange(-9, 10)
    section.figure(
        "fig_3_06_smoother",
        figures.filters.profiles(offsets, {"Gaussian smoother": jumps.gaussian_smoother()}, x_label="offset (samples)"),
        "The smoother the thesis settles on: 19 taps, width τ = 2.9 (Fig. 3.6).",
    )
    signals = study.test.signals
    restricted = jumps.POSITIONS[0] + jnp.argmax(jumps.gaussian_derivative(signals), axis=1)
    anywhere = study.derivative_positions
    predicted = {
        "Gaussian derivative": anywhere,
        f"Gaussian derivative within {POSITIONS[0]}…{LAST}": restricted,
        "optimum, mode": study.posterior.mode,
        "optimum, median": study.posterior.median,
        "optimum, mean": study.posterior.mean,
    }
    errors = {name: study.errors(positions) for name, positions in predicted.items()}
    section.text(
        "Where the classical detector may look matters a little: allowed to answer with any position of the signal it "
        "makes a few wild errors near the ends. The optimum uses the known noise and height: the exact posterior "
        "probability of every position. Its mode is right most often; its median has the least mean |error| of any "
        "detector, its mean the least mean square."
    )
    header = ("detector", "L1", "L2", "L1, best 99 %", "L2, best 99 %", "thesis L1", "thesis L2")
    section.table(
        header,
        [(name, *(f"{float(value):.3f}" for value in error), *_published(name)) for name, error in errors.items()],
        f"Mean |error| (L1) and root mean square error (L2) in samples, on {study.config.test_signals:,} test signals.",
        note="The mean is a fractional position, so its L1 counts the fraction as well.",
    )
    section.metrics({"errors": {name: error._asdict() for name, error in errors.items()}})
    section.figure(
        "fig_3_07_histogram",
        figures.histograms.absolute_errors(np.asarray(anywhere) - np.asarray(study.test.positions)),
        "Errors of the Gaussian-derivative detector: nearly all are 0 or 1, a few are enormous; leaving out the worst "
        "1 % removes those (Fig. 3.7).",
    )


def _published(name):
    return tuple(f"{value:.3f}" for value in PUBLISHED[name][:2]) if name in PUBLISHED else (None, None)
