"""Shrinking a set of units one at a time, each step evaluated by the decisions that no longer hold."""

from collections import deque
from typing import NamedTuple

import numpy as np

from interp_jax.methods.core_units._evaluate import ROUNDING, Evaluation, MaskEvaluator

# Units added between two looks at all rows.
_FEW, _AT_ONCE = 4, 3


def smallest_set(
    evaluator: MaskEvaluator, starts: list[np.ndarray], holding: float, *, rows: int, swaps: int
) -> np.ndarray:
    """The smallest set found whose holding rate is at least ``holding``, bool [units].

    From each start units are added until the rate is reached, then dropped one after the other as far as the rows
    nearest to changing allow, and fewer at a time if other rows do not. The best set is united with each of the others
    and units are dropped again. If none can be dropped any more, one is, and up to ``swaps`` exchanges of one unit try
    to reach the rate again; if they do, the search continues. If all units together do not reach the rate, the first
    start is returned unchanged.
    """
    enough = holding - ROUNDING
    if evaluator.rate(starts[0]) < enough and evaluator.rate(np.ones_like(starts[0])) < enough:
        return starts[0]
    near = _NearRows(evaluator, rows, holding)

    def size(mask):
        return mask.sum(), -evaluator.rate(mask)

    shrunk = [_shrunk(near, _grown(near, start)) for start in starts]
    # All units together may hold less than some of them.
    best, *others = sorted((mask for mask in shrunk if near.reaches(mask)), key=size)
    for other in others:
        if (other & ~best).any():
            near.move(best)
            united = _shrunk(near, best | other)
            if near.reaches(united):
                best = min(best, united, key=size)
    near.move(best)
    while best.any() and (smaller := _exchanged(near, best, swaps)) is not None:
        best = _shrunk(near, smaller)
    return best


def _shrunk(near, mask):
    """The mask without the units that can be dropped one by one."""
    most = len(mask)
    while (smaller := _dropped(near, mask, most)) is not None:
        missing = int(mask.sum() - smaller.sum())
        if near.holds(smaller):
            mask = smaller
        elif missing > 1:
            most = missing // 2
        else:
            break
    return mask


class _Known(NamedTuple):
    """For all rows, the decisions that do not hold under the current mask and the range of the margins seen so far."""

    wrong: np.ndarray
    least: np.ndarray
    greatest: np.ndarray


class _NearRows:
    """Compares sets on the rows whose decisions are nearest to changing; the others are assumed not to change."""

    def __init__(self, evaluator: MaskEvaluator, rows: int, holding: float):
        self._evaluator, self._rows, self._most_lost = evaluator, rows, 1 - holding + ROUNDING
        # Equally near rows are taken in random order: without any unit all rows are equally near.
        self._order = np.random.default_rng(0).permutation(len(evaluator.data.rows))
        self._nearest = self._order
        self._known: _Known  # from the first mask on
        # The rows that sets are compared on, and what the others lose.
        self._chosen = np.zeros(0, int)
        self._subset: MaskEvaluator | None = None
        self._elsewhere = 0.0

    def sample(self) -> None:
        """Chooses random rows, for masks under which many decisions change."""
        self._subset = None  # one set of rows at a time is in memory
        self._subset = self._evaluator.subset(np.sort(self._order[: self._rows]), alone=True)
        self._chosen, self._elsewhere = np.zeros(0, int), 0.0

    def move(self, mask) -> None:
        """Chooses the rows nearest to changing under this mask."""
        held, margins = self._evaluator.margins(mask)
        assert held is not None  # without a limit all rows are looked at
        self._choose(_Known(~held, margins, margins))

    def reaches(self, mask) -> bool:
        """Whether the mask holds enough of all rows."""
        return self._evaluator.margins(mask, None, self._most_lost)[0] is not None

    def holds(self, mask) -> bool:
        """As ``reaches``; then chooses the rows nearest under this mask, or adds those that made it fail."""
        held, margins = self._evaluator.margins(mask, self._nearest, self._most_lost)
        if held is not None:
            self.move(mask)
            return True
        # Rows not looked at have no margin.
        wrong, least, greatest = self._known
        self._choose(_Known(wrong, np.fmin(least, margins), np.fmax(greatest, margins)))
        return False

    def compare(self, masks) -> Evaluation:
        """Rates and costs on the chosen rows; of many masks, only of those that do well on the first batch."""
        assert self._subset is not None  # rows are chosen before masks are compared
        first = self._subset(masks, batches=1).costs
        promising = np.argsort(first, kind="stable")[: max(_FEW, len(masks) // 8)]
        evaluation, rates, costs = self._subset(masks[promising]), *np.full((2, len(masks)), [[-np.inf], [np.inf]])
        rates[promising], costs[promising] = evaluation.rates - self._elsewhere, evaluation.costs
        return Evaluation(rates, costs)

    def seems_to_hold(self, evaluation: Evaluation):
        """Which masks may reach the rate."""
        return 1 - evaluation.rates <= self._most_lost

    def _choose(self, known: _Known) -> None:
        self._known = known
        # How far the margins that have been seen are from 0: nothing, where they were on both sides of it.
        distance = np.maximum(np.maximum(known.least, -known.greatest), 0)
        self._nearest = np.lexsort((self._order, distance))
        chosen = np.sort(self._nearest[: self._rows])
        if not np.array_equal(chosen, self._chosen):
            self._subset = None  # one set of rows at a time is in memory
            self._subset, self._chosen = self._evaluator.subset(chosen), chosen
        elsewhere = known.wrong.copy()
        elsewhere[chosen] = False
        self._elsewhere = self._evaluator.loss(elsewhere)


def _grown(near, mask):
    """The mask with as many more units as the rate needs, each time the one that helps most; chooses rows near it."""
    if not near.reaches(mask):
        near.sample()
        mask, _ = _added(near, mask, most=len(mask))
    near.move(mask)
    while not (mask.all() or near.reaches(mask)):
        mask, seems = _added(near, mask, most=_AT_ONCE)
        # All rows are looked at only where the near ones have nothing against it, or know too little.
        if not (seems and near.holds(mask)):
            near.move(mask)
    return mask


def _added(near, mask, most):
    """The mask with up to ``most`` more units, those that help most, and whether they seem to be enough."""
    seems = False
    for _ in range(min(most, np.sum(~mask))):
        added = with_one_more(mask, ~mask)
        evaluation = near.compare(added)
        best = np.argmin(evaluation.costs)
        mask, seems = added[best], near.seems_to_hold(evaluation)[best]
        if seems:
            break
    return mask, seems


def _dropped(near, mask, most):
    """The mask with up to ``most`` units fewer, those that seem least needed; None if none can be dropped."""
    smaller = None
    for _ in range(min(most, mask.sum())):
        fewer = without_one(mask)
        evaluation = near.compare(fewer)
        allowed = near.seems_to_hold(evaluation)
        if not allowed.any():
            break
        smaller = mask = fewer[np.argmin(np.where(allowed, evaluation.costs, np.inf))]
    return smaller


def _exchanged(near, mask, swaps):
    """The mask with one unit fewer and some exchanged; None if no set on the way reaches the rate.

    Each exchange is the best possible, even if worse; units just dropped stay out for a while, and no set comes twice.
    """
    fewer = without_one(mask)
    evaluation = near.compare(fewer)
    best, gone, seen = np.argmin(evaluation.costs), deque(maxlen=_FEW), set()
    current, seems = fewer[best], near.seems_to_hold(evaluation)[best]
    for _ in range(swaps):
        if seems and near.holds(current):
            return current
        seen.add(current.tobytes())
        allowed = ~current
        allowed[list(gone)] = False
        if not (current.any() and allowed.any()):
            return None
        added = with_one_more(current, allowed)
        best_added = added[np.argsort(near.compare(added).costs, kind="stable")[:_FEW]]
        candidates = np.concatenate([without_one(current) | (grown & ~current) for grown in best_added])
        # Units stay out for a while only: without this the walk may come back to where it has been.
        candidates = candidates[[candidate.tobytes() not in seen for candidate in candidates]]
        if not len(candidates):
            return None
        evaluation = near.compare(candidates)
        best = np.argmin(evaluation.costs)
        gone.append(np.flatnonzero(current & ~candidates[best])[0])
        current, seems = candidates[best], near.seems_to_hold(evaluation)[best]
    return current if seems and near.holds(current) else None


def without_one(mask):
    """Every mask with one unit fewer."""
    return mask & ~np.eye(len(mask), dtype=bool)[mask]


def with_one_more(mask, choice):
    """Every mask with one unit more, of those to choose from."""
    return mask | np.eye(len(mask), dtype=bool)[choice]


def added_one_by_one(evaluator: MaskEvaluator) -> np.ndarray:
    """Unit numbers in the order in which greedy selection adds them to none."""
    mask, order = np.zeros(evaluator.network.units, bool), []
    while not mask.all():
        unit = np.flatnonzero(~mask)[np.argmin(evaluator(with_one_more(mask, ~mask)).costs)]
        mask[unit] = True
        order.append(unit)
    return np.array(order)


def dropped_one_by_one(evaluator: MaskEvaluator) -> np.ndarray:
    """Unit numbers in the order in which greedy selection drops them from all."""
    mask, order = np.ones(evaluator.network.units, bool), []
    while mask.any():
        unit = np.flatnonzero(mask)[np.argmin(evaluator(without_one(mask)).costs)]
        mask[unit] = False
        order.append(unit)
    return np.array(order)


def nested_masks(evaluator: MaskEvaluator, mask: np.ndarray, holding: float, *, rows: int) -> np.ndarray:
    """Nested sets around a mask, from all units to few: [masks, units], in an order that the evaluator's rows decide.

    From the mask on units are dropped one by one while the rate stays at least ``holding``. Upwards they are added one
    by one, each time the one that helps most, until the set has doubled (or has eight more), then by ever more.
    """
    near = _NearRows(evaluator, rows, holding)
    near.move(mask)
    masks, smaller = [mask], mask
    while smaller.any() and (fewer := _dropped(near, smaller, 1)) is not None and near.holds(fewer):
        masks.append(smaller := fewer)
    larger, order = mask, np.zeros(0, int)
    for _ in range(_one_by_one(mask)):
        near.move(larger)
        added, _ = _added(near, larger, 1)
        order = np.append(order, np.flatnonzero(added & ~larger))
        larger = added
    if not larger.all():
        near.move(larger)
        costs = near.compare(with_one_more(larger, ~larger)).costs
        order = np.append(order, np.flatnonzero(~larger)[np.argsort(costs, kind="stable")])
    return np.concatenate([larger_masks(mask, order), masks])


def larger_masks(mask: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Nested sets from all units to just above a mask [masks, units]; ``order`` is that in which the others are added.

    One by one at first, then by ever more, so that a large layer has few.
    """
    numbers = [*range(1, _one_by_one(mask) + 1)]
    while (numbers or [0])[-1] < len(order):
        numbers.append(min(len(order), 2 * (mask.sum() + (numbers or [0])[-1]) - mask.sum()))
    rank = np.full(len(mask), -1)
    rank[order] = np.arange(len(order))
    return (rank[None] < np.array(numbers, int)[::-1, None]) & (mask | (rank >= 0))


def without_doubtful(evaluator: MaskEvaluator, nested: np.ndarray) -> np.ndarray:
    """The nested sets but those that hold less than a smaller one of them on the evaluator's rows.

    Units that help a set one by one may harm it together, and a sequence of tests ends at the first that fails.
    """
    rates = np.array([evaluator.rate(mask) for mask in nested])
    most_of_smaller = np.maximum.accumulate(rates[::-1])[::-1]
    return nested[rates >= most_of_smaller - ROUNDING]


def _one_by_one(mask):
    """How many units are added one by one."""
    return min(max(8, mask.sum()), np.sum(~mask))
