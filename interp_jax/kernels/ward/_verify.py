"""Whether a linkage matrix is the Ward tree of some vectors, by replaying its merges."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_numpy
from interp_jax._readable import readable
from interp_jax.kernels.ward._points import as_points

_TOLERANCE = 1e-9  # relative, of heights and of ΔESS
_SINGLE = 1e-5  # of the largest height: the precision of `tree` in float32
_ROUNDING = 1e-14  # of a centroid whose coordinates are at most 1
_ELEMENTS = 1 << 20  # of a tile of costs or of differences


@readable()
class Verification(NamedTuple):
    """The tree as a whole, and each checked merge."""

    valid: bool
    least: Bool[np.ndarray, " checked"]
    excess: Float[np.ndarray, " checked"]
    checked: Int[np.ndarray, " checked"]

    def _finding(self) -> str:
        valid = "a valid tree" if self.valid else "not a valid tree"
        least, checked = int(np.sum(self.least)), len(self.checked)
        worst = f" (greatest excess: {np.max(self.excess):.3g})" if checked else ""
        return f"{valid}; {least} of {checked} checked merges are of least ΔESS{worst}"


def verify(
    linkage: Given[ArrayLike, "merges 4"],
    vectors: Given[ArrayLike, "rows features"],
    samples: int | None = None,
) -> Verification:
    """Whether each merge of a tree is a pair of least ΔESS, by replaying the merges in float64.

        excess = ΔESS(merged pair) / min over live pairs of ΔESS − 1

    Host-level, and independent of how the tree was made. All merges together cost O(rows² · features) as long as few
    clusters share a nearest one, each sampled merge O(live² · features); memory is O(rows · features) and a tile.

    A linkage in float32 is held to the precision of `tree`: heights may be off by 1e-5 of the largest, so that a merge
    counts as least if its height is within 2e-5 of the largest height of the least available.

    Args:
        linkage: SciPy's matrix [rows − 1, 4], as from `interp_jax.kernels.ward.linkage` or one lane of `tree`.
        vectors: [rows, features], the vectors of the tree; NumPy, JAX or nested lists of any real type, as float64.
        samples: number of merges to check, spread evenly from the first to the last; None checks all.

    Returns:
        ``valid``: every cluster is merged once, sizes are right, and heights do not decrease and are √(2 ΔESS), within
        1e-9 of themselves or 1e-14 of the largest distance of a coordinate from its mean. ``checked``: the merges
        checked; ``excess`` of each, 0 if both are 0; ``least``: an excess of at most 1e-9 or within that rounding. If
        the tree cannot be replayed, e.g. with NaN, nothing is checked: ``valid`` is False and the others are empty.

    Raises:
        ValueError: vectors that `linkage` refuses, a linkage that is not real numbers [rows − 1, 4], or samples that
            are not an integer of at least 1.

    Example:
        >>> verify(np.array([[0, 1, 1, 2], [2, 3, 27**0.5, 3]]), np.array([[0.0], [1.0], [5.0]]))
        Verification: a valid tree; 2 of 2 checked merges are of least ΔESS (greatest excess: 0)

    Source: Watanabe 2018 (arXiv:1810.01588), section 3.
    """
    points, center, exponent = as_points(vectors)
    rows = len(points)
    tree = as_numpy("linkage", linkage, shape=[rows - 1, 4])
    single = tree.dtype == np.float32
    tree = tree.astype(np.float64)
    samples = None if samples is None else as_count("samples", samples)
    if not _mergeable(tree):
        return Verification(False, np.zeros(0, bool), np.zeros(0), np.zeros(0, int))
    checked = np.arange(rows - 1)
    if samples is not None and samples < rows - 1:
        checked = np.unique(np.linspace(0, rows - 2, samples).round().astype(int))
    replay = _Replay(points - center)
    nearest = replay.nearest(np.arange(rows)) if len(checked) == rows - 1 else None
    wanted = set(checked.tolist())
    costs, least, sizes = np.empty(rows - 1), np.full(rows - 1, np.nan), np.empty(rows - 1)
    for merge, (left, right) in enumerate(tree[:, :2].astype(int).tolist()):
        a, b = replay.slot[left], replay.slot[right]
        costs[merge] = replay.costs(np.array([a]), np.array([b]))[0]
        if nearest is not None:
            least[merge] = nearest[0].min()
        elif merge in wanted:
            least[merge] = replay.nearest(np.flatnonzero(replay.sizes))[0].min()
        sizes[merge] = replay.merge(a, b, rows + merge)
        if nearest is not None:
            replay.follow(nearest, a, b)
    heights = np.ldexp(tree[:, 2], -exponent)
    # Among exact ties rounding may make the later one lower.
    rising = np.all(heights[1:] >= heights[:-1] * (1 - _TOLERANCE) - _ROUNDING)
    valid = np.array_equal(sizes, tree[:, 3]) and bool(rising)
    # From the replay: a height that is wrong must not widen its own tolerance.
    allowed = _SINGLE * np.sqrt(2 * costs.max()) if single else 0.0
    valid = valid and np.allclose(heights, np.sqrt(2 * costs), rtol=_TOLERANCE, atol=_ROUNDING + allowed)
    costs, least = costs[checked], least[checked]
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(costs <= least, 0.0, costs / least - 1)
    near = costs <= least * (1 + _TOLERANCE) + _ROUNDING**2
    # Both heights may be off: the merged pair's and that of the pair passed over.
    near |= np.sqrt(2 * costs) <= np.sqrt(2 * least) + 2 * allowed
    return Verification(bool(valid), near, excess, checked)


def _mergeable(tree):
    """Whether each merge takes two clusters that exist by then, and none is taken twice."""
    children = tree[:, :2]
    if not np.isfinite(tree).all() or not np.array_equal(children, np.floor(children)):
        return False
    exists = children < len(tree) + 1 + np.arange(len(tree))[:, None]
    return bool((children >= 0).all() and exists.all() and len(np.unique(children)) == children.size)


class _Replay:
    """Centroids and sizes in slots (size 0: empty), and which slot a name is in."""

    def __init__(self, points):
        self.centroids, self.sizes = points, np.ones(len(points))
        self.slot = dict(enumerate(range(len(points))))

    def costs(self, left, right):
        step = max(1, _ELEMENTS // max(1, self.centroids.shape[1]))
        costs = np.empty(len(left))
        for start in range(0, len(left), step):
            a, b = left[start : start + step], right[start : start + step]
            squared = np.square(self.centroids[a] - self.centroids[b]).sum(1)
            costs[start : start + step] = squared * self.sizes[a] * self.sizes[b] / (self.sizes[a] + self.sizes[b])
        return costs

    def merge(self, a, b, name):
        total = self.sizes[a] + self.sizes[b]
        self.centroids[a] += self.sizes[b] / total * (self.centroids[b] - self.centroids[a])
        self.sizes[a], self.sizes[b] = total, 0
        self.slot[name] = a
        return total

    def nearest(self, rows):
        """Least cost and nearest slot of some slots; infinite for the others."""
        least, where = np.full(len(self.sizes), np.inf), np.zeros(len(self.sizes), int)
        live = np.flatnonzero(self.sizes)
        height = max(1, _ELEMENTS // len(live))
        for start in range(0, len(rows), height):
            self._tile(rows[start : start + height], live, least, where)
        return least, where

    def _tile(self, rows, live, least, where):
        squares = np.square(self.centroids[live]).sum(1)
        of_rows = np.square(self.centroids[rows]).sum(1)[:, None]
        weight = 1 / (1 / self.sizes[rows, None] + 1 / self.sizes[live])
        rough = (of_rows + squares - 2 * self.centroids[rows] @ self.centroids[live].T) * weight
        error = (of_rows + squares) * weight * (4 * (self.centroids.shape[1] + 8) * 2.0**-53)
        itself = rows[:, None] == live
        within = rough - error <= np.where(itself, np.inf, rough + error).min(1, keepdims=True)
        row, column = np.nonzero(within & ~itself)
        costs = self.costs(rows[row], live[column])
        np.minimum.at(least, rows[row], costs)
        hits = costs == least[rows[row]]
        where[rows[row[hits]]] = live[column[hits]]

    def follow(self, nearest, a, b):
        """Updates every slot's nearest after b was merged into a."""
        least, where = nearest
        least[b] = np.inf
        others = np.flatnonzero(self.sizes)
        others = others[others != a]
        if not len(others):
            return
        costs = self.costs(np.full(len(others), a), others)
        least[a], where[a] = costs.min(), others[costs.argmin()]
        nearer = costs < least[others]
        least[others[nearer]], where[others[nearer]] = costs[nearer], a
        lost = others[~nearer & np.isin(where[others], (a, b))]
        if len(lost):
            least_of_lost, where_of_lost = self.nearest(lost)
            least[lost], where[lost] = least_of_lost[lost], where_of_lost[lost]
