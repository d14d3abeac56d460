"""Factors, groups of units with similar activations, and the cluster of each row in each factor."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._readable import readable
from interp_jax.kernels.kmeans import kmeans
from interp_jax.methods._centered import centered
from interp_jax.methods.cnn_inte._density import density_centers
from interp_jax.methods.cnn_inte.class_separability import of_size_one

READINGS = ("coordinates", "means")
CLUSTERINGS = ("kmeans", "hdbscan")
UNIT_ROWS = 5_000  # that units are compared by
BLOCK = 4_096  # rows whose distances are computed at a time
TOLERANCE = 1e-4  # of k-means
_MUCH = 2**22  # activations from which on a factor's rows are clustered by its own units' columns, compiled by width


@readable()
class Factors(NamedTuple):
    """The factor of each unit, and the centers of each factor's clusters; a cluster's number is its ID.

    A center has one coordinate per unit, 0 for units of other factors, or the mean over the factor's units alone.
    """

    of_unit: Int[np.ndarray, " units"]
    centers: Float[np.ndarray, "factors ids coordinates"]

    def _finding(self) -> str:
        units = np.bincount(self.of_unit, minlength=len(self.centers))
        sizes = f"{units.min()} to {units.max()} of {len(self.of_unit)} units"
        return f"{len(self.centers)} factors of {sizes}, {self.centers.shape[1]} clusters of rows in each"


def find_factors(
    hidden: Float[Array | np.ndarray, "rows units"],
    *,
    factors: int,
    ids: int,
    key,
    rows: int = 20_000,
    restarts: int = 4,
    standardized: bool = False,
    reading: str = "coordinates",
    clustering: str = "kmeans",
) -> Factors:
    """`Factors` by k-means of the units, and in each factor clusters of the rows, by k-means or HDBSCAN.

    Host-level; compiled once for all factors, of large layers at most three times. A unit's coordinates are its
    activations in up to 5,000 rows. NumPy's float64 activations are centered before the cast to float32.

    Args:
        hidden: [rows, units] finite activations.
        factors: number of factors.
        ids: clusters in each; if HDBSCAN finds fewer, the other centers repeat the first.
        key: a JAX random key.
        rows: most rows, drawn at random, that clusters are found on; more than 20,000 hardly move a center.
        restarts: starts of each k-means.
        standardized: whether units are compared at mean 0 and variance 1, so that correlated units are similar.
        reading: clusters of the "coordinates" of rows in a factor, or of their "means", then numbered by size.
        clustering: of the rows, "kmeans" or "hdbscan".

    Source: Liu, Wang & Matwin, arXiv:1802.00560, Algorithm 1, lines 4 to 7.
    """
    unit_key, row_key, sample_key = jax.random.split(key, 3)
    sampled = hidden[np.asarray(jax.random.permutation(sample_key, len(hidden))[:rows])]
    offset = sampled.mean(axis=0) if isinstance(sampled, np.ndarray) and sampled.dtype == np.float64 else None
    sampled = jnp.asarray(sampled if offset is None else sampled - offset, jnp.float32)
    units = sampled[:UNIT_ROWS].T
    if standardized:
        units = centered(of_size_one(sampled[:UNIT_ROWS]).T, 1)
        spread = jnp.std(units, axis=1, keepdims=True)
        units = units / jnp.where(spread > 0, spread, 1)
    of_unit = np.asarray(kmeans(units, factors, key=unit_key, restarts=restarts).labels)
    all_centers = []
    for factor in range(factors):
        inside = of_unit == factor
        if clustering == "hdbscan":
            centers = density_centers(np.asarray(_coordinates(sampled, inside, reading)), ids)
        else:
            options = {"key": jax.random.fold_in(row_key, factor), "restarts": restarts}
            centers = _centers(sampled, inside, reading, ids, **options)
        if offset is not None:
            centers = centers + (_mean(offset[None], inside) if reading == "means" else offset * inside)
        all_centers.append(np.sort(centers, axis=0) if reading == "means" else centers)
    return Factors(of_unit, np.stack(all_centers))


def _centers(sampled, inside, reading, ids, **options):
    """k-means of the rows in a factor; of wide layers among its own units alone, in one of three widths."""
    if reading == "means" or sampled.size < _MUCH:
        rows = _coordinates(sampled, inside, reading)
        return np.asarray(kmeans(rows, ids, tolerance=TOLERANCE, **options).centers)
    units, own = len(inside), np.flatnonzero(inside)
    width = next(width for width in (-(-units // 4), -(-units // 2), units) if len(own) <= width)
    columns = jnp.pad(sampled[:, own], ((0, 0), (0, width - len(own))))
    # Centers rest by the mean over all units, of which those left out are 0.
    narrow = kmeans(columns, ids, tolerance=TOLERANCE * width / units, **options).centers
    centers = np.zeros((ids, units), np.float32)
    centers[:, own] = narrow[:, : len(own)]
    return centers


def assign(factors: Factors, hidden: Float[Array | np.ndarray, "rows units"], reading: str):
    """The ID of each row in each factor [rows, factors]: its nearest center, ties to the first.

    Host-level; distances are sums of squared differences in float64. Time: rows × units × ids.
    """
    hidden = np.asarray(hidden)
    ids = np.empty((len(hidden), len(factors.centers)), np.int64)
    for number, centers in enumerate(factors.centers):
        inside = factors.of_unit == number
        if reading == "means":
            rows = _mean(hidden, inside)
        else:
            rows, centers = hidden[:, inside], centers[:, inside]
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK].astype(np.float64)
            differences = (block - center for center in centers)
            distances = np.stack([np.einsum("ij,ij->i", each, each) for each in differences])
            ids[start : start + BLOCK, number] = distances.argmin(axis=0)
    return ids


def _coordinates(hidden, inside, reading):
    """A factor's activations, 0 in other factors' units, so that all factors have one shape; or their mean."""
    inside = jnp.asarray(inside, hidden.dtype)[None]
    if reading == "coordinates":
        return hidden * inside
    return jnp.sum(hidden * inside, axis=1, keepdims=True) / jnp.maximum(jnp.sum(inside), 1)


def _mean(hidden, inside):
    return hidden[:, inside].sum(axis=1, keepdims=True, dtype=np.float64) / max(int(inside.sum()), 1)
