"""Lower bounds of holding rates from the decisions of calibration rows, and the number of rows that they need."""

import math
from typing import Any

import jax
import numpy as np
from jaxtyping import Array
from scipy.special import betaincinv

from interp_jax._checks import Count, as_count, check_number
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units.decisions import ClassData

# Hoeffding's inequality is about counts above the mean: those of tails of at most ¼, since a binomial whose mean is at
# least 1 reaches it with a greater probability (Greenberg & Mohri 2014).
LEAST_CONFIDENCE = 0.75


def rows_needed(holding: float, confidence: float, errors: Count = 0, *, tests: Count = 1) -> int:
    """The least number of calibration rows from which a holding rate can be certified although some decisions fail.

        least N with  P(Binomial(N, holding) ≥ N − errors) ≤ (1 − confidence) / tests;   without errors, holdingᴺ

    For a class, half of them are to be predicted as it and half not. A set whose true rate is just the required one
    fails in more rows than any certificate allows: count on errors of the set's true rate, which must be higher.

    Host-level.

    Args:
        holding: the rate to be certified, in [0, 1).
        confidence: of the guarantee, in [0.75, 1).
        errors: number of rows whose decision does not hold.
        tests: number of tests that share the confidence: masks without an order, results compared, classes together.

    Raises:
        ValueError: a holding rate or a confidence out of range, errors below 0, or tests below 1.

    Example:
        >>> rows_needed(0.99, 0.95), rows_needed(0.99, 0.95, errors=5), rows_needed(0.99, 0.95, tests=10)
        (299, 1049, 528)

    Source: Clopper & Pearson, Biometrika 26, 1934.
    """
    check_holding(holding, confidence)
    errors, level = as_count("errors", errors, least=0), (1 - float(confidence)) / as_count("tests", tests)
    # One decision that holds bounds no rate of two groups.
    least, most = errors, max(errors + 2, 4)
    while lower_limit(most - errors, most, level) < holding:
        least, most = most, 2 * most
    # More rows with as many errors raise the bound.
    while most - least > 1:
        middle = (least + most) // 2
        if lower_limit(middle - errors, middle, level) < holding:
            least = middle
        else:
            most = middle
    return most


def check_holding(holding: Any, confidence: Any) -> None:
    """Refuses a rate or a confidence that cannot be certified.

    Raises:
        ValueError: a rate outside [0, 1), or a confidence outside [0.75, 1).
    """
    check_number("holding", holding, least=0, below=1)
    check_number("confidence", confidence, least=LEAST_CONFIDENCE, below=1)


def lower_limit(held, rows, level) -> np.ndarray:
    """The exact one-sided lower bound of a probability from ``held`` of ``rows``, at an error probability ``level``.

    Also of the mean of several probabilities (see `certify`), for levels of at most ¼ and ``held`` above 1; a single
    decision that holds gives 0, since the mean is then not bounded by it.
    """
    held, rows = np.asarray(held, np.float64), np.asarray(rows, np.float64)
    limit = betaincinv(np.maximum(held, 1), rows - np.minimum(held, rows) + 1, level)
    return np.where(held > 1, limit, 0.0)


def balanced_limit(held, counts: tuple[int, int], level: float) -> np.ndarray:
    """The lower bound of the holding rate from decisions held [..., 2] of each group's rows.

    One group, or two of equal size: of all rows together. Two of unequal size: the average of two bounds at half the
    level.
    """
    held = np.asarray(held)
    if min(counts) in (0, max(counts)):
        return lower_limit(held.sum(axis=-1), sum(counts), level)
    return np.asarray(lower_limit(held, np.asarray(counts), level / 2).mean(axis=-1))


def last_in_sequence(lower_bounds, holding: float) -> np.ndarray:
    """The number of the last mask before the first whose bound [..., masks] is below ``holding``; −1 if there is none.

    A bound that is not a number, of a mask not tested, is below.
    """
    return np.asarray(np.cumprod(np.asarray(lower_bounds) >= holding, axis=-1).sum(axis=-1) - 1)


def try_masks(
    evaluator: MaskEvaluator, masks: np.ndarray, holding: float, level: float, *, ordered: bool
) -> tuple[int, np.ndarray, np.ndarray]:
    """The certified mask's number, or −1, and each mask's rate and lower bound; NaN after an ordered one that fails."""
    counts = len(evaluator.data.positives), len(evaluator.data.negatives)
    rates, bounds = np.full((2, len(masks)), np.nan)
    for place, mask in enumerate(masks):
        decisions, _ = evaluator.margins(mask)
        assert decisions is not None  # without a limit all rows are looked at
        held = decisions[: counts[0]].sum(), decisions[counts[0] :].sum()
        rates[place] = np.mean([side / count for side, count in zip(held, counts, strict=True) if count])
        bounds[place] = balanced_limit(held, counts, level)
        if ordered and bounds[place] < holding:
            break
    if ordered:
        return int(last_in_sequence(bounds, holding)), rates, bounds
    # The smallest, of equal ones the highest bound.
    best = np.lexsort((-bounds, masks.sum(axis=1), bounds < holding))[0]
    return int(best) if bounds[best] >= holding else -1, rates, bounds


def equal_groups(data: ClassData, rows: int, *, key: Array) -> ClassData:
    """As many random rows of the larger group as the smaller has; all rows if one of them has none."""
    size = min(len(side) for side in data)
    if not size:
        return data
    # A random number for every row, so that all targets share a compilation.
    order = np.asarray(jax.random.bits(key, (rows,)))
    return ClassData(*(np.sort(side[np.argsort(order[side], kind="stable")[:size]]) for side in data))


def most_errors(rows: int, holding: float, level: float) -> int:
    """The greatest number of decisions that may fail in a certificate; −1 if none may, nor is none enough."""
    errors = np.arange(math.floor(rows * (1 - holding)) + 2)
    return int(np.sum(lower_limit(rows - errors, rows, level) >= holding)) - 1


def check_enough(
    data: ClassData,
    target: int | None,
    holding: float,
    confidence: float,
    tests: int,
    *,
    one_group: bool,
    drawn: bool = False,
    name: str = "hidden",
    where: str = "",
) -> None:
    """Refuses so few rows that no mask could be certified even if all decisions hold.

    With ``drawn``, equal numbers of each group will be used; ``where`` says where the rows were found.

    Raises:
        ValueError: too few rows, with the number needed.
    """
    counts = len(data.positives), len(data.negatives)
    if drawn and not one_group:
        counts = min(counts), min(counts)
    best = balanced_limit(np.array(counts), counts, (1 - confidence) / tests)
    if best >= holding and (one_group or min(counts)):
        return
    needed = rows_needed(holding, confidence, tests=tests)
    shared = f", {tests} tests sharing it" if tests > 1 else ""
    what = f"to certify a holding rate of {holding:g} with confidence {confidence:g}{shared}"
    if one_group:
        of = "rows" if target is None else f"rows predicted as {target}"
        raise ValueError(f"{name}: found {counts[0]} {of}{where}, wanted at least {needed} {what}")
    found = f"{len(data.positives)} rows predicted as {target} and {len(data.negatives)} others{where}"
    side = -(-needed // 2)
    remedy = "; equal numbers, which a key draws, are enough" if min(counts) >= side else ""
    raise ValueError(f"{name}: found {found}, wanted at least {side} of each {what}{remedy}")
