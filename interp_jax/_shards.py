"""Rows that are spread over devices or processes: read in place, batch by batch, and brought to the host.

A batch of neighboring rows lies on one device, and all others would have to receive it. The functions here see the rows
as equal runs, one for each device of the mesh that the array carries, and a batch takes rows of every run. On one
device there is one run.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def runs_of(*arrays: Any) -> int:
    """The number of equal runs of rows, no two of which need to lie on one device; 1 unless a mesh holds the arrays.

    Traceable. Inside ``jax.jit`` the mesh is known, but not which axis lies on it: runs of rows that are all on one
    device change no result.

    Example:
        >>> runs_of(jnp.zeros((6, 2)))
        1
    """
    runs = 0
    for array in arrays:
        devices = _devices(jax.typeof(array).sharding.mesh)
        runs = math.gcd(runs, devices if devices > 1 else 0)
    return math.gcd(max(runs, 1), *map(len, arrays))


def _devices(mesh) -> int:
    sizes = zip(mesh.axis_sizes, mesh.axis_types, strict=True)
    return math.prod(size for size, kind in sizes if kind == jax.sharding.AxisType.Auto)


def by_runs(rows: Any, runs: int) -> Any:
    """Rows [rows, …] as [runs, rows / runs, …], where they lie. Traceable."""
    return rows.reshape(runs, len(rows) // runs, *rows.shape[1:])


def batch_of(parts: Any, start: Any, size: int) -> Any:
    """``size`` rows of every run from the place ``start``, as rows. Traceable."""
    some = jax.lax.dynamic_slice_in_dim(parts, start, size, 1)
    return some.reshape(-1, *parts.shape[2:])


def everywhere(values: Any) -> Any:
    """The values on every device of the mesh that holds them. Traceable."""
    mesh = jax.typeof(values).sharding.mesh
    if _devices(mesh) == 1:
        return values
    return jax.lax.with_sharding_constraint(values, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))


def mesh_of(values: Any) -> jax.sharding.Mesh | None:
    """The mesh of several devices that an array lies on; None for other arrays. Host-level."""
    sharding = getattr(values, "sharding", None)
    mesh = sharding.mesh if isinstance(sharding, jax.sharding.NamedSharding) else None
    return mesh if isinstance(mesh, jax.sharding.Mesh) and mesh.size > 1 else None


def first_rows(rows: Any, most: int | None) -> Any:
    """The first of the rows, of rows on a mesh without gathering all of them. Traceable."""
    if most is None or not isinstance(rows, jax.Array) or runs_of(rows) == 1:
        return rows[:most]
    return _taken(rows, np.arange(min(most, len(rows))))


@jax.jit
def _taken(rows, places):
    return rows[places]


def map_rows(function: Callable, rows: Any, *, batch_size: int) -> Any:
    """``jax.lax.map`` over the rows of arrays, about ``batch_size`` at a time, of rows spread over devices in place.

    Traceable.

    Example:
        >>> map_rows(lambda row: row[0] + row[1], (jnp.arange(3), jnp.ones(3)), batch_size=2)
        Array([1., 2., 3.], dtype=float32)
    """
    leaves = jax.tree.leaves(rows)
    runs = runs_of(*leaves)
    if runs == 1:
        return jax.lax.map(function, rows, batch_size=batch_size)
    length = len(leaves[0]) // runs
    size = max(1, min(batch_size // runs, length))
    parts = jax.tree.map(lambda leaf: by_runs(leaf, runs), rows)

    def outputs(start, size):
        some = jax.vmap(function)(jax.tree.map(lambda leaf: batch_of(leaf, start, size), parts))
        return jax.tree.map(lambda leaf: leaf.reshape(runs, size, *leaf.shape[1:]), some)

    whole = length // size * size
    batches = jax.lax.map(lambda start: outputs(start, size), jnp.arange(0, whole, size))
    done = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, 1).reshape(runs, whole, *leaf.shape[3:]), batches)
    if whole < length:
        rest = outputs(whole, length - whole)
        done = jax.tree.map(lambda one, other: jnp.concatenate([one, other], axis=1), done, rest)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), done)


def on_host(values: Any) -> np.ndarray:
    """An array's values as NumPy; of rows spread over processes each process gets all, and all have to call it.

    Host-level.

    Example:
        >>> on_host(jnp.arange(3)).tolist()
        [0, 1, 2]
    """
    if not isinstance(values, jax.Array) or values.is_fully_addressable or values.is_fully_replicated:
        return np.asarray(values)
    from jax.experimental.multihost_utils import process_allgather

    return np.asarray(process_allgather(values, tiled=True))


def over_processes(tree: Any) -> bool:
    """Whether any array of a tree has parts in other processes. Host-level."""
    return any(isinstance(leaf, jax.Array) and not leaf.is_fully_addressable for leaf in jax.tree.leaves(tree))


def local(tree: Any) -> Any:
    """The tree with arrays that are spread over processes as arrays of this one, by `on_host`. Host-level."""

    def one(leaf):
        return leaf if not isinstance(leaf, jax.Array) or leaf.is_fully_addressable else jnp.asarray(on_host(leaf))

    return jax.tree.map(one, tree)


def fetched(tree: Any) -> Any:
    """The arrays of a tree as by `on_host`, those of one process all at once. Host-level."""
    arrays = [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array)]
    if all(leaf.is_fully_addressable for leaf in arrays):
        return jax.device_get(tree)
    return jax.tree.map(on_host, tree)
