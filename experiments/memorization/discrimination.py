"""Detection of memorizing networks without test data, by one number."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from experiments.memorization.memorization_study import FULLY_TRAINED, KINDS, MEMORIZING, accuracy, at_least
from interp_jax import figures
from interp_jax.figures.comparison import ErrorRow


class Discrimination(NamedTuple):
    """Ratios of networks by kind, the least training accuracy of memorizing ones, and the number of draws of rows."""

    ratios: dict[str, np.ndarray]
    memorized: float
    draws: int


def measure(study) -> Discrimination:
    """The ratio of the deviations of the first hidden layer and of the input, for many networks of each kind."""
    count = study.task.discriminated
    draws = study.draws(-(-count // study.config.seeds))
    ratios = {}
    for kind in KINDS:
        inner = np.concatenate([of.profiles(of.trained(kind), of.labels(kind), "cosine").inner for of in draws])
        ratios[kind] = (inner[:, 1] / inner[:, 0])[:count]
    memorized = [accuracy(each, of.task.train[0], of.shuffled) for of in draws for each in of.trained(MEMORIZING)]
    return Discrimination(ratios, min(memorized[:count]), len(draws))


def show(result: Discrimination, page) -> None:
    """The ratios, and how many networks a threshold from all others misclassifies."""
    ratios, count, threshold = result.ratios, len(result.ratios[MEMORIZING]), threshold_of(result.ratios)
    errors = {kind: int(np.sum(misclassified(ratios, kind))) for kind in KINDS}
    page.text(
        f"{count} networks of each kind (draws of rows and permuted labels: {result.draws}); memorizing ones have a "
        f"training accuracy of {at_least(result.memorized, 1)}. The ratio is the inner-class cosine deviation in the "
        "first hidden layer divided by that in the input; the threshold is half-way between the largest ratio of fully "
        "trained and the smallest of memorizing networks among all others."
    )
    page.finding(detection(errors, ratios))
    bounds = {kind: binomtest(wrong, count).proportion_ci(0.95).high for kind, wrong in errors.items()}
    names = {kind: f"{kind}: {errors[kind]} misclassified (below {bound:.0%})" for kind, bound in bounds.items()}
    rows = [ErrorRow(names[kind], each) for kind, each in ratios.items()]
    figure = figures.comparison.errors(rows, {"threshold": threshold}, x_label="deviation, first hidden layer / input")
    page.figure("discrimination", figure, "Ratios and their threshold; in brackets the 95% bound.")
    page.metrics({"ratios": ratios, "threshold": threshold, "misclassified": errors, "networks": count})


def detection(errors: dict[str, int], ratios: dict[str, np.ndarray]) -> str:
    """The finding: how many networks the ratio assigns to the wrong kind."""
    wrong, count = sum(errors.values()), len(ratios[MEMORIZING])
    ranges = [f"{each.min():.2f} to {each.max():.2f} in {count} {kind}" for kind, each in list(ratios.items())[::-1]]
    networks = len(errors) * count
    if networks < 10 and not wrong:  # too few to generalize from
        answer = f"separates the {networks} networks at hand"
    else:
        answer = "tells without test data" if wrong <= 0.1 * networks else "does not tell"
        answer += " whether a network memorizes, where networks of known kind on the same task are at hand"
    return (
        "The mean cosine distance of rows with the same training label, in the first hidden layer divided by that in "
        f"the input, is {', '.join(ranges)} networks. This quotient {answer}: a threshold set on all "
        f"other networks misclassifies {wrong or 'none'} of {networks}."
    )


def threshold_of(ratios) -> float:
    """The mean of the largest ratio of fully trained and the smallest ratio of memorizing networks."""
    return float(ratios[FULLY_TRAINED].max() + ratios[MEMORIZING].min()) / 2


def misclassified(ratios, kind) -> np.ndarray:
    """Which networks of a kind the threshold from all other networks misclassifies."""
    others = (ratios | {kind: np.delete(ratios[kind], index)} for index in range(len(ratios[kind])))
    thresholds = np.array([threshold_of(each) for each in others])
    return (ratios[kind] >= thresholds) != (kind == MEMORIZING)
