"""Hidden units replaced by their mean or by another row's, and whether a module moves the outputs as its role says."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax.kernels.correlation import pearson
from interp_jax.methods._accept import accept_segments


class Resampled(NamedTuple):
    """The outputs, and for each row the other row that the replaced units' activations came from."""

    outputs: Float[Array, "rows *outputs"]
    source: Int[Array, " rows"]


class ModuleEffects(NamedTuple):
    """How the outputs move with a module: correlations with its activity, and the mean size of the moves.

    Sizes are mean absolute moves in standard deviations of the output; a correlation says nothing where they are tiny.
    """

    mean_ablation: Float[Array, "modules outputs"]
    resample: Float[Array, "modules outputs"]
    mean_ablation_size: Float[Array, "modules outputs"]
    resample_size: Float[Array, "modules outputs"]


def replace_units(
    segments,
    inputs: Shaped[Array | np.ndarray, "rows *features"],
    values: Sequence[Shaped[Array | np.ndarray, "..."]],
    masks: Sequence[Shaped[Array | np.ndarray, "..."]],
) -> Float[Array, "rows *outputs"]:
    """A network's outputs with some hidden units' activations replaced by given ones.

        h_l ← segment_l(h_{l−1}),    then h_l[…, k] ← values_l[…, k] where masks_l[k]

    Traceable; one forward pass. What is replaced in one layer is seen by the layers after it.

    Args:
        segments: the network cut where its hidden units are: callables to apply one after the other, the outputs of
            all but the last being hidden layers (units last). ``network.segments()`` of an LNN,
            ``(chain.until("relu1"), chain.after("relu1"))`` of a chain.
        inputs: the rows.
        values: for every hidden layer, an array that broadcasts to its output: [units] or [rows, *places, units].
        masks: for every hidden layer, which units are replaced, bool [units].

    Raises:
        ValueError: fewer than two segments or one that is not callable, not one value and one mask a hidden layer, a
            mask that is not bool [units], or values that do not broadcast.

    Example:
        >>> import jax.numpy as jnp
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> replace_units(network, jnp.ones((1, 3)), [jnp.zeros(3)], [jnp.array([True, False, False])])
        Array([4.], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    segments = accept_segments(segments)
    for name, given in (("values", values), ("masks", masks)):
        if len(given) != len(segments) - 1:
            raise ValueError(f"{name}: found {len(given)}, wanted {len(segments) - 1}, one a hidden layer")
    hidden = jnp.asarray(inputs)
    for layer, (segment, value, mask) in enumerate(zip(segments[:-1], values, masks, strict=True)):
        hidden, value, mask = segment(hidden), jnp.asarray(value), jnp.asarray(mask)
        if mask.shape != hidden.shape[-1:] or mask.dtype != bool:
            found = f"{mask.dtype} of shape {mask.shape}"
            raise ValueError(f"masks[{layer}]: found {found}, wanted bool of shape {hidden.shape[-1:]}")
        try:
            value = jnp.broadcast_to(value.astype(hidden.dtype), hidden.shape)
        except ValueError as error:
            found = f"found shape {value.shape}, wanted one that broadcasts to {hidden.shape}"
            raise ValueError(f"values[{layer}]: {found}") from error
        hidden = jnp.where(jnp.broadcast_to(mask, hidden.shape), value, hidden)
    return segments[-1](hidden)


def ablate_mean(
    segments,
    inputs: Shaped[Array | np.ndarray, "rows *features"],
    masks: Sequence[Shaped[Array | np.ndarray, "..."]],
) -> Float[Array, "rows *outputs"]:
    """A network's outputs with some hidden units held at their mean over the rows (and places) of the intact network.

    Traceable; two forward passes, and every hidden layer's activations in memory. Arguments and errors as of
    `replace_units`.

    Example:
        >>> import jax.numpy as jnp
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> ablate_mean(network, jnp.array([[0.0, 1.0], [4.0, 3.0]]), [jnp.array([True, False])])
        Array([ 6., 10.], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    hidden, _ = intact_layers(segments, inputs)
    return replace_units(segments, inputs, [unit_means(layer) for layer in hidden], masks)


def ablate_resample(
    segments,
    inputs: Shaped[Array | np.ndarray, "rows *features"],
    masks: Sequence[Shaped[Array | np.ndarray, "..."]],
    *,
    key,
) -> Resampled:
    """A network's outputs with some hidden units' activations taken from another row.

    Traceable; two forward passes, and every hidden layer's activations twice in memory. All replaced units of a row
    take theirs from the same other row, so that they stay consistent with each other. The rows are linked into one
    random cycle: each serves once, none serves itself, and each other row is equally likely to. A single row is its
    own source. Arguments and errors as of `replace_units`.

    Args:
        segments: the network, cut at its hidden units.
        inputs: the rows.
        masks: for every hidden layer, which units are replaced.
        key: a JAX random key.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> found = ablate_resample(
        ...     network, jnp.array([[0.0, 1.0], [4.0, 3.0]]), [jnp.array([True, False])], key=jax.random.key(0)
        ... )
        >>> found.outputs, found.source
        (Array([10.,  6.], dtype=float32), Array([1, 0], dtype=int32))

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    hidden, _ = intact_layers(segments, inputs)
    source = _random_cycle(key, hidden[0].shape[0])
    return Resampled(replace_units(segments, inputs, [layer[source] for layer in hidden], masks), source)


def module_effects(
    segments,
    inputs: Shaped[Array | np.ndarray, "rows *features"],
    masks: Shaped[Array | np.ndarray, "..."],
    signs: Shaped[Array | np.ndarray, "..."],
    *,
    key,
    batch_size: int = 1,
) -> ModuleEffects:
    """Whether the outputs move with a module: a causal check of the signs that its role predicts.

        a(n) = mean over the module's units of sign_k (o_k(n) − E o_k) / std o_k
        mean ablation:  corr over n of a(n) and  f_j(x_n) − f_j(x_n, the module's units at their means)
        resampling:     corr over n of a(n) − a(m) and  f_j(x_n) − f_j(x_n, the module's units as in row m)

    Traceable; two forward passes a module, without the first segment. Memory: every hidden layer's activations twice;
    batch_size modules' activations and outputs; and, batch_size times, what the segments themselves hold on their way
    from one hidden layer to the next: in a convolutional network that is most of it (one layer of 32 channels at
    28 × 28 places takes 140 MB for 1,400 rows). A role whose centroid correlates positively with output j predicts a
    positive correlation here, whatever carries it; m is drawn as in `ablate_resample`, one cycle for all modules.

    A dead unit has activity 0. Channels act by their average over the places. A correlation is 0 where activity or
    moves do not vary: no units, dead ones, one row, units that no weight connects to the output (moves
    that vary within the outputs' rounding do not vary). The size of moves of an output that never varies is 0.

    Args:
        segments: the network cut where its hidden units are, as for `replace_units`; outputs [rows, outputs].
        inputs: the rows.
        masks: bool [modules, units], the units of all hidden layers pooled in the layers' order.
        signs: [units], +1 or −1 from the alignment of the feature vectors.
        key: a JAX random key for the resampling.
        batch_size: modules at a time.

    Returns:
        Correlations and sizes, [modules, outputs] each.

    Raises:
        ValueError: fewer than two segments or one that is not callable, no rows, masks or signs that do not fit the
            pooled units, outputs that are not a matrix, or batch_size below one.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> network = (lambda x: x, lambda hidden: jnp.stack([hidden[:, 0] + hidden[:, 1], -hidden[:, 2]], 1))
        >>> x = jax.random.normal(jax.random.key(0), (50, 3))
        >>> found = module_effects(network, x, jnp.eye(3, dtype=bool)[1:], jnp.ones(3), key=jax.random.key(1))
        >>> found.mean_ablation.round(3) + 0
        Array([[ 1.,  0.],
               [ 0., -1.]], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    inputs = jnp.asarray(inputs)
    if not inputs.ndim or not inputs.shape[0]:
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted at least one row")
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    return _module_effects(accept_segments(segments), inputs, jnp.asarray(masks), jnp.asarray(signs), key, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _module_effects(segments, inputs, masks, signs, key, batch_size):
    hidden, outputs = intact_layers(segments, inputs)
    widths = [layer.shape[-1] for layer in hidden]
    if masks.ndim != 2 or masks.shape[1] != sum(widths) or masks.dtype != bool:
        found = f"{masks.dtype} of shape {masks.shape}"
        raise ValueError(f"masks: found {found}, wanted bool [modules, {sum(widths)}], the units of all hidden layers")
    if signs.shape != masks.shape[1:]:
        raise ValueError(f"signs: found shape {signs.shape}, wanted {masks.shape[1:]}, one a unit")
    if outputs.ndim != 2:
        raise ValueError(f"segments: found outputs of shape {outputs.shape}, wanted [rows, outputs]")
    signed = signs.astype(outputs.dtype)[None] * _standardized(hidden)
    source = _random_cycle(key, outputs.shape[0])
    # The first hidden layer is there already, so its segment is left out of every module's passes.
    rest = (_identity, *segments[1:])
    replacements = [unit_means(layer) for layer in hidden], [layer[source] for layer in hidden]
    spread = _deviations(outputs)
    rounding = 32 * jnp.finfo(outputs.dtype).eps * jnp.max(jnp.abs(outputs), axis=0)

    def effects(mask):
        chosen = mask.astype(signed.dtype)
        activity = jnp.matmul(signed, chosen, precision="highest") / jnp.maximum(jnp.sum(chosen), 1)
        parts = jnp.split(mask, np.cumsum(widths)[:-1])

        def moved(values, activity):
            moves = outputs - replace_units(rest, hidden[0], values, parts)
            vary = jnp.max(moves, axis=0) - jnp.min(moves, axis=0) > rounding
            correlation = pearson(activity[:, None], moves, batch_size=None)[0]
            return jnp.where(vary, correlation, 0), jnp.mean(jnp.abs(moves), axis=0) / spread

        by_mean, mean_size = moved(replacements[0], activity)
        resampled, resample_size = moved(replacements[1], activity - activity[source])
        return ModuleEffects(by_mean, resampled, mean_size, resample_size)

    return jax.lax.map(effects, masks, batch_size=batch_size)


def intact_layers(segments, inputs) -> tuple[list[Array], Array]:
    """Every hidden layer's activations in order, and the outputs. Traceable.

    Raises:
        ValueError: fewer than two segments, or one that is not callable.

    Example:
        >>> import jax.numpy as jnp
        >>> [layer.shape for layer in intact_layers((jnp.sin, jnp.sin, lambda h: h[:, :1]), jnp.ones((2, 3)))[0]]
        [(2, 3), (2, 3)]
    """
    segments = accept_segments(segments)
    layers = [jnp.asarray(inputs)]
    for segment in segments:
        layers.append(segment(layers[-1]))
    return layers[1:-1], layers[-1]


def unit_means(layer) -> Float[Array, " units"]:
    """Every unit's mean over rows and places. Traceable.

    Example:
        >>> import jax.numpy as jnp
        >>> unit_means(jnp.arange(12.0).reshape(2, 3, 2))
        Array([5., 6.], dtype=float32)
    """
    return jnp.mean(layer, axis=tuple(range(layer.ndim - 1)))


def _random_cycle(key, rows):
    order = jax.random.permutation(key, rows)
    return jnp.zeros(rows, order.dtype).at[order].set(jnp.roll(order, -1))


def _standardized(hidden):
    pooled = jnp.concatenate([jnp.mean(layer, axis=tuple(range(1, layer.ndim - 1))) for layer in hidden], axis=1)
    return (pooled - jnp.mean(pooled, axis=0)[None]) / _deviations(pooled)[None]


def _deviations(columns):
    """Standard deviations to divide by: infinite for a constant column, so that the quotient is 0."""
    # Constant is told by the values: about a rounded mean they would seem to vary.
    deviations = jnp.std(columns, axis=0)
    varies = (jnp.max(columns, axis=0) > jnp.min(columns, axis=0)) & (deviations > 0)
    return jnp.where(varies, deviations, jnp.inf)


def _identity(hidden):
    return hidden
