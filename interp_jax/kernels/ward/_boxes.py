"""Nearest clusters in few dimensions: each box of neighboring clusters is compared only with the boxes around it."""

import numpy as np

NEAREST = 8  # neighbors returned per row
_CLUSTERS = 40  # in a box, at most
_AROUND = {1: 3, 2: 9, 3: 27}  # boxes compared with each, by the number of features
_FROM = 2000  # clusters from which this pays, if at least half of them are searched
_ELEMENTS = 1 << 19  # costs held at once
_ROUNDING = 2.0**-50  # of a distance of centroids whose coordinates are at most 1


def suit(clusters, rows) -> bool:
    """Whether boxes are the fastest way to the nearest of these rows."""
    count, features = clusters.centroids.shape
    return features in _AROUND and count >= max(_FROM, _CLUSTERS) and 2 * len(rows) >= count


def in_boxes(clusters, rows):
    """NEAREST near slots of each row (its own if there are fewer), and a lower bound on the costs of all others."""
    boxes, filling = _boxes(clusters)
    sizes, places = clusters.sizes[boxes], clusters.centroids[boxes]
    near, beyond = _near(places.min(1), places.max(1), sizes.min(1))
    inverse = 1 / sizes
    coordinates = np.moveaxis(places, 2, 0)
    others = np.where(filling, np.inf, coordinates)

    slots = np.empty((len(clusters.sizes), NEAREST), np.int64)
    bounds = np.empty(len(clusters.sizes))
    step = max(1, _ELEMENTS // (near.shape[1] * boxes.shape[1] ** 2))
    for start in range(0, len(boxes), step):
        some = slice(start, start + step)
        around = near[some]
        own, candidates = boxes[some][..., None], boxes[around].reshape(len(around), 1, -1)
        costs = np.zeros(np.broadcast_shapes(own.shape, candidates.shape))
        for here, there in zip(coordinates, others, strict=True):
            part = here[some][..., None] - there[around].reshape(candidates.shape)
            part *= part
            costs += part
        costs /= inverse[some][..., None] + inverse[around].reshape(candidates.shape)
        costs[own == candidates] = np.inf
        order = np.argpartition(costs, NEAREST, axis=2)[..., : NEAREST + 1]
        costs = np.take_along_axis(costs, order, axis=2)
        candidates = np.take_along_axis(candidates, order[..., :NEAREST], axis=2)
        own = own[..., 0]
        slots[own] = np.where(np.isinf(costs[..., :NEAREST]), own[..., None], candidates)
        bounds[own] = np.minimum(costs[..., NEAREST], beyond[some, None])
    sizes = clusters.sizes[rows]
    return slots[rows], sizes * np.square(np.maximum(np.sqrt(bounds[rows] / sizes) - _ROUNDING, 0))


def _near(low, high, sizes):
    """The boxes around each, including itself, and a lower bound on the costs between it and any further one."""
    bounds = np.zeros((len(low), len(low)))
    for least, most in zip(low.T, high.T, strict=True):
        bounds += np.square(np.maximum(0, np.maximum(least[:, None] - most, least - most[:, None])))
    bounds /= 1 / sizes[:, None] + 1 / sizes
    around = min(_AROUND[low.shape[1]], len(low))
    order = np.argpartition(bounds, around - 1, axis=1)
    return order[:, :around], np.take_along_axis(bounds, order[:, around:], axis=1).min(1, initial=np.inf)


def _boxes(clusters):
    """Live slots in boxes of equal counts, halved at the median of the widest side, and which slots are padding."""
    slots = np.flatnonzero(clusters.alive)
    halvings = max(0, int(np.ceil(np.log2(len(slots) / _CLUSTERS))))
    width = -(-len(slots) >> halvings)
    count = len(slots)
    slots = np.resize(slots, (1, width << halvings))
    filling = (np.arange(slots.size) >= count)[None]
    for _ in range(halvings):
        centroids = clusters.centroids[slots]
        side = np.ptp(centroids, axis=1).argmax(1)
        place = np.take_along_axis(centroids, side[:, None, None], axis=2)[..., 0]
        order = np.argpartition(place, slots.shape[1] // 2, axis=1)
        shape = 2 * len(slots), -1
        slots = np.take_along_axis(slots, order, axis=1).reshape(shape)
        filling = np.take_along_axis(filling, order, axis=1).reshape(shape)
    return slots, filling
