"""Many small Ward trees at once: the least pair is merged in steps of fixed shapes."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_centered

_FEATURES = 32  # features at most whose differences are squared in one pass
_SEARCHES = 3  # out-of-date rows searched in a step; with this many, most steps can merge
_STEPS = 8  # between two checks whether all trees are done
_HALVED = 128  # slots from which on a loop ends when half of them are empty, and the next has only the others
_BLOCK = 1 << 21  # costs of the trees processed together on a CPU: more fall out of its caches
_LANES = 8  # least number of trees processed together: with fewer, starting operations takes longer than doing them


class _State(NamedTuple):
    """Clusters in slots: a union takes its first member's slot and leaves the other empty.

    Numbers instead of truth values: CPUs do several at once.
    """

    costs: Array  # ΔESS of every pair of slots, symmetric; infinite on the diagonal, meaningless in empty slots
    sizes: Array
    names: Array
    empty: Array  # 0, or infinite in empty slots
    least: Array  # lower bounds of a row's costs, infinite in empty slots
    nearest: Array  # where the least is
    stale: Array  # the least where that slot has changed since, so that it is only a bound; elsewhere infinite
    merges: Array
    linkage: Array


def tree(vectors: Given[ArrayLike, "rows features"]) -> Float[Array, "merges 4"]:
    """SciPy's linkage matrix of Ward's hierarchical clustering, for many small sets of vectors under ``jax.vmap``.

        ΔESS(a, b) = |a||b| / (|a| + |b|) · ‖mean_a − mean_b‖²,   height = √(2 ΔESS)

    Traceable, with fixed shapes. The pair of least ΔESS is merged, its row updated by Lance and Williams' formula, and
    so on. Memory O(rows²) per tree, on CPUs for some trees at a time; time O(rows² · features), more only if many
    clusters share a nearest one, and O(rows³) at worst. For one tree of several thousand vectors or more use
    `ward.linkage`.

    Always a valid tree: every cluster merged once, right sizes, heights that never decrease, also with ties and equal
    vectors. In float32 heights are within 1e-5 of the largest; pairs that near in height may be swapped.

    Args:
        vectors: [rows, features], at least two rows. All types but float64 (under ``jax.enable_x64``) become float32;
            NumPy's float64 and large integers are centered before.

    Returns:
        SciPy's linkage matrix [rows − 1, 4] in that type: the two clusters (rows of the input, then rows + merge), the
        lower first, the height, and the size of the union. If a vector has NaN or infinity all heights are NaN, and
        the merges are those of the vectors with 0 instead.

    Raises:
        ValueError: vectors that are not real numbers [rows, features] or are fewer than two.

    Example:
        >>> import jax
        >>> tree(jnp.array([[0.0], [3.0]]))
        Array([[0., 1., 3., 2.]], dtype=float32)
        >>> jax.vmap(tree)(jnp.zeros((1000, 20, 3))).shape
        (1000, 19, 4)

    Source: Watanabe 2018 (arXiv:1810.01588), section 3; rows kept with lower bounds after Müllner 2011
    (arXiv:1109.2378), section 3.2.
    """
    vectors, _ = as_centered("vectors", vectors, shape=["rows", None])
    if len(vectors) < 2:
        raise ValueError(f"vectors: found shape {list(vectors.shape)}, wanted at least two rows")
    return _tree(vectors)


@jax.jit
def _tree(vectors):
    finite = jnp.isfinite(vectors)
    vectors = jnp.where(finite, vectors, 0)
    # A power of two, so exact: squares neither overflow nor vanish.
    exponent = jnp.frexp(jnp.max(jnp.abs(vectors), initial=0))[1]
    linkage = _trees(jnp.ldexp(vectors, -exponent)[None])[0]
    heights = jnp.ldexp(jnp.sqrt(2 * linkage[:, 2]), exponent)
    return linkage.at[:, 2].set(jnp.where(finite.all(), heights, jnp.nan))


@jax.custom_batching.custom_vmap
def _trees(vectors):
    """Trees with costs for heights; lanes are an axis, so that all stop together and a CPU can take some at a time."""
    return jax.lax.platform_dependent(vectors, cpu=_in_blocks, default=_together)


@_trees.def_vmap
def _more_lanes(size, batched, vectors):
    trees = _trees(vectors.reshape(size * vectors.shape[1], *vectors.shape[2:]))
    return trees.reshape(*vectors.shape[:2], *trees.shape[1:]), True


def _in_blocks(vectors):
    lanes, rows, _ = vectors.shape
    blocks = max(1, -(-lanes // max(_LANES, _BLOCK // rows**2)))
    size = -(-lanes // blocks)
    padded = jnp.concatenate([vectors, vectors[: blocks * size - lanes]])
    trees = jax.lax.map(_together, padded.reshape(blocks, size, *vectors.shape[1:]))
    return trees.reshape(blocks * size, *trees.shape[2:])[:lanes]


def _together(vectors):
    rows = vectors.shape[1]
    state = jax.vmap(_start)(vectors)
    while (width := state.sizes.shape[1]) >= _HALVED:
        state = _until(state, rows - width // 2)
        state = jax.vmap(functools.partial(_first_half, width // 2))(state)
    return _until(state, rows - 1).linkage


def _until(state, wanted):
    """Merges until each tree has made ``wanted`` of them."""

    def several(state):
        return jax.lax.fori_loop(0, _STEPS, lambda _, state: jax.vmap(step)(state), state)

    # Finished trees stay as they are, so they need no special case.
    step = functools.partial(_step, wanted)
    return jax.lax.while_loop(lambda state: (state.merges < wanted).any(), several, state)


def _first_half(width, state):
    """The clusters in use, ``width`` of them, in as many slots."""
    used = jnp.argsort(state.empty)[:width]
    moved = jnp.zeros(len(state.sizes), jnp.int32).at[used].set(jnp.arange(width, dtype=jnp.int32))
    slots = state._replace(costs=state.costs[:, used], nearest=moved[state.nearest])[:-2]
    return _State(*(values[used] for values in slots), merges=state.merges, linkage=state.linkage)


def _start(vectors):
    rows, kind = len(vectors), vectors.dtype
    slots = jnp.arange(rows, dtype=jnp.int32)
    costs = jnp.where(slots[:, None] == slots[None, :], jnp.inf, _squared_distances(vectors) / 2)
    least, nearest = _least(costs)
    return _State(
        costs,
        jnp.ones(rows, kind),
        slots,
        jnp.zeros(rows, kind),
        least,
        nearest,
        jnp.full(rows, jnp.inf, kind),
        jnp.zeros((), jnp.int32),
        jnp.zeros((rows - 1, 4), kind),
    )


def _squared_distances(vectors):
    """Squared distances from differences, which keep their digits; as many features per pass as make one fused loop."""
    rows, features = vectors.shape
    passes = -(-features // _FEATURES) or 1  # with no features one pass of zeros
    padded = jnp.pad(vectors, ((0, 0), (0, -features % passes))).T.reshape(passes, -(-features // passes), rows)

    def add(part, total):
        for feature in padded[part]:
            total += jnp.square(feature[:, None] - feature[None, :])
        return total

    return jax.lax.fori_loop(0, len(padded), add, jnp.zeros((rows, rows), vectors.dtype))


def _least(values):
    """Minimum along the last axis and its first position; on CPUs several times faster than argmin."""
    places = jnp.arange(values.shape[-1], dtype=values.dtype)  # integers have no fast minimum there
    least = values.min(-1)
    hits = values == jnp.expand_dims(least, -1)
    return least, jnp.where(hits, places, values.shape[-1] - 1).min(-1).astype(jnp.int32)


def _step(wanted, state):
    """Searches a few out-of-date rows, then merges the least pair if that is certain and wanted."""
    costs, sizes, names, empty, least, nearest, stale, merges, linkage = state
    slots = jnp.arange(len(sizes), dtype=jnp.int32)
    rows, left = [], stale
    for _ in range(_SEARCHES):
        rows.append(_least(left)[1])
        left = jnp.where(slots == rows[-1], jnp.inf, left)
    nearby, where = _least(costs[jnp.stack(rows)] + empty[None])
    for index, row in enumerate(rows):
        here = (slots == row) & (stale < jnp.inf)
        least, nearest = jnp.where(here, nearby[index], least), jnp.where(here, where[index], nearest)
    stale = left

    height, a = _least(least)
    b = nearest[a]
    merging = (stale[a] == jnp.inf) & (merges < wanted)
    first, second = (slots == a) & merging, (slots == b) & merging
    (size_a, size_b), (of_a, of_b) = sizes[jnp.stack([a, b])], costs[jnp.stack([a, b])]
    united = (size_a + sizes) * of_a + (size_b + sizes) * of_b - sizes * height
    # No live pair is below the least one: rounding must not change that, or heights could decrease.
    united = jnp.maximum(united / (size_a + size_b + sizes), height)
    into = jnp.where(merging, a, len(sizes))
    costs = costs.at[into].set(united, mode="drop").at[:, into].set(united, mode="drop")

    empty = jnp.where(second, jnp.inf, empty)
    lowest, where = _least(united + empty)
    changed = merging & ((nearest == a) | (nearest == b))
    stale = jnp.where(first | second, jnp.inf, jnp.where(changed, least, stale))
    least = jnp.where(second, jnp.inf, jnp.where(first, lowest, least))
    nearest = jnp.where(first, where, nearest)
    low, high = jnp.minimum(names[a], names[b]), jnp.maximum(names[a], names[b])
    size = size_a + size_b
    record = jnp.stack([low.astype(sizes.dtype), high.astype(sizes.dtype), height, size])
    linkage = linkage.at[jnp.where(merging, merges, len(linkage))].set(record, mode="drop")
    sizes = jnp.where(first, size, sizes)
    names = jnp.where(first, merges + len(linkage) + 1, names)
    merges += merging.astype(jnp.int32)
    return _State(costs, sizes, names, empty, least, nearest, stale, merges, linkage)
