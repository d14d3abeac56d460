"""How far apart a network's layers put the inputs of one class, and how far apart the classes."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax._checks import as_real
from interp_jax.kernels import distances
from interp_jax.methods.averages import class_means

METRICS = ("euclidean", "normalized euclidean", "cosine", "correlation")
PAIRS = ("adjacent", "all")


class Profile(NamedTuple):
    """A line a layer, in the order given: deviations, activation level, and what the deviations are means of.

    ``inter_by_pair`` has the classes (0, 1), (1, 2), … where pairs are adjacent, else SciPy's order of condensed
    distances, (0, 1), (0, 2), …; ``counts`` and ``degenerate`` are numbers of rows, the latter without direction.
    """

    inner: Float[Array, " layers"]
    inter: Float[Array, " layers"]
    level: Float[Array, " layers"]
    inner_by_class: Float[Array, "layers classes"]
    inter_by_pair: Float[Array, "layers pairs"]
    degenerate: Int[Array, "layers classes"]
    counts: Int[Array, " classes"]


def profile(
    activations,
    labels: Shaped[Array | np.ndarray, "..."],
    *,
    metric: str = "euclidean",
    pairs: str = "adjacent",
    classes: int | None = None,
    batch_size: int = 512,
) -> Profile:
    """Inner-class and inter-class deviation, layer by layer.

        inner = mean_c  2 / N_c(N_c − 1)  Σ_{m<n, both of class c} d(a_m, a_n)
        inter = mean over pairs of classes (b, c) of d(A_b, A_c),    A_c = 1 / N_c  Σ_{n of class c} a_n
        level = mean_c  1 / N_c  Σ_{n of class c} ‖a_n‖₁

    Traceable; a stacked ensemble goes through ``jax.vmap``. Time, memory and errors as of
    `interp_jax.kernels.distances.mean_within`, one layer after the other. Euclidean inter deviations err further by
    1e-6 of the largest departure of a row from the layer's mean, since float32 knows averages no better.

    The means run over the classes, or pairs of classes, that have a value. The thesis divides the terms of its 59
    adjacent pairs by 60 (eq. 6.3): its inter deviations are 59/60 of these.

    Args:
        activations: [rows, …, units] of every layer: an OrderedDict by name, ``chain.activations(x)`` say, or a
            sequence. Plain dicts come back from ``jax.jit`` in alphabetical order.
        labels: class numbers [rows]; rows of other labels than 0 … classes − 1 are left out.
        metric: "euclidean"; "normalized euclidean", which is divided by the layer's level; "cosine"; "correlation".
        pairs: of classes, "adjacent" (where class numbers are positions) or "all".
        classes: number of classes, static; without it the largest label and one, which a traced call cannot know.
        batch_size: rows on each side of a tile of distances, and pairs of classes taken at a time.

    Returns:
        `Profile`. A class with fewer than two rows has inner deviation NaN and one without rows has NaN in its pairs;
        both are left out of the layer's means, which are NaN only where nothing is left. A layer whose activations are
        the same for all rows has Euclidean deviations 0, normalized ones too if all are zero, and cosine and
        correlation ones 0, or 1 if those activations have no direction (see `mean_within`; a layer of one unit never
        has one to correlate). Values that are not finite make their layer's means NaN.

    Raises:
        ValueError: no layers, layers that are not real numbers [rows, …, units] with a row a label, labels not whole
            numbers, fewer than two classes, a number of classes that cannot be known, a batch_size below one, or a
            metric or pairs of another name.

    Example:
        >>> import jax.numpy as jnp
        >>> hidden = jnp.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]])
        >>> found = profile({"input": hidden, "twice": 2 * hidden}, jnp.array([0, 0, 1, 1]))
        >>> found.inner, found.inter
        (Array([2., 4.], dtype=float32), Array([3., 6.], dtype=float32))

    Source: Chen 2017, section 6.4.1, eqs. 6.1 to 6.9; pairs of all classes in section 6.4.2.
    """
    for name, found, wanted in (("metric", metric, METRICS), ("pairs", pairs, PAIRS)):
        if found not in wanted:
            raise ValueError(f"{name}: found {found!r}, wanted one of {', '.join(map(repr, wanted))}")
    labels = labels if isinstance(labels, jax.Array) else np.asarray(labels)
    shape, kind = labels.shape, labels.dtype
    if len(shape) != 1 or not shape[0] or not jnp.issubdtype(kind, jnp.integer):
        raise ValueError(f"labels: found {kind} of shape {shape}, wanted whole numbers of shape [rows]")
    if classes is None:
        if isinstance(labels, jax.core.Tracer):
            raise ValueError("classes: found None in a traced call, wanted the number of classes")
        classes = int(np.max(labels)) + 1
    if classes < 2:
        raise ValueError(f"classes: found {classes}, wanted at least 2")
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    layers = _checked_layers(activations, shape[0])
    return _profile(layers, jnp.asarray(labels).astype(jnp.int32), metric, pairs, classes, batch_size)


def _checked_layers(activations, rows):
    if not isinstance(activations, Mapping | Sequence) or not activations:
        found = "no layers" if isinstance(activations, Mapping | Sequence) else type(activations).__name__
        raise ValueError(f"activations: found {found}, wanted a mapping or sequence of layers")
    layers = []
    for name, layer in activations.items() if isinstance(activations, Mapping) else enumerate(activations):
        layer = as_real(f"activations[{name!r}]", layer)
        if layer.ndim < 2 or layer.shape[0] != rows or not layer.size:
            wanted = f"[rows, …, units], {rows} rows as of labels"
            raise ValueError(f"activations[{name!r}]: found shape {layer.shape}, wanted {wanted}")
        layers.append(layer)
    return tuple(layers)


@functools.partial(jax.jit, static_argnames=("metric", "pairs", "classes", "batch_size"))
def _profile(layers, labels, metric, pairs, classes, batch_size):
    found = [_of_layer(layer, labels, metric, pairs, classes, batch_size) for layer in layers]
    return jax.tree.map(lambda *values: jnp.stack(values), *found)._replace(counts=found[0].counts)


def _of_layer(layer, labels, metric, pairs, classes, batch_size):
    half = not jnp.issubdtype(layer.dtype, jnp.floating) or layer.dtype.itemsize < 4
    # Zeros in place of the rows left out: a product with 0 would not take their NaN away.
    counted = (labels >= 0) & (labels < classes)
    rows = layer.reshape(layer.shape[0], -1).astype(jnp.float32 if half else layer.dtype)
    rows = jnp.where(counted[:, None], rows, 0)
    distance = metric.removeprefix("normalized ")

    within = distances.mean_within(rows, labels, groups=classes, metric=distance, batch_size=batch_size)
    filled = within.counts > 0
    level = _mean(class_means(jnp.sum(jnp.abs(rows), axis=1), labels, classes=classes).means, filled)
    averages = _averages(rows, labels, counted, filled, distance)
    first, second = _pairs(pairs, classes)

    def of_pair(pair):
        return distances.between(averages[pair[0]][None], averages[pair[1]][None], metric=distance)[0]

    of_pairs = jax.lax.map(of_pair, (first, second), batch_size=batch_size)
    both = filled[first] & filled[second]
    of_pairs = jnp.where(both, of_pairs, jnp.nan)
    inner, inter = _mean(within.means, within.counts > 1), _mean(of_pairs, both)
    values = inner, inter, within.means, of_pairs
    if metric == "normalized euclidean":
        # Without any activation all distances are 0, and stay so.
        values = (value / jnp.where(level == 0, 1, level) for value in values)
    inner, inter, of_classes, of_pairs = values
    return Profile(inner, inter, level, of_classes, of_pairs, within.degenerate, within.counts)


def _averages(rows, labels, counted, filled, distance):
    """Class averages, less what changes no distance between them and would cost digits."""
    means = functools.partial(class_means, labels=labels, classes=len(filled))
    if distance == "correlation":
        # Not the mean: half of the extremes' sum leaves whole numbers exact and makes constant rows zero.
        rows = rows - (jnp.max(rows, axis=1, keepdims=True) / 2 + jnp.min(rows, axis=1, keepdims=True) / 2)
    elif distance == "euclidean":
        row = rows[jnp.argmax(counted)][None]
        rows = rows - (row + _mean(means(rows - row).means, filled[:, None])[None])
    return means(rows).means


def _pairs(pairs, classes):
    first, second = np.triu_indices(classes, 1)
    chosen = second - first == 1 if pairs == "adjacent" else slice(None)
    return jnp.asarray(first[chosen]), jnp.asarray(second[chosen])


def _mean(values, valid):
    """Mean over the first axis of the values that are valid; NaN where none is."""
    return jnp.sum(jnp.where(valid, values, 0), axis=0) / jnp.sum(valid, axis=0).astype(values.dtype)
