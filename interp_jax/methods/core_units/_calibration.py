"""The rows by which a selection is certified: given, or half of the rows given to search on."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from interp_jax._checks import as_labels, as_numpy, as_real, check_finite, describe
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._tails import GatedTail
from interp_jax.methods.core_units.bounds import check_enough, equal_groups, most_errors, try_masks
from interp_jax.methods.core_units.decisions import ClassData


class Calibration(NamedTuple):
    """Rows to certify by, and what the search has to do for it.

    ``data`` are the numbers of the rows used, equally many of each group; ``searched`` those of the rows left for the
    search, None for all. ``required`` is the rate that a set must show on calibration rows; ``level`` the probability
    of error allowed to a certificate.
    """

    hidden: Array
    predictions: np.ndarray
    data: ClassData
    searched: np.ndarray | None
    required: float
    level: float

    def test(
        self,
        network: GatedTail,
        nested: np.ndarray,
        mask: np.ndarray,
        target: int | None,
        *,
        holding: float,
        tolerance: float,
    ) -> tuple[int, float]:
        """The number of the certified one of nested masks, and its lower bound; −1 and another mask's if none is."""
        evaluator = MaskEvaluator(network, self.hidden, self.predictions, self.data, target, tolerance=tolerance)
        place, _, bounds = try_masks(evaluator, nested, holding, self.level, ordered=True)
        if place < 0:
            _, _, bounds = try_masks(evaluator, mask[None], holding, self.level, ordered=True)
        return place, float(bounds[max(place, 0)])


def as_calibration(
    given: Any,
    hidden: Array,
    predictions: np.ndarray,
    target: int | None,
    classes: int,
    *,
    holding: float,
    confidence: float,
    tests: int,
    negatives: bool,
    key: Array,
) -> Calibration:
    """The rows of ``calibration=(hidden, predictions)``, or half of either group of the rows to search on.

    The confidence is shared by a number of ``tests``.

    Raises:
        ValueError: no pair of arrays that fit, the rows to search on, or too few rows.
    """
    half, sample = jax.random.split(key)
    searched, name, found_where = None, "calibration", ""
    if given is None:
        # Which half a row is in depends on its group alone, never on what is measured.
        order = np.asarray(jax.random.bits(half, predictions.shape))
        groups = _groups(predictions, target)
        parts = [np.array_split(side[np.argsort(order[side], kind="stable")], 2) for side in groups]
        searched = np.sort(np.concatenate([first for first, _ in parts]))
        data = ClassData(*(np.sort(second) for _, second in parts))
        name, found_where = "hidden", " in the half left for calibration"
    else:
        searched_on, (hidden, predictions) = hidden, _pair(given, hidden, classes)
        if hidden.shape == searched_on.shape and bool(jnp.array_equal(hidden, searched_on)):
            raise ValueError("calibration: found the rows that are searched, wanted rows that serve no search")
        data = ClassData(*_groups(predictions, target))
    one_group = target is None or not negatives
    data = ClassData(data.positives, data.negatives[:0]) if one_group else data
    check_enough(
        data, target, holding, confidence, tests, one_group=one_group, drawn=True, name=name, where=found_where
    )
    data = equal_groups(data, len(predictions), key=sample)
    rows, level = len(data.rows), (1 - confidence) / tests
    required = 1 - most_errors(rows, holding, level) / rows
    return Calibration(hidden, predictions, data, searched, required, level)


def _groups(predictions, target):
    positive = predictions == (predictions if target is None else target)
    return np.flatnonzero(positive), np.flatnonzero(~positive)


def _pair(given, hidden, classes):
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(f"calibration: found {describe(given)}, wanted a pair (hidden, predictions)")
    rows = as_real("calibration[0]", given[0], shape=["rows", *hidden.shape[1:]])
    check_finite("calibration[0]", rows)
    predictions = as_labels("calibration[1]", as_numpy("calibration[1]", given[1]), rows=len(rows), classes=classes)
    return rows, np.asarray(predictions)
