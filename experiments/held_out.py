"""Checking a set of units on rows that neither searched nor calibrated it, with as many of a class as of the others."""

import jax
import numpy as np
from scipy import stats

from interp_jax.methods import core_units


def equal_rows(predictions: np.ndarray, label: int, key) -> core_units.ClassData:
    """All rows predicted as a class, or of the others, whichever are fewer, and as many random ones of the rest."""
    sides = np.flatnonzero(predictions == label), np.flatnonzero(predictions != label)
    size, order = min(map(len, sides)), np.asarray(jax.random.bits(key, predictions.shape))
    return core_units.ClassData(*(np.sort(side[np.argsort(order[side], kind="stable")[:size]]) for side in sides))


def upper_limit(held: int, rows: int, level: float) -> float:
    """The exact one-sided upper bound (Clopper & Pearson) of a rate from ``held`` of ``rows`` decisions."""
    return 1.0 if held == rows else float(stats.beta.ppf(1 - level, held + 1, rows - held))
