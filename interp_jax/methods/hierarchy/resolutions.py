"""The numbers of clusters at which to read a tree."""

import numpy as np
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_numpy, check_number


def lifetimes(linkage: Given[ArrayLike, "merges 4"]) -> np.ndarray:
    """The lifetime of each number of clusters as the height of the cut rises, on a logarithmic scale.

        ℓ(c) = log h(c → c − 1) − log h(c + 1 → c)

    Host-level. h(c → c − 1) is the height of the merge that leaves c − 1 clusters. A long lifetime means clusters that
    are far denser within than near each other. One cluster never ends, and single units never begin: both have lifetime
    0, as do partitions between merges of equal height. After merges of height 0 (equal vectors) a lifetime is infinite.

    Args:
        linkage: [units − 1, 4] as in SciPy, heights ascending.

    Returns:
        [units] lifetimes of 1, 2, …, units clusters.

    Raises:
        ValueError: not a linkage matrix, or heights that are NaN, infinite, negative or descending.

    Example:
        >>> lifetimes([[0, 1, 1.0, 2], [2, 3, 1.0, 2], [4, 5, 8.0, 4]]).round(2)
        array([0.  , 2.08, 0.  , 0.  ])

    Source: Fred & Jain 2005, Combining multiple clusterings using evidence accumulation, section 3.3, on log heights.
    """
    linkage = as_numpy("linkage", linkage, shape=["units - 1", 4]).astype(np.float64)
    if not np.isfinite(linkage[:, 2]).all():
        raise ValueError("linkage: found NaN or infinity among its heights, wanted finite numbers")
    if np.any(np.diff(linkage[:, 2], prepend=0) < 0):
        raise ValueError("linkage: found heights that are negative or descend, wanted them in ascending order")
    heights = linkage[::-1, 2]  # of the merges that leave 1, 2, … clusters
    life = np.zeros(len(linkage) + 1)
    begins, ends = heights[1:], heights[:-1]
    lasting = ends > begins
    with np.errstate(divide="ignore", over="ignore"):
        # Of the quotient, so that equal ratios of heights are equal lifetimes to the last digit.
        life[1:-1][lasting] = np.log(ends[lasting] / begins[lasting])
    return life


def representative_resolutions(
    linkage: Given[ArrayLike, "merges 4"], *, count: int = 3, factor: float = 2.0, largest: int | None = None
) -> list[int]:
    """The numbers of clusters with the longest lifetimes, each at least ``factor`` times the one before.

        argmax Σᵢ ℓ(cᵢ)   over   2 ≤ c₁,  factor · cᵢ ≤ cᵢ₊₁,  c_count ≤ largest

    Host-level; exact, by dynamic programming, O(count · largest²). The factor keeps the resolutions apart, like the
    paper's (4, 8, 16 and 3, 6, 12); without it the longest lifetimes crowd at the top of the tree. Lifetimes are ratios
    of merge heights, so the choice does not change with the scale of the vectors. Only resolutions with a lifetime
    above 0 are chosen; ties go to the coarser. An infinite lifetime, possible only for the finest of them, outweighs
    all others together.

    Args:
        linkage: [units − 1, 4] as in SciPy.
        count: number of resolutions; fewer are returned if the tree has no room for them.
        factor: least ratio of neighboring numbers of clusters, at least 1.
        largest: the finest resolution allowed; by default a sixth of the units, as in the paper, but at least 16 (and
            always fewer than units).

    Raises:
        ValueError: not a linkage matrix, count or factor below one, or largest below two.

    Example:
        >>> import numpy as np
        >>> from interp_jax.kernels import ward
        >>> points = np.array([0, 0.1, 1, 1.1, 10, 10.1, 11, 11.1])[:, None]
        >>> representative_resolutions(ward.linkage(points), count=2)
        [2, 4]
    """
    life = lifetimes(linkage)
    units, count = len(life), as_count("count", count)
    check_number("factor", factor, least=1)
    largest = max(16, units // 6) if largest is None else as_count("largest", largest, least=2)
    candidates = [c for c in range(2, min(largest, units - 1) + 1) if life[c - 1] > 0]
    # The best choice of one, two, … resolutions that ends with a given one.
    ending = {c: (life[c - 1], [c]) for c in candidates}
    best = list(ending.values())
    for _ in range(min(count, len(candidates)) - 1):
        longer = {}
        for c in candidates:
            coarser = [ending[e] for e in ending if e < c and factor * e <= c]
            if coarser:
                total, chosen = max(coarser, key=lambda choice: choice[0])
                longer[c] = (total + life[c - 1], [*chosen, c])
        ending = longer
        best = list(ending.values()) or best
    return max(best, key=lambda choice: choice[0], default=(0.0, []))[1]
