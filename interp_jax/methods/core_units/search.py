"""A set of units made smaller one unit at a time, each step judged by the decisions that it costs."""

from collections import deque

import numpy as np

from interp_jax.methods.core_units.judging import Judge, Judgment

# Units added between two looks at all rows.
_FEW, _AT_ONCE = 4, 3
# Rates are sums of fractions.
ROUNDING = 1e-9


def smallest_set(judge: Judge, starts: list[np.ndarray], holding: float, *, rows: int, swaps: int) -> np.ndarray:
    """The smallest set found whose holding rate, by ``judge``, is at least ``holding``.

    From every start units are added until the rate is reached, then dropped one after the other as far as the rows
    nearest to changing allow it, and fewer at a time where all rows object. The best set is joined with each of the
    others and dropped from again. Where nothing can be dropped any more, one unit is, and the set mended by up to
    ``swaps`` exchanges of one unit; when that succeeds, it goes on. Where all units together do not hold enough, the
    first start is returned as it is.
    """
    if judge.rate(starts[0]) < holding - ROUNDING and judge.rate(np.ones_like(starts[0])) < holding - ROUNDING:
        return starts[0]
    near = _Near(judge, rows, holding)

    def size(mask):
        return mask.sum(), -judge.rate(mask)

    shrunk = [_shrunk(near, _grown(near, start)) for start in starts]
    # All units together may hold less than some of them.
    best, *others = sorted((mask for mask in shrunk if near.reaches(mask)), key=size)
    for other in others:
        if (other & ~best).any():
            near.move(best)
            joined = _shrunk(near, best | other)
            if near.reaches(joined):
                best = min(best, joined, key=size)
    near.move(best)
    while best.any() and (smaller := _exchanged(near, best, swaps)) is not None:
        best = _shrunk(near, smaller)
    return best


def _shrunk(near, mask):
    """The mask without the units that can be dropped one after the other."""
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


class _Near:
    """Compares sets on the rows whose decisions are nearest to changing, the others taken to stay as they are."""

    def __init__(self, judge: Judge, rows: int, holding: float):
        self._judge, self._rows, self._most = judge, rows, 1 - holding + ROUNDING
        # Rows equally near are taken in no particular order: under no units at all every one is.
        self._order = np.random.default_rng(0).permutation(len(judge.data.rows))
        self._chosen = None

    def spread(self):
        """Any rows, for masks under which many decisions change."""
        # One set of rows at a time is in memory.
        self._near, self._chosen, self._elsewhere = None, None, 0.0
        self._near = self._judge.narrowed(np.sort(self._order[: self._rows]))

    def move(self, mask):
        """The rows nearest to changing under this mask."""
        held, margins = self._judge.row_by_row(mask)
        self._wrong, self._least, self._greatest = ~held, margins, margins
        self._choose()

    def reaches(self, mask) -> bool:
        """Whether the mask holds enough of all rows."""
        return self._judge.row_by_row(mask, None, self._most)[0] is not None

    def holds(self, mask) -> bool:
        """The same; near are from then on the rows nearest under this mask, or those that made it fail as well."""
        held, margins = self._judge.row_by_row(mask, self._nearest, self._most)
        if held is not None:
            self.move(mask)
            return True
        # Rows that were not looked at have no margin.
        self._least, self._greatest = np.fmin(self._least, margins), np.fmax(self._greatest, margins)
        self._choose()
        return False

    def compare(self, masks) -> Judgment:
        """Rates and costs as they seem from the near rows; of many masks, only those that do well on the first."""
        kept = np.argsort(self._near(masks, batches=1).costs, kind="stable")[: max(_FEW, len(masks) // 8)]
        found, rates, costs = self._near(masks[kept]), np.full(len(masks), -np.inf), np.full(len(masks), np.inf)
        rates[kept], costs[kept] = found.rates - self._elsewhere, found.costs
        return Judgment(rates, costs)

    def seems_to_hold(self, judgment: Judgment):
        """Which masks may reach the rate."""
        return 1 - judgment.rates <= self._most

    def _choose(self):
        # How far the margins that have been seen are from 0: nothing, where they were on both sides of it.
        distance = np.maximum(np.maximum(self._least, -self._greatest), 0)
        self._nearest = np.lexsort((self._order, distance))
        chosen = np.sort(self._nearest[: self._rows])
        if not np.array_equal(chosen, self._chosen):
            self._near = None
            self._near, self._chosen = self._judge.narrowed(chosen), chosen
            self._near.shares = self._judge.shares
        elsewhere = self._wrong.copy()
        elsewhere[chosen] = False
        self._elsewhere = self._judge.loss(elsewhere)


def _grown(near, mask):
    """The mask with as many units more as the rate needs, each time the one that helps most; near are its rows."""
    if not near.reaches(mask):
        near.spread()
        mask, _ = _added(near, mask, most=len(mask))
    near.move(mask)
    while not (mask.all() or near.reaches(mask)):
        mask, seems = _added(near, mask, most=_AT_ONCE)
        # All rows are looked at only where the near ones have nothing against it, or know too little.
        if not (seems and near.holds(mask)):
            near.move(mask)
    return mask


def _added(near, mask, most):
    """The mask with up to ``most`` units more, those that help most, and whether they seem to be enough."""
    seems = False
    for _ in range(min(most, np.sum(~mask))):
        added = _with(mask, ~mask)
        judgment = near.compare(added)
        best = np.argmin(judgment.costs)
        mask, seems = added[best], near.seems_to_hold(judgment)[best]
        if seems:
            break
    return mask, seems


def _dropped(near, mask, most):
    """The mask with up to ``most`` units fewer, those that seem to be missed least; None where none seems to go."""
    smaller = None
    for _ in range(min(most, mask.sum())):
        fewer = _without(mask)
        judgment = near.compare(fewer)
        allowed = near.seems_to_hold(judgment)
        if not allowed.any():
            break
        smaller = mask = fewer[np.argmin(np.where(allowed, judgment.costs, np.inf))]
    return smaller


def _exchanged(near, mask, swaps):
    """One unit fewer and some exchanged; None where no set on the way holds enough.

    Every exchange is the best there is, better or not; units that have just gone stay away for a while.
    """
    fewer = _without(mask)
    judgment = near.compare(fewer)
    best, gone = np.argmin(judgment.costs), deque(maxlen=_FEW)
    current, seems = fewer[best], near.seems_to_hold(judgment)[best]
    for _ in range(swaps):
        if seems and near.holds(current):
            return current
        allowed = ~current
        allowed[list(gone)] = False
        if not (current.any() and allowed.any()):
            return None
        added = _with(current, allowed)
        best_added = added[np.argsort(near.compare(added).costs, kind="stable")[:_FEW]]
        candidates = np.concatenate([_without(current) | (grown & ~current) for grown in best_added])
        judgment = near.compare(candidates)
        best = np.argmin(judgment.costs)
        gone.append(np.flatnonzero(current & ~candidates[best])[0])
        current, seems = candidates[best], near.seems_to_hold(judgment)[best]
    return current if seems and near.holds(current) else None


def _without(mask):
    """Every mask with one unit fewer."""
    return mask & ~np.eye(len(mask), dtype=bool)[mask]


def _with(mask, choice):
    """Every mask with one unit more, of those to choose from."""
    return mask | np.eye(len(mask), dtype=bool)[choice]


def added_one_by_one(judge: Judge) -> np.ndarray:
    """Unit numbers in the order in which greedy selection adds them to none."""
    mask, order = np.zeros(judge.network.units, bool), []
    while not mask.all():
        unit = np.flatnonzero(~mask)[np.argmin(judge(_with(mask, ~mask)).costs)]
        mask[unit] = True
        order.append(unit)
    return np.array(order)


def dropped_one_by_one(judge: Judge) -> np.ndarray:
    """Unit numbers in the order in which greedy selection drops them from all."""
    mask, order = np.ones(judge.network.units, bool), []
    while mask.any():
        unit = np.flatnonzero(mask)[np.argmin(judge(_without(mask)).costs)]
        mask[unit] = False
        order.append(unit)
    return np.array(order)
