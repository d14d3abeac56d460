"""The tree of a network's hidden units: what each one correlates with, and which of them do the same."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from interp_jax.kernels import alignment, ward
from interp_jax.kernels.correlation import Moments
from interp_jax.methods.ablation import intact_layers
from interp_jax.methods.accept import accept_network, accept_segments


class FeatureVectors(NamedTuple):
    """What every hidden unit correlates with: the inputs, then the outputs; and where there was nothing to correlate.

    A constant input or output and a dead unit (one that never changes) have correlation 0 and are flagged.
    """

    vectors: Float[Array, "units features"]
    constant_inputs: Bool[Array, " inputs"]
    constant_outputs: Bool[Array, " outputs"]
    dead_units: Bool[Array, " units"]


def feature_vectors(
    inputs: Shaped[Array | np.ndarray, "..."],
    hidden: Shaped[Array | np.ndarray, "..."] | Sequence[Shaped[Array | np.ndarray, "..."]],
    outputs: Shaped[Array | np.ndarray, "..."],
) -> FeatureVectors:
    """Correlations of every hidden unit with every input and every output of the network, over the rows.

        v_k = [corr(x_i, o_k) for every input i, corr(o_k, y_j) for every output j]

    Traceable; one matrix product. y is what the network puts out, not the label. A NaN activation makes the unit's
    vector NaN, which `build` refuses.

    Args:
        inputs: [rows, …] one row an input; more axes are flattened.
        hidden: [rows, *places, units] the hidden units' outputs, or several layers, which are pooled in their order.
            Places (of a feature map) are averaged over.
        outputs: [rows, outputs] the network's outputs.

    Raises:
        ValueError: parts with different numbers of rows, no hidden layer or one without a units axis, inputs without
            rows, outputs not a matrix.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
        >>> found = feature_vectors(x, hidden=-3 * x[:, :1], outputs=x[:, :1] + 5)
        >>> found.vectors.round(3), found.constant_inputs
        (Array([[-1.,  0., -1.]], dtype=float32), Array([False,  True], dtype=bool))

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    both, units, split = pooled_columns(inputs, hidden, outputs)
    return _vectors(Moments.init(both.shape[1], units.shape[1], both.dtype).update(both, units), split)


def network_vectors(segments, inputs, *, batch_size: int = 10_000) -> FeatureVectors:
    """`feature_vectors` of a network, over any number of rows taken ``batch_size`` at a time.

    Host-level. Memory: one batch's activations; the rows may be a memory-mapped array larger than memory.

    Args:
        segments: the network cut where its hidden units are: callables to apply one after the other, the outputs of
            all but the last being hidden layers (units last). ``network.segments()`` of an LNN,
            ``(chain.until("relu1"), chain.after("relu1"))`` of a chain.
        inputs: [rows, …].
        batch_size: rows at a time.

    Raises:
        ValueError: fewer than two segments or one that is not callable, inputs that are no array of rows, NaN or
            infinity in inputs or activations, batch_size below one, outputs not a matrix, or a network whose rows
            depend on each other.

    Example:
        >>> import jax.numpy as jnp
        >>> found = network_vectors((jnp.sin, lambda hidden: 2 * hidden), jnp.linspace(-1, 1, 20).reshape(10, 2))
        >>> found.vectors.shape
        (2, 4)

    Source: Watanabe, arXiv:1810.01588, Definitions 1 to 3.
    """
    segments = accept_segments(segments)
    if not getattr(inputs, "shape", ()):
        raise ValueError(f"inputs: found a {type(inputs).__name__} without rows, wanted an array [rows, …]")
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    layers = jax.tree_util.Partial(intact_layers, segments)
    accept_network(layers, inputs[:8])
    row = jnp.asarray(inputs[:1])
    both, units = jax.eval_shape(lambda row: pooled_columns(row, *layers(row))[:2], row)
    moments = Moments.init(both.shape[1], units.shape[1], both.dtype)
    for start in range(0, len(inputs), batch_size):
        moments = _updated(moments, layers, jnp.asarray(inputs[start : start + batch_size]))
    found = _vectors(moments, math.prod(inputs.shape[1:]))
    wrong = np.flatnonzero(~np.isfinite(np.asarray(found.vectors)).all(axis=1))
    if wrong.size:
        found = f"NaN or infinity in them, in the outputs or in the activations of {_units(wrong)}"
        raise ValueError(f"inputs: found {found}, wanted none")
    return found


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The tree of all units: a partition for every number of clusters, from one to as many as there are units.

    Attributes:
        linkage: [units − 1, 4] Ward linkage matrix as SciPy's, float64; heights are √(2 ΔESS).
        vectors: [units, features] feature vectors with aligned signs.
        signs: [units] +1 or −1, what each vector was multiplied by.
        similarity: the sum of cosines over all pairs of units, before alignment and after every step of it.
        converged: whether no flip of a single sign would raise the similarity any more.
    """

    linkage: np.ndarray
    vectors: np.ndarray
    signs: np.ndarray
    similarity: np.ndarray
    converged: bool

    @cached_property
    def order(self) -> np.ndarray:
        """[units] the units from left to right in a drawing of the tree; in every split the larger cluster comes first.

        The units of every cluster of every resolution are neighbours in it.
        """
        n = len(self.vectors)
        first, size = list(range(n)), [1] * n
        for left, right in self.linkage[:, :2].astype(int):
            first.append(min(first[left], first[right]))
            size.append(size[left] + size[right])
        order, waiting = [], [2 * n - 2]
        while waiting:
            node = waiting.pop()
            if node < n:
                order.append(node)
            else:
                children = self.linkage[node - n, :2].astype(int)
                waiting += sorted(children, key=lambda child: (size[child], -first[child]))
        return np.array(order)

    @cached_property
    def ess(self) -> np.ndarray:
        """[units] error sum of squares within clusters, of 1, 2, …, units clusters (eq. 1)."""
        return np.append(np.cumsum(self.linkage[:, 2] ** 2 / 2)[::-1], 0.0)

    def cut(self, c) -> np.ndarray:
        """The cluster of every unit, 0 … c − 1, when there are c of them.

        Clusters are numbered from left to right in ``order``, so that the parts of a cluster have neighbouring
        numbers at every finer resolution.

        Raises:
            ValueError: c not a whole number from 1 to units.
        """
        n = len(self.vectors)
        try:
            whole = operator.index(c)
        except TypeError:
            whole = 0
        if not 1 <= whole <= n:
            raise ValueError(f"c: found {c}, wanted a number of clusters from 1 to {n}, the number of units")
        cluster = np.arange(2 * n - 1)
        for merge in reversed(range(n - c)):
            cluster[self.linkage[merge, :2].astype(int)] = cluster[n + merge]
        labels = cluster[:n][self.order]
        numbers = np.cumsum(np.append(0, labels[1:] != labels[:-1]))
        cut = np.empty(n, int)
        cut[self.order] = numbers
        return cut

    def roles(self, c) -> np.ndarray:
        """[c, features] what every cluster of ``cut(c)`` stands for: the mean of its units' aligned vectors."""
        labels = self.cut(c)
        sums = np.zeros((c, self.vectors.shape[1]))
        np.add.at(sums, labels, self.vectors)
        return sums / np.bincount(labels)[:, None]


def build(vectors: FeatureVectors | Shaped[Array | np.ndarray, "..."], *, key=None) -> Hierarchy:
    """Aligns the signs of the units' feature vectors and joins them into a Ward tree.

    Host-level; O(units · features) memory beyond the units × units cosines. Alignment is `align_signs`' default,
    which needs no random numbers and takes at most 4 · units steps; with a key it is the paper's Algorithm 1. Either
    may end too early: ``.converged`` says whether no single flip would help. If more than half of the units were
    flipped, all are flipped back: only relative signs mean anything.

    Args:
        vectors: [units, features], or what `feature_vectors` gives.
        key: a JAX random key for Algorithm 1 with its 5,000 steps.

    Raises:
        ValueError: fewer than two units, or NaN or infinite vectors (NaN activations make such).

    Example:
        >>> import numpy as np
        >>> tree = build(np.array([[1.0, 0.1], [-1.0, -0.1], [0.1, 1.0], [0.2, 1.0]]))
        >>> tree.cut(2), tree.signs
        (array([0, 0, 1, 1]), array([ 1., -1.,  1.,  1.]))

    Source: Watanabe, arXiv:1810.01588, section 3 and Algorithms 1 and 2.
    """
    if isinstance(vectors, FeatureVectors):
        vectors = vectors.vectors
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ValueError(f"vectors: found shape {vectors.shape}, wanted [units, features] with at least two units")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if wrong.size:
        raise ValueError(f"vectors: found NaN or infinity in those of {_units(wrong)}, wanted finite numbers")
    largest = np.abs(vectors).max(initial=0)  # float64 may be beyond the numbers that cosines are computed in
    aligned = alignment.align_signs(jnp.asarray(vectors / (largest or 1)), key=key)
    signs = np.asarray(aligned.signs, vectors.dtype)
    if np.sum(signs < 0) > len(signs) / 2:
        signs = -signs
    vectors = vectors * signs[:, None]
    similarity, converged = np.asarray(aligned.similarity), bool(aligned.converged)
    return Hierarchy(ward.linkage(vectors), vectors, signs, similarity, converged)


def pooled_columns(inputs, hidden, outputs):
    """What `feature_vectors` correlates: [rows, inputs + outputs], [rows, units] and the number of inputs. Traceable.

    Integers and half precision come out as float32.

    Raises:
        ValueError: as for `feature_vectors`.

    Example:
        >>> import jax.numpy as jnp
        >>> x, layers = jnp.ones((5, 2, 2)), [jnp.ones((5, 3, 7)), jnp.ones((5, 6))]
        >>> both, units, split = pooled_columns(x, layers, jnp.ones((5, 1)))
        >>> both.shape, units.shape, split
        ((5, 5), (5, 13), 4)
    """
    inputs, outputs = jnp.asarray(inputs), jnp.asarray(outputs)
    layers = [_places_averaged(layer) for layer in (hidden if isinstance(hidden, tuple | list) else [hidden])]
    if not layers:
        raise ValueError("hidden: found no layers, wanted at least one")
    if not inputs.ndim:
        raise ValueError("inputs: found shape (), wanted [rows, …]")
    if outputs.ndim != 2:
        raise ValueError(f"outputs: found shape {outputs.shape}, wanted [rows, outputs]")
    rows = {len(part) for part in (inputs, *layers, outputs)}
    if len(rows) > 1:
        found = f"{len(inputs)}, {[len(layer) for layer in layers]} and {len(outputs)}"
        raise ValueError(f"hidden: found {found} rows in inputs, hidden and outputs, wanted equally many")
    flat = inputs.reshape(len(inputs), math.prod(inputs.shape[1:]))
    dtype = jnp.result_type(jnp.float32, flat, outputs, *layers)
    both = jnp.concatenate([flat, outputs], axis=1, dtype=dtype)
    return both, jnp.concatenate(layers, axis=1, dtype=dtype), flat.shape[1]


def _places_averaged(layer):
    layer = jnp.asarray(layer)
    if layer.ndim < 2:
        raise ValueError(f"hidden: found a layer of shape {layer.shape}, wanted [rows, …, units]")
    dtype = jnp.promote_types(layer.dtype, jnp.float32)
    return jnp.mean(layer, axis=tuple(range(1, layer.ndim - 1)), dtype=dtype) if layer.ndim > 2 else layer


@partial(jax.jit, static_argnames="split")
def _vectors(moments, split):
    constant = moments.constant_a
    return FeatureVectors(moments.pearson().T, constant[:split], constant[split:], moments.constant_b)


@jax.jit
def _updated(moments, layers, inputs):
    both, units, _ = pooled_columns(inputs, *layers(inputs))
    return moments.update(both, units)


def _units(indices) -> str:
    shown = ", ".join(str(index) for index in indices[:5])
    return f"unit{'s' * (len(indices) > 1)} {shown}{', …' * (len(indices) > 5)}"
