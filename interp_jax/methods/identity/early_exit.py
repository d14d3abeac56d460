"""The layer from which a row's predictions stay correct, and the savings of stopping at a confident layer."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import Given, as_real, at_hand
from interp_jax._readable import readable
from interp_jax.methods.identity.contribution import all_finite, scores_and_labels


@readable()
class Exits(NamedTuple):
    """The effect of stopping at each threshold.

    Attributes:
        layer: the layer that a row stops at, from 1.
        accuracy: the share of rows classified correctly there.
        agreement: the share of rows with the prediction of the last layer.
        cost: the mean share of layers computed.
    """

    layer: Int[Array, "thresholds rows"]
    accuracy: Float[Array, " thresholds"]
    agreement: Float[Array, " thresholds"]
    cost: Float[Array, " thresholds"]

    def _finding(self) -> str | None:
        if np.ndim(self.accuracy) != 1 or not len(self.accuracy):
            return None
        accuracy, agreement, cost = (
            f"{100 * float(np.min(each)):.1f} to {100 * float(np.max(each)):.1f}%"
            for each in (self.accuracy, self.agreement, self.cost)
        )
        return (
            f"{len(self.accuracy)} thresholds: accuracy {accuracy}, agreement with the last layer {agreement}, "
            f"layers computed {cost}"
        )


def prediction_depth(
    likelihood: Given[Array | np.ndarray, "layers rows classes"], labels: Given[Array | np.ndarray, "rows"]
) -> Int[Array, " rows"]:
    """The first layer from which on every layer predicts a row's label.

        first layer l with  argmax_c likelihood_k,c = label  for all k = l … L

    Traceable. Ties go to the first class, as by ``argmax``; a layer with NaN or infinity counts as wrong, as does any
    layer if the label is no class.

    Args:
        likelihood: [layers, rows, classes] likelihoods or logits.
        labels: [rows] true classes, or the network's predictions for the depth of Baldock et al.

    Returns:
        [rows], from 1 to L; L + 1 if the last layer is wrong.

    Raises:
        ValueError: a likelihood that is not [layers, rows, classes], or labels that are not integers, one per row.

    Example:
        >>> likelihood = jnp.array([[[0.9, 0.1]], [[0.2, 0.8]], [[0.7, 0.3]]])
        >>> prediction_depth(likelihood, jnp.array([0])), prediction_depth(likelihood, jnp.array([1]))
        (Array([3], dtype=int32), Array([4], dtype=int32))

    Source: Baldock, Maennel & Neyshabur, Deep learning through the lens of example difficulty, NeurIPS 2021, section 2,
    with the layers' own class scores in place of nearest neighbors.
    """
    likelihood, labels = scores_and_labels("likelihood", likelihood, labels)
    right = (jnp.argmax(likelihood, axis=2) == labels[None]) & all_finite(likelihood)
    depth, always = len(likelihood), jnp.all(right, axis=0)
    right_at_the_end = jnp.argmax(~right[::-1], axis=0)  # how many layers, where one is wrong
    return jnp.where(always, 1, depth + 1 - right_at_the_end).astype(jnp.int32)


def stop_when_confident(
    likelihood: Given[Array | np.ndarray, "layers rows classes"],
    labels: Given[Array | np.ndarray, "rows"],
    thresholds: Given[Array | np.ndarray, "thresholds"],
) -> Exits:
    """Layers, accuracy and cost if each row stops at the first layer whose greatest likelihood reaches a threshold.

    Traceable; one pass per threshold. A row that never reaches the threshold stops at the last layer. A layer with NaN
    or infinity predicts no class: only the last can be stopped at, and is wrong then. A batch takes as long as its
    slowest row.

    Args:
        likelihood: [layers, rows, classes] probabilities, which sum to 1 over the classes.
        labels: [rows] the true classes.
        thresholds: [thresholds] likelihoods; above 1 stops at the last layer.

    Returns:
        `Exits`: ``.layer`` [thresholds, rows]; ``.accuracy``, ``.agreement``, ``.cost`` [thresholds].

    Raises:
        ValueError: a likelihood that is not [layers, rows, classes] or, unless traced, not probabilities; labels that
            are not integers, one per row; or thresholds that are not [thresholds], or NaN.

    Example:
        >>> likelihood = jnp.array([[[0.6, 0.4], [0.1, 0.9]], [[0.3, 0.7], [0.0, 1.0]]])
        >>> stopped = stop_when_confident(likelihood, jnp.array([1, 1]), jnp.array([0.5, 0.8]))
        >>> stopped.layer, stopped.accuracy, stopped.cost
        (Array([[1, 1],
               [2, 1]], dtype=int32), Array([0.5, 1. ], dtype=float32), Array([0.5 , 0.75], dtype=float32))

    Source: not published elsewhere; each layer's likelihood is that of arXiv:2102.13333.
    """
    likelihood, labels = scores_and_labels("likelihood", likelihood, labels)
    thresholds = as_real("thresholds", thresholds, shape=["thresholds"]).astype(likelihood.dtype)
    with jax.ensure_compile_time_eval():  # inside jit too, where arrays at hand would be traced
        if at_hand(likelihood) and not bool(_are_probabilities(likelihood)):
            raise ValueError(
                "likelihood: found rows that do not sum to 1, wanted probabilities: jax.nn.softmax(scores)"
            )
        if at_hand(thresholds) and bool(jnp.any(jnp.isnan(thresholds))):
            raise ValueError("thresholds: found NaN, wanted numbers")
    depth = len(likelihood)
    finite = all_finite(likelihood)
    predictions = jnp.where(finite, jnp.argmax(likelihood, axis=2), -1)
    confidence = jnp.where(finite, jnp.max(likelihood, axis=2), -jnp.inf)

    def stop(threshold):
        confident = (confidence >= threshold).at[-1].set(True)
        layer = jnp.argmax(confident, axis=0)
        predicted = jnp.take_along_axis(predictions, layer[None], axis=0)[0]
        share = jnp.mean((layer + 1) / depth)
        same = (predicted == predictions[-1]) & (predicted >= 0)
        return (layer + 1).astype(jnp.int32), jnp.mean(predicted == labels), jnp.mean(same), share

    return Exits(*jax.lax.map(stop, thresholds))


@jax.jit
def _are_probabilities(likelihood):
    fits = jnp.all(likelihood >= 0, axis=2) & (jnp.abs(jnp.sum(likelihood, axis=2) - 1) < 1e-2)
    return jnp.all(fits | ~all_finite(likelihood))
