"""Sets of units that suffice for a class's decisions and are missed: without them the decisions are lost."""

import numpy as np

from interp_jax.methods.core_units._evaluate import ROUNDING, MaskEvaluator
from interp_jax.methods.core_units._search import with_one_more, without_one

# Candidates tried on all rows before no unit is thought to be spare.
_TRIED = 8


def lost_at(evaluator: MaskEvaluator) -> float:
    """The rate midway between all decisions and none that knows the class: ¾ of two groups, ½ of a single one."""
    return 0.75 if all(map(len, evaluator.data)) else 0.5


def needed_set(
    evaluator: MaskEvaluator, mask: np.ndarray, holding: float, most: float, *, rows: int
) -> np.ndarray | None:
    """A small set that reaches the rate and leaves at most the rate ``most`` when removed, or None.

    To a set that suffices, units are added one by one, each time the one whose further removal costs most, until both
    hold; then units are dropped one by one while both do. Units are compared on random rows, sets evaluated on all.
    """
    sample = np.random.default_rng(0).permutation(len(evaluator.data.rows))[:rows]
    some = evaluator.subset(np.sort(sample), alone=True)

    def both(mask):
        return evaluator.rate(mask) >= holding - ROUNDING and evaluator.rate(~mask) <= most + ROUNDING

    while not both(mask):
        if mask.all():
            return None
        larger = with_one_more(mask, ~mask)
        mask = larger[np.argmax(some(~larger).costs)]
    while mask.any():
        smaller = without_one(mask)
        alone, removed = some(smaller), some(~smaller)
        # The nearer to failing, the later.
        slack = np.minimum(alone.rates - holding, most - removed.rates)
        order = np.lexsort((alone.costs - removed.costs, -slack))[:_TRIED]
        spare = next((smaller[place] for place in order if both(smaller[place])), None)
        if spare is None:
            break
        mask = spare
    return mask
