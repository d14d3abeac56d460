"""What every layer has changed of the input, and what it holds for each class."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_real


class Contributions(NamedTuple):
    """Contribution maps, increments and likelihood of every layer; ``scores`` are the logits they are made of."""

    maps: Float[Array, "layers rows features"]
    increments: Float[Array, "layers rows features"]
    likelihood: Float[Array, "layers rows classes"]
    scores: Float[Array, "layers rows classes"]

    def accuracy(self, labels: Shaped[Array | np.ndarray, "..."]) -> Float[Array, " layers"]:
        """Share of the rows whose likeliest class is the label's, layer by layer: `layer_accuracy`. Traceable."""
        return layer_accuracy(self.scores, labels)


def layer_accuracy(
    scores: Shaped[Array | np.ndarray, "..."], labels: Shaped[Array | np.ndarray, "..."]
) -> Float[Array, " layers"]:
    """Share of the rows whose greatest score is the label's, layer by layer.

    A row whose own score is greatest together with others counts as a guess among these: at an identity start, where
    all are 0, the accuracy is 1 / classes. A row with a score that is not finite is wrong.

    Traceable.

    Args:
        scores: [layers, rows, classes], or likelihoods.
        labels: [rows].

    Raises:
        ValueError: scores of other axes, or labels that are not whole numbers, one a row.

    Example:
        >>> import jax.numpy as jnp
        >>> layer_accuracy(jnp.array([[[0.0, 0.0]], [[0.0, 2.0]]]), jnp.array([1]))
        Array([0.5, 1. ], dtype=float32)

    Source: the recognition accuracy in each layer of arXiv:2102.13333 (abstract).
    """
    scores, labels = scores_and_labels("scores", scores, labels)
    own = jnp.take_along_axis(scores, labels[None, :, None], axis=2, mode="fill", fill_value=jnp.nan)
    greatest = (own >= jnp.max(scores, axis=2, keepdims=True))[..., 0] & all_finite(scores)
    ties = jnp.sum(scores == own, axis=2)
    return jnp.mean(jnp.where(greatest, 1 / jnp.maximum(ties, 1), 0).astype(scores.dtype), axis=1)


def contributions(
    inputs: Shaped[Array | np.ndarray, "..."], layers: Shaped[Array | np.ndarray, "..."]
) -> Contributions:
    """Reads the layers of a network whose every layer has the input's features and, behind them, the classes.

        map of layer l = h_l[:d] − x,    increment = h_l[:d] − h_{l−1}[:d]  (h_0[:d] = x),
        likelihood = softmax(h_l[d:])

    A map is in the input's own units and places; positive where the layers so far have strengthened the input. It says
    what has been made of the input and not for which class. In a network that did not start at the identity the
    features of a layer have no places, and the maps no meaning; its likelihood has one in the last layer alone.

    Traceable. Memory: twice the layers'. Whole-number and half-precision inputs are read in float32.

    Args:
        inputs: [rows, d], what the network was given.
        layers: [layers, rows, d + C] outputs of every layer, ``network.layers(inputs)``.

    Returns:
        `Contributions`: ``.maps``, ``.increments`` [layers, rows, d], ``.likelihood``, ``.scores`` [layers, rows, C],
        ``.accuracy(labels)`` [layers].

    Raises:
        ValueError: arrays that are not real or have other axes, no layer, other rows, layers narrower than the input,
            as wide (no class dimensions), or with a single class.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[1.0, 2.0]])
        >>> layers = jnp.array([[[1.0, 2.0, 0.0, 0.0]], [[0.5, 2.5, 0.0, 3.0]]])
        >>> read = contributions(x, layers)
        >>> read.maps[1, 0], read.accuracy(jnp.array([1]))
        (Array([-0.5,  0.5], dtype=float32), Array([0.5, 1. ], dtype=float32))

    Source: Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333 (abstract).
    """
    inputs, layers = as_real("inputs", inputs), as_real("layers", layers)
    kind = jnp.result_type(inputs, layers, jnp.float32)
    if inputs.ndim != 2 or not inputs.size:
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted [rows, features], at least one of each")
    rows, features = inputs.shape
    if layers.ndim != 3 or not len(layers) or layers.shape[1] != rows:
        raise ValueError(f"layers: found shape {layers.shape}, wanted [layers, {rows} rows as of inputs, width]")
    width = layers.shape[2]
    if width < features:
        raise ValueError(f"layers: found a width of {width}, wanted at least the {features} features of inputs")
    if width - features < 2:
        found = "no class dimensions" if width == features else "a single class dimension"
        raise ValueError(f"layers: found {found} behind the {features} features of inputs, wanted at least 2")
    inputs, layers = inputs.astype(kind), layers.astype(kind)
    held, scores = layers[..., :features], layers[..., features:]
    before = jnp.concatenate([inputs[None], held[:-1]])
    return Contributions(held - inputs[None], held - before, jax.nn.softmax(scores), scores)


def all_finite(scores):
    """[layers, rows]: whether every class has a number there; where one has none, no class is named."""
    return jnp.all(jnp.isfinite(scores), axis=2)


def scores_and_labels(name, scores, labels):
    """Numbers of every layer, row and class, and a class number for each row."""
    scores, labels = as_real(name, scores), jnp.asarray(labels)
    if scores.ndim != 3 or not scores.size:
        raise ValueError(f"{name}: found shape {scores.shape}, wanted [layers, rows, classes]")
    if labels.shape != scores.shape[1:2] or not jnp.issubdtype(labels.dtype, jnp.integer):
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"labels: found {found}, wanted whole numbers of shape {scores.shape[1:2]}")
    # A negative number would count from the end.
    labels = jnp.where(labels < 0, jnp.iinfo(labels.dtype).max, labels)
    return scores.astype(jnp.promote_types(scores.dtype, jnp.float32)), labels
