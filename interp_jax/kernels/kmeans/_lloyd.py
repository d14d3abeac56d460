"""k-means: many starts of Lloyd's algorithm at once, with greedy k-means++ seeds."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Key, as_centered, as_count, as_key, as_number, as_real, check_finite, check_not_negative
from interp_jax._readable import readable
from interp_jax._shards import runs_of
from interp_jax.kernels.kmeans._nearest_centers import center_numbers, nearest
from interp_jax.kernels.kmeans._plus_plus import seeds
from interp_jax.kernels.kmeans._row_batches import RowBatches

_HIGHEST = jax.lax.Precision.HIGHEST
# Multiplications per iteration from which on lanes at rest are left out and means are updated from the rows that
# changed their center, which takes longer to compile.
_MUCH = 2**26
# Rows that changed are processed in pieces of 1/_PIECES of all rows; more than _FEW pieces are not few.
_PIECES, _FEW = 64, 16
# Centers from which on a CPU adds rows to their center's sum faster than a product with zeros and ones does.
_MANY = 48
# Scores and numbers of rows at a time that stay in the caches of a CPU; of twice as many scores a loop costs more.
_SCORES, _NUMBERS = 2**19, 2**20

# Scores lose digits of ‖x‖². If more than this share of the inertia may be lost, differences are used instead.
_LOST = 1 / 32


@readable()
class Clustering(NamedTuple):
    """The best start: its centers, every row's nearest one, and Σ weight · ‖x − center‖².

    ``converged``: whether its centers came to rest, ``steps``: after how many iterations; ``inertias``: of all starts.
    """

    centers: Float[Array, "k features"]
    labels: Int[Array, " rows"]
    inertia: Float[Array, ""]
    converged: Bool[Array, ""]
    steps: Int[Array, ""]
    inertias: Float[Array, " restarts"]

    def _finding(self) -> str | None:
        if np.ndim(self.inertia):
            return None
        rows = np.bincount(self.labels, minlength=len(self.centers))
        rest = "at rest" if self.converged else "not at rest"
        return (
            f"{len(rows)} clusters of {rows.min()} to {rows.max()} rows; inertia {float(self.inertia):.6g}, "
            f"the best of {len(self.inertias)} starts, {rest} after {int(self.steps)} iterations"
        )


def kmeans(
    x: Array | np.ndarray | Sequence[Any],
    k: int,
    *,
    key: Key,
    restarts: int = 10,
    weights: Array | np.ndarray | Sequence[Any] | None = None,
    iterations: int = 300,
    tolerance: float | Float[Array, ""] = 1e-4,
    batch_size: int | None = None,
) -> Clustering:
    """Centers with a small sum of squared distances to their rows, the best of several starts.

        labels_i = argmin_c ‖x_i − μ_c‖²,    μ_c = Σ_{i of c} w_i x_i / Σ_{i of c} w_i,    until the centers rest

    Every start chooses its first centers by greedy k-means++: one row after the other, with probability proportional
    to the squared distance to the centers so far, the best of 2 + ⌊ln k⌋ draws each. All starts go through the rows
    together, in batches; those at rest are left out once half of them are. A cluster that loses all its rows gets the
    row furthest from its center. Start i draws from ``fold_in(key, i)``.

    Traceable. Time: 4 · rows · features · k · restarts operations per iteration; on CPUs half as many in later ones of
    large problems, where sums are updated from the few rows that changed their cluster. Memory: 7 + ⌊ln k⌋ numbers per
    row and start, three per batch row, start and center, and of up to 2²⁴ numbers a copy of x. If clusters are so
    narrow, relative to their distance from the mean, that float32 products of rows and centers cannot distinguish them,
    all is repeated with differences, at several times the cost.

    With fewer distinct rows than k, clusters stay empty and centers repeat. Ties go to the first center. The inertia
    overflows for distances beyond 1e18. If x is traced or spread over processes, NaN or infinity make it NaN.

    Args:
        x: [rows, features]. All types but float64 (under ``jax.enable_x64``) are computed in float32; NumPy's float64
            and large integers are centered before.
        k: number of clusters, from 1 to the number of rows.
        key: a JAX random key.
        restarts: number of starts.
        weights: [rows], of the rows, non-negative, not all zero; 1 by default. A row of weight 2 counts as two rows.
        iterations: the most iterations of a start.
        tolerance: centers rest when the squares of their moves sum to at most this times the features' mean variance;
            0 goes on until no row changes its cluster.
        batch_size: rows compared with all centers at a time; None takes what is fastest: on CPUs all if that makes no
            more than 2²⁰ scores, else as many as make half of that, or 2²⁰ numbers of x; on an accelerator as many as
            make 2²¹ scores, or a quarter as many as x has numbers.

    Raises:
        ValueError: x that is not real numbers [rows, features], at least one of each, or (unless traced) not finite; k
            that is not an integer from 1 to the number of rows; weights of the wrong shape or (unless traced) negative,
            not finite or all zero; restarts, iterations or a batch_size that are not integers of at least 1; a
            tolerance that is not a finite number of at least 0; not a JAX random key.

    Example:
        >>> import jax
        >>> clustering = kmeans([[0.0], [1.0], [9.0], [11.0]], 2, key=jax.random.key(0))
        >>> sorted(clustering.centers.ravel().tolist()), float(clustering.inertia), bool(clustering.converged)
        ([0.5, 10.0], 2.5, True)

    Source: Lloyd, IEEE Trans. Inf. Theory 28 (1982); Arthur & Vassilvitskii, k-means++, SODA 2007, sections 2.2 and 5
    (greedy); Liu, Wang & Matwin, arXiv:1802.00560, section 2.
    """
    x, offset = as_centered("x", x, shape=["rows", "features"])
    rows, key = len(x), as_key(key)
    k, restarts = as_count("k", k, most=rows), as_count("restarts", restarts)
    iterations, tolerance = as_count("iterations", iterations), as_number("tolerance", tolerance, least=0)
    check_finite("x", x)
    if weights is not None:
        weights = as_real("weights", weights, shape=[rows]).astype(x.dtype)
        check_not_negative("weights", weights, some=True)
    if batch_size is None:
        batch_size = _batch_size(rows, x.shape[1], k * restarts)
    batch_size = min(as_count("batch_size", batch_size), rows)
    return _kmeans(x, offset, weights, key, tolerance, k, restarts, iterations, batch_size)


def _batch_size(rows, features, centers):
    """The rows at a time that are fastest: on a CPU few, elsewhere with as many scores as a quarter of x's numbers."""
    if jax.default_backend() != "cpu":
        return max(1, max(4 * _SCORES, rows * features // 4) // centers)
    few = rows * centers <= 2 * _SCORES
    return rows if few else max(1, min(_SCORES // centers, _NUMBERS // features))


@functools.partial(jax.jit, static_argnames=("k", "restarts", "iterations", "most"))
def _kmeans(x, offset, weights, key, tolerance, k, restarts, iterations, most):
    weights = jnp.ones(len(x), x.dtype) if weights is None else weights
    rows = RowBatches.of(x, weights, most)
    squares = jnp.sum(rows.weights * rows.squares)
    rest = tolerance * (squares / jnp.sum(weights) / x.shape[1])
    keys = jax.vmap(lambda number: jax.random.fold_in(key, number))(jnp.arange(restarts))
    lost = 2 * squares * (x.shape[1] + 8) * jnp.finfo(x.dtype).eps

    def attempt(state):
        exact = state[0] == 1
        centers, steps, converged = _lloyd(rows, seeds(rows, keys, k, exact), iterations, rest, exact)
        inertias = _inertias(rows, centers, exact)
        again = ~exact & jnp.any(_LOST * inertias < lost)
        return jnp.where(again, 1, 2 + exact.astype(jnp.int32)), centers, steps, converged, inertias

    # 0 and 1: to be done by products and by differences; 2 and 3: done so.
    none, centers = jnp.zeros(restarts, jnp.int32), jnp.zeros((restarts, k, x.shape[1]), x.dtype)
    nothing = none[0], centers, none, none > 0, none.astype(x.dtype)
    state, centers, steps, converged, inertias = jax.lax.while_loop(lambda state: state[0] < 2, attempt, nothing)
    best = jnp.argmin(inertias)
    labels = rows.fold(lambda _, batch, part: (None, nearest(batch, centers[best][None], state == 3)[0]), None)[1]
    converged = converged[best] & jnp.isfinite(inertias[best])
    offset = rows.first + rows.mean + offset[0]
    centers, inertias = centers[best] * rows.unit + offset[None], inertias * rows.unit * rows.unit
    return Clustering(centers, labels[0], inertias[best], converged, steps[best], inertias)


def _inertias(rows, centers, exact=False):
    """Each lane's sum of weighted squared distances, by differences: the scores lose digits far from the mean."""

    def add(totals, batch, _):
        def of_lane(lane):
            mine, label = lane
            return jnp.sum(batch.weights * jnp.sum((batch.x - mine[label]) ** 2, axis=1))

        return totals + jax.lax.map(of_lane, (centers, nearest(batch, centers, exact)[0])), None

    return rows.fold(add, jnp.zeros(len(centers), centers.dtype))[0]


def _lloyd(rows, centers, iterations, rest, exact=False):
    """Centers at rest, the iterations of each lane, and whether it came to rest within ``iterations``."""
    lanes = len(centers)
    much = rows.x.size * centers[..., 0].size > _MUCH

    def rests(moved, centers):
        return ~(jnp.sum((moved - centers) ** 2, axis=(1, 2)) > rest)

    def step(state):
        centers, steps, active, rested, before = state
        steps += active.astype(jnp.int32)

        def afresh():
            return _means(rows, centers, exact)[0], before

        def by_changes():
            return _means_by_changes(rows, centers, before, goes_on, exact)

        def goes_on(moved):
            return ~jnp.any(active & (rests(moved, centers) | (steps == iterations)))

        # On an accelerator finding and fetching the changed rows takes longer than the product with all.
        moved, now = jax.lax.platform_dependent(cpu=by_changes, default=afresh) if much else afresh()
        moved = jnp.where(active[:, None, None], moved, centers)
        # Lanes at rest have not moved: they stay at rest. A start may come to rest in the very last iteration.
        rested = rests(moved, centers)
        return moved, steps, active & ~rested & (steps < iterations), rested, now

    nothing = _Clusters.none(centers, rows.count) if much else None
    state = centers, jnp.zeros(lanes, jnp.int32), jnp.ones(lanes, bool), jnp.zeros(lanes, bool), nothing
    for size, left in itertools.pairwise([*_stages(much, lanes), 0]):
        moving = jnp.argsort(~state[2])[:size]
        part = jax.lax.while_loop(
            lambda part, left=left: jnp.sum(part[2]) > left,
            step,
            jax.tree.map(lambda whole, moving=moving: whole[moving], state),
        )
        state = jax.tree.map(lambda whole, some, moving=moving: whole.at[moving].set(some), state, part)
    centers, steps, _, rested, _ = state
    return centers, steps, rested


def _stages(much, lanes):
    """The numbers of lanes that continue together, until few are left; compiling these pays only for much work."""
    return [size for size in (lanes, lanes // 2, lanes // 4) if size] if much else [lanes]


class _Clusters(NamedTuple):
    """Every row's center, and the sums and weights of every center's rows."""

    labels: Int[Array, "lanes rows"]
    sums: Float[Array, "lanes k features"]
    counts: Float[Array, "lanes k"]

    @classmethod
    def none(cls, centers, rows):
        nowhere = jnp.full((len(centers), rows), -1, jnp.int32)
        return cls(nowhere, jnp.zeros_like(centers), jnp.zeros_like(centers[..., 0]))


def _means(rows, centers, exact=False, labels=None):
    """The mean of every center's rows, sums and weights; a center without any goes to a row far from all centers."""
    lanes, k, _ = centers.shape

    def add(carry, batch, number):
        sums, counts = carry
        mine = nearest(batch, centers, exact)[0] if labels is None else rows.part(labels, number)
        more, heavier = summed(batch, mine)
        return (sums + more, counts + heavier), None

    def by_product(batch, mine):
        belongs = jnp.where(mine[:, None] == center_numbers(k), batch.weights[None, None], 0)
        products = jnp.matmul(belongs.reshape(lanes * k, -1), batch.x, precision=_HIGHEST)
        return products.reshape(centers.shape), jnp.sum(belongs, axis=2)

    def row_by_row(batch, mine):
        def of_lane(mine):
            sums = jnp.zeros_like(centers[0]).at[mine].add(batch.weights[:, None] * batch.x)
            return sums, jnp.zeros_like(sums[:, 0]).at[mine].add(batch.weights)

        return jax.lax.map(of_lane, mine)

    def summed(batch, mine):
        if k < _MANY:
            return by_product(batch, mine)
        return jax.lax.platform_dependent(batch, mine, cpu=row_by_row, default=by_product)

    (sums, counts), _ = rows.fold(add, (jnp.zeros_like(centers), jnp.zeros((lanes, k), centers.dtype)))
    empty = counts == 0
    means = sums / jnp.where(empty, 1, counts)[..., None]
    means = jax.lax.cond(jnp.any(empty), _refilled, lambda _, means, *rest: means, rows, means, centers, empty, exact)
    return means, sums, counts


def _means_by_changes(rows, centers, before, goes_on, exact=False):
    """The means and clusters, updated from the previous ones by the rows that changed their center, while few do.

    Adding and subtracting accumulates rounding, so all rows are summed again when a center has lost half its weight and
    when a lane stops.
    """
    lanes, k, _ = centers.shape
    _, labels = rows.fold(lambda _, batch, number: (None, nearest(batch, centers, exact)[0]), None)
    running = jnp.cumsum(jnp.any(labels != before.labels, axis=0), dtype=jnp.int32)
    count, size = running[-1], -(-rows.count // _PIECES)
    few = count <= _FEW * size

    def add(piece, carry):
        sums, counts = carry
        places = piece * size + jnp.arange(size, dtype=jnp.int32)
        mine = jnp.searchsorted(running, places + 1)
        weights = jnp.where(places < count, rows.weights.reshape(-1)[mine], 0)
        now, then = (each[:, mine][:, None] == center_numbers(k) for each in (labels, before.labels))
        gains = jnp.where(now == then, 0, jnp.where(now, weights, -weights))
        products = jnp.matmul(gains.reshape(lanes * k, -1), rows.at(mine), precision=_HIGHEST)
        return sums + products.reshape(sums.shape), counts + jnp.sum(gains, axis=2)

    sums, counts = jax.lax.fori_loop(0, jnp.where(few, -(-count // size), 0), add, (before.sums, before.counts))
    heavy = jnp.all(counts > before.counts / 2)
    means = sums / jnp.where(heavy, counts, 1)[..., None]
    means, sums, counts = jax.lax.cond(
        few & heavy & goes_on(means), lambda: (means, sums, counts), lambda: _means(rows, centers, exact, labels)
    )
    return means, _Clusters(labels, sums, counts)


def _refilled(rows, means, centers, empty, exact):
    """Moves the first empty center to the row furthest from its own, the next to the next; not to rows on a center.

    The mean of equal rows may differ from them by rounding: a center moved to one of them would be moved forever.
    """
    rounding = ((8 + rows.count**0.5) * jnp.finfo(centers.dtype).eps) ** 2

    def distances(_, batch, part):
        squared = nearest(batch, centers, exact)[1]
        return None, jnp.where((batch.weights[None] > 0) & (squared > rounding * batch.squares[None]), squared, 0)

    _, far = rows.fold(distances, None)
    distance, numbers = _greatest(far, centers.shape[1])
    which = jnp.maximum(jnp.cumsum(empty.astype(jnp.int32), axis=1) - 1, 0)
    distance, numbers = (jnp.take_along_axis(each, which, axis=1) for each in (distance, numbers))
    given = jnp.where((distance > 0)[..., None], rows.at(numbers), centers)
    return jnp.where(empty[..., None], given, means)


def _greatest(values, count):
    """The greatest of [lanes, rows] and their places, of equal ones the first, found in every run of rows first."""
    runs = runs_of(values[0])
    lanes, length = len(values), values.shape[1] // runs
    # Runs before lanes: on several devices this takes less memory.
    own = jnp.moveaxis(values.reshape(lanes, runs, length), 1, 0).reshape(runs * lanes, length)
    best, places = (each.reshape(runs, lanes, -1) for each in jax.lax.top_k(own, min(count, length)))
    places += length * jnp.arange(runs)[:, None, None]
    best, places = (jnp.moveaxis(each, 0, 1).reshape(lanes, -1) for each in (best, places))
    best, chosen = jax.lax.top_k(best, count)
    return best, jnp.take_along_axis(places, chosen, axis=1)
