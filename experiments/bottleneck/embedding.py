"""How many random points an affine map can separate: Figures 4.14 and 4.15 of the thesis."""

import math
from typing import NamedTuple

import jax
import numpy as np

from interp_jax import figures
from interp_jax.methods import embedding
from interp_jax.methods.embedding import SuccessRate

DIMENSIONS = (2, 4, 6, 8, 10)
MULTIPLES = (2, 3, 4, 5)
SEPARATIONS = (0.0, 0.1, 0.2)
SEPARATED = (5, 6, 7, 8)


class Rates(NamedTuple):
    """Success rates for sets of random points.

    Attributes:
        dimensions: (dimension, number of points) → rate.
        separations: (least distance, number of points in the plane) → rate.
        draws: sets of points drawn for each.
    """

    dimensions: dict[tuple[int, int], SuccessRate]
    separations: dict[tuple[float, int], SuccessRate]
    draws: int


def measure(study) -> Rates:
    """Success rates by number of points, and by the smallest distance between them."""
    draws, dimensions, separations = study.config.draws, {}, {}
    bar = study.progress.task("success", len(DIMENSIONS) * len(MULTIPLES) + len(SEPARATIONS) * len(SEPARATED))
    for dimension in DIMENSIONS:
        for multiple in MULTIPLES:
            key, points = jax.random.fold_in(study.key(30), 100 * dimension + multiple), multiple * dimension
            rate = embedding.success_rate(key, dimension=dimension, points=points, trials=draws)
            dimensions[dimension, points] = rate
            bar.advance(note=f"{points} points in {dimension} dimensions")
    for least in SEPARATIONS:
        for points in SEPARATED:
            key = jax.random.fold_in(study.key(31), points + int(1000 * least))
            rate = embedding.success_rate(key, dimension=2, points=points, trials=draws, separation=least)
            separations[least, points] = rate
            bar.advance(note=f"{points} points, distance {least:g}")
    bar.finish()
    return Rates(dimensions, separations, draws)


def show(result: Rates, page) -> None:
    """Success rates against the number of points, and against the smallest distance between them."""
    page.text(
        "The last layer of a bottleneck network is an affine map from a code of low dimension to one score for each "
        "class. For random points v_k in the unit cube the thesis uses the pseudo-inverse of the map that sends the "
        "k-th unit vector to v_k. It is a success if the greatest score of every v_k is the k-th. "
        f"{result.draws:,} sets of points are drawn for every case; intervals are exact 95 % intervals."
    )
    page.finding(dimensions_in_words(result))
    page.table(
        ("dimension", *(f"{multiple} p points" for multiple in MULTIPLES)),
        [(f"p = {p}", *(_shown(result.dimensions[p, multiple * p]) for multiple in MULTIPLES)) for p in DIMENSIONS],
        "Success rate and its 95 % interval (Fig. 4.14).",
    )
    page.figure(
        "fig_4_14_dimensions",
        figures.rates.with_intervals(
            np.array(MULTIPLES),
            {f"p = {p}": [_interval(result.dimensions[p, multiple * p]) for multiple in MULTIPLES] for p in DIMENSIONS},
            "points per dimension",
            "probability of success",
            log_y=True,
        ),
        "Probability of success against the number of points per dimension, with 95 % intervals; an arrow marks cases "
        "without any success (Fig. 4.14b).",
    )
    page.table(
        ("least distance", *(f"{points} points" for points in SEPARATED)),
        [(f"{least:g}", *(_shown(result.separations[least, points]) for points in SEPARATED)) for least in SEPARATIONS],
        "Success rate in two dimensions by the smallest distance between two points (Fig. 4.15).",
        note=f"The rate increases with the distance for {rising(result)} of {len(SEPARATED)} numbers of points.",
    )
    page.figure(
        "fig_4_15_separation",
        figures.rates.with_intervals(
            np.array(SEPARATED),
            {
                f"least distance {least:g}": [_interval(result.separations[least, points]) for points in SEPARATED]
                for least in SEPARATIONS
            },
            "points in the plane",
            "probability of success",
            log_y=True,
        ),
        "Probability of success in two dimensions against the number of points (Fig. 4.15).",
    )
    page.metrics(
        {
            "dimensions": {f"{d}, {n}": each._asdict() for (d, n), each in result.dimensions.items()},
            "separations": {f"{s:g}, {n}": each._asdict() for (s, n), each in result.separations.items()},
        }
    )


def dimensions_in_words(result: Rates) -> str:
    """The finding: how many points per dimension an affine map separates in most draws, in few and many dimensions."""
    low, high = (result.dimensions[p, 2 * p].rate for p in (DIMENSIONS[0], DIMENSIONS[-1]))
    more = "easier" if high > low else "no easier"
    return (
        f"An affine map separates {2 * DIMENSIONS[0]} random points in {DIMENSIONS[0]} dimensions in {low:.1%} of the "
        f"draws, and {2 * DIMENSIONS[-1]} points in {DIMENSIONS[-1]} dimensions in {high:.1%}: with as many points per "
        f"dimension it is {more} in more dimensions."
    )


def rising(result: Rates) -> int:
    """For how many numbers of points the rate rises with the least distance."""
    rates = [[result.separations[least, points].rate for least in SEPARATIONS] for points in SEPARATED]
    return sum(all(np.diff(each) > 0) for each in rates)


def _interval(success: SuccessRate) -> tuple[float, float, float]:
    return success.rate, success.low, success.high


def _shown(success: SuccessRate) -> str:
    if success.successes == 0:
        return f"at most {success.high:.1e}"
    # Digits by the width of the interval.
    digits = max(2, 1 + math.ceil(-math.log10((success.high - success.low) / success.rate)))
    return f"{success.rate:.{digits}g} ({success.low:.{digits}g}–{success.high:.{digits}g})"
