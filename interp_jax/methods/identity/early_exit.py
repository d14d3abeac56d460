"""From which layer on a row is named rightly, and what it saves to stop as soon as a layer is confident."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax._checks import as_real
from interp_jax.methods.identity.contribution import all_finite, scores_and_labels


class Exits(NamedTuple):
    """What stopping at each threshold does: the layer a row stops at (from 1), the rows named rightly, the cost.

    ``cost`` is the mean share of the layers that is run, ``agreement`` the share of rows named as by the last layer.
    """

    layer: Int[Array, "thresholds rows"]
    accuracy: Float[Array, " thresholds"]
    agreement: Float[Array, " thresholds"]
    cost: Float[Array, " thresholds"]


def right_for_good(
    likelihood: Shaped[Array | np.ndarray, "..."], labels: Shaped[Array | np.ndarray, "..."]
) -> Int[Array, " rows"]:
    """The first layer from which on every layer names a row rightly.

        first layer l with  argmax_c likelihood_k,c = label  for all k = l … L

    Traceable. Of equally likely classes the first is taken, as ``argmax`` does; a layer with a number that is not
    finite is wrong.

    Args:
        likelihood: [layers, rows, classes], or scores in its place.
        labels: [rows], the classes sought; the network's own decisions to learn when it has made up its mind.

    Returns:
        [rows], from 1 to L; L + 1 where the last layer is wrong.

    Raises:
        ValueError: a likelihood that is not [layers, rows, classes], or labels that are not whole numbers, one a row.

    Example:
        >>> import jax.numpy as jnp
        >>> likelihood = jnp.array([[[0.9, 0.1]], [[0.2, 0.8]], [[0.7, 0.3]]])
        >>> right_for_good(likelihood, jnp.array([0])), right_for_good(likelihood, jnp.array([1]))
        (Array([3], dtype=int32), Array([4], dtype=int32))

    Source: ours; the recognition accuracy of every layer is that of arXiv:2102.13333.
    """
    likelihood, labels = scores_and_labels("likelihood", likelihood, labels)
    right = (jnp.argmax(likelihood, axis=2) == labels[None]) & all_finite(likelihood)
    depth, always = len(likelihood), jnp.all(right, axis=0)
    right_at_the_end = jnp.argmax(~right[::-1], axis=0)  # how many layers, where one is wrong
    return jnp.where(always, 1, depth + 1 - right_at_the_end).astype(jnp.int32)


def stop_when_confident(
    likelihood: Shaped[Array | np.ndarray, "..."],
    labels: Shaped[Array | np.ndarray, "..."],
    thresholds: Shaped[Array | np.ndarray, "..."],
) -> Exits:
    """Stops at the first layer whose likeliest class reaches a threshold, and at the last layer where none does.

    Traceable. A network that stops saves the layers it does not run; a batch is only as quick as its slowest row. A
    layer with a number that is not finite is not stopped at before the last, and names no class: it is wrong and agrees
    with none.

    Args:
        likelihood: [layers, rows, classes].
        labels: [rows].
        thresholds: [thresholds] likelihoods.

    Returns:
        `Exits`.

    Raises:
        ValueError: as of `right_for_good`, and thresholds that are not [thresholds].

    Example:
        >>> import jax.numpy as jnp
        >>> likelihood = jnp.array([[[0.6, 0.4], [0.1, 0.9]], [[0.3, 0.7], [0.0, 1.0]]])
        >>> stopped = stop_when_confident(likelihood, jnp.array([1, 1]), jnp.array([0.5, 0.8]))
        >>> stopped.layer, stopped.accuracy, stopped.cost
        (Array([[1, 1],
               [2, 1]], dtype=int32), Array([0.5, 1. ], dtype=float32), Array([0.5 , 0.75], dtype=float32))

    Source: ours.
    """
    likelihood, labels = scores_and_labels("likelihood", likelihood, labels)
    thresholds = as_real("thresholds", thresholds).astype(likelihood.dtype)
    if thresholds.ndim != 1 or not thresholds.size:
        raise ValueError(f"thresholds: found shape {thresholds.shape}, wanted [thresholds], at least one")
    depth = len(likelihood)
    finite = all_finite(likelihood)
    named = jnp.where(finite, jnp.argmax(likelihood, axis=2), -1)
    confidence = jnp.where(finite, jnp.max(likelihood, axis=2), -jnp.inf)

    def stop(threshold):
        confident = (confidence >= threshold).at[-1].set(True)
        layer = jnp.argmax(confident, axis=0)
        class_named = jnp.take_along_axis(named, layer[None], axis=0)[0]
        share = jnp.mean((layer + 1) / depth)
        same = (class_named == named[-1]) & (class_named >= 0)
        return (layer + 1).astype(jnp.int32), jnp.mean(class_named == labels), jnp.mean(same), share

    return Exits(*jax.lax.map(stop, thresholds))
