"""What each layer writes into the score of each class, exactly, in a network whose class units are linear."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_real, check_number
from interp_jax.methods.identity.contribution import contributions


def class_writes(
    inputs: Given[Array | np.ndarray, "rows features"],
    layers: Given[Array | np.ndarray, "layers rows width"],
    kernels: Given[Array | np.ndarray, "layers width width"],
    biases: Given[Array | np.ndarray, "layers width"],
    *,
    scale: float = 1.0,
) -> Float[Array, "layers rows classes"]:
    """The part of the last class scores that each layer computes from the features, [layers, rows, classes].

    With the weights of layer l in blocks, from features or classes to features or classes, and z_l the class scores,

        u_l = s h_{l−1}[:d] W_l^{fc} + b_l[d:]        what layer l writes,
        z_l = s z_{l−1} W_l^{cc} + u_l                linear class units,
        write of layer l = u_l  Π_{k = l+1 … L} s W_k^{cc}.

    Only for linear class units do the writes sum, up to rounding, to the last layer's scores; `completeness_error`
    measures the difference. The products are computed from the weights, not from differences of the layers' scores,
    which sum to the last scores in any network. The effect of a class score on the features of later layers is credited
    to the layer that reads those features; `path_shares` follows it back.

    Traceable. Memory: twice the layers'. NaN and infinity affect only their row; overflow in float32 gives them.

    Args:
        inputs: [rows, d].
        layers: [layers, rows, d + C], the outputs of each layer.
        kernels: [layers, d + C, d + C], from the axis before the last to the last.
        biases: [layers, d + C].
        scale: s, the network's factor on its sums.

    Raises:
        ValueError: inputs or layers that `contributions` refuses, weights that do not fit the layers, or a scale that
            is not finite.

    Example:
        >>> x = jnp.ones((1, 1))
        >>> kernels = jnp.stack([jnp.eye(3).at[0, 1].set(2.0), jnp.diag(jnp.array([1.0, 3.0, 1.0]))])
        >>> layers = jnp.array([[[1.0, 2.0, 0.0]], [[1.0, 6.0, 0.0]]])
        >>> class_writes(x, layers, kernels, jnp.zeros((2, 3)))[:, 0]
        Array([[6., 0.],
               [0., 0.]], dtype=float32)

    Source: not published elsewhere; the class units are those of arXiv:2102.13333.
    """
    check_number("scale", scale)
    inputs, layers = as_real("inputs", inputs), as_real("layers", layers)
    read = contributions(inputs, layers)
    depth, _, features = read.maps.shape
    width = layers.shape[2]
    kernels = as_real("kernels", kernels, shape=[depth, width, width])
    biases = as_real("biases", biases, shape=[depth, width])
    before = jnp.concatenate([inputs[None].astype(layers.dtype), layers[:-1, :, :features]])
    product = jnp.matmul(before, kernels[:, :features, features:], precision="highest")
    writes = scale * product + biases[:, None, features:]

    def carry(after, layer):
        write, block = layer
        return scale * jnp.matmul(block, after, precision="highest"), jnp.matmul(write, after, precision="highest")

    blocks = kernels[:, features:, features:].astype(writes.dtype)
    last = jnp.eye(blocks.shape[-1], dtype=writes.dtype)
    return jax.lax.scan(carry, last, (writes, blocks), reverse=True)[1]
