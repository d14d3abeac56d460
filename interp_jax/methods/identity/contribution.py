"""Each layer's changes to the input, and its scores of each class."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_count, as_labels, as_numpy, as_real, check_shape, describe
from interp_jax._readable import readable


@readable(figure="contributions")
class Contributions(NamedTuple):
    """The maps and scores of `contributions`, for each layer.

    Attributes:
        maps: the changes that the layers so far have made to the input.
        increments: the change made by a layer alone.
        likelihood: the softmax of ``scores``.
        scores: the logits of the classes.
    """

    maps: Float[Array, "layers rows features"]
    increments: Float[Array, "layers rows features"]
    likelihood: Float[Array, "layers rows classes"]
    scores: Float[Array, "layers rows classes"]

    def _finding(self) -> str | None:
        if np.ndim(self.scores) != 3 or not np.size(self.scores):
            return None
        classes = np.argmax(np.asarray(self.scores), axis=2)
        shares = 100 * np.mean(classes == classes[-1:], axis=1)
        shown = ", ".join(f"{share:.0f}" for share in shares[:8]) + (", …" if len(shares) > 8 else "")
        rows = f"{classes.shape[1]} row{'' if classes.shape[1] == 1 else 's'}"
        if len(shares) == 1:
            return f"1 layer, {rows}"
        return f"{len(shares)} layers, {rows}\n% of rows with the last layer's class, by layer: {shown}"

    def accuracy(self, labels: Given[Array | np.ndarray, "rows"]) -> Float[Array, " layers"]:
        """The share of rows that each layer classifies correctly, as in `layer_accuracy`.

        Traceable. A label outside the classes counts as wrong.
        """
        return layer_accuracy(self.scores, labels)


def layer_accuracy(
    scores: Given[Array | np.ndarray, "layers rows classes"], labels: Given[Array | np.ndarray, "rows"]
) -> Float[Array, " layers"]:
    """The share of rows whose greatest score is the label's, [layers].

    A row whose label ties for the greatest score counts as a guess among the tied: at an identity start, where all
    scores are 0, the accuracy is 1 / classes. A row with NaN or an infinite score is wrong, as is one with a label
    outside the classes.

    Traceable.

    Args:
        scores: [layers, rows, classes] logits or likelihoods.
        labels: [rows] the true classes.

    Raises:
        ValueError: scores that are not [layers, rows, classes], or labels that are not integers, one per row.

    Example:
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
    inputs: Given[Array | np.ndarray, "rows features"],
    layers: Given[Array | np.ndarray, "layers rows width"],
    *,
    classes: int | None = None,
) -> Contributions:
    """Contribution maps, increments and class scores of layers that hold the input's features and then the classes.

        map of layer l = h_l[:d] − x,    increment = h_l[:d] − h_{l−1}[:d]  (h_0[:d] = x),
        likelihood = softmax(h_l[d:])

    A map has the units and positions of the input, does not depend on a class, and is positive where the layers so far
    have increased the input. In a network not initialized at the identity, maps have no meaning, and the likelihood has
    one in the last layer only.

    Traceable. Memory: twice the layers'.

    Integers and half precision become float32, NumPy's float64 after the subtraction. NaN and infinity stay in their
    positions.

    Args:
        inputs: [rows, d] the inputs of the network.
        layers: [layers, rows, d + C] outputs of each layer, ``network.layers(inputs)``.
        classes: C, if known: layers of a width other than d + C are refused.

    Returns:
        `Contributions`: ``.maps``, ``.increments`` [layers, rows, d], ``.likelihood``, ``.scores`` [layers, rows, C],
        ``.accuracy(labels)`` [layers].

    Raises:
        ValueError: arrays that are not real or of the wrong shape, layers not wider than the input (no class units), a
            single class unit, or a number of class units other than ``classes``.

    Example:
        >>> x = jnp.array([[1.0, 2.0]])
        >>> layers = jnp.array([[[1.0, 2.0, 0.0, 0.0]], [[0.5, 2.5, 0.0, 3.0]]])
        >>> read = contributions(x, layers)
        >>> read.maps[1, 0], read.accuracy(jnp.array([1]))
        (Array([-0.5,  0.5], dtype=float32), Array([0.5, 1. ], dtype=float32))

    Source: Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333 (abstract).
    """
    named = {"inputs": inputs, "layers": layers}
    for name, each in named.items():
        if callable(each):  # NumPy takes a network for an array without axes
            wanted = (
                "an array [rows, features], and network.layers(inputs) as layers"
                if name == "inputs"
                else "an array, network.layers(inputs)"
            )
            raise ValueError(f"{name}: found a {type(each).__name__}, wanted {wanted}")
    inputs, layers = (each if isinstance(each, jax.Array) else as_numpy(name, each) for name, each in named.items())
    check_shape("inputs", inputs, ["rows", "features"])
    rows, features = inputs.shape
    check_shape("layers", layers, ["layers", rows, "width"])
    units = layers.shape[2] - features
    wanted = None if classes is None else as_count("classes", classes, least=2)
    if units < 2 or wanted not in (None, units):
        of_classes = "class units, at least 2" if wanted is None else f"{wanted} class units"
        raise ValueError(f"layers: found {describe(layers)}, wanted the {features} features of inputs and {of_classes}")
    if isinstance(inputs, np.ndarray) and isinstance(layers, np.ndarray) and 8 in (inputs.itemsize, layers.itemsize):
        # float32 has no digits for a small change of a large number.
        as_real("inputs", inputs)  # refuses what is beyond float32
        changes = layers[..., :features].astype(np.float64) - inputs.astype(np.float64)[None]
        layers, inputs = np.concatenate([changes, layers[..., features:]], axis=2), np.zeros_like(inputs)
    inputs, layers = as_real("inputs", inputs), as_real("layers", layers)
    held, scores = layers[..., :features], layers[..., features:]
    before = jnp.concatenate([inputs[None].astype(held.dtype), held[:-1]])
    return Contributions(held - before[:1], held - before, jax.nn.softmax(scores), scores)


def all_finite(scores):
    """[layers, rows]: whether all classes' scores are finite; otherwise no class is predicted."""
    return jnp.all(jnp.isfinite(scores), axis=2)


def scores_and_labels(name, scores, labels):
    """Scores [layers, rows, classes], and a class for each row; labels outside the classes stay outside."""
    scores = as_real(name, scores, shape=["layers", "rows", "classes"])
    labels = as_labels("labels", labels, rows=scores.shape[1])
    # A negative number would count from the end.
    return scores, jnp.where(labels < 0, jnp.iinfo(labels.dtype).max, labels)
