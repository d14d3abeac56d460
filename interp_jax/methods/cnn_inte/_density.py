"""Clusters by density, whose number follows from the rows."""

from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.cluster import HDBSCAN

DENSITY_ROWS = 2_000  # time grows with their square
NEIGHBORS = 5  # of a density: with as many as the smallest cluster has rows, all activations of a layer are noise
SMALLEST = 0.02  # share of the rows in the smallest cluster


def density_centers(rows: Float[np.ndarray, "rows features"], most: int) -> Float[np.ndarray, "{most} features"]:
    """The means of the largest clusters that HDBSCAN finds, at most ``most``.

    Host-level. If there are fewer, the first is repeated. Rows in no dense region belong to no cluster and do not
    count. If there are not two clusters, all rows are one. Clusters are found on the first 2,000 rows.

    Source: Campello, Moulavi & Sander, PAKDD 2013; DBSCAN without its radius, which Liu, Wang & Matwin,
    arXiv:1802.00560, section V, would use in place of k-means.
    """
    rows = np.asarray(rows[:DENSITY_ROWS], np.float64)
    smallest = max(15, round(SMALLEST * len(rows)))
    options: dict[str, Any] = {"min_cluster_size": smallest, "min_samples": min(NEIGHBORS, len(rows)), "copy": True}
    labels = HDBSCAN(**options).fit(rows).labels_
    sizes = np.bincount(labels[labels >= 0])
    chosen = np.argsort(-sizes, kind="stable")[:most]
    centers = [rows[labels == label].mean(axis=0) for label in chosen] or [rows.mean(axis=0)]
    return np.stack(centers + centers[:1] * (most - len(centers))).astype(np.float32)
