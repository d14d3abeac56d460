"""Attributions by the gradient of a class score: the usual baselines of a contribution map."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count
from interp_jax.methods._scored import as_baseline, scored_rows


def gradient_times_input(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    target: Given[ArrayLike, "#rows"],
    *,
    scores: str = "logits",
) -> Float[Array, "..."]:
    """The input times the gradient of a class score.

        x · ∂z_c / ∂x

    Traceable; one forward and one backward pass, and, unless traced, one forward pass on ten rows.

    Token ids have no gradient. With ``embed, rest = networks.split(model, at="…", inputs=tokens)`` behind the
    embedding, ``gradient_times_input(rest, embed(tokens), target).sum(-1)`` has a score a position.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, or any outputs, such as those of a regression; rows
            independent.
        inputs: [rows, …] the rows to explain, floats, uint8 or bool, cast to float32. NaN and infinity affect only
            their row.
        target: the class or output c, one for all rows or [rows].
        scores: "logits", or "probabilities" for a network that ends in a softmax, whose logarithm is the score.

    Returns:
        In the shape of the inputs, signed: positive where a larger value increases the score. NaN in a row whose traced
        target is outside the classes.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, integers but uint8 (they may be token ids), a network that does not return [rows, classes]
            or returns probabilities declared as logits, or a target outside the classes.

    Example:
        >>> gradient_times_input(lambda x: jnp.stack([x[:, 0], x[:, 1] ** 2], 1), jnp.array([[3.0, 2.0]]), 1)
        Array([[0., 8.]], dtype=float32)

    Source: Shrikumar, Greenside, Shcherbina & Kundaje, arXiv:1605.01713.
    """
    network, inputs, target, _ = scored_rows(network, inputs, target, scores=scores)
    return inputs * _slopes(network, inputs, target)


def integrated_gradients(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    target: Given[ArrayLike, "#rows"],
    *,
    baseline: Given[ArrayLike, "a number, or #*features"] = 0.0,
    nodes: int = 32,
    scores: str = "logits",
) -> Float[Array, "..."]:
    """The gradient of a class score averaged along the straight line from a baseline, times the difference from it.

        (x − b) ∫₀¹ ∂z_c / ∂x (b + t (x − b)) dt,   which sums to z_c(x) − z_c(b)

    Traceable; ``nodes`` forward and backward passes, a Gauss-Legendre sum.

    Args:
        network: as for `gradient_times_input`.
        inputs: [rows, …] as there; token ids likewise behind their embedding.
        target: the class or output c, one for all rows or [rows].
        baseline: b, the same for all values of a row, or an array that broadcasts to a row, such as a mean row or the
            embedding [width] of a padding token.
        nodes: terms of the integral.
        scores: "logits", or "probabilities" for a network that ends in a softmax, whose logarithm is the score.

    Returns:
        In the shape of the inputs, signed. NaN in a row whose traced target is outside the classes.

    Raises:
        TypeError, ValueError: what `gradient_times_input` refuses, nodes below one, or a baseline that is not
            finite or does not broadcast to a row.

    Example:
        >>> integrated_gradients(lambda x: jnp.stack([x[:, 0], x[:, 1] ** 2], 1), jnp.array([[3.0, 2.0]]), 1).round(4)
        Array([[0., 4.]], dtype=float32)

    Source: Sundararajan, Taly & Yan, arXiv:1703.01365, equation 1.
    """
    network, inputs, target, _ = scored_rows(network, inputs, target, scores=scores)
    baseline = as_baseline(baseline, inputs.shape[1:])
    return _integrated(network, inputs, target, baseline, as_count("nodes", nodes))


@jax.jit
def _slopes(network, inputs, target):
    def total(x):
        scores = network(x)
        is_class = (target >= 0) & (target < scores.shape[1])
        return jnp.sum(jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=0)), is_class

    slopes, is_class = jax.grad(total, has_aux=True)(inputs)
    # A score that is not there has slope 0, which would read as numbers that do nothing.
    return jnp.where(is_class.reshape(-1, *[1] * (inputs.ndim - 1)), slopes, jnp.nan)


@partial(jax.jit, static_argnames="nodes")
def _integrated(network, inputs, target, baseline, nodes):
    way = inputs - baseline
    places, weights = np.polynomial.legendre.leggauss(nodes)
    along = jnp.asarray((places + 1) / 2, inputs.dtype), jnp.asarray(weights / 2, inputs.dtype)

    def add(total, node):
        place, weight = node
        return total + weight * _slopes(network, baseline + place * way, target), None

    return way * jax.lax.scan(add, jnp.zeros_like(way), along)[0]
