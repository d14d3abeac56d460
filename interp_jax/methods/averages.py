"""A layer's activations averaged over the rows of each class."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Network, as_centered, as_count, as_labels, as_numpy, check_mesh, check_shape
from interp_jax._readable import readable
from interp_jax._row_groups import RowGroups
from interp_jax.methods._accept import accept_network, as_rows, check_one_array


@readable()
class ClassMeans(NamedTuple):
    """Means over the rows of each class.

    Attributes:
        means: [classes, …] the means, 0 for a class without rows.
        counts: [classes] numbers of rows.
    """

    means: Float[Array, "classes *units"]
    counts: Int[Array, " classes"]

    def _finding(self) -> str | None:
        if np.ndim(self.counts) != 1:
            return None
        rows = np.asarray(self.counts)
        empty = f"; {np.sum(rows == 0)} without rows" if (rows == 0).any() else ""
        return f"means of {len(rows)} classes of {rows.min()} to {rows.max()} rows{empty}"


def class_means(
    activations: Given[ArrayLike, "rows *features"], labels: Given[ArrayLike, "rows"], *, classes: int
) -> ClassMeans:
    """`ClassMeans`: each unit's average activation over the rows of each class.

        A_c = 1 / N_c  Σ_{n: label_n = c} a_n

    Traceable; one matrix product of classes × rows × units, on CPUs of 128 classes and more rows × units additions. A
    NaN activation, of an ignored row too, makes that unit's mean NaN in every class. Half precision and integers give
    float32 means; NumPy's float64 is centered before the cast to float32.

    Args:
        activations: [rows, …] a layer's outputs.
        labels: [rows] class numbers; rows with a label outside 0 … classes − 1 are ignored.
        classes: number of classes, static.

    Raises:
        ValueError: activations that are not real, labels that are not 32-bit integers, one per row, or classes below
            one.

    Example:
        >>> class_means(jnp.array([[1.0], [3.0], [5.0]]), jnp.array([0, 0, 2]), classes=3).means[:, 0]
        Array([2., 0., 5.], dtype=float32)

    Source: Chen 2017, section 3.3.3, eqs. 3.6 and 3.7.
    """
    classes = as_count("classes", classes)
    if isinstance(activations, jax.Array) and jnp.issubdtype(activations.dtype, jnp.floating):
        center = None
    else:
        activations, center = as_centered("activations", activations)
    check_shape("activations", activations, ["rows", "…"])
    check_mesh("activations", activations)
    sums, counts = _class_sums(activations, as_labels("labels", labels, rows=len(activations)), classes)
    means = _means(sums, counts)
    if center is None:
        return means
    filled = (counts > 0).reshape(-1, *[1] * (sums.ndim - 1))
    return ClassMeans(jnp.where(filled, means.means + center, 0), counts)


def layer_averages(
    network: Network,
    inputs: Given[ArrayLike, "rows *features"],
    labels: Given[ArrayLike, "rows"],
    *,
    classes: int,
    batch_size: int = 10_000,
) -> Any:
    """`class_means` of each array that a network returns, over any number of rows, ``batch_size`` at a time.

    Host-level. Memory: one batch's activations. One compilation for equal networks (at most two batch shapes).

    Args:
        network: ``[batch, …] -> array or pytree of arrays [batch, …, units]``, e.g. ``chain.activations``.
        inputs: [rows, …].
        labels: [rows] class numbers, 0 … classes − 1.
        classes: number of classes.
        batch_size: rows at a time.

    Returns:
        The network's output structure with a `ClassMeans` for each array: for ``activations`` an OrderedDict by stage.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, NaN or infinite inputs, labels outside the classes, counts below one, or a network that
            fails on the inputs, returns NaN, or whose rows depend on each other.

    Example:
        >>> averages = layer_averages(lambda x: {"twice": 2 * x}, jnp.ones((4, 3)), jnp.array([0, 1, 1, 1]), classes=2)
        >>> averages["twice"].counts
        Array([1, 3], dtype=int32)

    Source: Chen 2017, section 3.3.3.
    """
    classes, batch_size = as_count("classes", classes), as_count("batch_size", batch_size)
    check_one_array("inputs", inputs)
    inputs = inputs if isinstance(inputs, jax.Array) else as_numpy("inputs", inputs)
    check_shape("inputs", inputs, ["rows", "…"])
    labels = as_labels("labels", labels, rows=len(inputs), classes=classes)
    network = accept_network(network, inputs)
    total = None
    for start in range(0, len(inputs), batch_size):
        batch = slice(start, start + batch_size)
        sums = _batch_sums(network, as_rows("inputs", inputs[batch], finite=False), labels[batch], classes)
        total = sums if total is None else jax.tree.map(jnp.add, total, sums)
    is_sums = lambda node: isinstance(node, _Sums)  # noqa: E731
    return jax.tree.map(lambda node: _means(*node), total, is_leaf=is_sums)


class _Sums(NamedTuple):
    sums: Any
    counts: Any


def _class_sums(activations, labels, classes):
    floating = jnp.issubdtype(activations.dtype, jnp.floating)
    members = RowGroups(labels, classes)
    return _Sums(members.sums(activations if floating else activations.astype(jnp.float32)), members.counts())


def _means(sums, counts):
    divisor = jnp.maximum(counts, 1).astype(sums.dtype).reshape(-1, *[1] * (sums.ndim - 1))
    return ClassMeans(sums / divisor, counts)


def _batch_sums_of(network, inputs, labels, classes):
    return jax.tree.map(lambda activations: _class_sums(activations, labels, classes), network(inputs))


_batch_sums = jax.jit(_batch_sums_of, static_argnames="classes")
