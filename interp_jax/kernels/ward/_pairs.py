"""Pairs of clusters that are each other's nearest."""

import numpy as np


def reciprocal(slots, chosen, least, names) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of some slots and what they have chosen that are each other's nearest, no slot in two of them.

    Args:
        slots: those whose nearest is known.
        chosen: the nearest of each slot, one of them where several are equally near.
        least: its cost.
        names: of the clusters in the slots.
    """
    others = chosen[slots]
    agreed = chosen[others] == slots
    tied = ~agreed & (least[others] == least[slots])
    if not tied.any():
        agreed &= slots < others
        return slots[agreed], others[agreed]
    # The other has chosen a third one that is as near.
    mutual = agreed | tied
    slots, others = slots[mutual], others[mutual]
    left, right = np.minimum(slots, others), np.maximum(slots, others)
    # Of pairs that share slots those stay whose hash is the least at both ends.
    keys = mixed(np.minimum(names[left], names[right]), np.maximum(names[left], names[right]))
    order = np.argsort(keys)[::-1]
    left, right, places = left[order], right[order], np.arange(len(order))
    last = np.empty(len(least), np.int64)
    # Of several assignments to the same place the last one stays.
    last[np.column_stack([left, right]).ravel()] = np.repeat(places, 2)
    stay = (last[left] == places) & (last[right] == places)
    return left[stay], right[stay]


def mixed(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A hash of pairs of names: by index, a row of equal steps would be one long chain."""
    mixed = low.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + high.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mixed ^ (mixed >> np.uint64(32))
