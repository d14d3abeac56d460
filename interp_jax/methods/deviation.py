"""Distances between inputs of one class, and between classes, in each layer of a network."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_centered, as_count, as_labels, at_hand, check_choice, check_shape, describe
from interp_jax._readable import readable
from interp_jax.kernels import distances
from interp_jax.methods._pooling import check_pool, pooled
from interp_jax.methods.averages import class_means

METRICS = ("euclidean", "normalized euclidean", "cosine", "correlation")
PAIRS = ("adjacent", "all")
SUCH_AS = "such as network.activations(inputs)"


@readable(figure="deviation")
class Profile(NamedTuple):
    """Deviations layer by layer, in the order given.

    Attributes:
        inner: [layers] inner-class deviation.
        inter: [layers] inter-class deviation.
        level: [layers] mean L1 norm of the activations.
        inner_by_class: [layers, classes] the terms of ``inner``.
        inter_by_pair: [layers, pairs] the terms of ``inter``: classes (0, 1), (1, 2), … if pairs are adjacent, else
            SciPy's order of condensed distances, (0, 1), (0, 2), ….
        degenerate: [layers, classes] number of rows without direction.
        counts: [classes] number of rows.
    """

    inner: Float[Array, " layers"]
    inter: Float[Array, " layers"]
    level: Float[Array, " layers"]
    inner_by_class: Float[Array, "layers classes"]
    inter_by_pair: Float[Array, "layers pairs"]
    degenerate: Int[Array, "layers classes"]
    counts: Int[Array, " classes"]

    def _finding(self) -> str | None:
        if np.ndim(self.inner) != 1 or not len(self.inner):
            return None
        (inner, inner_last), (inter, inter_last) = (
            (float(each[0]), float(each[-1])) for each in (self.inner, self.inter)
        )
        if len(self.inner) == 1:
            return f"1 layer, {len(self.counts)} classes\ninner-class deviation {inner:.4g}, inter-class {inter:.4g}"
        return (
            f"{len(self.inner)} layers, {len(self.counts)} classes\n"
            f"inner-class deviation {inner:.4g} in the first layer, {inner_last:.4g} in the last\n"
            f"inter-class deviation {inter:.4g} in the first layer, {inter_last:.4g} in the last"
        )


def profile(
    activations: Given[Mapping[str, ArrayLike] | Sequence[ArrayLike], "layers of [rows *rest units]"],
    labels: Given[ArrayLike, "rows"],
    *,
    metric: str = "euclidean",
    pairs: str = "adjacent",
    classes: int | None = None,
    pool: str | None = None,
    batch_size: int = 512,
) -> Profile:
    """Inner-class and inter-class deviation, layer by layer.

        inner = mean_c  2 / N_c(N_c − 1)  Σ_{m<n, both of class c} d(a_m, a_n)
        inter = mean over pairs of classes (b, c) of d(A_b, A_c),    A_c = 1 / N_c  Σ_{n of class c} a_n
        level = mean_c  1 / N_c  Σ_{n of class c} ‖a_n‖₁

    Traceable; a stacked ensemble goes through ``jax.vmap``. Layers one after the other; time of a layer: cosine and
    correlation distance O(rows · units), Euclidean O(rows² · units / classes). Memory: about a layer's activations.

    Errors are those of `interp_jax.kernels.distances.mean_within`; Euclidean inter deviations have a further float32
    error of 1e-6 of a row's largest departure from the layer's mean.

    The means are over the classes, or pairs of classes, that have a value. The thesis divides the terms of its 59
    adjacent pairs by 60 (eq. 6.3): its inter deviations are 59/60 of these.

    Args:
        activations: [rows, …, units] of each layer: an OrderedDict by name, e.g. ``chain.activations(x)``, or a
            sequence. ``jax.jit`` sorts plain dicts alphabetically.
        labels: [rows] class numbers; rows with labels outside 0 … classes − 1 are left out. Quantities are refused:
            classes by their quantiles, ``np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))``, have an order, so that
            adjacent pairs mean something. Of several labels a row take one at a time, [rows] of 0 and 1.
        metric: "euclidean"; "normalized euclidean", which is divided by the layer's level; "cosine"; "correlation".
        pairs: of classes, "adjacent" (where class numbers are positions) or "all".
        classes: number of classes, static; by default the largest label plus one, unknown in a traced call.
        pool: how the positions of layers [rows, …, units] count: by default, None, every position is a value of its
            own, so that equal patterns at other positions are far apart; "mean" or "max" over positions compares what
            occurs, wherever it does. Inputs among the layers are pooled as well: give those flat.
        batch_size: rows on each side of a tile of distances, and pairs of classes taken at a time.

    Returns:
        `Profile`. A class with fewer than two rows has inner deviation NaN, and one without rows has NaN in its pairs;
        both are left out of the layer's means, which are NaN only if nothing is left. A layer with equal activations in
        all rows has Euclidean deviations 0, normalized ones too if all are zero, and cosine and correlation ones 0, or
        1 if the activations have no direction (see `mean_within`; a single unit has none to correlate). Non-finite
        values make their layer's means NaN.

    Raises:
        ValueError: no layers, layers that are not real [rows, …, units] with one row per label, labels that are not
            32-bit integers, fewer than two classes, an unknown number of classes, batch_size below one, or an unknown
            metric, pairs or pool.

    Example:
        >>> import jax.numpy as jnp
        >>> hidden = jnp.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]])
        >>> deviations = profile({"input": hidden, "twice": 2 * hidden}, jnp.array([0, 0, 1, 1]))
        >>> deviations.inner, deviations.inter
        (Array([2., 4.], dtype=float32), Array([3., 6.], dtype=float32))

    Source: Chen 2017, section 6.4.1, eqs. 6.1 to 6.9; pairs of all classes in section 6.4.2.
    """
    check_choice("metric", metric, METRICS)
    check_choice("pairs", pairs, PAIRS)
    labels = as_labels("labels", labels)
    check_shape("labels", labels, ["rows"])
    if classes is None:
        if not at_hand(labels):
            raise ValueError("classes: found None in a traced call, wanted the number of classes")
        classes = int(np.max(np.asarray(labels))) + 1
    classes, batch_size = as_count("classes", classes, least=2), as_count("batch_size", batch_size)
    layers = _checked_layers(activations, labels.shape[0], pool)
    return _profile(layers, labels, metric, pairs, classes, batch_size)


def _checked_layers(activations, rows, pool):
    """Each layer minus a center of its rows, and that center."""
    if isinstance(activations, str) or not isinstance(activations, Mapping | Sequence) or not activations:
        empty = isinstance(activations, Mapping | Sequence) and not activations
        found = "no layers" if empty else describe(activations)
        raise ValueError(f"activations: found {found}, wanted a mapping or sequence of layers, {SUCH_AS}")
    named = activations.items() if isinstance(activations, Mapping) else enumerate(activations)
    shape = [rows, "features", "…"]
    layers = [(f"activations[{name!r}]", layer) for name, layer in named]
    if pool is not None:
        check_pool(pool)
        layers = [(name, pooled(name, layer, pool)) for name, layer in layers]
    return tuple(as_centered(name, layer, shape=shape) for name, layer in layers)


@functools.partial(jax.jit, static_argnames=("metric", "pairs", "classes", "batch_size"))
def _profile(layers, labels, metric, pairs, classes, batch_size):
    profiles = [_of_layer(layer, center, labels, metric, pairs, classes, batch_size) for layer, center in layers]
    return jax.tree.map(lambda *values: jnp.stack(values), *profiles)._replace(counts=profiles[0].counts)


def _of_layer(layer, center, labels, metric, pairs, classes, batch_size):
    # Zeros in place of the rows left out: a product with 0 would not take their NaN away.
    counted = (labels >= 0) & (labels < classes)
    rows = jnp.where(counted[:, None], layer.reshape(layer.shape[0], -1), 0)
    whole = jnp.where(counted[:, None], rows + center.reshape(1, -1), 0)
    distance = metric.removeprefix("normalized ")
    rows = rows if distance == "euclidean" else whole  # Euclidean distances do not change with a shift of all rows

    within = distances.mean_within(rows, labels, groups=classes, metric=distance, batch_size=batch_size)
    filled = within.counts > 0
    level = _mean(class_means(jnp.sum(jnp.abs(whole), axis=1), labels, classes=classes).means, filled)
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
    """Class averages, minus a common offset that would cost digits and changes no distance between them."""
    means = functools.partial(class_means, labels=labels, classes=len(filled))
    if distance == "correlation":
        # Not the mean: half of the extremes' sum leaves whole numbers exact and makes constant rows zero.
        rows = rows - (jnp.max(rows, axis=1, keepdims=True) / 2 + jnp.min(rows, axis=1, keepdims=True) / 2)
    elif distance == "euclidean":
        row = rows[jnp.argmax(counted)[None]]  # by a vector: a slice at a traced place gathers rows spread over devices
        rows = rows - (row + _mean(means(rows - row).means, filled[:, None])[None])
    return means(rows).means


def _pairs(pairs, classes):
    first, second = np.triu_indices(classes, 1)
    chosen = second - first == 1 if pairs == "adjacent" else slice(None)
    return jnp.asarray(first[chosen]), jnp.asarray(second[chosen])


def _mean(values, valid):
    """Mean over the first axis of the valid values; NaN if there are none."""
    return jnp.sum(jnp.where(valid, values, 0), axis=0) / jnp.sum(valid, axis=0).astype(values.dtype)
