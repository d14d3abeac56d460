"""A set of units made smaller one unit at a time, each step judged by the decisions that it costs."""

from collections.abc import Callable

import numpy as np

from interp_jax.methods.core_units.judging import Judge

_BEST_ADDED = 4
_STEEPNESS = 10.0


def shrink_set(judge: Judge, hard: Callable, mask: np.ndarray, holding: float, *, swaps: int) -> np.ndarray:
    """The smallest set found from ``mask`` on whose holding rate, by ``judge``, is at least ``holding``.

    Units are dropped while the rate allows it; then one more is dropped and the set mended by up to ``swaps``
    exchanges of one unit; when that succeeds, it goes on. ``hard(mask)`` gives a judge of the rows that are nearest to
    failing, for the many comparisons; only ``judge`` decides.
    """
    best = _grown(judge, hard(mask), mask, holding)
    while best.any():
        near = hard(best)
        smaller = _dropped(judge, near, best, holding)
        if smaller is None:
            smaller = _exchanged(judge, near, best, holding, swaps)
        if smaller is None:
            return best
        best = smaller
    return best


def cost(judge: Judge, masks: np.ndarray) -> np.ndarray:
    """What orders masks: the weight of wrong decisions, and a little of how near others are to being wrong."""
    found = judge(masks)
    soft = np.logaddexp(0, -_STEEPNESS * found.margins) @ judge.weights
    return (1 - judge.rates(found)) + 1e-2 * soft


def _holds(judge, mask, holding):
    return judge.rates(judge(mask[None]))[0] >= holding - 1e-9


def _grown(judge, near, mask, holding):
    while not mask.all() and not _holds(judge, mask, holding):
        added = _with(mask, ~mask)
        mask = added[np.argmin(cost(near, added))]
    return mask


def _dropped(judge, near, mask, holding):
    fewer = _without(mask)
    smaller = fewer[np.argmin(cost(near, fewer))]
    return smaller if _holds(judge, smaller, holding) else None


def _exchanged(judge, near, mask, holding, swaps):
    fewer = _without(mask)
    costs = cost(near, fewer)
    current, least = fewer[np.argmin(costs)], costs.min()
    for _ in range(swaps):
        added = _with(current, ~current)
        best_added = added[np.argsort(cost(near, added), kind="stable")[:_BEST_ADDED]]
        candidates = np.concatenate([_without(grown) for grown in best_added])
        costs = cost(near, candidates)
        if costs.min() >= least - 1e-9:
            return None
        current, least = candidates[np.argmin(costs)], costs.min()
        if _holds(judge, current, holding):
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
    mask = np.zeros(judge.units, bool)
    order = []
    while not mask.all():
        unit = np.flatnonzero(~mask)[np.argmin(cost(judge, _with(mask, ~mask)))]
        mask[unit] = True
        order.append(unit)
    return np.array(order)


def dropped_one_by_one(judge: Judge) -> np.ndarray:
    """Unit numbers in the order in which greedy selection drops them from all."""
    mask = np.ones(judge.units, bool)
    order = []
    while mask.any():
        unit = np.flatnonzero(mask)[np.argmin(cost(judge, _without(mask)))]
        mask[unit] = False
        order.append(unit)
    return np.array(order)
