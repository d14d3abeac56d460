"""Clusters by density, whose number the rows decide."""

import numpy as np
from jaxtyping import Float
from sklearn.cluster import HDBSCAN

# Rows that clusters are made of: time grows with their square.
DENSITY_ROWS = 2_000
NEIGHBORS = 5  # that make a row's density: with as many as a cluster's rows, factors of a layer are all noise
SMALLEST = 0.02  # share of the rows that makes a cluster


def density_centers(rows: Float[np.ndarray, "rows features"], most: int) -> Float[np.ndarray, "{most} features"]:
    """The means of the largest clusters that HDBSCAN finds.

    Host-level. If there are fewer than ``most``, the first is repeated. HDBSCAN leaves out rows that are in no dense
    region; whoever assigns rows to the nearest mean takes them in. Where it finds no two clusters, all rows are one.
    Clusters are made of up to 2,000 rows, the first.

    Source: Campello, Moulavi & Sander, PAKDD 2013; DBSCAN without its radius, which Liu, Wang & Matwin,
    arXiv:1802.00560, section V, would use in place of k-means.
    """
    rows = np.asarray(rows[:DENSITY_ROWS], np.float64)
    smallest = max(15, round(SMALLEST * len(rows)))
    found = HDBSCAN(min_cluster_size=smallest, min_samples=min(NEIGHBORS, len(rows)), copy=True).fit(rows).labels_
    sizes = np.bincount(found[found >= 0])
    chosen = np.argsort(-sizes, kind="stable")[:most]
    centers = [rows[found == label].mean(axis=0) for label in chosen] or [rows.mean(axis=0)]
    return np.stack(centers + centers[:1] * (most - len(centers))).astype(np.float32)
