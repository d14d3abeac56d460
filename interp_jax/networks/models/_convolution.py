"""A convolution whose gradients are as fast inside a compiled loop as outside."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

_NAMES = ("NHWC", "HWIO", "NHWC")
_CHANNELS_LAST = jax.lax.conv_dimension_numbers((1,) * 4, (1,) * 4, _NAMES)
# Rows per part of a kernel's gradient on CPUs: their patches fit into the caches.
_PART_ROWS = 8


def convolution(
    inputs,
    kernel,
    window_strides,
    padding,
    lhs_dilation=None,
    rhs_dilation=None,
    dimension_numbers=None,
    feature_group_count=1,
    batch_group_count=1,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """The result of ``jax.lax.conv_general_dilated``, with gradients computed in the usual order of axes.

    Traceable, for ``nnx.Conv(conv_general_dilated=convolution)``. XLA's CPU compiler has a fast routine for the usual
    order of axes only, and inside a loop it does not reorder them: there JAX's gradients are 10 to 100 times slower.
    Here their axes are reordered first. This helps images [rows, height, width, channels]; other orders and numbers of
    axes, groups and a preferred type go to JAX's own function. All of JAX's derivatives work, also in forward mode.

    Where ``jax.vmap`` gives every lane its own kernel, XLA's CPU code runs one grouped convolution, with or without
    this function: about seven times slower than one lane after the other.

    Example:
        >>> image, kernel = jnp.ones((1, 4, 4, 1)), jnp.ones((3, 3, 1, 1))
        >>> def total(kernel):
        ...     return convolution(image, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")).sum()
        >>> jax.grad(total)(kernel)[:, :, 0, 0]
        Array([[ 9., 12.,  9.],
               [12., 16., 12.],
               [ 9., 12.,  9.]], dtype=float32)

    Source: https://github.com/jax-ml/jax/issues/12868 describes the slowness.
    """
    options = (window_strides, padding, lhs_dilation, rhs_dilation)
    others = (feature_group_count, batch_group_count, preferred_element_type, out_sharding)
    numbers = jax.lax.conv_dimension_numbers(inputs.shape, kernel.shape, dimension_numbers)
    if numbers == _CHANNELS_LAST and others == (1, 1, None, None):
        return _convolve(inputs, kernel, _hashable(options), precision)
    return jax.lax.conv_general_dilated(
        inputs,
        kernel,
        *options,
        numbers,
        feature_group_count,
        batch_group_count,
        precision,
        preferred_element_type,
        out_sharding,
    )


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _convolve(inputs, kernel, options, precision):
    return _dilated(inputs, kernel, options, _NAMES, precision)


def _dilated(inputs, kernel, options, names, precision):
    strides, padding, lhs_dilation, rhs_dilation = options
    return jax.lax.conv_general_dilated(
        inputs, kernel, strides, padding, lhs_dilation, rhs_dilation, names, precision=precision
    )


@partial(_convolve.defjvp, symbolic_zeros=True)
def _tangent(options, precision, primals, tangents):
    """The tangents with their axes ordered so that JAX's transposes of these convolutions have the usual order."""
    (inputs, kernel), (inputs_tangent, kernel_tangent) = primals, tangents
    output = _convolve(inputs, kernel, options, precision)
    tangent = jnp.zeros_like(output)
    if not isinstance(inputs_tangent, SymbolicZero):
        names = ("NHWC", "HWOI", "NHWC")
        tangent += _dilated(inputs_tangent, kernel.swapaxes(2, 3), options, names, precision)
    if not isinstance(kernel_tangent, SymbolicZero):
        # The gradient of the kernel: channels as rows and rows as channels; its positions are the output's.
        names = ("CHWN", "IHWO", "HWNC")

        def convolve(inputs, kernel):
            swapped = inputs.transpose(3, 1, 2, 0), kernel.transpose(2, 0, 1, 3)
            return _dilated(*swapped, options, names, precision).transpose(2, 0, 1, 3)

        if len(inputs) < 2 * _PART_ROWS:
            tangent += convolve(inputs, kernel_tangent)
        else:
            in_parts = partial(_in_parts, convolve)
            tangent += jax.lax.platform_dependent(inputs, kernel_tangent, cpu=in_parts, default=convolve)
    return output, tangent


def _in_parts(convolve, inputs, kernel):
    """A few rows at a time, so that the gradient of the kernel, a sum over rows, is summed in the caches."""
    count = len(inputs) // _PART_ROWS
    parts, rest = jnp.split(inputs, [count * _PART_ROWS])
    parts = jax.lax.map(lambda part: convolve(part, kernel), parts.reshape(count, _PART_ROWS, *inputs.shape[1:]))
    parts = parts.reshape(-1, *parts.shape[2:])
    return jnp.concatenate([parts, convolve(rest, kernel)]) if len(rest) else parts


def _hashable(options):
    return tuple(map(_hashable, options)) if isinstance(options, tuple | list) else options
