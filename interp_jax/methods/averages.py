"""What a layer does for a class: its activations averaged over the class's rows."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax.methods._accept import accept_network


class ClassMeans(NamedTuple):
    """Means over the rows of each class, and how many rows that were; a class without rows has mean 0, count 0."""

    means: Float[Array, "classes *units"]
    counts: Int[Array, " classes"]


def class_means(
    activations: Float[Array | np.ndarray, "rows *units"], labels: Int[Array | np.ndarray, " rows"], *, classes: int
) -> ClassMeans:
    """Average activation of every unit over the rows of each class.

        A_c = 1 / N_c  Σ_{n: label_n = c} a_n

    Traceable; one matrix product of classes × rows × units. A label outside 0 … classes − 1 counts nowhere; a NaN
    activation makes that unit's mean NaN in every class. Half-precision activations give float32 means.

    Args:
        activations: a layer's outputs, one row an input.
        labels: class numbers.
        classes: number of classes.

    Example:
        >>> import jax.numpy as jnp
        >>> class_means(jnp.array([[1.0], [3.0], [5.0]]), jnp.array([0, 0, 2]), classes=3).means[:, 0]
        Array([2., 0., 5.], dtype=float32)

    Source: Chen 2017, section 3.3.3, eqs. 3.6 and 3.7.
    """
    sums, counts = _class_sums(jnp.asarray(activations), jnp.asarray(labels), classes)
    return _means(sums, counts)


def layer_averages(network, inputs, labels, *, classes: int, batch_size: int = 10_000) -> Any:
    """`class_means` of everything a network returns, over a set of rows taken ``batch_size`` at a time.

    Host-level. Memory: one batch's activations. One compilation for equal networks (at most two batch shapes).

    Args:
        network: ``[batch, …] -> array or pytree of arrays [batch, …, units]``, ``chain.activations`` say.
        inputs: [rows, …].
        labels: [rows] class numbers, 0 … classes − 1.
        classes: number of classes.
        batch_size: rows at a time.

    Returns:
        The network's structure with a `ClassMeans` in each array's place: for ``activations`` an OrderedDict by
        stage.

    Raises:
        ValueError: no rows, NaN or infinite inputs, labels outside the classes, batch_size below one, or a network
            whose rows depend on each other.

    Example:
        >>> import jax.numpy as jnp
        >>> averages = layer_averages(lambda x: {"twice": 2 * x}, jnp.ones((4, 3)), jnp.array([0, 1, 1, 1]), classes=2)
        >>> averages["twice"].counts
        Array([1, 3], dtype=int32)

    Source: Chen 2017, section 3.3.3.
    """
    inputs, labels = jnp.asarray(inputs), np.asarray(labels)
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    if labels.shape != inputs.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"labels: found {found}, wanted whole numbers of shape {inputs.shape[:1]}")
    network = accept_network(network, inputs)
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels: found {labels.min()} to {labels.max()}, wanted 0 to {classes - 1}")
    labels = jnp.asarray(labels, jnp.int32)
    total = None
    for start in range(0, len(inputs), batch_size):
        batch = slice(start, start + batch_size)
        sums = _batch_sums(network, inputs[batch], labels[batch], classes)
        total = sums if total is None else jax.tree.map(jnp.add, total, sums)
    is_sums = lambda node: isinstance(node, _Sums)  # noqa: E731
    return jax.tree.map(lambda node: _means(*node), total, is_leaf=is_sums)


class _Sums(NamedTuple):
    sums: Any
    counts: Any


def _class_sums(activations, labels, classes):
    belongs = labels[None, :] == jnp.arange(classes)[:, None]
    flat = activations.reshape(activations.shape[0], -1)
    # Half-precision numbers are added up in float32.
    kind = jnp.float32 if jnp.finfo(flat.dtype).bits < 32 else flat.dtype
    sums = jnp.matmul(belongs.astype(flat.dtype), flat, precision="highest", preferred_element_type=kind)
    return _Sums(sums.reshape(classes, *activations.shape[1:]), jnp.sum(belongs, axis=1, dtype=jnp.int32))


def _means(sums, counts):
    divisor = jnp.maximum(counts, 1).astype(sums.dtype).reshape(-1, *[1] * (sums.ndim - 1))
    return ClassMeans(sums / divisor, counts)


def _batch_sums_of(network, inputs, labels, classes):
    return jax.tree.map(lambda activations: _class_sums(activations, labels, classes), network(inputs))


_batch_sums = jax.jit(_batch_sums_of, static_argnames="classes")
