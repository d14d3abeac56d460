"""Convolutional networks for signals with one filter a layer."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from interp_jax.networks.chain import Chain
from interp_jax.networks.models.perceptrons import GLOROT_UNIFORM, stage_name


class SignalConvolution(nnx.Module):
    """One filter over a signal: ``y[t] = Σ_u kernel[u] x[t + u − ⌊(taps − 1) / 2⌋] + bias``, zeros beyond the ends.

    Stride 1, same length, no channel axis, so that positions are the units (the last axis). Computed as a product
    with the filter's banded matrix: on two CPU cores four times faster than XLA's convolution of a single channel,
    and one matrix product for a whole stacked ensemble.

    Args:
        taps: length of the filter.
        rngs: random state that the initial kernel is drawn from (Glorot uniform); it is not kept.
    """

    def __init__(self, taps: int, *, rngs: nnx.Rngs):
        if taps < 1:
            raise ValueError(f"taps: found {taps}, wanted a filter of at least one tap")
        self.kernel = nnx.Param(GLOROT_UNIFORM(rngs.params(), (taps, 1), jnp.float32)[:, 0])
        self.bias = nnx.Param(jnp.zeros((1,), jnp.float32))

    def __call__(self, x: Float[Array, "rows length"]) -> Float[Array, "rows length"]:
        """The filtered signals."""
        kernel, length = self.kernel[...], x.shape[-1]
        before = (kernel.shape[0] - 1) // 2
        tap = np.arange(length)[:, None] - np.arange(length)[None, :] + before
        inside = (tap >= 0) & (tap < kernel.shape[0])
        band = jnp.where(inside, kernel[np.clip(tap, 0, kernel.shape[0] - 1)], 0.0)
        return x @ band + self.bias[...][None, :]


def signal_cnn(
    key, taps: Sequence[int] = (7,), *, length: int = 100, classes: int = 60, activation: Callable | None = None
) -> Chain:
    """One-filter convolutions and one dense layer: ``conv1, (activation1,) …, dense``, ending in logits.

    The thesis' convolutional layers are linear (its figures show outputs below the base level, and linear layers
    give its table), so no activation is the default. Traceable: ``jax.vmap`` over keys is a stacked ensemble.

    Args:
        key: a JAX random key.
        taps: length of each layer's filter, from the input on.
        length: samples of a signal.
        classes: number of jump positions.
        activation: elementwise function after every convolution, or None for linear layers.

    Raises:
        ValueError: no filters, a filter without taps, length or classes below one.

    Example:
        >>> import jax
        >>> from flax import nnx
        >>> signal_cnn(jax.random.key(0), (5, 9), activation=nnx.relu).stage_names
        ('conv1', 'relu1', 'conv2', 'relu2', 'dense')

    Source: Chen 2017, section 3.4 (7 | 5, 9 | 5, 7, 9 taps; SAME, stride 1, no pooling).
    """
    if not taps:
        raise ValueError("taps: found no filters, wanted the length of at least one")
    for name, value in (("length", length), ("classes", classes)):
        if value < 1:
            raise ValueError(f"{name}: found {value}, wanted at least 1")
    rngs = nnx.Rngs(key)
    stages: dict[str, Callable] = {}
    for layer, count in enumerate(taps, 1):
        stages[f"conv{layer}"] = SignalConvolution(count, rngs=rngs)
        if activation is not None:
            stages[f"{stage_name(activation)}{layer}"] = activation
    stages["dense"] = nnx.Linear(length, classes, kernel_init=GLOROT_UNIFORM, rngs=rngs)
    return Chain(**stages)
