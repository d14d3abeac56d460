"""How many random points the pseudo-inverse separates: Figures 4.14 and 4.15 of the thesis."""

import itertools
from typing import NamedTuple

import jax

from interp_jax import figures
from interp_jax.methods import embedding
from interp_jax.methods.embedding import SuccessRate

DIMENSIONS, MULTIPLES = (2, 4, 6, 8, 10), (2, 3, 4, 5)
SEPARATIONS, SEPARATED = (0.0, 0.1, 0.2), (5, 6, 7, 8)


class Rates(NamedTuple):
    """Success rates for sets of random points."""

    dimensions: dict[tuple[int, int], SuccessRate]  # by dimension and number of points
    separations: dict[tuple[float, int], SuccessRate]  # by least distance and number of points in the plane
    draws: int  # sets of points for each


def measure(study) -> Rates:
    """Success rates by number of points, and by the smallest distance between them."""

    def rate(number, fold, **case):
        key = jax.random.fold_in(study.key(number), fold)
        return embedding.success_rate(key, trials=study.config.draws, **case)

    dimensions = {
        (p, times * p): rate(30, 100 * p + times, dimension=p, points=times * p)
        for p, times in study.counted("dimensions", itertools.product(DIMENSIONS, MULTIPLES))
    }
    separations = {
        (least, n): rate(31, n + int(1000 * least), dimension=2, points=n, separation=least)
        for least, n in study.counted("separations", itertools.product(SEPARATIONS, SEPARATED))
    }
    return Rates(dimensions, separations, study.config.draws)


def show(result: Rates, page) -> None:
    """Success rates against the number of points, and against the smallest distance between them."""
    page.text(
        "The last layer is an affine map from a code to one score for each class. For random points in the unit cube, "
        "a class each, the thesis fits it by least squares (the pseudo-inverse), a success if every point has the "
        f"greatest score for its own class: {result.draws:,} draws for every case, exact 95% intervals. Some "
        "affine map always succeeds: that with the scores of the nearest point, 2 v·x − |v|² for each point v."
    )
    page.finding(dimensions_in_words(result))
    dimensions = {f"p = {p}": [result.dimensions[p, times * p] for times in MULTIPLES] for p in DIMENSIONS}
    _show_rates(page, "fig_4_14_dimensions", dimensions, MULTIPLES, "points per dimension p", "Fig. 4.14")
    separations = {f"least distance {s:g}": [result.separations[s, n] for n in SEPARATED] for s in SEPARATIONS}
    _show_rates(page, "fig_4_15_separation", separations, SEPARATED, "points in the plane", "Fig. 4.15")
    parts = {"dimensions": result.dimensions, "separations": result.separations}
    page.metrics({part: {f"{x:g}, {n}": each._asdict() for (x, n), each in of.items()} for part, of in parts.items()})


def _show_rates(page, name, rates, numbers, axis, number):
    series = {label: [(each.rate, each.low, each.high) for each in row] for label, row in rates.items()}
    figure = figures.rates.with_intervals(list(numbers), series, axis, "probability of success", log_y=True)
    arrow = "; an arrow marks cases without any" if any(not each.rate for row in rates.values() for each in row) else ""
    page.figure(name, figure, f"Probability of success by {axis} (thesis, {number}){arrow}.")


def dimensions_in_words(result: Rates) -> str:
    """The finding: how many points per dimension the pseudo-inverse separates, in few and many dimensions."""
    few, many = DIMENSIONS[0], DIMENSIONS[-1]
    low, high = (result.dimensions[p, 2 * p].rate for p in (few, many))
    more = "easier" if high > low else "no easier"
    return (
        f"Fitted by least squares (the pseudo-inverse), an output layer gives each of {2 * few} random points in {few} "
        f"dimensions its own class in {low:.1%} of the draws, and each of {2 * many} points in {many} dimensions in "
        f"{high:.1%}: with as many points per dimension it is {more} in more dimensions."
    )
