"""How much of a class score is due to each layer's being what it is, on the way from the identity to the network."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax.methods._accept import callable_pytree


class Shares(NamedTuple):
    """Every layer's share of a score, the score, what the identity alone would give, and the relative error.

    ``error`` = |Σ shares − (score − rest)| / |score − rest|, a number a row.
    """

    shares: Float[Array, "layers rows"]
    score: Float[Array, " rows"]
    rest: Float[Array, " rows"]
    error: Float[Array, " rows"]


def path_shares(
    layer: Callable,
    parameters: Any,
    identity: Any,
    hidden: Shaped[Array | np.ndarray, "rows ..."],
    target,
    *,
    classes: int,
    nodes: int = 8,
) -> Shares:
    """Shares of a class score, each layer's departure from the identity propagated through the layers after it.

    All layers go together from the identity to what they are, θ_l(t) = I + t (θ_l − I), and h_l(t) with them:

        write of layer l at t = ∂layer(θ_l(t), h_{l−1}(t)) / ∂θ_l · (θ_l − I)
        share of layer l = ∫₀¹ (∂score / ∂h_l)(t) · write_l(t) dt

    ∂score / ∂h_l is the product of the Jacobians of layers l + 1 … L. By the chain rule the integrand is the score's
    slope along the way, so that the shares add up to the score less what identities alone would give (0 for class
    dimensions that begin at 0). The integral is a Gauss-Legendre sum of ``nodes`` terms: exact for a polynomial in t of
    degree 2 nodes − 1, while the score is one of degree L between two changes of the activation pattern. ``error`` says
    how much is missing. Without the integral, at t = 1 alone, shares do not add up: what two layers do together would
    be counted for both.

    Traceable; nodes × (one forward and one backward pass). Memory: four arrays of the layers' size. Whole-number and
    half-precision numbers are computed with in float32.

    Args:
        layer: ``(parameters of one layer, hidden [rows, …, width]) -> hidden``.
        parameters: of all layers, stacked.
        identity: of one layer that passes on what it is given; `networks.IdentityPerceptron.stack` gives all three.
        hidden: the layer before the first, ``network.pad(inputs)``; every layer gives back its shape.
        target: the class, one for all rows or [rows].
        classes: C; the scores are the last C units of the last layer, averaged over all axes in between.
        nodes: of the integral.

    Raises:
        ValueError: parameters and identity that do not match, hidden that the layer does not take or does not give
            back in its shape, no rows, a target that is no class, or counts below one.

    Example:
        >>> import jax.numpy as jnp
        >>> def layer(kernel, x):
        ...     return x @ kernel
        >>> kernels = jnp.stack([jnp.eye(3).at[0, 2].set(1.0), 2 * jnp.eye(3)])
        >>> found = path_shares(layer, kernels, jnp.eye(3), jnp.array([[1.0, 0.0, 0.0]]), 1, classes=2)
        >>> found.shares[:, 0].round(4), found.score
        (Array([1.5, 0.5], dtype=float32), Array([2.], dtype=float32))

    Source: ours, the integrated gradients of Sundararajan, Taly & Yan, arXiv:1703.01365, section 3, taken in the space
    of the weights from the identity of arXiv:2102.13333 on.
    """
    hidden, target = jnp.asarray(hidden), jnp.asarray(target)
    parameters, identity = jax.tree.map(jnp.asarray, (parameters, identity))
    for name, value in (("classes", classes), ("nodes", nodes)):
        if value < 1:
            raise ValueError(f"{name}: found {value}, wanted at least 1")
    if hidden.ndim < 2 or not len(hidden) or hidden.shape[-1] < classes:
        raise ValueError(
            f"hidden: found shape {hidden.shape}, wanted [rows, …, width] with a width of {classes} or more"
        )
    rows = len(hidden)
    if target.shape not in ((), (rows,)) or not jnp.issubdtype(target.dtype, jnp.integer):
        raise ValueError(
            f"target: found {target.dtype} of shape {target.shape}, wanted a class or whole numbers [{rows}]"
        )
    if not isinstance(target, jax.core.Tracer) and not 0 <= int(target.min()) <= int(target.max()) < classes:
        raise ValueError(f"target: found {int(target.min())} to {int(target.max())}, wanted 0 to {classes - 1}")
    stacked, single = ([leaf.shape for leaf in jax.tree.leaves(tree)] for tree in (parameters, identity))
    if jax.tree.structure(parameters) != jax.tree.structure(identity) or [each[1:] for each in stacked] != single:
        raise ValueError(f"parameters: found shapes {stacked}, wanted those of identity, {single}, stacked over layers")
    kind = jnp.result_type(hidden, *jax.tree.leaves(parameters), jnp.float32)
    parameters, identity, hidden = jax.tree.map(lambda leaf: leaf.astype(kind), (parameters, identity, hidden))
    layer = callable_pytree(layer)
    _check_layer(layer, identity, hidden)
    return _path_shares(layer, parameters, identity, hidden, jnp.broadcast_to(target, (rows,)), classes, nodes)


def _check_layer(layer, identity, hidden):
    """Refuses hidden of a shape that the layer does not keep."""
    try:
        found = jax.eval_shape(lambda layer, *arrays: layer(*arrays), layer, identity, hidden)
    except (TypeError, ValueError) as error:
        raise ValueError(f"hidden: found shape {hidden.shape}, which the layer does not take: {error}") from error
    if found.shape != hidden.shape:
        raise ValueError(f"hidden: found shape {hidden.shape}, wanted one that the layer keeps, it gives {found.shape}")


@partial(jax.jit, static_argnames=("classes", "nodes"))
def _path_shares(layer, parameters, identity, hidden, target, classes, nodes):
    departure = jax.tree.map(lambda each, single: each - single[None], parameters, identity)

    def score_of(last):
        scores = jnp.mean(last[..., -classes:], axis=tuple(range(1, last.ndim - 1)))
        return jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=jnp.nan)[:, 0]

    def through(nudges, t):
        """The score with something added to every layer's output, and what every layer writes."""

        def step(h, of_layer):
            change, nudge = of_layer
            here = jax.tree.map(lambda single, each: single + t * each, identity, change)
            h, write = jax.jvp(lambda parameters: layer(parameters, h), (here,), (change,))
            return h + nudge, jax.lax.stop_gradient(write)

        last, writes = jax.lax.scan(step, hidden, (departure, nudges))
        score = score_of(last)
        return jnp.sum(score), (score, writes)

    depth = len(jax.tree.leaves(departure)[0])
    nothing = jnp.zeros((depth, *hidden.shape), hidden.dtype)

    def add(total, node):
        t, weight = node
        slopes, (_, writes) = jax.grad(through, has_aux=True)(nothing, t)
        return total + weight * jnp.sum(slopes * writes, axis=tuple(range(2, slopes.ndim))), None

    places, weights = np.polynomial.legendre.leggauss(nodes)
    along = jnp.asarray((places + 1) / 2, hidden.dtype), jnp.asarray(weights / 2, hidden.dtype)
    shares = jax.lax.scan(add, jnp.zeros((depth, len(hidden)), hidden.dtype), along)[0]
    rest, score = (through(nothing, jnp.asarray(t, hidden.dtype))[1][0] for t in (0, 1))
    return Shares(shares, score, rest, completeness_error(shares, score - rest))


def completeness_error(
    shares: Float[Array | np.ndarray, "layers *rows"], whole: Float[Array | np.ndarray, " *rows"]
) -> Float[Array, " *rows"]:
    """By how much shares fail to add up to the whole, relative to it: |Σ shares − whole| / |whole|. Traceable.

    0 where both are 0.

    >>> completeness_error(jnp.array([[1.0], [2.0]]), jnp.array([4.0]))
    Array([0.25], dtype=float32)
    """
    missing = jnp.abs(jnp.sum(shares, axis=0) - whole)
    return jnp.where(missing == 0, 0, missing / jnp.abs(whole))
