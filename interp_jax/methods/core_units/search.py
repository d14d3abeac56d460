"""A set of units made smaller one unit at a time, each step judged by the decisions that it costs."""

import numpy as np

from interp_jax.methods.core_units.judging import Judge, Judgement

_BEST_ADDED = 4
# Rates are sums of fractions.
ROUNDING = 1e-9


def shrink_set(judge: Judge, mask: np.ndarray, holding: float, *, rows: int, swaps: int) -> np.ndarray:
    """The smallest set found from ``mask`` on whose holding rate, by ``judge``, is at least ``holding``.

    Units are added until the rate is reached, then dropped one after the other as far as the rows nearest to changing
    allow it, and fewer at a time where all rows object. Where none can be dropped, one more is, and the set mended by
    up to ``swaps`` exchanges of one unit; when that succeeds, it goes on. Where all units together do not hold enough,
    the mask is returned as it is.
    """
    if judge.rate(mask) < holding - ROUNDING and judge.rate(np.ones_like(mask)) < holding - ROUNDING:
        return mask
    near = _Near(judge, mask, rows, holding)
    best, most = _grown(near, mask), len(mask)
    while best.any():
        smaller = _dropped(near, best, most)
        if smaller is not None and not near.holds(smaller):
            missing = int(best.sum() - smaller.sum())
            if missing > 1:
                most = missing // 2
                continue
            smaller = None
        if smaller is None:
            smaller = _exchanged(near, best, swaps)
        if smaller is None:
            return best
        best = smaller
    return best


class _Near:
    """Compares sets on the rows whose decisions are nearest to changing, the others taken to stay as they are."""

    def __init__(self, judge: Judge, mask, rows: int, holding: float):
        self._judge, self._rows, self.holding = judge, rows, holding
        # Rows equally near are taken in no particular order: under no units at all every one is.
        self._order = np.random.default_rng(0).permutation(len(judge.data.rows))
        self._chosen = None
        self.move(mask)

    def move(self, mask):
        """The rows nearest to changing under this mask."""
        held, margins = self._judge.row_by_row(mask)
        self._wrong, self._least, self._greatest = ~held, margins, margins
        self._choose()

    def reaches(self, mask) -> bool:
        """Whether the mask holds enough of all rows."""
        return self._judge.rate(mask) >= self.holding - ROUNDING

    def holds(self, mask) -> bool:
        """The same; near are from then on the rows nearest under this mask, or those that made it fail as well."""
        if self.reaches(mask):
            self.move(mask)
            return True
        _, margins = self._judge.row_by_row(mask)
        self._least, self._greatest = np.minimum(self._least, margins), np.maximum(self._greatest, margins)
        self._choose()
        return False

    def compare(self, masks) -> Judgement:
        """Rates and costs as they seem from the near rows."""
        found = self._near(masks)
        return Judgement(found.rates - self._elsewhere, found.costs)

    def seems_to_hold(self, judgement: Judgement):
        """Which masks may reach the rate."""
        return judgement.rates >= self.holding - ROUNDING

    def _choose(self):
        # How far the margins that have been seen are from 0: nothing, where they were on both sides of it.
        distance = np.maximum(np.maximum(self._least, -self._greatest), 0)
        chosen = np.sort(np.lexsort((self._order, distance))[: self._rows])
        if not np.array_equal(chosen, self._chosen):
            self._near, self._chosen = self._judge.narrowed(chosen), chosen
        elsewhere = self._wrong.copy()
        elsewhere[chosen] = False
        self._elsewhere = self._judge.loss(elsewhere)


def _grown(near, mask):
    while not near.reaches(mask):
        # At most as many again before all rows are looked at.
        for _ in range(max(1, mask.sum())):
            added = _with(mask, ~mask)
            judgement = near.compare(added)
            best = np.argmin(judgement.costs)
            mask = added[best]
            if mask.all() or near.seems_to_hold(judgement)[best]:
                break
        near.move(mask)
    return mask


def _dropped(near, mask, most):
    """The mask with up to ``most`` units fewer, those that seem to be missed least; None where none seems to go."""
    smaller = None
    for _ in range(min(most, mask.sum())):
        fewer = _without(mask)
        judgement = near.compare(fewer)
        allowed = near.seems_to_hold(judgement)
        if not allowed.any():
            break
        smaller = mask = fewer[np.argmin(np.where(allowed, judgement.costs, np.inf))]
    return smaller


def _exchanged(near, mask, swaps):
    """One unit fewer and some exchanged; None where that does not hold either."""
    fewer = _without(mask)
    judgement = near.compare(fewer)
    current = fewer[np.argmin(judgement.costs)]
    if near.seems_to_hold(judgement)[np.argmin(judgement.costs)] and near.holds(current):
        return current
    for _ in range(swaps):
        least = near.compare(current[None]).costs[0]
        added = _with(current, ~current)
        best_added = added[np.argsort(near.compare(added).costs, kind="stable")[:_BEST_ADDED]]
        candidates = np.concatenate([_without(grown) for grown in best_added])
        judgement = near.compare(candidates)
        best = np.argmin(judgement.costs)
        if judgement.costs[best] >= least - ROUNDING:
            return None
        current = candidates[best]
        if near.seems_to_hold(judgement)[best] and near.holds(current):
            return current
    return None


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
