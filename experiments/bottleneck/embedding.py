"""How many points of a low dimension can each be told by a linear map: the thesis' Figures 4.14 and 4.15."""

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
    """Success against the number of points, and against how far apart they are."""
    section.text(
        "The last layer of a bottleneck network is an affine map from a point of a few dimensions to as many scores as "
        "there are classes. For random points v_k in the unit cube the thesis takes the pseudo-inverse of the map that "
        "sends the k-th unit vector to v_k, and calls it a success if the greatest score of every v_k is its own. "
        f"{study.config.draws:,} sets of points are drawn for every number; intervals are exact, of 95 %."
    )
    section.metrics({"dimensions": _dimensions(study, section), "separations": _separations(study, section)})


def _dimensions(study, section):
    found = {}
    bar = study.progress.task("success", len(DIMENSIONS) * len(MULTIPLES))
    for dimension in DIMENSIONS:
        for multiple in MULTIPLES:
            key = jax.random.fold_in(study.key(30), 100 * dimension + multiple)
            found[dimension, multiple] = embedding.success_rate(
                key, dimension=dimension, points=multiple * dimension, trials=study.config.draws
            )
            bar.advance(note=f"{multiple * dimension} points of {dimension} dimensions")
    bar.finish()
    section.table(
        ("dimension", *(f"{multiple} p points" for multiple in MULTIPLES)),
        [
            (f"p = {dimension}", *(_shown(found[dimension, multiple]) for multiple in MULTIPLES))
            for dimension in DIMENSIONS
        ],
        "Share of successes, and its 95 % interval (Fig. 4.14).",
    )
    section.figure(
        "fig_4_14_dimensions",
        figures.rates.with_intervals(
            np.array(MULTIPLES),
            {
                f"p = {dimension}": [found[dimension, multiple][:3] for multiple in MULTIPLES]
                for dimension in DIMENSIONS
            },
            "points for every dimension",
            "probability of success",
            log_y=True,
        ),
        "Probability of success against the number of points for each dimension, with 95 % intervals; an arrow where "
        "there was no success (Fig. 4.14b).",
    )
    return {f"{d}, {d * m}": each._asdict() for (d, m), each in found.items()}


def _separations(study, section):
    found = {}
    bar = study.progress.task("separation", len(SEPARATIONS) * len(SEPARATED))
    for separation in SEPARATIONS:
        for points in SEPARATED:
            key = jax.random.fold_in(study.key(31), points + int(1000 * separation))
            found[separation, points] = embedding.success_rate(
                key, dimension=2, points=points, trials=study.config.draws, separation=separation
            )
            bar.advance(note=f"{points} points {separation:g} apart")
    bar.finish()
    rising = sum(found[0.0, points].rate < found[0.1, points].rate < found[0.2, points].rate for points in SEPARATED)
    section.table(
        ("least distance", *(f"{points} points" for points in SEPARATED)),
        [
            (f"{separation:g}", *(_shown(found[separation, points]) for points in SEPARATED))
            for separation in SEPARATIONS
        ],
        "Two dimensions: share of successes when no two points are nearer than this (Fig. 4.15).",
        note=f"It grows with the distance for {rising} of {len(SEPARATED)} numbers of points.",
    )
    section.figure(
        "fig_4_15_separation",
        figures.rates.with_intervals(
            np.array(SEPARATED),
            {
                f"least distance {separation:g}": [found[separation, points][:3] for points in SEPARATED]
                for separation in SEPARATIONS
            },
            "points in the plane",
            "probability of success",
            log_y=True,
        ),
        "Probability of success in two dimensions against the number of points (Fig. 4.15).",
    )
    return {f"{s:g}, {n}": each._asdict() for (s, n), each in found.items()}


def _shown(found):
    if found.successes == 0:
        return f"at most {found.high:.1e}"
    # As many digits as the interval leaves.
    digits = max(2, 1 + math.ceil(-math.log10((found.high - found.low) / found.rate)))
    return f"{found.rate:.{digits}g} ({found.low:.{digits}g}–{found.high:.{digits}g})"
