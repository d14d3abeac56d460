"""Detectors without a network (thesis section 3.2), and the optimum, which the thesis does not compute."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.jumps import LAST, POSITIONS, PUBLISHED
from interp_jax import data, figures
from interp_jax.kernels import jumps

MIXED, SMOOTHING, DIFFERENTIATING = (np.array(taps) for taps in ([1, 1, 1, 1, -1], [1, 1, 1, 0, 0], [0, 0, 0, 1, -1]))
WIDTHS = np.linspace(0.4, 8.0, 39)
NOISES = np.arange(1, 7) / 10
WINDOW = 37  # the longest window that lies within the signal at every position


def write(study, section) -> None:
    """Figures 3.3 to 3.7 of the thesis, and the errors of the detectors."""
    section.text(
        "The classical detector smooths the signal, takes the first difference, and returns the position of its "
        "maximum. Both steps are linear filters, so that their composition is one filter, a smoothed derivative."
    )
    _filters(study, section)
    _width_against_noise(study, section)
    _errors(study, section)


def _filters(study, section):
    quiet = 0.25  # with the study's noise the spike of a filter of five taps is not visible
    signal = np.asarray(
        data.jump_signals(study.key(6), 1, quiet, study.config.jump, positions=np.array([50])).signals[0]
    )
    mixed = {"mixed [1 1 1 1 −1]": MIXED}
    parts = {"smoothing [1 1 1 0 0]": SMOOTHING, "differentiating [0 0 0 1 −1]": DIFFERENTIATING}
    # The parts sum to [1 1 1 1 −1]: the equation of the thesis holds with a smoothing part of three taps.
    for name, caption, filters in (
        (
            "fig_3_03_mixed_filter",
            "A filter with taps of both signs smooths and differentiates: the response preserves the step and has a "
            f"spike at the jump (Fig. 3.3; noise {quiet}).",
            mixed,
        ),
        (
            "fig_3_04_parts",
            "The same filter as a sum of two parts: the smoothing part amplifies the step and averages the noise, the "
            "differentiating part gives the spike; the two responses sum to the one above (Fig. 3.4).",
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
            WIDTHS, success, NOISES, y_label="jumps located within one position", x_label="filter width τ (samples)"
        ),
        "Share of jumps of height 1 that a Gaussian-derivative filter locates within one position. With more noise the "
        "best filter (marked; of several equal ones the middle) is wider, and its success rate lower (Fig. 3.5).",
    )
    section.metrics(
        {"best_widths": {f"{noise:.1f}": [ties[0], ties[-1]] for noise, ties in zip(NOISES, best, strict=True)}}
    )


def _success(key, noise):
    drawn = data.jump_signals(key, 20_000, float(noise), jump=1.0)

    @jax.jit
    def of_width(width):
        located = jnp.argmax(jumps.gaussian_derivative(drawn.signals, width, WINDOW), axis=1)
        return jnp.mean(jnp.abs(located - drawn.labels) <= 1)

    return jax.lax.map(of_width, jnp.asarray(WIDTHS, jnp.float32))


def _errors(study, section):
    offsets = np.arange(-9, 10)
    section.figure(
        "fig_3_06_smoother",
        figures.filters.profiles(offsets, {"Gaussian smoother": jumps.gaussian_smoother()}, x_label="offset (samples)"),
        "The smoothing filter of the thesis: 19 taps, width τ = 2.9 (Fig. 3.6).",
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
        "Without a restriction of its positions the classical detector makes a few large errors near the ends of the "
        "signal. The optimum is based on the exact posterior probability of every position, with known noise and step "
        "height. Its mode has the highest accuracy of all detectors, its median the smallest mean |error|, and its "
        "mean the smallest mean square error."
    )
    header = ("detector", "L1", "L2", "L1, best 99 %", "L2, best 99 %", "thesis L1", "thesis L2")
    section.table(
        header,
        [(name, *(f"{float(value):.3f}" for value in error), *_published(name)) for name, error in errors.items()],
        f"Mean |error| (L1) and root mean square error (L2) in samples, on {study.config.test_signals:,} test signals.",
        note="The mean is not an integer position, so that its L1 includes fractions of a sample.",
    )
    section.metrics({"errors": {name: error._asdict() for name, error in errors.items()}})
    section.figure(
        "fig_3_07_histogram",
        figures.histograms.absolute_errors(np.asarray(anywhere) - np.asarray(study.test.positions)),
        "Errors of the Gaussian-derivative detector: nearly all are 0 or 1, a few are very large; without the worst 1 "
        "% there are none of these (Fig. 3.7).",
    )


def _published(name):
    return tuple(f"{value:.3f}" for value in PUBLISHED[name][:2]) if name in PUBLISHED else (None, None)
