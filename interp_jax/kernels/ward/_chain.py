"""A tree of very few clusters: merged one after the other along chains of nearest neighbors, without arrays."""

import numpy as np

NEAR = 1e-11  # squared distance, of coordinates up to 1, below which centroids have lost digits
_LOST = 1e-3  # of a cluster's squared norm, squared distances below which products have lost digits
_FULL = 0.5  # share of the rows in use below which the rest is dropped


def chain(points, sizes, names, name):
    """Merges all clusters by Lance and Williams' formula; None if some are too near for float64 centroids.

    Args:
        points: centroids, no coordinate further than 1 from 0.
        sizes: of the clusters.
        names: of the clusters.
        name: of the first union; the others follow.

    Returns:
        The names of the pairs, the costs and the sizes of their unions.
    """
    costs = _costs(points, sizes)
    if costs is None:
        return None
    costs, sizes, names = costs.tolist(), sizes.tolist(), names.tolist()
    live, merged, places = list(range(len(sizes))), [], []
    while len(live) > 1:
        if not places:
            if len(live) < _FULL * len(costs):
                costs = [[costs[row][column] for column in live] for row in live]
                sizes, names = [sizes[row] for row in live], [names[row] for row in live]
                live = list(range(len(live)))
            places, heights = [live[0]], [np.inf]
        row = costs[places[-1]]
        least = min(row)
        if least < heights[-1]:
            places.append(row.index(least))
            heights.append(least)
            continue
        # The last two are each other's nearest.
        b, a = places.pop(), places.pop()
        height, size_a, size_b = heights.pop(), sizes[a], sizes[b]
        heights.pop()
        total = size_a + size_b
        merged.append((names[a], names[b], height, total))
        row = [
            ((size_a + size) * first + (size_b + size) * second - size * height) / (total + size)
            for size, first, second in zip(sizes, costs[a], costs[b], strict=True)
        ]
        live.remove(b)
        costs[a], sizes[a], names[a] = row, total, name
        for other in live:
            costs[other][a], costs[other][b] = row[other], np.inf
        name += 1
    return np.array(merged).reshape(-1, 4).T


def _costs(points, sizes):
    """All costs, symmetric to the bit: a chain of ever smaller costs has an end. Infinite on the diagonal."""
    squares = np.einsum("ij,ij->i", points, points)
    costs = points @ (-2 * points.T)
    costs += squares
    costs += squares[:, None]
    costs.ravel()[:: len(costs) + 1] = np.inf
    rows, others = np.nonzero(costs < _LOST * squares[:, None])
    if len(rows):
        difference = points[rows] - points[others]
        costs[rows, others] = squared = np.einsum("ij,ij->i", difference, difference)
        if squared.min() < NEAR:
            return None
    costs *= sizes * sizes[:, None] / (sizes + sizes[:, None])
    return np.maximum(costs, costs.T)
