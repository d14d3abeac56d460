"""Each layer's share of a class score, on the path of the weights from the identity to the network."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_numpy, as_real, as_target, describe
from interp_jax._readable import readable
from interp_jax.methods._accept import callable_pytree


@readable()
class Shares(NamedTuple):
    """Each layer's share of a class score.

    Attributes:
        shares: [layers, rows].
        score: [rows] of the network.
        rest: [rows] the score of identities alone.
        error: [rows] |Σ shares − (score − rest)| / |score − rest|.
    """

    shares: Float[Array, "layers rows"]
    score: Float[Array, " rows"]
    rest: Float[Array, " rows"]
    error: Float[Array, " rows"]

    def _finding(self) -> str | None:
        if np.ndim(self.shares) != 2 or not np.size(self.shares):
            return None
        means = np.mean(np.asarray(self.shares), axis=1)
        if not np.isfinite(means).all():
            return None
        greatest = int(np.argmax(means))
        return (
            f"greatest mean share of {len(means)} layers over {len(self.score)} rows: {means[greatest]:.4g}, of layer "
            f"{greatest + 1}\nrelative error of the sum of shares: at most {float(np.max(self.error)):.2g}"
        )


def path_shares(
    layer: Callable[..., Any],
    parameters: Any,
    identity: Any,
    hidden: Given[Array | np.ndarray, "rows *rest width"],
    target: Given[ArrayLike, "#rows"],
    *,
    classes: int,
    nodes: int = 8,
) -> Shares:
    """Shares of a class score: each layer's departure from the identity, propagated through the layers after it.

    All layers move together from the identity to their weights, θ_l(t) = I + t (θ_l − I), with outputs h_l(t):

        write of layer l at t = ∂layer(θ_l(t), h_{l−1}(t)) / ∂θ_l · (θ_l − I)
        share of layer l = ∫₀¹ (∂score / ∂h_l)(t) · write_l(t) dt

    ∂score / ∂h_l is the product of the Jacobians of layers l + 1 … L. By the chain rule the integrand is the derivative
    of the score along the path, so the shares sum to the score minus that of identities alone (0 for class units that
    start at 0). A Gauss-Legendre sum of ``nodes`` terms is exact for polynomials in t of degree 2 nodes − 1; the score
    is one of degree L between changes of the activation pattern; ``error`` measures the difference. Shares at t = 1
    alone would not sum to the score: joint effects of two layers would count twice.

    Traceable; nodes × (one forward and one backward pass). Memory: four arrays of the layers' size.

    Integers and half precision become float32, NumPy's float64 parameters after the identity is subtracted. NaN and
    infinity affect only their row; overflow in float32 gives them.

    Args:
        layer: ``(parameters of one layer, hidden [rows, …, width]) -> hidden``.
        parameters: a pytree of all layers' parameters, stacked along the first axis.
        identity: the parameters of one layer that returns its input; `networks.IdentityPerceptron.stack` returns all
            three.
        hidden: [rows, …, width] the input of the first layer, ``network.pad(inputs)``; layers keep its shape.
        target: the class, one for all rows or [rows]; a traced one outside the classes gives NaN.
        classes: C; the scores are the last C units of the last layer, averaged over the axes in between.
        nodes: terms of the integral.

    Returns:
        `Shares`: ``.shares`` [layers, rows]; ``.score``, ``.rest``, ``.error`` [rows].

    Raises:
        TypeError: a layer that is not callable.
        ValueError: parameters and identity that do not match, hidden that the layer fails on or whose shape it changes,
            no rows, a target outside the classes, or counts below one.

    Example:
        >>> def layer(kernel, x):
        ...     return x @ kernel
        >>> kernels = jnp.stack([jnp.eye(3).at[0, 2].set(1.0), 2 * jnp.eye(3)])
        >>> result = path_shares(layer, kernels, jnp.eye(3), jnp.array([[1.0, 0.0, 0.0]]), 1, classes=2)
        >>> result.shares[:, 0].round(4), result.score
        (Array([1.5, 0.5], dtype=float32), Array([2.], dtype=float32))

    Source: Sundararajan, Taly & Yan, arXiv:1703.01365, section 3 (integrated gradients), here over weights from the
    identity of arXiv:2102.13333; not published elsewhere.
    """
    given = accept_layers(layer, parameters, identity, hidden, classes=classes)
    target = as_target(target, rows=len(given.hidden), classes=given.classes)
    return _path_shares(*given.arrays, target, given.classes, as_count("nodes", nodes))


class Layers(NamedTuple):
    """Checked arguments: the layer, how all parameters depart from the identity, the identity, and the layer before."""

    layer: Callable[..., Any]
    departure: Any
    identity: Any
    hidden: Float[Array, "rows *rest width"]
    classes: int

    @property
    def arrays(self):
        """What a compiled function takes."""
        return self[:4]


def accept_layers(layer, parameters, identity, hidden, *, classes) -> Layers:
    """The arguments of `path_shares`, once they fit each other.

    Raises:
        TypeError, ValueError: as `path_shares`.
    """
    classes = as_count("classes", classes)
    hidden = as_real("hidden", hidden, shape=["rows", "…", "width"])
    if hidden.shape[-1] < classes or not hidden.size:
        wanted = f"[rows, …, width] with a width of {classes} or more"
        raise ValueError(f"hidden: found shape [{', '.join(map(str, hidden.shape))}], wanted {wanted}")
    layer = callable_pytree(layer, name="layer")
    single, structure = jax.tree.flatten(identity)
    stacked, of_stacked = jax.tree.flatten(parameters)
    single, stacked = (
        [each if isinstance(each, jax.Array) else as_numpy(name, each) for each in leaves]
        for name, leaves in (("identity", single), ("parameters", stacked))
    )
    shapes = [each.shape for each in single], [each.shape for each in stacked]
    depths = {shape[:1] for shape in shapes[1]}
    if structure != of_stacked or [shape[1:] for shape in shapes[1]] != shapes[0] or len(depths - {(0,)}) != 1:
        wanted = f"those of identity, {shapes[0]}, stacked over at least one layer"
        raise ValueError(f"parameters: found shapes {shapes[1]}, wanted {wanted}")
    departure = [_departure(*leaves) for leaves in zip(stacked, single, strict=True)]
    single = [as_real("identity", each) for each in single]
    kind = jnp.result_type(hidden, *departure, *single)
    departure, identity, hidden = jax.tree.map(
        lambda each: each.astype(kind),
        (jax.tree.unflatten(structure, departure), jax.tree.unflatten(structure, single), hidden),
    )
    _check_layer(layer, identity, hidden)
    return Layers(layer, departure, identity, hidden, classes)


def _departure(parameters, identity):
    """The parameters minus the identity, for float64 before the cast to float32."""
    if isinstance(parameters, np.ndarray) and isinstance(identity, np.ndarray) and parameters.itemsize == 8:
        return as_real("parameters", parameters.astype(np.float64) - identity.astype(np.float64)[None])
    return as_real("parameters", parameters) - as_real("identity", identity)[None]


def _check_layer(layer, identity, hidden):
    """Refuses hidden if the layer changes its shape."""
    try:
        after = jax.eval_shape(lambda layer, *arrays: layer(*arrays), layer, identity, hidden).shape
    except Exception as error:
        raise ValueError(f"hidden: found {describe(hidden)}, wanted a shape that the layer takes: {error}") from error
    if after != hidden.shape:
        raise ValueError(f"hidden: found {describe(hidden)}, wanted a shape that the layer keeps: it gives {after}")


@partial(jax.jit, static_argnames=("classes", "nodes"))
def _path_shares(layer, departure, identity, hidden, target, classes, nodes):
    def score_of(last):
        scores = jnp.mean(last[..., -classes:], axis=tuple(range(1, last.ndim - 1)))
        return jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=jnp.nan)[:, 0]

    def through(nudges, t):
        """The score with nudges added to each layer's output, and what each layer writes."""

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
    shares: Given[Array | np.ndarray, "layers *shape"], whole: Given[Array | np.ndarray, "*shape"]
) -> Float[Array, "..."]:
    """The relative difference between the sum of shares and the whole.

        |Σ shares − whole| / |whole|,   0 where both are 0

    Traceable. The error is infinite where only the whole is 0; NaN and infinity give NaN in their position.

    Args:
        shares: [layers, …].
        whole: […] in the shape of one layer's shares.

    Raises:
        ValueError: no layer, or a whole of the wrong shape.

    Example:
        >>> completeness_error(jnp.array([[1.0], [2.0]]), jnp.array([4.0]))
        Array([0.25], dtype=float32)

    Source: the completeness axiom of Sundararajan, Taly & Yan, arXiv:1703.01365, section 3.
    """
    shares = as_real("shares", shares, shape=["layers", "…"])
    whole = as_real("whole", whole, shape=shares.shape[1:])
    missing = jnp.abs(jnp.sum(shares, axis=0) - whole)
    return jnp.where(missing == 0, 0, missing / jnp.abs(whole))
