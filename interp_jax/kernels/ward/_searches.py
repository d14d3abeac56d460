"""The ways to the nearest clusters, and which of them suits some points."""

import numpy as np

from interp_jax.kernels.ward._forest import Forest, by_place, visited
from interp_jax.kernels.ward._search import nearest

_ALWAYS = 5  # features up to which trees are the faster


class Products:
    """All clusters compared with all others in matrix products."""

    share = 0.25  # of the clusters whose nearest is determined in a round; the others wait until fewer are left

    def __call__(self, clusters, rows):
        self.rows = len(rows)  # at a time
        return lambda rows, _: nearest(clusters, rows)


class Trees:
    """Nearby clusters found in k-d trees."""

    share, rows = 0.5, 4096

    def __call__(self, clusters, rows):
        return Forest(clusters).nearest


def best(points, rows):
    """The search that suits some rows of the points, and an order of these rows that suits the search.

    What counts is how much of the points a search in a tree visits: in many dimensions nearly all of them, unless the
    points lie near a surface of few, or in groups.
    """
    features = points.shape[1]
    if not features:
        return Products(), np.arange(len(rows))
    points = points[rows]
    tree, order = by_place(points)
    if features <= _ALWAYS or features * visited(points, tree) < _worth(len(rows), features):
        return Trees(), order
    return Products(), np.arange(len(rows))


def _worth(rows, features):
    """The number of features times the share visited up to which trees are the faster, as measured on two cores."""
    return 1 + 0.05 * features + 0.6 * (20_000 / rows) ** 2
