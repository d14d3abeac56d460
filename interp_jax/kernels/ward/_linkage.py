"""One Ward tree of any size: reciprocal nearest neighbors merged in rounds."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given
from interp_jax._shards import mesh_of
from interp_jax.kernels.ward._clusters import Clusters
from interp_jax.kernels.ward._distinct import distinct
from interp_jax.kernels.ward._merges import Merges
from interp_jax.kernels.ward._neighbors import Neighbors
from interp_jax.kernels.ward._points import as_points
from interp_jax.kernels.ward._rounds import agglomerate
from interp_jax.kernels.ward._searches import Products, best
from interp_jax.kernels.ward._walk import walk

_SMALL = 1500, 3500  # distinct rows of one feature and of more up to which rounds of products are the fastest
_FEW = 1 / 64  # pairs of clusters in a round below which they are merged one after the other
_WALKED = 1 << 21  # clusters of which a walk may need memory
_FULL = 0.75  # share of slots in use below which the empty ones are dropped


def linkage(vectors: Given[ArrayLike, "rows features"]) -> Float[np.ndarray, "merges 4"]:
    """SciPy's linkage matrix of Ward's hierarchical clustering, for any number of vectors.

        ΔESS(a, b) = |a||b| / (|a| + |b|) · ‖mean_a − mean_b‖²,   height = √(2 ΔESS)

    Host-level. The pair of least ΔESS is merged first, and so on; here all pairs of reciprocal nearest neighbors are
    merged in the same round, which gives the same tree. Equal to ``scipy.cluster.hierarchy.linkage(method="ward")`` of
    the vectors in float64, up to rounding and the order of exact ties. Memory O(rows · features).

    Of some thousand rows or fewer, costs are told from matrix products on the host. Of more, where the points have few
    dimensions of their own (a surface in many features has two), the nearest are found in k-d trees on all cores, in
    time little more than proportional to the rows; gaps that grow slowly from point to point take a few times longer.
    Otherwise the time is O(rows² · features), most of it a float32 search on the default device whose results are
    verified in float64; only this search is compiled. For vectors on a mesh it runs on the mesh's devices,
    each with an equal share of the clusters; the rest is done on the host, by every process on all rows.

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
    rows, names, counts = _distinct(points, merges)
    mesh = mesh_of(vectors)
    small = mesh is None and len(rows) <= _SMALL[points.shape[1] > 1]
    if not (small and agglomerate(points[rows], center, counts, names, merges)):
        search, order = best(points, rows) if mesh is None else (Products(), np.arange(len(rows)))
        clusters = Clusters(points[rows[order]], center, counts[order], names[order], mesh)
        del points
        _agglomerate(clusters, merges, search)
    linkage = merges.linkage()
    linkage[:, 2] = np.ldexp(linkage[:, 2], exponent)
    return linkage


def _distinct(points, merges):
    """The first of each group of equal rows, the group's name, and its size; equal rows are merged at height 0."""
    rows, starts, counts = distinct(points)
    names = rows[starts]
    for step in range(1, int(counts.max())):
        groups = np.flatnonzero(counts > step)
        names[groups] = merges.add(names[groups], rows[starts[groups] + step], 0.0, np.full(len(groups), step + 1.0))
    return rows[starts], names, counts.astype(float)


def _agglomerate(clusters, merges, search):
    neighbors, live = Neighbors(clusters), len(clusters.sizes)
    pause, pauses = 0, 1
    while live > 1:
        reach = neighbors.reach()
        rank = int(search.share * live)
        waiting = np.flatnonzero(~neighbors.certain() & (reach <= np.partition(reach, rank)[rank]))
        if len(waiting):
            neighbors.search(waiting, search(clusters, waiting), search.rows)
        left, right = neighbors.reciprocal()
        if not len(left):
            if len(waiting):
                continue
            # Rounding can hide that two are each other's nearest; the least pair of all is.
            left = np.array([np.argmin(reach)])
            right = neighbors.chosen[left]
        sizes = clusters.sizes[left] + clusters.sizes[right]
        names = merges.add(clusters.names[left], clusters.names[right], neighbors.least[left], sizes)
        neighbors.merge(left, right, names)
        live -= len(left)
        if len(left) < _FEW * live and live <= _WALKED:
            if pause:
                pause -= 1
            else:
                merged = walk(neighbors, merges)
                live -= merged
                # Where a walk does not pay, the next one is made later.
                pauses = 1 if merged > len(left) else 2 * pauses
                pause = pauses - 1
        if live < _FULL * len(clusters.sizes):
            neighbors.keep(np.flatnonzero(clusters.alive))
