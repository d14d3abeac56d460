"""The true minimum of small layers: every set of units is evaluated, in order of size, until one holds."""

import math
from itertools import combinations
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, MaskShape, Network, check_number
from interp_jax._readable import readable
from interp_jax.methods.core_units._evaluate import ROUNDING
from interp_jax.methods.core_units.decisions import ClassData
from interp_jax.methods.core_units.holding import as_tolerance, make_evaluator

_MOST_UNITS = 16


@readable()
class SmallestSets(NamedTuple):
    """All sets of the smallest size that holds.

    Attributes:
        masks: [sets, units] True where a unit is kept, the set that holds most first; without a set that holds, [0, …].
            By layer for a mapping as mask_shape.
        units: their size; None if no set holds, not even that of all units.
        holding_rates: [sets] their rates.
        tried: number of sets evaluated: all of this size and below.
        rows: the class's data that they are evaluated on.
        target: the class; None for all classes at once.
        holding: the required rate.
    """

    masks: Any
    units: int | None
    holding_rates: Float[np.ndarray, " sets"]
    tried: int
    rows: ClassData
    target: int | None
    holding: float

    def _finding(self) -> str:
        whose = "all classes'" if self.target is None else f"class {self.target}'s"
        hold = f"{100 * self.holding:g}% of {whose} decisions"
        sets = len(self.holding_rates)
        if self.units is None:
            return f"no set of units holds {hold}, not even all units together ({self.tried} sets tried)"
        fewest = f"{self.units} unit{' is' if self.units == 1 else 's are'} the fewest to hold {hold}"
        many = f"{sets} sets of this size do" if sets > 1 else "one set of this size does"
        return f"{fewest}: {many} ({self.tried} sets tried)"


def exhaustive_search(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    holding: float = 0.995,
    data: ClassData | None = None,
    classifier: str = "argmax",
    weight: float = 1.0,
    mask_shape: MaskShape | None = None,
    scores: str = "logits",
) -> SmallestSets:
    """All smallest sets of units that hold a given share of a class's decisions, by exhaustion of at most 16 units.

    Every set is evaluated, in order of size, up to the first size at which one holds. A set is given up at the batch of
    rows after which it can no longer hold. Sets of few units may hold what larger ones do not, so that none is left
    out.

    Host-level. Cost: up to 2^units evaluations, most of them of 128 rows. Memory: hidden on the device, and the tail's
    for 4 × 128 rows; a `LinearTail` lifts 128 rows at a time.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping as mask_shape, ``(hidden, masks) -> scores``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class.
        holding: the share of decisions that must hold, in [0, 1].
        data: the rows to evaluate on, from `class_data`, or ``rows`` of `select`'s result; all rows by default.
        classifier: "argmax", or "center" as in `holding_rate`.
        weight: of the center-based classifier, > 0.
        mask_shape: as in `select`; at most 16 units in all.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Returns:
        `SmallestSets`: ``.masks`` and ``.holding_rates`` of the sets, their size ``.units``.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arguments that `holding_rates` refuses, a holding rate outside [0, 1], or more than 16 units.

    Example:
        >>> import jax.numpy as jnp
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 1)) * jnp.ones((1, 3))
        >>> def tail(h):
        ...     return jnp.stack([h.sum(1), -h.sum(1)], 1)
        >>> found = exhaustive_search(tail, hidden, np.argmax(tail(hidden), 1), 0)
        >>> found.units, len(found.masks)
        (1, 3)

    Source: not in the paper, whose equation 3 has this minimum; it minimizes a relaxation.
    """
    check_number("holding", holding, least=0, most=1)
    options = {"scores": scores, "tolerance": as_tolerance(classifier, weight)}
    evaluator = make_evaluator(tail, hidden, predictions, target, data, mask_shape, **options)
    units = evaluator.network.units
    if units > _MOST_UNITS:
        found = f"a layer of {units} units, which has 2^{units} sets"
        raise ValueError(f"hidden: found {found}, wanted at most {_MOST_UNITS} units: see select")
    tried, size = 0, 0
    while True:
        masks = _of_size(units, size)
        tried += len(masks)
        masks, rates = evaluator.that_hold(masks, 1 - float(holding) + ROUNDING)
        if len(masks) or size == units:
            break
        size += 1
    order = np.argsort(-rates, kind="stable")
    return SmallestSets(
        masks=jax.tree.map(np.asarray, evaluator.network.unpack(masks[order])),
        units=size if len(masks) else None,
        holding_rates=rates[order],
        tried=tried,
        rows=evaluator.data,
        target=evaluator.target,
        holding=float(holding),
    )


def _of_size(units: int, size: int) -> np.ndarray:
    """Every set of so many units, [sets, units]."""
    chosen = np.array(list(combinations(range(units), size)), int).reshape(math.comb(units, size), size)
    masks = np.zeros((len(chosen), units), bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return masks
