"""Outputs with hidden units replaced by their mean or by another row's, and their dependence on modules of units."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Given,
    Key,
    Segments,
    as_count,
    as_key,
    as_mask,
    as_real,
    check_finite,
    check_shape,
    describe,
    renamed,
)
from interp_jax._readable import readable
from interp_jax.kernels.correlation import pearson
from interp_jax.methods._accept import as_rows
from interp_jax.methods._segments import accept_segments


@readable()
class Resampled(NamedTuple):
    """The outputs with units resampled.

    Attributes:
        outputs: [rows, …] the network's outputs.
        source: [rows] the row that the replaced units' activations came from.
    """

    outputs: Float[Array, "rows *outputs"]
    source: Int[Array, " rows"]


@readable()
class ModuleEffects(NamedTuple):
    """How the outputs change with each module.

    Attributes:
        mean_ablation: [modules, outputs] correlation of the module's activity with the outputs' changes when its units
            are held at their means; meaningless if the changes are tiny.
        resample: [modules, outputs] the same when its units are taken from another row.
        mean_ablation_size: [modules, outputs] mean absolute change, in standard deviations of the output.
        resample_size: [modules, outputs] the same when its units are taken from another row.
    """

    mean_ablation: Float[Array, "modules outputs"]
    resample: Float[Array, "modules outputs"]
    mean_ablation_size: Float[Array, "modules outputs"]
    resample_size: Float[Array, "modules outputs"]

    def _finding(self) -> str | None:
        effects = np.abs(self.mean_ablation)
        if effects.ndim != 2 or not np.isfinite(effects).any():
            return None
        module, output = np.unravel_index(np.nanargmax(effects), effects.shape)
        place = module, output
        return (
            f"{effects.shape[0]} modules, {effects.shape[1]} outputs; strongest correlation under mean ablation: "
            f"module {module} with output {output}, {float(self.mean_ablation[place]):.3f}\n"
            f"the same when resampled: {float(self.resample[place]):.3f}; mean change of that output: "
            f"{float(self.mean_ablation_size[place]):.3g} standard deviations"
        )


@renamed(masks="replaced")
def replace_units(
    segments: Segments,
    inputs: Given[ArrayLike, "rows *features"],
    values: Sequence[Any],
    replaced: Sequence[Any],
) -> Float[Array, "rows *outputs"]:
    """A network's outputs with some hidden units' activations replaced by given ones.

        h_l ← segment_l(h_{l−1}),    then h_l[…, k] ← values_l[…, k] where replaced_l[k]

    Traceable; one forward pass. A replacement in one layer affects the layers after it. NaN spreads as in the network.

    Args:
        segments: the network split at its hidden layers: callables to apply in order; the outputs of all but the last
            are hidden layers (units last). ``network.segments()`` of an LNN, ``chain.segments("relu1", "relu2")`` of a
            chain; or what `networks.tap` made of a model, where values may flow around the layers.
        inputs: [rows, …]; integers stay integers.
        values: per hidden layer, an array that broadcasts to its output: [units] or [rows, …, units].
        replaced: per hidden layer, bool [units], True where a unit is replaced (the inverse of a mask of kept units).

    Raises:
        ValueError: fewer than two segments, one that is not callable or fails, no rows, not one entry of ``values`` and
            of ``replaced`` per hidden layer, entries of ``replaced`` that are not bool [units], or values that do not
            broadcast.

    Example:
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> replace_units(network, jnp.ones((1, 3)), [jnp.zeros(3)], [jnp.array([True, False, False])])
        Array([4.], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    network = accept_segments(segments)
    inputs = as_rows("inputs", inputs, finite=False)
    values, replaced = (
        _one_a_layer(name, given, network.hidden_layers) for name, given in (("values", values), ("replaced", replaced))
    )
    return _replaced(network, inputs, values, replaced)


def _replaced(network, inputs, values, replaced):
    pairs = zip(values, replaced, strict=True)
    changes = [partial(_with_replaced, layer, value, chosen) for layer, (value, chosen) in enumerate(pairs)]
    return network.run(inputs, changes)[1]


def _with_replaced(layer, value, chosen, hidden):
    value = as_real(f"values[{layer}]", value)
    chosen = as_mask(f"replaced[{layer}]", chosen, hidden.shape[-1:])
    try:
        value = jnp.broadcast_to(value.astype(hidden.dtype), hidden.shape)
    except ValueError as error:
        found = f"found shape {value.shape}, wanted one that broadcasts to {hidden.shape}"
        raise ValueError(f"values[{layer}]: {found}") from error
    return jnp.where(jnp.broadcast_to(chosen, hidden.shape), value, hidden)


def _one_a_layer(name, given, layers):
    if isinstance(given, str) or not hasattr(given, "__len__") or not hasattr(given, "__iter__"):
        raise ValueError(f"{name}: found {describe(given)}, wanted a sequence of {layers}, one a hidden layer")
    if len(given) != layers:
        raise ValueError(f"{name}: found {len(given)}, wanted {layers}, one a hidden layer")
    return list(given)


@renamed(masks="replaced")
def ablate_mean(
    segments: Segments, inputs: Given[ArrayLike, "rows *features"], replaced: Sequence[Any]
) -> Float[Array, "rows *outputs"]:
    """A network's outputs with some hidden units held at their mean over rows (and positions) of the intact network.

    Traceable; two forward passes, and all hidden activations in memory.

    Args:
        segments: the network split at its hidden layers, as for `replace_units`.
        inputs: [rows, …].
        replaced: per hidden layer, bool [units], True where a unit is held at its mean.

    Raises:
        ValueError: segments, inputs or ``replaced`` that `replace_units` refuses.

    Example:
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> ablate_mean(network, jnp.array([[0.0, 1.0], [4.0, 3.0]]), [jnp.array([True, False])])
        Array([ 6., 10.], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    hidden, _ = intact_layers(segments, inputs)
    return replace_units(segments, inputs, [unit_means(layer) for layer in hidden], replaced)


@renamed(masks="replaced")
def ablate_resample(
    segments: Segments, inputs: Given[ArrayLike, "rows *features"], replaced: Sequence[Any], *, key: Key
) -> Resampled:
    """`Resampled` outputs: those with some hidden units' activations taken from another row.

    Traceable; two forward passes, and all hidden activations twice in memory.

    All replaced units of a row come from the same other row, so they stay mutually consistent. The rows form one random
    cycle: each is a source once, never its own, all others equally likely. A single row is its own source.

    Args:
        segments: the network split at its hidden layers, as for `replace_units`.
        inputs: [rows, …].
        replaced: per hidden layer, bool [units], True where a unit is replaced.
        key: a JAX random key.

    Raises:
        ValueError: segments, inputs or ``replaced`` that `replace_units` refuses, or not a key.

    Example:
        >>> network = (lambda x: 2 * x, lambda hidden: hidden.sum(1))
        >>> resampled = ablate_resample(
        ...     network, jnp.array([[0.0, 1.0], [4.0, 3.0]]), [jnp.array([True, False])], key=jax.random.key(0)
        ... )
        >>> resampled.outputs, resampled.source
        (Array([10.,  6.], dtype=float32), Array([1, 0], dtype=int32))

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    key = as_key(key)
    hidden, _ = intact_layers(segments, inputs)
    source = _random_cycle(key, hidden[0].shape[0])
    return Resampled(replace_units(segments, inputs, [layer[source] for layer in hidden], replaced), source)


@renamed(masks="modules")
def module_effects(
    segments: Segments,
    inputs: Given[ArrayLike, "rows *features"],
    modules: Given[ArrayLike, "modules units"],
    signs: Given[ArrayLike, "units"],
    *,
    key: Key,
    batch_size: int = 1,
) -> ModuleEffects:
    """Correlations of output changes with a module's activity: a causal check of the signs that its role predicts.

        a(n) = mean over the module's units of sign_k (o_k(n) − E o_k) / std o_k
        mean ablation:  corr over n of a(n) and  f_j(x_n) − f_j(x_n, the module's units at their means)
        resampling:     corr over n of a(n) − a(m) and  f_j(x_n) − f_j(x_n, the module's units as in row m)

    Traceable; two forward passes per module, without the first segment. Memory: all hidden activations twice;
    batch_size modules' activations and outputs; and, batch_size times, the segments' intermediate arrays, in a
    convolutional network most of it (a layer of 32 channels at 28 × 28 positions takes 140 MB for 1,400 rows).

    A role whose centroid correlates positively with output j predicts a positive correlation here; m is drawn as in
    `ablate_resample`, one cycle for all modules.

    A dead unit has activity 0. Channels count by their average over positions. A correlation is 0 if activity or
    changes do not vary beyond rounding: no units, dead ones, one row, units without connection to the output. The size
    of changes of a constant output is 0. NaN or infinity in a layer makes the effects of the modules that it affects
    NaN.
    Magnitudes beyond 1e15 overflow to NaN.

    Args:
        segments: the network split at its hidden layers, as for `replace_units`; outputs [rows, outputs].
        inputs: [rows, …].
        modules: bool [modules, units], all hidden layers' units concatenated in order.
        signs: [units], +1 or −1 from the alignment of the feature vectors; any number for units in no module.
        key: a JAX random key for the resampling.
        batch_size: modules at a time.

    Returns:
        `ModuleEffects`: ``.mean_ablation``, ``.resample``, ``.mean_ablation_size``, ``.resample_size``, [modules,
        outputs].

    Raises:
        ValueError: fewer than two segments, one that is not callable or fails, no rows, modules or signs that do not
            fit the units, modules that are not bool, signs that are NaN or infinite, outputs that are not a matrix, not
            a key, or batch_size below one.

    Example:
        >>> network = (lambda x: x, lambda hidden: jnp.stack([hidden[:, 0] + hidden[:, 1], -hidden[:, 2]], 1))
        >>> x = jax.random.normal(jax.random.key(0), (50, 3))
        >>> effects = module_effects(network, x, jnp.eye(3, dtype=bool)[1:], jnp.ones(3), key=jax.random.key(1))
        >>> effects.mean_ablation.round(3) + 0
        Array([[ 1.,  0.],
               [ 0., -1.]], dtype=float32)

    Source: not in the paper; for the modules of Watanabe, arXiv:1810.01588, section 3.2.
    """
    network, inputs = accept_segments(segments), as_rows("inputs", inputs, finite=False)
    modules = as_mask("modules", modules)
    check_shape("modules", modules, ["modules", "units"])
    signs = as_real("signs", signs, shape=[modules.shape[1]])
    check_finite("signs", signs)
    return _module_effects(network, inputs, modules, signs, as_key(key), as_count("batch_size", batch_size))


@partial(jax.jit, static_argnames="batch_size")
def _module_effects(network, inputs, modules, signs, key, batch_size):
    hidden, outputs = network.run(inputs)
    widths = [layer.shape[-1] for layer in hidden]
    check_shape("modules", modules, ["modules", sum(widths)])
    if outputs.ndim != 2:
        raise ValueError(f"segments: found outputs of shape {outputs.shape}, wanted [rows, outputs]")
    signed = signs.astype(outputs.dtype)[None] * _standardized(hidden)
    source = _random_cycle(key, outputs.shape[0])
    rest, start = network.without_first(inputs, hidden[0])
    replacements = [unit_means(layer) for layer in hidden], [layer[source] for layer in hidden]
    spread = _deviations(outputs)
    rounding = 32 * jnp.finfo(outputs.dtype).eps * jnp.max(jnp.abs(outputs), axis=0)

    def effects(mask):
        chosen = mask.astype(signed.dtype)
        activity = jnp.matmul(signed, chosen, precision="highest") / jnp.maximum(jnp.sum(chosen), 1)
        parts = jnp.split(mask, np.cumsum(widths)[:-1])

        def moved(values, activity):
            moves = outputs - _replaced(rest, start, values, parts)
            vary = jnp.max(moves, axis=0) - jnp.min(moves, axis=0) > rounding
            correlation = pearson(activity[:, None], moves, batch_size=None)[0]
            return jnp.where(vary, correlation, 0), jnp.mean(jnp.abs(moves), axis=0) / spread

        by_mean, mean_size = moved(replacements[0], activity)
        resampled, resample_size = moved(replacements[1], activity - activity[source])
        return ModuleEffects(by_mean, resampled, mean_size, resample_size)

    return jax.lax.map(effects, modules, batch_size=batch_size)


def intact_layers(segments: Segments, inputs: Given[ArrayLike, "rows *features"]) -> tuple[list[Array], Array]:
    """Each hidden layer's activations in order, and the outputs.

    Traceable; one forward pass.

    Args:
        segments: the network split at its hidden layers, as for `replace_units`.
        inputs: [rows, …].

    Raises:
        ValueError: no rows, fewer than two segments, or one that is not callable or fails.

    Example:
        >>> [layer.shape for layer in intact_layers((jnp.sin, jnp.sin, lambda h: h[:, :1]), jnp.ones((2, 3)))[0]]
        [(2, 3), (2, 3)]
    """
    return accept_segments(segments).run(as_rows("inputs", inputs, finite=False))


def unit_means(layer: Given[ArrayLike, "rows *rest units"]) -> Float[Array, " units"]:
    """Each unit's mean over rows and positions, [units].

    Traceable. Computed in float32 at least, returned in the layer's floating type, float32 for integers. NaN in a unit
    makes its mean NaN.

    Args:
        layer: [rows, …, units] activations.

    Raises:
        ValueError: a layer that is not real, or no rows.

    Example:
        >>> unit_means(jnp.arange(12.0).reshape(2, 3, 2))
        Array([5., 6.], dtype=float32)
    """
    layer = as_rows("layer", layer, finite=False, floating=True)
    check_shape("layer", layer, ["rows", "…", "units"])
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
