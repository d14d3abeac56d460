"""Factors, groups of units that act alike, and the cluster of every row in each of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax.kernels.kmeans import kmeans
from interp_jax.methods.cnn_inte._density import density_centers

READINGS = ("coordinates", "means")
CLUSTERINGS = ("kmeans", "hdbscan")
# Rows that units are compared by, and that clusters are made of: more hardly move a center.
UNIT_ROWS, CLUSTER_ROWS = 5_000, 20_000


class Factors(NamedTuple):
    """Which factor every unit belongs to, and the centers of each factor's clusters, in its `coordinates`."""

    of_unit: Int[np.ndarray, " units"]
    centers: Float[np.ndarray, "factors ids coordinates"]


def find_factors(
    hidden: Float[Array, "rows units"],
    *,
    factors: int,
    ids: int,
    key,
    restarts: int = 4,
    standardized: bool = False,
    reading: str = "coordinates",
    clustering: str = "kmeans",
) -> Factors:
    """k-means of the units, then clusters of the rows in every factor, by k-means or HDBSCAN.

    Host-level; compiled once for all factors. A unit's coordinates are its activations in up to 5,000 rows;
    ``standardized`` ones have mean 0 and variance 1, so that units are alike that correlate. Clusters are made of up to
    20,000 rows. In the reading "means" their numbers rise with the mean. HDBSCAN finds up to ``ids`` clusters; where it
    finds fewer, the centers of the others repeat the first, and no row is assigned to them.

    Source: Liu, Wang & Matwin, arXiv:1802.00560, Algorithm 1, lines 4 to 7.
    """
    unit_key, row_key, sample_key = jax.random.split(key, 3)
    sampled = hidden[jax.random.permutation(sample_key, len(hidden))[:CLUSTER_ROWS]]
    units = sampled[:UNIT_ROWS].T
    if standardized:
        spread = jnp.std(units, axis=1, keepdims=True)
        units = (units - jnp.mean(units, axis=1, keepdims=True)) / jnp.where(spread > 0, spread, 1)
    of_unit = np.asarray(kmeans(units, factors, key=unit_key, restarts=restarts).labels)
    centers = []
    for factor in range(factors):
        rows = coordinates(sampled, of_unit == factor, reading)
        if clustering == "hdbscan":
            found = density_centers(np.asarray(rows), ids)
        else:
            found = np.asarray(kmeans(rows, ids, key=jax.random.fold_in(row_key, factor), restarts=restarts).centers)
        centers.append(np.sort(found, axis=0) if reading == "means" else found)
    return Factors(of_unit, np.stack(centers))


def assign(found: Factors, hidden: Float[Array, "rows units"], reading: str) -> Int[np.ndarray, "rows factors"]:
    """The ID of every row in every factor: its nearest center, the first of equal ones.

    Host-level; memory: rows × (units + ids).
    """
    inside = found.of_unit == np.arange(len(found.centers))[:, None]
    return np.stack(
        [
            np.asarray(_nearest(coordinates(hidden, units, reading), centers))
            for units, centers in zip(inside, found.centers, strict=True)
        ],
        axis=1,
    )


def coordinates(hidden, units, reading):
    """A factor's activations, 0 in other factors' units, so that all factors have one shape; or their mean."""
    inside = jnp.asarray(units, hidden.dtype)[None]
    if reading == "coordinates":
        return hidden * inside
    return jnp.sum(hidden * inside, axis=1, keepdims=True) / jnp.maximum(jnp.sum(inside), 1)


@jax.jit
def _nearest(x, centers):
    middle = jnp.mean(centers, axis=0, keepdims=True)
    x, centers = x - middle, centers - middle
    scores = jnp.sum(centers**2, axis=1)[:, None] - 2 * jnp.matmul(centers, x.T, precision="highest")
    return jnp.argmin(scores, axis=0)
