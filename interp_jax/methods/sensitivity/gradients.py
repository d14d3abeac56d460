"""How strongly the loss of each row depends on its input."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_labels
from interp_jax.methods._scored import scored_rows


def loss_sensitivity(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    labels: Given[ArrayLike, "rows"],
    *,
    scores: str = "logits",
    batch_size: int = 512,
) -> Float[Array, " rows"]:
    """The L1 norm of the gradient of every row's loss by its input.

        s(n) = Σ_i |∂L(x_n, y_n) / ∂x_ni|,   L = −log softmax(z(x_n))[y_n]

    Traceable; one forward and one backward pass, ``batch_size`` rows at a time. The loss is computed from differences
    of scores, so that the small gradient of a row that is fitted well keeps its digits. Arpit et al. average s over the
    steps of a training and take its `interp_jax.kernels.inequality.gini` coefficient over rows, which they report to be
    high for real data and low for random labels.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, at least two classes; rows independent.
        inputs: [rows, …] floats, uint8 or bool, cast to float32.
        labels: [rows] the class of each row, by which the loss is taken, e.g. the one it was trained with.
        scores: "logits", or "probabilities" for a network that ends in a softmax, whose logarithm is the score.
        batch_size: rows at a time; memory only.

    Returns:
        [rows], at least 0, in units of the loss (nats) per unit of the input. NaN in a row whose traced label is
        outside the classes or whose loss is not finite; NaN and infinity affect only their row.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, integers but uint8 (they may be token ids), a network that does not return [rows, classes]
            or returns probabilities declared as logits, labels that are not [rows] classes, or batch_size below one.

    Example:
        >>> loss_sensitivity(lambda x: jnp.concatenate([x, -x], 1), jnp.array([[0.0], [10.0]]), [0, 0]).round(3)
        Array([1., 0.], dtype=float32)

    Source: Arpit et al., A closer look at memorization in deep networks, ICML 2017, section 3.2.
    """
    batch_size = as_count("batch_size", batch_size)
    network, inputs, _, classes = scored_rows(network, inputs, 0, scores=scores, least=2)
    labels = as_labels("labels", labels, rows=len(inputs), classes=classes)
    return _norms(network, inputs, labels, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _norms(network, inputs, labels, batch_size):
    def loss(x, label):
        scores = network(x[None])[0]
        scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
        own = jnp.arange(len(scores)) == label
        # log(1 + Σ exp(z_j − z_y)): in 1 − p the digits of a probability near 1 would be lost.
        return jax.nn.softplus(jax.nn.logsumexp(jnp.where(own, -jnp.inf, scores - jnp.sum(jnp.where(own, scores, 0)))))

    def norm(row):
        x, label = row
        is_class = (label >= 0) & (label < jax.eval_shape(network, x[None]).shape[1])
        value, slopes = jax.value_and_grad(loss)(x, label)
        # A ReLU passes no slope on for NaN, which would read as a loss that depends on nothing.
        return jnp.where(is_class & jnp.isfinite(value), jnp.sum(jnp.abs(slopes)), jnp.nan)

    return jax.lax.map(norm, (inputs, labels), batch_size=min(batch_size, len(inputs)))
