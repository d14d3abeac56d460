"""A set of units made smaller one unit at a time, each step judged by the decisions that it costs."""

import numpy as np

from interp_jax.methods.core_units.judging import Judge

_BEST_ADDED = 4
_STEEPNESS = 10.0


class Search:
    """Looks for small sets that hold enough of a class's decisions.

    Sets are compared on the rows that were nearest to failing under the last set found, and only those that hold
    enough of these are judged on all rows.
    """

    def __init__(self, judge: Judge, rows: int, holding: float):
        self._judge, self._rows, self._least = judge, rows, holding - 1e-9

    def smaller(self, mask: np.ndarray, *, swaps: int) -> np.ndarray:
        """The smallest set found from ``mask`` on.

        Units are added until the set holds enough, and dropped while it does; then one more is dropped and the set
        mended by up to ``swaps`` exchanges of one unit, the best of those that add one of a few best; when that
        succeeds, it goes on.
        """
        best = self._grown(mask)
        while best.any():
            found = self._dropped(best)
            if found is None:
                found = self._exchanged(best, swaps)
            if found is None:
                break
            best = found
            self._look_again(best)
        return best

    def _look_again(self, mask) -> bool:
        """Judges a set on all rows and takes those nearest to failing for what comes; whether it holds enough."""
        found = self._judge(mask[None])
        self._near = self._judge.part(np.sort(np.argsort(found.margins[0], kind="stable")[: self._rows]))
        return bool(self._judge.rates(found)[0] >= self._least)

    def _holds(self, mask, wrong):
        # Decisions that are wrong on some rows are wrong: what these rows refuse needs no further look.
        return 1 - wrong >= self._least and self._judge.rates(self._judge(mask[None]))[0] >= self._least

    def _grown(self, mask):
        while not self._look_again(mask) and not mask.all():
            mask, *_ = self._best(_with(mask, ~mask))
        return mask

    def _dropped(self, mask):
        """The set after as many drops, one unit after the other, as all rows allow."""
        chain = [mask]
        while chain[-1].any():
            fewer, wrong, _ = self._best(_without(chain[-1]))
            if 1 - wrong < self._least:
                break
            chain.append(fewer)
        # The rows at hand allow all of these, all rows some: by bisection, as judging all is what takes the time.
        holding, failing = 0, len(chain)
        while failing - holding > 1:
            middle = failing - 1 if failing == len(chain) else (holding + failing) // 2
            if self._judge.rates(self._judge(chain[middle][None]))[0] >= self._least:
                holding = middle
            else:
                failing = middle
        return chain[holding] if holding else None

    def _exchanged(self, mask, swaps):
        current, _, least = self._best(_without(mask))
        for _ in range(swaps):
            grown = _with(current, ~current)
            order = np.argsort(costs(self._near, grown)[1], kind="stable")[:_BEST_ADDED]
            changed, wrong, cost = self._best(np.unique(np.concatenate([_without(grown[i]) for i in order]), axis=0))
            if cost >= least - 1e-9:
                return None
            current, least = changed, cost
            if self._holds(current, wrong):
                return current
        return None

    def _best(self, masks):
        wrong, cost = costs(self._near, masks)
        best = np.argmin(cost)
        return masks[best], wrong[best], cost[best]


def costs(judge: Judge, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every mask's weight of wrong decisions, and what orders masks: that, and a little of how near others come to it."""
    found = judge(masks)
    wrong = 1 - judge.rates(found)
    return wrong, wrong + 1e-2 * (np.logaddexp(0, -_STEEPNESS * found.margins) @ judge.weights)


def _without(mask):
    """Every mask with one unit fewer."""
    return mask & ~np.eye(len(mask), dtype=bool)[mask]


def _with(mask, choice):
    """Every mask with one unit more, of those to choose from."""
    return mask | np.eye(len(mask), dtype=bool)[choice]


def added_one_by_one(judge: Judge) -> np.ndarray:
    """Unit numbers in the order in which greedy selection adds them to none."""
    mask = np.zeros(judge.units, bool)
    order = []
    while not mask.all():
        unit = np.flatnonzero(~mask)[_first(judge, _with(mask, ~mask))]
        mask[unit] = True
        order.append(unit)
    return np.array(order)


def dropped_one_by_one(judge: Judge) -> np.ndarray:
    """Unit numbers in the order in which greedy selection drops them from all."""
    mask = np.ones(judge.units, bool)
    order = []
    while mask.any():
        unit = np.flatnonzero(mask)[_first(judge, _without(mask))]
        mask[unit] = False
        order.append(unit)
    return np.array(order)


def _first(judge, masks):
    return np.argmin(costs(judge, masks)[1])
