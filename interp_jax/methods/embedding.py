"""How many classes a few units can decode: the pseudo-inverse as output layer, and its success rate."""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from interp_jax._checks import Given, as_centered, as_count, as_key, as_real, check_number
from interp_jax._readable import readable

_BLOCK_NUMBERS = 1 << 15  # random numbers a key: few enough for a core's cache, and a key costs little beside them
_ATTEMPTS = 10**7
_LEAST_ACCEPTANCE = 1e-6


@readable()
class OutputLayer(NamedTuple):
    """The map of `pseudo_inverse`, ``scores = codes @ weights + bias``.

    Attributes:
        weights: [dimension, points] W.
        bias: [points] b.
    """

    weights: Float[Array, "dimension points"]
    bias: Float[Array, " points"]


@readable()
class SuccessRate(NamedTuple):
    """The rate of `success_rate` and its counts.

    Attributes:
        rate: successes / trials.
        low: lower end of the rate's confidence interval.
        high: upper end.
        trials: draws that count.
        successes: draws that were decoded.
        acceptance: the share of all draws whose points keep the separation.
    """

    rate: float
    low: float
    high: float
    trials: int
    successes: int
    acceptance: float

    def _finding(self) -> str:
        return (
            f"{self.successes} of {self.trials} point sets decoded: {self.rate:.4g} "
            f"(interval {self.low:.4g} to {self.high:.4g})"
        )


def pseudo_inverse(points: Given[ArrayLike, "points dimension"], *, affine: bool = True) -> OutputLayer:
    """`OutputLayer`: the affine map from R^p to R^n that takes n points to the n unit vectors, by least squares.

        W, b = argmin Σ_k ‖v_k W + b − e_k‖²,   so   W = (V − 1 m)⁺,   b = 1 / n − m W,   m = Σ_k v_k / n

    Traceable; one singular value decomposition of points × dimension. It can initialize a network's output layer: the
    points are then the bottleneck's codes, averaged over each class's inputs. If the points do not span all dimensions
    (a dead unit, two equal ones, fewer than p + 1 points), W is the least-norm solution; singular values under 10 ·
    max(n, p) machine epsilons of the largest count as zero. If all points are equal, W = 0. NaN or infinity in a point
    makes all of W NaN.

    Args:
        points: [points, dimension], one code per class.
        affine: whether there is a bias; without one, W = V⁺ and b = 0.

    Raises:
        ValueError: points that are not a real matrix, or empty.

    Example:
        >>> import jax.numpy as jnp
        >>> weights, bias = pseudo_inverse(jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        >>> jnp.abs(jnp.array([0.0, 1.0]) @ weights + bias).round(3)
        Array([0., 0., 1.], dtype=float32)

    Source: Chen 2017, sections 4.3.2 and 4.3.3, eq. 4.1; as starting weights proposed in section 4.3.5.
    """
    points, center = _as_points(points, affine)
    n = points.shape[0]
    if not affine:
        return OutputLayer(jnp.linalg.pinv(points), jnp.zeros(n, points.dtype))
    offsets = points - points[:1]  # exact zeros for equal points, which a mean need not leave
    weights = jnp.linalg.pinv(offsets - jnp.mean(offsets, axis=0, keepdims=True))
    mean = center + points[0] + jnp.mean(offsets, axis=0)
    return OutputLayer(weights, 1 / n - jnp.matmul(mean, weights, precision="highest"))


def decodes(points: Given[ArrayLike, "points dimension"], *, affine: bool = True) -> Bool[Array, ""]:
    """Whether the map of `pseudo_inverse` gives each point its greatest score at the point's own index, a scalar bool.

        v_k W_k > v_j W_k   for all j ≠ k

    Traceable; memory points² · dimension. The points' scores are a symmetric projection matrix, so its columns serve as
    rows. Ties and NaN are failures, so equal points never succeed. One point always succeeds. With a bias, up to
    rounding, the result is invariant to invertible affine maps, and up to p + 1 points in general position succeed.

    Args:
        points: [points, dimension].
        affine: whether there is a bias.

    Raises:
        ValueError: points that are not a real matrix, or empty.

    Example:
        >>> import jax.numpy as jnp
        >>> square = jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> bool(decodes(square)), bool(decodes(square.at[3].set(0.4)))
        (True, False)

    Source: Chen 2017, section 4.3.4 and eq. 4.2.
    """
    points, _ = _as_points(points, affine)
    weights = pseudo_inverse(points, affine=affine).weights
    # From differences, so that equal points tie exactly.
    margins = jnp.sum((points[:, None] - points[None]) * weights.T[:, None], axis=-1)
    return jnp.all((margins > 0) | jnp.eye(len(points), dtype=bool))


def success_rate(
    key: Any,
    *,
    dimension: int,
    points: int,
    trials: Any = 1_000_000,
    separation: Any = 0.0,
    affine: bool = True,
    confidence: Any = 0.95,
    batch_size: int = 4096,
) -> SuccessRate:
    """The share of random point sets in the unit cube that the pseudo-inverse decodes, by Monte Carlo.

        P(`decodes`(v_1 … v_n)),   v_k uniform on [0, 1]^p, given that ‖v_j − v_k‖ ≥ separation for all j ≠ k

    Host-level, one compilation per dimension and number of points. Cost per draw: dimension · points random numbers and
    dimension · points² multiplications; memory up to 4 · points · (points + 4 · dimension) · batch_size bytes.

    A draw with points too close is redrawn as a whole, so the rest is exactly uniform. The result does not depend on
    batch size or device, except for rounding at ties, about one draw in a million. The thesis does not say whether its
    maps had a bias; its rates are those of maps with one.

    Args:
        key: a JAX random key.
        dimension: p, of the bottleneck.
        points: n, the number of classes.
        trials: draws that count, apart from those refused for their separation.
        separation: least distance between any two points.
        affine: as for `pseudo_inverse`.
        confidence: of the interval (exact, after Clopper and Pearson).
        batch_size: draws at a time, rounded up to the blocks that share a key; accelerators suit larger ones.

    Raises:
        ValueError: not a key, a count below one, a confidence outside (0, 1), or a separation that is negative,
            impossible for this many points, or met by fewer than one in a million of ten million draws.

    Example:
        >>> import jax
        >>> estimate = success_rate(jax.random.key(0), dimension=2, points=4, trials=10_000)
        >>> estimate.low < 0.485 < estimate.high, estimate.trials
        (True, 10000)

    Source: Chen 2017, section 4.3.4, Figures 4.14 and 4.15.
    """
    key = as_key(key)
    dimension, points = as_count("dimension", dimension), as_count("points", points)
    trials, batch_size = as_count("trials", trials), as_count("batch_size", batch_size)
    check_number("confidence", confidence, above=0, below=1)
    check_number("separation", separation, least=0)
    # Two points in one of m^p equal cells are at most √p / m apart, which is less than the separation for this m.
    cells = (math.floor(min(math.sqrt(dimension) / separation, points)) + 1) ** dimension if separation else points
    if points > cells:
        raise ValueError(f"separation: found {separation}, wanted what {points} points of [0, 1]^{dimension} can have")
    lanes = 1 << max(3, _BLOCK_NUMBERS.bit_length() - 1 - (dimension * points - 1).bit_length())
    blocks = -(-batch_size // lanes)
    batches = -(-_ATTEMPTS // (blocks * lanes))
    accepted, successes, drawn, first = 0, 0, 0, 0
    while accepted < trials:
        wanted = min(trials - accepted, np.iinfo(np.int32).max)
        distance = np.float32(separation) if separation else None
        counts = _count(key, first, wanted, distance, batches, (dimension, points, lanes), blocks, affine)
        accepted, successes, drawn = (a + int(b) for a, b in zip((accepted, successes, drawn), counts, strict=True))
        first += batches * blocks
        if accepted < min(trials, _LEAST_ACCEPTANCE * drawn):
            raise ValueError(
                f"separation: found {separation}, wanted one that random points have: {accepted} of {drawn:,} draws did"
            )
    low, high = binomtest(successes, trials).proportion_ci(confidence)
    return SuccessRate(successes / trials, float(low), float(high), trials, successes, trials / drawn)


@partial(jax.jit, static_argnames=("shape", "blocks", "affine"))
def _count(key, first, wanted, separation, batches, shape, blocks, affine):
    """Draws accepted, successful and made from block ``first`` on, until ``wanted`` are accepted or batches run out."""

    def draw(block):
        x = jax.random.uniform(jax.random.fold_in(key, block), shape, jnp.float32)
        accepted = jnp.ones(shape[2], bool) if separation is None else _separated(x, separation)
        return accepted, _decoded(x, affine)

    def take(state):
        batch, accepted, successes, drawn = state
        keep, decoded = (part.ravel() for part in jax.vmap(draw)(first + batch * blocks + jnp.arange(blocks)))
        rank = jnp.cumsum(keep, dtype=jnp.int32)
        missing = wanted - accepted
        counted = keep & (rank <= missing)  # the first draws in their order, whatever the batch
        made = jnp.minimum(keep.size, jnp.sum(rank < missing, dtype=jnp.int32) + 1)
        successes += jnp.sum(counted & decoded, dtype=jnp.int32)
        return batch + 1, accepted + jnp.sum(counted, dtype=jnp.int32), successes, drawn + made

    def unfinished(state):
        return (state[1] < wanted) & (state[0] < batches)

    return jax.lax.while_loop(unfinished, take, (jnp.int32(0),) * 4)[1:]


def _separated(x, separation):
    squares = sum(jnp.square(a[:, None] - a[None]) for a in x)
    return jnp.all((squares >= separation**2) | jnp.eye(x.shape[1], dtype=bool)[:, :, None], axis=(0, 1))


def _decoded(x, affine):
    """`decodes` for many sets of few random points, [dimension, points, lanes], without a decomposition of each.

    Only V V⁺ = Q Qᵀ is needed, with an orthonormal basis Q of V's columns by modified Gram-Schmidt, whose rounding is
    of the order of the points' own. Sets degenerate to rounding become NaN, a failure.
    """
    n, basis = x.shape[1], []
    if affine:
        x = x - jnp.mean(x, axis=1, keepdims=True)
    for column in x[: n - 1 if affine else n]:  # more are linearly dependent
        for other in basis:
            column = column - other * jnp.sum(other * column, axis=0, keepdims=True)
        basis.append(column * jax.lax.rsqrt(jnp.sum(column * column, axis=0, keepdims=True)))
    margins = sum((q[:, None] * (q[:, None] - q[None]) for q in basis), start=jnp.zeros((n, n, x.shape[2])))
    return jnp.all((margins > 0) | jnp.eye(n, dtype=bool)[:, :, None], axis=(0, 1))


def _as_points(points, affine):
    """The points minus a center, to which an affine map is invariant, and the center."""
    shape = ["points", "dimension"]
    if affine:
        points, center = as_centered("points", points, shape=shape)
        return points, center[0]
    points = as_real("points", points, shape=shape)
    return points, jnp.zeros(points.shape[1:], points.dtype)
