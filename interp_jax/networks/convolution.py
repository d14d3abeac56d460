"""A convolution whose gradients are as fast inside a compiled loop as outside."""

from functools import partial

import jax
import jax.numpy as jnp

_CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")


def convolution(inputs, kernel, window_strides, padding, *, dimension_numbers=None, **options):
    """``jax.lax.conv_general_dilated`` with gradients that are themselves plain convolutions. Traceable.

    XLA's CPU compiler makes a fast routine of a convolution in the usual order of axes only, and inside a loop it
    leaves axes as they are: there the usual gradients are 10 to 100 times slower. Here their axes are put in order
    first. Of use to images with steps of one; anything else is passed on. For ``nnx.Conv(conv_general_dilated=…)``.

    Example:
        >>> import jax
        >>> image, kernel = jnp.ones((1, 4, 4, 1)), jnp.ones((3, 3, 1, 1))
        >>> jax.grad(lambda kernel: convolution(image, kernel, (1, 1), "SAME").sum())(kernel)[:, :, 0, 0]
        Array([[ 9., 12.,  9.],
               [12., 16., 12.],
               [ 9., 12.,  9.]], dtype=float32)

    Source: https://github.com/jax-ml/jax/issues/12868 describes the slowness.
    """
    numbers = jax.lax.conv_dimension_numbers(inputs.shape, kernel.shape, dimension_numbers or _CHANNELS_LAST)
    usual = jax.lax.conv_dimension_numbers(inputs.shape, kernel.shape, _CHANNELS_LAST) if inputs.ndim == 4 else None
    ones = [window_strides, options.get("lhs_dilation"), options.get("rhs_dilation")]
    plain = all(value is None or set(value) == {1} for value in ones)
    plain &= options.get("feature_group_count", 1) == 1 == options.get("batch_group_count", 1)
    if numbers != usual or not plain:
        return jax.lax.conv_general_dilated(
            inputs, kernel, window_strides, padding, dimension_numbers=numbers, **options
        )
    if isinstance(padding, str):
        padding = jax.lax.padtype_to_pads(inputs.shape[1:3], kernel.shape[:2], (1, 1), padding)
    return _convolve(inputs, kernel, tuple(map(tuple, padding)), options.get("precision"))


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _convolve(inputs, kernel, padding, precision):
    return jax.lax.conv_general_dilated(
        inputs, kernel, (1, 1), padding, dimension_numbers=_CHANNELS_LAST, precision=precision
    )


def _forward(inputs, kernel, padding, precision):
    return _convolve(inputs, kernel, padding, precision), (inputs, kernel)


def _backward(padding, precision, kept, gradient):
    inputs, kernel = kept
    full = [(size - 1 - low, size - 1 - high) for size, (low, high) in zip(kernel.shape, padding, strict=False)]
    of_inputs = _convolve(gradient, kernel[::-1, ::-1].swapaxes(2, 3), tuple(full), precision)
    # Channels as rows and rows as channels: the output's places are the kernel's.
    of_kernel = _convolve(inputs.transpose(3, 1, 2, 0), gradient.transpose(1, 2, 0, 3), padding, precision)
    return of_inputs, of_kernel.transpose(1, 2, 0, 3)


_convolve.defvjp(_forward, _backward)
