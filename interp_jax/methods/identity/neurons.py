"""Each neuron's share of the score of every class, on the path of the weights from the identity to the network."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_target
from interp_jax._readable import readable
from interp_jax.methods.identity.shares import accept_layers


@readable()
class NeuronShares(NamedTuple):
    """Each neuron's share of the score of every class.

    Attributes:
        shares: [layers, rows, width, classes] of the neurons that a layer reads: those of its input.
        biases: [layers, rows, classes] of a layer's biases.
        score: [rows, classes] of the network.
        rest: [rows, classes] the scores of identities alone.
        error: Σ |Σ shares − (score − rest)| / Σ |score|, over rows and classes.

    Given a target there is no axis of classes.
    """

    shares: Float[Array, "layers rows width *classes"]
    biases: Float[Array, "layers rows *classes"]
    score: Float[Array, "rows *classes"]
    rest: Float[Array, "rows *classes"]
    error: Float[Array, ""]

    def _finding(self) -> str | None:
        if np.ndim(self.error) or not np.size(self.shares):
            return None
        (layers, rows, width), classes = self.shares.shape[:3], self.shares.shape[3:]
        of_classes = f"{classes[0]} classes" if classes else "one class a row"
        of_biases = np.abs(np.sum(np.asarray(self.biases), axis=0)).sum() / np.abs(np.asarray(self.score)).sum()
        return (
            f"{width} neurons in each of {layers} layers, {of_classes}, {rows} row{'' if rows == 1 else 's'}; "
            f"biases: {of_biases:.1%} of the scores\nΣ |missing| / Σ |score|: {float(self.error):.2g}"
        )


def neuron_shares(
    layer: Callable[..., Any],
    parameters: Any,
    identity: Any,
    hidden: Given[Array | np.ndarray, "rows width"],
    *,
    classes: int,
    target: Given[ArrayLike, "#rows"] | None = None,
    nodes: int = 8,
) -> NeuronShares:
    """`NeuronShares`: what each neuron contributes to each class, through a layer's departure from the identity.

    The layer's share of `path_shares` is a sum over the neurons that the layer reads. With h_{l−1, i} the source neuron
    and W_l its weights to all neurons j of layer l,

        share of neuron i of layer l − 1 for class c
            = ∫₀¹ Σ_j ∂score_c / ∂h_{l, j} · φ'_{l, j} · (W_l − identity)_{ij} · h_{l−1, i} dt,

    all at weights identity + t (W − identity); the biases have a term of their own. Summed over neurons, biases and
    layers, shares are the scores less those of identities alone, as in `path_shares`. A feature neuron of an identity
    network stands for a feature of the input, so that the sum over layers is a map of the input for each class.

    Traceable; nodes × (one forward pass and a backward pass for each class). Memory: three times the result.

    Types as in `path_shares`. NaN and infinity affect only their row and the error; overflow in float32 gives them.

    Args:
        layer: ``((kernel, bias), hidden [rows, width]) -> hidden``, any function of ``hidden @ kernel`` and ``bias``;
            it is also given a kernel of twice as many rows.
        parameters: ``(kernels [layers, width, width], biases [layers, width])``.
        identity: ``(kernel, bias)`` of one layer that returns its input; `networks.IdentityPerceptron.stack` returns
            all three.
        hidden: [rows, width] the input of the first layer, ``network.pad(inputs)``.
        classes: C; the scores are the last C neurons of the last layer.
        target: the class, one for all rows or [rows], for the shares of its score alone; a traced one outside the
            classes gives NaN. By default all classes.
        nodes: terms of the integral.

    Raises:
        TypeError: a layer that is not callable.
        ValueError: what `path_shares` refuses, or parameters that are not a kernel and a bias.

    Example:
        >>> def layer(parameters, x):
        ...     return x @ parameters[0] + parameters[1][None]
        >>> kernels = jnp.stack([jnp.eye(3).at[0, 2].set(1.0), 2 * jnp.eye(3)])
        >>> parameters, start = (kernels, jnp.zeros((2, 3))), (jnp.eye(3), jnp.zeros(3))
        >>> result = neuron_shares(layer, parameters, start, jnp.array([[1.0, 0.0, 0.0]]), classes=2)
        >>> result.shares[:, 0, :, 1].round(4)
        Array([[1.5, 0. , 0. ],
               [0. , 0. , 0.5]], dtype=float32)

    Source: as `path_shares`, split by source neuron; the abstract of arXiv:2102.13333 speaks of "the contribution of
    each neuron" and does not define it.
    """
    given = accept_layers(layer, parameters, identity, hidden, classes=classes)
    leaves, width = jax.tree.leaves(given.identity), given.hidden.shape[-1]
    shapes = [each.shape for each in leaves]
    if given.hidden.ndim != 2 or shapes != [(width, width), (width,)]:
        wanted = f"a kernel [{width}, {width}] and a bias [{width}]"
        raise ValueError(f"identity: found shapes {shapes} for hidden of {given.hidden.ndim} axes, wanted {wanted}")
    if len({len(each) for each in jax.tree.leaves(given.departure)}) > 1:
        raise ValueError("parameters: found numbers of layers that differ, wanted a kernel and a bias of each layer")
    rows, structure, nodes = len(given.hidden), jax.tree.structure(given.identity), as_count("nodes", nodes)
    if target is None:
        targets = jnp.broadcast_to(jnp.arange(given.classes)[:, None], (given.classes, rows))
    else:
        targets = as_target(target, rows=rows, classes=given.classes)[None]
    try:
        jax.eval_shape(_of_doubled, given.layer, given.identity, given.hidden)
    except Exception as error:
        wanted = f"a function of hidden @ kernel and bias, which takes a kernel [{2 * width}, {width}]"
        raise ValueError(f"layer: found a failure ({str(error).splitlines()[0]}), wanted {wanted}") from error
    result = _neuron_shares(*given.arrays, targets, given.classes, nodes, structure)
    if target is None:
        return result
    shares, of_biases, score, rest = (each[..., 0] for each in result[:4])
    return NeuronShares(shares, of_biases, score, rest, result.error)


def _of_doubled(layer, identity, hidden):
    """The layer with a kernel of twice as many rows."""
    (kernel, bias), structure = jax.tree.flatten(identity)
    return layer(jax.tree.unflatten(structure, (jnp.concatenate([kernel] * 2), bias)), jnp.concatenate([hidden] * 2, 1))


@partial(jax.jit, static_argnames=("classes", "nodes", "structure"))
def _neuron_shares(layer, departure, identity, hidden, targets, classes, nodes, structure):
    (kernels, biases), (kernel, bias) = jax.tree.leaves(departure), jax.tree.leaves(identity)
    depth, (rows, width), count = len(kernels), hidden.shape, len(targets)

    def of_row(kernel, bias, row):
        return layer(jax.tree.unflatten(structure, (kernel, bias)), row[None])[0]

    def scores(nudges, t):
        """[rows, targets] scores with what each neuron, and the biases, write into a layer once more, times a nudge."""

        def step(h, of_layer):
            change, of_bias, (neurons, ones) = of_layer
            both = jnp.concatenate([kernel + t * change, change])
            read = jnp.concatenate([h, neurons * jax.lax.stop_gradient(h)], axis=1)
            here = (bias + t * of_bias)[None] + ones[:, None] * of_bias[None]
            return jax.vmap(of_row, in_axes=(None, 0, 0))(both, here, read), None

        last = jax.lax.scan(step, hidden, (kernels, biases, nudges))[0][:, -classes:]
        return jnp.take_along_axis(last, targets.T, axis=1, mode="fill", fill_value=jnp.nan)

    none = jnp.zeros((depth, rows, width), hidden.dtype), jnp.zeros((depth, rows), hidden.dtype)

    def add(total, node):
        t, weight = node
        _, pull = jax.vjp(lambda nudges: scores(nudges, t), none)

        def of_class(place):
            return pull(jnp.broadcast_to(jax.nn.one_hot(place, count, dtype=hidden.dtype), (rows, count)))[0]

        slopes = jax.lax.map(of_class, jnp.arange(count))
        return jax.tree.map(lambda sum, each: sum + weight * each, total, slopes), None

    places, weights = np.polynomial.legendre.leggauss(nodes)
    along = jnp.asarray((places + 1) / 2, hidden.dtype), jnp.asarray(weights / 2, hidden.dtype)
    start = jax.tree.map(lambda each: jnp.zeros((count, *each.shape), each.dtype), none)
    shares, of_biases = (jnp.moveaxis(each, 0, -1) for each in jax.lax.scan(add, start, along)[0])
    rest, score = (scores(none, jnp.asarray(t, hidden.dtype)) for t in (0, 1))
    present = jnp.where((targets >= 0) & (targets < classes), 1, jnp.nan).T  # [rows, targets]
    shares, of_biases = shares * present[None, :, None], of_biases * present[None]
    missing = jnp.abs(jnp.sum(shares, axis=(0, 2)) + jnp.sum(of_biases, axis=0) - (score - rest))
    error = jnp.where(jnp.sum(missing) == 0, 0, jnp.sum(missing) / jnp.sum(jnp.abs(score)))
    return NeuronShares(shares, of_biases, score, rest, error)
