"""Steps that keep an ascent's input natural: each a callable pytree ``(x, gradient, step) -> x`` for one input.

They are applied in turn after every step of `ascent.maximize`; any other callable of that form can be used too. Axes
are those of one input, channels last: [length], [height, width, channels], [features].
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from interp_jax._checks import as_count, as_counts, check_number


def l2_decay(rate: float | int) -> Partial:
    """A regularizer that decays all values, so that none grows without limit.

        x ← (1 − rate) x

    Host-level; returns a traceable ``(x, gradient, step) -> x``.

    Args:
        rate: the share removed in each step.

    Raises:
        ValueError: a rate outside [0, 1].

    Example:
        >>> l2_decay(0.1)(jnp.array([1.0, -2.0]), jnp.zeros(2), 0)
        Array([ 0.9, -1.8], dtype=float32)

    Source: Yosinski et al., arXiv:1506.06579, section 3; Chen 2017, eq. 2.8.
    """
    check_number("rate", rate, least=0, most=1)
    return Partial(_l2_decay, jnp.float32(rate))


def gaussian_blur(width: float | int, every: int = 1, axes: tuple[int, ...] | None = None) -> Callable[..., Any]:
    """A regularizer that blurs the input every ``every`` steps, which removes high frequencies.

        x_i ← Σ_j w_ij x_j / Σ_j w_ij,    w_ij = exp(−(i − j)² / 2 width²)

    Host-level; returns a traceable ``(x, gradient, step) -> x``. At the edges only existing samples are averaged, so
    that a constant input is unchanged.

    Args:
        width: standard deviation of the Gaussian, in samples.
        every: steps between blurs.
        axes: axes of one input to blur along; by default the only one, or all but the channels.

    Raises:
        ValueError: a width that is not positive, ``every`` below one, or axes that are not integers; when applied, axes
            that the input lacks.

    Example:
        >>> gaussian_blur(0.6)(jnp.array([0.0, 0.0, 4.0, 0.0, 0.0]), jnp.zeros(5), 0).round(1)
        Array([0. , 0.7, 2.7, 0.7, 0. ], dtype=float32)

    Source: Yosinski et al., arXiv:1506.06579, section 3.
    """
    check_number("width", width, above=0)
    every = as_count("every", every, most=2**31 - 1)
    return _GaussianBlur(
        jnp.float32(width), jnp.int32(every), None if axes is None else as_counts("axes", axes, least=0)
    )


def clip_norm(share: float | int) -> Partial:
    """A regularizer that zeroes the pixels with the smallest norm over the channels.

        x_p ← 0   for the pixels p whose Σ_channels x² is among the smallest ``share``

    Host-level; returns a traceable ``(x, gradient, step) -> x``.

    Args:
        share: of the pixels, in [0, 1].

    Raises:
        ValueError: a share outside [0, 1].

    Example:
        >>> clip_norm(0.5)(jnp.array([3.0, -1.0, 0.5, -2.0]), jnp.zeros(4), 0)
        Array([ 3.,  0.,  0., -2.], dtype=float32)

    Source: Yosinski et al., arXiv:1506.06579, section 3.
    """
    check_number("share", share, least=0, most=1)
    return Partial(_clip_norm, jnp.float32(share))


def clip_contribution(share: float | int) -> Partial:
    """A regularizer that zeroes the pixels with the smallest contribution to the objective.

        contribution = |Σ_channels x · ∂a/∂x|

    Host-level; returns a traceable ``(x, gradient, step) -> x``. To first order the contribution is the objective's
    loss without the pixel.

    Args:
        share: of the pixels, in [0, 1].

    Raises:
        ValueError: a share outside [0, 1].

    Example:
        >>> clip_contribution(0.5)(jnp.array([3.0, -1.0, 0.5, -2.0]), jnp.array([0.1, 2.0, 0.0, -2.0]), 0)
        Array([ 0., -1.,  0., -2.], dtype=float32)

    Source: Yosinski et al., arXiv:1506.06579, section 3.
    """
    check_number("share", share, least=0, most=1)
    return Partial(_clip_contribution, jnp.float32(share))


def box(least: float | int, greatest: float | int) -> Partial:
    """A regularizer that clips to two bounds, such as the data's.

        x ← min(max(x, least), greatest)

    Host-level; returns a traceable ``(x, gradient, step) -> x``.

    Args:
        least: lower bound.
        greatest: upper bound.

    Raises:
        ValueError: bounds that are not finite, or least not below greatest.

    Example:
        >>> box(0.0, 1.0)(jnp.array([-0.5, 0.5, 1.5]), jnp.zeros(3), 0)
        Array([0. , 0.5, 1. ], dtype=float32)
    """
    check_number("least", least)
    check_number("greatest", greatest)
    if not least < greatest:
        raise ValueError(f"least, greatest: found {least} and {greatest}, wanted the first to be smaller")
    return Partial(_box, jnp.float32(least), jnp.float32(greatest))


def _l2_decay(rate, x, gradient, step):
    return ((1 - rate) * x).astype(x.dtype)


@partial(jax.tree_util.register_dataclass, data_fields=("width", "every"), meta_fields=("axes",))
@dataclasses.dataclass(frozen=True)
class _GaussianBlur:
    width: Any
    every: Any
    axes: tuple[int, ...] | None

    def __call__(self, x, gradient, step):
        blurred = x
        for axis in range(max(1, x.ndim - 1)) if self.axes is None else self.axes:
            if axis >= x.ndim:
                raise ValueError(f"axes: found axis {axis} for an input of {x.ndim} axes, wanted one below")
            places = jnp.arange(x.shape[axis])
            weights = jnp.exp(-(((places[:, None] - places[None]) / self.width) ** 2) / 2).astype(x.dtype)
            weights /= weights.sum(axis=1, keepdims=True)
            blurred = jnp.moveaxis(jnp.tensordot(weights, blurred, (1, axis), precision="highest"), 0, axis)
        return jnp.where((step + 1) % self.every == 0, blurred, x)


def _clip_norm(share, x, gradient, step):
    return _without_smallest(share, x, jnp.sum(jnp.square(x), axis=_channels(x), keepdims=True))


def _clip_contribution(share, x, gradient, step):
    return _without_smallest(share, x, jnp.abs(jnp.sum(x * gradient, axis=_channels(x), keepdims=True)))


def _channels(x):
    return () if x.ndim == 1 else -1


def _without_smallest(share, x, sizes):
    """Exactly ``share`` of the pixels are zeroed, rounded down; ties from the first."""
    ranks = jnp.argsort(jnp.argsort(sizes.ravel())).reshape(sizes.shape)
    # A share k / n is not exact in float32, and must not become k − 1 pixels.
    count = jnp.floor(share * sizes.size * (1 + 2.0**-22))
    return jnp.where(ranks < count, 0, x)


def _box(least, greatest, x, gradient, step):
    return jnp.clip(x, least.astype(x.dtype), greatest.astype(x.dtype))
