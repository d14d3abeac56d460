"""How many random points an affine map can separate: Figures 4.14 and 4.15 of the thesis."""

import math

import jax
import numpy as np

from interp_jax import figures
from interp_jax.methods import embedding

DIMENSIONS = (2, 4, 6, 8, 10)
MULTIPLES = (2, 3, 4, 5)
SEPARATIONS = (0.0, 0.1, 0.2)
SEPARATED = (5, 6, 7, 8)


def write(study, section) -> None:
    """Success rates against the number of points, and against the smallest distance between them."""
    section.text(
        "The last layer of a bottleneck network is an affine map from a code of low dimension to one score for each "
        "class. For random points v_k in the unit cube the thesis uses the pseudo-inverse of the map that sends the "
        "k-th unit vector to v_k. It is a success if the greatest score of every v_k is the k-th. "
        f"{study.config.draws:,} sets of points are drawn for every case; intervals are exact 95 % intervals."
    )
    section.metrics({"dimensions": _dimensions(study, section), "separations": _separations(study, section)})


def _dimensions(study, section):
    rates = {}
    bar = study.progress.task("success", len(DIMENSIONS) * len(MULTIPLES))
    for dimension in DIMENSIONS:
        for multiple in MULTIPLES:
            key = jax.random.fold_in(study.key(30), 100 * dimension + multiple)
            rates[dimension, multiple] = embedding.success_rate(
                key, dimension=dimension, points=multiple * dimension, trials=study.config.draws
            )
            bar.advance(note=f"{multiple * dimension} points in {dimension} dimensions")
    bar.finish()
    section.table(
        ("dimension", *(f"{multiple} p points" for multiple in MULTIPLES)),
        [
            (f"p = {dimension}", *(_shown(rates[dimension, multiple]) for multiple in MULTIPLES))
            for dimension in DIMENSIONS
        ],
        "Success rate and its 95 % interval (Fig. 4.14).",
    )
    section.figure(
        "fig_4_14_dimensions",
        figures.rates.with_intervals(
            np.array(MULTIPLES),
            {
                f"p = {dimension}": [rates[dimension, multiple][:3] for multiple in MULTIPLES]
                for dimension in DIMENSIONS
            },
            "points per dimension",
            "probability of success",
            log_y=True,
        ),
        "Probability of success against the number of points per dimension, with 95 % intervals; an arrow marks cases "
        "without any success (Fig. 4.14b).",
    )
    return {f"{d}, {d * m}": each._asdict() for (d, m), each in rates.items()}


def _separations(study, section):
    rates = {}
    bar = study.progress.task("separation", len(SEPARATIONS) * len(SEPARATED))
    for separation in SEPARATIONS:
        for points in SEPARATED:
            key = jax.random.fold_in(study.key(31), points + int(1000 * separation))
            rates[separation, points] = embedding.success_rate(
                key, dimension=2, points=points, trials=study.config.draws, separation=separation
            )
            bar.advance(note=f"{points} points, distance {separation:g}")
    bar.finish()
    rising = sum(rates[0.0, points].rate < rates[0.1, points].rate < rates[0.2, points].rate for points in SEPARATED)
    section.table(
        ("least distance", *(f"{points} points" for points in SEPARATED)),
        [
            (f"{separation:g}", *(_shown(rates[separation, points]) for points in SEPARATED))
            for separation in SEPARATIONS
        ],
        "Success rate in two dimensions by the smallest distance between two points (Fig. 4.15).",
        note=f"The rate increases with the distance for {rising} of {len(SEPARATED)} numbers of points.",
    )
    section.figure(
        "fig_4_15_separation",
        figures.rates.with_intervals(
            np.array(SEPARATED),
            {
                f"least distance {separation:g}": [rates[separation, points][:3] for points in SEPARATED]
                for separation in SEPARATIONS
            },
            "points in the plane",
            "probability of success",
            log_y=True,
        ),
        "Probability of success in two dimensions against the number of points (Fig. 4.15).",
    )
    return {f"{s:g}, {n}": each._asdict() for (s, n), each in rates.items()}


def _shown(success):
    if success.successes == 0:
        return f"at most {success.high:.1e}"
    # Digits by the width of the interval.
    digits = max(2, 1 + math.ceil(-math.log10((success.high - success.low) / success.rate)))
    return f"{success.rate:.{digits}g} ({success.low:.{digits}g}–{success.high:.{digits}g})"
