"""One Ward tree of any size: reciprocal nearest neighbors merged in rounds."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given
from interp_jax._shards import mesh_of
from interp_jax.kernels.ward._clusters import Clusters
from interp_jax.kernels.ward._merges import Merges
from interp_jax.kernels.ward._neighbors import Neighbors
from interp_jax.kernels.ward._points import as_points

_SEARCHED = 0.25  # share of the clusters whose nearest is determined in a round; the others wait until fewer are left
_FULL = 0.7  # share of slots in use below which the empty ones are dropped


def linkage(vectors: Given[ArrayLike, "rows features"]) -> Float[np.ndarray, "merges 4"]:
    """SciPy's linkage matrix of Ward's hierarchical clustering, for any number of vectors.

        ΔESS(a, b) = |a||b| / (|a| + |b|) · ‖mean_a − mean_b‖²,   height = √(2 ΔESS)

    Host-level. The pair of least ΔESS is merged first, and so on; here all pairs of reciprocal nearest neighbors are
    merged in the same round, which gives the same tree. Equal to ``scipy.cluster.hierarchy.linkage(method="ward")`` of
    the vectors in float64, up to rounding and the order of exact ties. Memory O(rows · features); time
    O(rows² · features), most of it a float32 search on the default device whose results are verified in float64.
    Below some thousand rows all is done on the host and nothing is compiled. For vectors on a mesh the search runs on
    its devices, each with an equal share of the clusters; the rest is done on the host, by every process on all rows.

    Args:
        vectors: [rows, features], at least two rows; NumPy, JAX or nested lists of any real type.

    Returns:
        [rows − 1, 4], one merge per row by increasing height: the two clusters (rows of the input, then rows + merge),
        the lower first, the height in units of the input, and the number of rows in the union. For
        ``scipy.cluster.hierarchy.dendrogram``, ``cut_tree`` and ``fcluster``.

    Raises:
        ValueError: vectors that are not real numbers [rows, features], are fewer than two, or have NaN or infinity.

    Example:
        >>> linkage(np.array([[0.0], [1.0], [5.0]]))
        array([[0.        , 1.        , 1.        , 2.        ],
               [2.        , 3.        , 5.19615242, 3.        ]])

    Source: Watanabe 2018 (arXiv:1810.01588), section 3; reciprocal neighbors and reducibility after Murtagh 1983.
    """
    points, center, exponent = as_points(vectors)
    merges = Merges(len(points))
    _agglomerate(_distinct(points, center, merges, mesh_of(vectors)), merges)
    linkage = merges.linkage()
    linkage[:, 2] = np.ldexp(linkage[:, 2], exponent)
    return linkage


def _distinct(points, center, merges, mesh):
    """One cluster for each distinct row; equal rows are merged at height 0."""
    # Rows as bytes, without signed zeros; with no features all rows are the same nothing.
    width = max(1, points.dtype.itemsize * points.shape[1])
    rows = np.ascontiguousarray(points + 0.0) if points.shape[1] else np.zeros((len(points), 1), bool)
    _, first, member, counts = np.unique(
        rows.view(f"V{width}")[:, 0], return_index=True, return_inverse=True, return_counts=True
    )
    by_group = np.argsort(member, kind="stable")
    starts = np.cumsum(counts) - counts
    names = first.copy()
    for step in range(1, int(counts.max())):
        groups = np.flatnonzero(counts > step)
        others = by_group[starts[groups] + step]
        names[groups] = merges.add(names[groups], others, 0.0, np.full(len(groups), step + 1.0))
    return Clusters(points[first], center, counts.astype(float), names, mesh)


def _agglomerate(clusters, merges):
    neighbors, live = Neighbors(clusters), len(clusters.sizes)
    while live > 1:
        reach = neighbors.reach()
        rank = int(_SEARCHED * live)
        waiting = np.flatnonzero(~neighbors.certain() & (reach <= np.partition(reach, rank)[rank]))
        if len(waiting):
            neighbors.search(waiting)
        left, right = _reciprocal(neighbors)
        if not len(left):
            if len(waiting):
                continue
            # Ties can form a ring of nearest neighbors; the least pair of all is always reciprocal.
            left = np.array([np.argmin(reach)])
            right = neighbors.chosen[left]
        sizes = clusters.sizes[left] + clusters.sizes[right]
        names = merges.add(clusters.names[left], clusters.names[right], neighbors.least[left], sizes)
        neighbors.merge(left, right, names)
        live -= len(left)
        if live < _FULL * len(clusters.sizes):
            neighbors.keep(np.flatnonzero(clusters.alive))


def _reciprocal(neighbors):
    chosen = np.where(neighbors.clusters.alive & neighbors.certain(), neighbors.chosen, -1)
    slots = np.arange(len(chosen))
    left = np.flatnonzero((chosen > slots) & (chosen[chosen] == slots))
    return left, chosen[left]
