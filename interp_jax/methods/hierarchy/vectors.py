"""Feature vectors of hidden units: their correlations with inputs and outputs."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Segments, as_centered, as_count, as_numpy, check_mesh, check_shape, describe
from interp_jax._readable import readable
from interp_jax._shards import batch_of, by_runs, first_rows, local, mesh_of, runs_of
from interp_jax.kernels.correlation import Moments
from interp_jax.methods._accept import accept_network, as_rows, check_one_array
from interp_jax.methods._pooling import check_pool, pooled
from interp_jax.methods._segments import accept_segments


@readable()
class FeatureVectors(NamedTuple):
    """Correlations of each hidden unit with the inputs, then the outputs, and which of these are constant.

    Attributes:
        vectors: [units, inputs + outputs] correlations; 0 for a constant input or output and for a dead unit.
        constant_inputs: [inputs] True if an input is the same in all rows.
        constant_outputs: [outputs] True if an output is.
        dead_units: [units] True if a unit is; left out of the tree by `build`.
    """

    vectors: Float[Array, "units features"]
    constant_inputs: Bool[Array, " inputs"]
    constant_outputs: Bool[Array, " outputs"]
    dead_units: Bool[Array, " units"]

    def _finding(self) -> str | None:
        if np.ndim(self.vectors) != 2:
            return None
        dead, inputs, outputs = (
            int(np.sum(each)) for each in (self.dead_units, self.constant_inputs, self.constant_outputs)
        )
        units, features = self.vectors.shape
        return f"{units} units by {features} features; constant units: {dead}, inputs: {inputs}, outputs: {outputs}"


def feature_vectors(
    inputs: Given[ArrayLike, "rows *features"],
    hidden: Given[ArrayLike | Sequence[ArrayLike], "rows *rest units"],
    outputs: Given[ArrayLike, "rows outputs"],
    *,
    pool: str | None = "mean",
) -> FeatureVectors:
    """`FeatureVectors`: each hidden unit's correlations with each input and output of the network, over the rows.

        v_k = [corr(x_i, o_k) for every input i, corr(o_k, y_j) for every output j]

    Traceable; one matrix product of rows × features × units. y is the network's output, not the label. Constants have
    correlation 0. NaN or infinity in an activation makes the unit's vector NaN, in an input or output its entry;
    `build` refuses both.
    Deviations beyond 1e16 overflow to NaN.

    Args:
        inputs: [rows, …], further axes flattened.
        hidden: [rows, …, units] the hidden units' outputs, or several layers, concatenated in order.
        outputs: [rows, outputs] the network's outputs, scores or quantities as they are.
        pool: how the positions of a layer [rows, …, units] become units: "mean" (how active a unit is on average),
            "max" (whether it is active anywhere), or None, a unit per position, numbered position by position.

    Raises:
        ValueError: values that are not real, different numbers of rows, no hidden layer or one without a units axis, no
            rows, outputs not a matrix, or an unknown pool.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
        >>> features = feature_vectors(x, hidden=-3 * x[:, :1], outputs=x[:, :1] + 5)
        >>> features.vectors.round(3), features.constant_inputs
        (Array([[-1.,  0., -1.]], dtype=float32), Array([False,  True], dtype=bool))

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    both, units, split = pooled_columns(inputs, hidden, outputs, pool)
    return _vectors(Moments.init(both.shape[1], units.shape[1], both.dtype).update(both, units), split)


def network_vectors(
    segments: Segments,
    inputs: Given[ArrayLike, "rows *features"],
    *,
    pool: str | None = "mean",
    batch_size: int = 10_000,
) -> FeatureVectors:
    """A network's `feature_vectors` over any number of rows, ``batch_size`` at a time.

    Host-level. Memory: one batch's activations; the rows may be a memory-mapped array larger than memory.

    Integers are refused, except uint8 (images) and bool: they may be token ids, which have no order, so correlations
    mean nothing. Pass embeddings or token histograms instead, or ``inputs.astype(float)`` for integers that are
    quantities. Of a network with several inputs give `feature_vectors` the joined inputs, ``networks.apply(head,
    inputs)`` and the outputs.

    Args:
        segments: the network split at its hidden layers: callables to apply in order; the outputs of all but the last
            are hidden layers (units last). ``network.segments()`` of an LNN, ``chain.segments("relu1", "relu2")`` of a
            chain; or what `networks.tap` made of a model, where values may flow around the layers.
        inputs: [rows, …] floats, uint8 or bool.
        pool: how the positions of a layer [rows, …, units] become units: "mean" (how active a unit is on average),
            "max" (whether it is active anywhere), or None, a unit per position, numbered position by position.
        batch_size: rows at a time.

    Raises:
        ValueError: an unknown pool, fewer than two segments or one that is not callable, inputs that are not rows or
            may be token ids, NaN or infinity in inputs or activations, batch_size below one, outputs not a matrix, or a
            network that fails on the inputs or whose rows depend on each other.

    Example:
        >>> import jax.numpy as jnp
        >>> features = network_vectors((jnp.sin, lambda hidden: 2 * hidden), jnp.linspace(-1, 1, 20).reshape(10, 2))
        >>> features.vectors.shape
        (2, 4)

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    check_pool(pool)
    network = accept_segments(segments)
    batch_size = as_count("batch_size", batch_size)
    check_one_array("inputs", inputs)
    rows: Any = inputs if hasattr(inputs, "shape") else as_numpy("inputs", inputs)
    check_shape("inputs", rows, ["rows", "…"])
    check_mesh("inputs", rows)
    if jnp.issubdtype(rows.dtype, jnp.integer) and rows.dtype != np.uint8:
        hint = "embeddings or a histogram of token ids, astype(float) of quantities"
        raise ValueError(f"inputs: found {describe(rows)}, wanted floats, uint8 or bool: {hint}")
    layers = jax.tree_util.Partial(_intact_layers, network)
    accept_network(layers, first_rows(rows, 8), finite=False)
    row = as_rows("inputs", first_rows(rows, 1))
    *_, outputs = jax.eval_shape(layers, row)
    if outputs.ndim != 2:
        raise ValueError(f"segments: found outputs of shape {list(outputs.shape)} for one row, wanted [1, outputs]")
    both, units = jax.eval_shape(lambda row: pooled_columns(row, *layers(row), pool=pool)[:2], row)
    moments = Moments.init(both.shape[1], units.shape[1], both.dtype)
    if mesh_of(rows) is None:
        for start in range(0, len(rows), batch_size):
            moments = _updated(moments, layers, as_rows("inputs", rows[start : start + batch_size]), pool)
    else:
        rows = as_rows("inputs", rows)
        length = len(rows) // runs_of(rows)
        size = max(1, min(batch_size * length // len(rows), length))
        for start in range(0, length, size):
            moments = _updated_in_place(moments, layers, rows, start, pool, min(size, length - start))
    features = local(_vectors(moments, math.prod(rows.shape[1:])))
    wrong = np.flatnonzero(~np.isfinite(np.asarray(features.vectors)).all(axis=1))
    if wrong.size:
        found = f"NaN or infinity in the outputs or in the activations of {numbered(wrong)}"
        raise ValueError(f"inputs: found {found}, wanted none")
    return features


def pooled_columns(inputs, hidden, outputs, pool: str | None = "mean"):
    """The columns that `feature_vectors` correlates: [rows, inputs + outputs], [rows, units], and the number of inputs.

    Traceable. Integers and half precision become float32; NumPy's float64 is centered first.

    Raises:
        ValueError: arrays that `feature_vectors` refuses.

    Example:
        >>> import jax.numpy as jnp
        >>> x, layers = jnp.ones((5, 2, 2)), [jnp.ones((5, 3, 7)), jnp.ones((5, 6))]
        >>> both, units, split = pooled_columns(x, layers, jnp.ones((5, 1)))
        >>> both.shape, units.shape, split
        ((5, 5), (5, 13), 4)
    """
    check_one_array("inputs", inputs)
    # Correlations do not change when a column is shifted.
    inputs = as_centered("inputs", inputs, shape=[None, "…"])[0]
    outputs = as_centered("outputs", outputs, shape=[None, "outputs"])[0]
    parts = hidden if isinstance(hidden, tuple | list) else [hidden]
    layers = [as_centered("hidden", pooled("hidden", layer, pool))[0] for layer in parts]
    if not layers:
        raise ValueError("hidden: found no layers, wanted at least one")
    if len({len(part) for part in (inputs, *layers, outputs)}) > 1:
        found = f"{len(inputs)}, {[len(layer) for layer in layers]} and {len(outputs)}"
        raise ValueError(f"hidden: found {found} rows in inputs, hidden and outputs, wanted equally many")
    flat = inputs.reshape(len(inputs), math.prod(inputs.shape[1:]))
    dtype = jnp.result_type(jnp.float32, flat, outputs, *layers)
    both = jnp.concatenate([flat, outputs], axis=1, dtype=dtype)
    return both, jnp.concatenate(layers, axis=1, dtype=dtype), flat.shape[1]


@partial(jax.jit, static_argnames="split")
def _vectors(moments, split):
    constant = moments.constant_a
    return FeatureVectors(moments.pearson().T, constant[:split], constant[split:], moments.constant_b)


def _intact_layers(network, inputs):
    return network.run(inputs)


@partial(jax.jit, static_argnames="pool")
def _updated(moments, layers, inputs, pool):
    both, units, _ = pooled_columns(inputs, *layers(inputs), pool=pool)
    return moments.update(both, units)


@partial(jax.jit, static_argnames=("pool", "size"))
def _updated_in_place(moments, layers, inputs, start, pool, size):
    """With ``size`` rows of every device's share."""
    return _updated(moments, layers, batch_of(by_runs(inputs, runs_of(inputs)), start, size), pool)


def numbered(indices) -> str:
    """The units of these numbers, named in an error."""
    shown = ", ".join(str(index) for index in indices[:5])
    return f"unit{'s' * (len(indices) > 1)} {shown}{', …' * (len(indices) > 5)}"
