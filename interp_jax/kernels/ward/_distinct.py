"""Groups of equal rows."""

import numpy as np

_ROWS = 4096  # hashed at once


def distinct(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All rows ordered by group, first to last in each; where the groups start; and how many rows each has."""
    keys = np.empty(len(points), np.uint64)
    for start in range(0, len(points), _ROWS):
        keys[start : start + _ROWS] = _hashed(points[start : start + _ROWS])
    order = np.argsort(keys, kind="stable")
    starts = _starts(keys[order])
    counts = np.diff(starts, append=len(points))
    repeated = np.repeat(counts > 1, counts)
    if not np.array_equal(points[order[repeated]], points[np.repeat(order[starts], counts)[repeated]]):
        # Different rows of the same hash.
        order = np.lexsort(points.T)
        ordered = points[order]
        starts = np.flatnonzero(np.append(True, (ordered[1:] != ordered[:-1]).any(1)))
        counts = np.diff(starts, append=len(points))
    return order, starts, counts


def _hashed(rows):
    keys = (rows + 0.0).view(np.uint64)  # without signed zeros
    keys ^= keys >> np.uint64(32)
    return keys @ np.cumprod(np.full(rows.shape[1], 0x9E3779B97F4A7C15, np.uint64), dtype=np.uint64)


def _starts(values):
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
