"""Labels: texts that can be drawn, and positions where none covers another."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from interp_jax._files import escaped

LONGEST = 18  # letters of a name that stands upright


def drawable(value: Any) -> Any:
    """The value with every text in it drawable: characters outside UTF-8 become escapes."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {drawable(key): drawable(entry) for key, entry in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(drawable, value))
    return type(value)(map(drawable, value)) if type(value) in (list, tuple) else value


def apart(places: ArrayLike, gap: float) -> np.ndarray:
    """The positions nearest to the given ones (least squares, in the same order) that lie at least a gap apart."""
    order = np.argsort(np.asarray(places, dtype=float), kind="stable")
    blocks: list[list[float]] = []  # runs of touching labels: the sum of their shifted positions, their number
    for index, place in enumerate(np.asarray(places, dtype=float)[order]):
        blocks.append([place - index * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, number = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += number
    moved = np.empty(len(order))
    moved[order] = [total / number for total, number in blocks for _ in range(int(number))]
    moved[order] += gap * np.arange(len(order))
    return moved


def lanes(intervals: Sequence[tuple[SupportsFloat, SupportsFloat]]) -> list[int]:
    """For each interval the lowest lane in which it overlaps no earlier one."""
    taken: list[list[tuple[float, float]]] = []
    chosen = []
    for low, high in ((float(low), float(high)) for low, high in intervals):
        free = (n for n, lane in enumerate(taken) if all(high <= start or stop <= low for start, stop in lane))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((low, high))
        chosen.append(lane)
    return chosen


def too_long(names: Sequence[str], room: SupportsFloat, size: SupportsFloat) -> bool:
    """Whether names of a font size, side by side in columns of equal width, need more points than there is room."""
    return len(names) * (0.65 * float(size) * max(map(len, names)) + 3) > float(room)


def name_places(axes: Axes, places: ArrayLike, names: Sequence[str], most: int, size: SupportsFloat) -> None:
    """Writes short forms of at most so many names upright below the places that they are of; every second, third, …."""
    step = math.ceil(len(names) / most)
    short = [shortened(name, LONGEST) for name in names[::step]]
    axes.set_xticks(np.asarray(places)[::step], short, rotation=90, fontsize=size)


def shortened(name: str, letters: int) -> str:
    """The name, or its beginning and end around "…" if it has more letters: numbered names differ at their ends."""
    end = max(0, (letters - 1) // 3)
    return name if len(name) <= letters else f"{name[: max(1, letters - 1 - end)]}…{name[len(name) - end :]}"


def turned_room(names: Sequence[str], room: SupportsFloat, size: SupportsFloat) -> float:
    """Inches below an axis by which names take more than one line, because they are `too_long` to stand upright."""
    return max(0.0, 0.6 * float(size) * max(map(len, names)) / 72 - 0.2) if too_long(names, room, size) else 0.0
