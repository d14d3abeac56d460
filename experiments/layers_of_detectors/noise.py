"""Levels of noise: shares located, widths of learned filters, and errors of the classical detector (3.2)."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.jumps import NETWORKS, NOISES, WIDTHS, located
from experiments.layers_of_detectors.detector_study import ONE
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import jumps
from interp_jax.methods.filters import agreement

SIGNALS = 6_000  # of a set in the thesis


class Noise(NamedTuple):
    """Of the classical detector and of networks of one layer."""

    located: np.ndarray  # [draws, NOISES] the best width's share within one sample
    levels: np.ndarray  # [levels] of noise over height at which networks are trained
    learned: np.ndarray  # [levels, networks] the width most like the weights
    alike: np.ndarray  # [levels, networks] its correlation with them
    best: np.ndarray  # [levels] the classical detector's best width
    errors: dict[str, np.ndarray]  # [sets]


def measure(study) -> Noise:
    """The classical detector at every level of noise, networks at some, and errors in sets of 6,000 signals."""
    config = study.config
    keys = [jax.random.fold_in(study.key(7), draw) for draw in range(config.draws)]
    success = np.array([[located(key, level, config.draw_signals) for level in NOISES] for key in keys])
    levels, filters = np.array(config.noise_levels), _filters()
    matches = np.stack([_matches(study, level, filters) for level in study.counted("levels of noise", levels)])
    shares = success.mean(axis=0)[[np.abs(NOISES - level).argmin() for level in levels]]
    best = [np.mean(WIDTHS[each == each.max()]) for each in shares]
    sets = [np.abs(_errors(study, number)) for number in range(config.histogram_sets)]
    errors = {
        "within_one": np.array([np.mean(each <= 1) for each in sets]),
        "largest": np.array([each.max() for each in sets], float),
        "percentile_99": np.array([np.percentile(each, 99) for each in sets]),
    }
    return Noise(
        success.max(axis=2), levels, WIDTHS[matches.argmax(axis=2)], matches.max(axis=2), np.array(best), errors
    )


@jax.jit
def _filters():
    """The classical filters of all widths, [widths, samples, positions]."""
    return jax.lax.map(lambda width: jumps.gaussian_derivative_filters(width=width, window=37), jnp.float32(WIDTHS))


def _matches(study, level, filters):
    """The correlations [networks, widths] of networks trained at a level of noise with all classical filters."""
    config = dataclasses.replace(study.config, noise=float(level * study.config.jump))
    at = dataclasses.replace(study, config=config)
    fit = at.thesis_fit(f"{ONE} at noise {level:g}".replace(".", "_"), NETWORKS[ONE], optimizer=study.descent)
    return np.asarray(_agreements(fit.network.dense1.kernel[...], filters))


@jax.jit
def _agreements(kernels, filters):
    return jax.vmap(lambda kernel: jax.vmap(lambda each: agreement(kernel, each))(filters))(kernels)


def _errors(study, number):
    drawn = study.drawn(50 + number, SIGNALS)
    responses = jumps.gaussian_derivative(drawn.signals, positions=(2, drawn.signals.shape[1]))
    return np.asarray(2 + jnp.argmax(responses, axis=1) - drawn.positions)


def show(result: Noise, page) -> None:
    """The classical detector's success and errors, and widths of learned filters."""
    page.text(
        "The classical detector smooths with a Gaussian of a width that has to be chosen for the noise. A network of "
        "one layer learns its filter; its width is that of the classical filter whose weights, without their mean over "
        "the positions, correlate most with the network's."
    )
    page.finding(in_words(result))
    figure = figures.curves.against(NOISES, {"best width": result.located.T}, "noise over height", "within one sample")
    page.figure("fig_3_05_shares", figure, "Jumps that the classical detector of the best width locates (Fig. 3.5).")
    page.table(
        ("noise over height", "learned width", "correlation", "best width of the classical detector"),
        [
            (f"{level:g}", mean_and_spread(widths, 2), mean_and_spread(alike, 2), f"{best:.2f}")
            for level, widths, alike, best in zip(result.levels, result.learned, result.alike, result.best, strict=True)
        ],
        "Widths in samples, mean ± standard deviation over networks trained at that noise.",
    )
    within, largest, most = result.errors.values()
    page.text(
        f"In {len(within)} sets of {SIGNALS:,} signals, {mean_and_spread(100 * within, 1)}% of the classical "
        f"detector's errors are 0 or 1, the largest is {mean_and_spread(largest, 1)} samples (thesis: 58), and 99% "
        f"are at most "
        f"{most.max():g} (thesis: 2)."
    )
    page.metrics({"located": result.located, "errors": result.errors})
    page.metrics({"widths": {"learned": result.learned, "best": result.best, "correlation": result.alike}})


def in_words(result: Noise) -> str:
    """The finding: how learned widths and the best ones change from the least noise to the most."""
    learned, best = result.learned.mean(axis=1), result.best
    verb = "grows" if learned[-1] > learned[0] else "does not grow"
    return (
        f"The width that networks learn {verb} with the noise: {learned[0]:.1f} samples at {result.levels[0]:g} of the "
        f"height, {learned[-1]:.1f} at {result.levels[-1]:g}; the classical detector's best widths are "
        f"{best[0]:.1f} and {best[-1]:.1f}."
    )
