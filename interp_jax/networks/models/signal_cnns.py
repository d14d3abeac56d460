"""Convolutional networks for signals with one filter per layer."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from interp_jax._checks import Key, as_count, as_counts, as_key, check_callable, describe
from interp_jax.networks._rows import as_floating
from interp_jax.networks.chain import Chain
from interp_jax.networks.models.perceptrons import GLOROT_UNIFORM, stage_name


class SignalConvolution(nnx.Module):
    """One filter over a signal, with zeros beyond its ends; positions are the units.

        y[t] = Σ_u kernel[u] x[t + u − ⌊(taps − 1) / 2⌋] + bias

    Traceable. Stride 1, same length, no channel axis. Computed as a product with the filter's banded matrix: on two
    CPU cores four times faster than XLA's single-channel convolution, and one matrix product for a whole stack.

    Args:
        taps: length of the filter.
        rngs: random state from which the starting kernel is drawn (Glorot uniform); it is not stored.

    Raises:
        ValueError: taps below 1; when called, x that is not [rows, length].
        TypeError: rngs that are not ``nnx.Rngs``.
    """

    def __init__(self, taps: int, *, rngs: nnx.Rngs):
        taps = as_count("taps", taps)
        if not isinstance(rngs, nnx.Rngs):
            raise TypeError(f"rngs: found {describe(rngs)}, wanted nnx.Rngs(key)")
        self.kernel = nnx.Param(GLOROT_UNIFORM(rngs.params(), (taps, 1), jnp.float32)[:, 0])
        self.bias = nnx.Param(jnp.zeros((1,), jnp.float32))

    def __call__(self, x: Float[Array, "rows length"]) -> Float[Array, "rows length"]:
        """The filtered signals. Traceable; NaN spreads over its row."""
        x = as_floating("x", x, ["rows", "length"])
        kernel, length = self.kernel[...], x.shape[-1]
        before = (kernel.shape[0] - 1) // 2
        tap = np.arange(length)[:, None] - np.arange(length)[None, :] + before
        inside = (tap >= 0) & (tap < kernel.shape[0])
        band = jnp.where(inside, kernel[np.clip(tap, 0, kernel.shape[0] - 1)], 0.0)
        return x @ band + self.bias[...][None, :]


def signal_cnn(
    key: Key,
    taps: Sequence[int] = (7,),
    *,
    length: int = 100,
    classes: int = 60,
    activation: Callable[..., Any] | None = None,
) -> Chain:
    """One-filter convolutions and one dense layer: ``conv1, (activation1,) …, dense``, ending in logits.

    Traceable: ``jax.vmap`` over keys gives a stack of networks. The default is no activation, because the thesis'
    convolutional layers are linear: its figures show outputs below the base level, and linear layers give its table.

    Args:
        key: a JAX random key.
        taps: length of each layer's filter, first to last.
        length: samples of a signal.
        classes: number of jump positions.
        activation: elementwise function after every convolution, or None for linear layers.

    Raises:
        ValueError: no filters, numbers below one, or not a key.
        TypeError: an activation that is not callable.

    Example:
        >>> import jax
        >>> from flax import nnx
        >>> signal_cnn(jax.random.key(0), (5, 9), activation=nnx.relu).stage_names
        ('conv1', 'relu1', 'conv2', 'relu2', 'dense')

    Source: Chen 2017, section 3.4 (7 | 5, 9 | 5, 7, 9 taps; SAME, stride 1, no pooling).
    """
    taps = as_counts("taps", taps)
    if not taps:
        raise ValueError("taps: found no filters, wanted the length of at least one")
    length, classes = as_count("length", length), as_count("classes", classes)
    if activation is not None:
        check_callable("activation", activation)
    rngs = nnx.Rngs(as_key(key))
    stages: dict[str, Callable] = {}
    for layer, count in enumerate(taps, 1):
        stages[f"conv{layer}"] = SignalConvolution(count, rngs=rngs)
        if activation is not None:
            stages[f"{stage_name(activation)}{layer}"] = activation
    stages["dense"] = nnx.Linear(length, classes, kernel_init=GLOROT_UNIFORM, rngs=rngs)
    return Chain(**stages)
