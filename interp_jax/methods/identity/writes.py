"""Which layer wrote the score of each class, exactly, in a network whose class dimensions are linear."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_real
from interp_jax.methods.identity.contribution import contributions


def class_writes(
    inputs: Shaped[Array | np.ndarray, "..."],
    layers: Shaped[Array | np.ndarray, "..."],
    kernels: Shaped[Array | np.ndarray, "..."],
    biases: Shaped[Array | np.ndarray, "..."],
    *,
    scale: float = 1.0,
) -> Float[Array, "layers rows classes"]:
    """What every layer reads from the features into the class scores, carried to the end by the later class blocks.

    With the weights of layer l in blocks, from features or classes to features or classes, and z_l the class scores,

        u_l = s h_{l−1}[:d] W_l^{fc} + b_l[d:]        what layer l writes,
        z_l = s z_{l−1} W_l^{cc} + u_l                linear class dimensions,
        write of layer l = u_l  Π_{k = l+1 … L} s W_k^{cc}.

    The writes add up to the last layer's scores: exactly but for rounding where the class dimensions are linear, not
    where they are not. `completeness_error` measures by how much they fail to. The products are made from the weights,
    not from differences of the layers' scores, which add up whatever the network is. What a class score does to the
    features of later layers is credited to the layer that reads those; `path_shares` follows it back.

    Traceable. Memory: the layers' and as much again.

    Args:
        inputs: [rows, d].
        layers: [layers, rows, d + C], the outputs of every layer.
        kernels: [layers, d + C, d + C], from the axis before the last to the last.
        biases: [layers, d + C].
        scale: s.

    Raises:
        ValueError: as of `contributions`, and weights that do not fit the layers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> x = jnp.ones((1, 1))
        >>> kernels = jnp.stack([jnp.eye(3).at[0, 1].set(2.0), jnp.diag(jnp.array([1.0, 3.0, 1.0]))])
        >>> layers = jnp.array([[[1.0, 2.0, 0.0]], [[1.0, 6.0, 0.0]]])
        >>> class_writes(x, layers, kernels, jnp.zeros((2, 3)))[:, 0]
        Array([[6., 0.],
               [0., 0.]], dtype=float32)

    Source: ours; the class dimensions are those of arXiv:2102.13333.
    """
    read = contributions(inputs, layers)
    kernels, biases = as_real("kernels", kernels), as_real("biases", biases)
    depth, _, features = read.maps.shape
    width = features + read.scores.shape[2]
    for name, found, wanted in (("kernels", kernels, (depth, width, width)), ("biases", biases, (depth, width))):
        if found.shape != wanted:
            raise ValueError(f"{name}: found shape {found.shape}, wanted {wanted} as of layers")
    before = jnp.concatenate(
        [jnp.asarray(inputs)[None].astype(read.maps.dtype), jnp.asarray(layers)[:-1, :, :features]]
    )
    product = jnp.matmul(before, kernels[:, :features, features:], precision="highest")
    writes = scale * product + biases[:, None, features:]

    def carry(after, layer):
        write, block = layer
        return scale * jnp.matmul(block, after, precision="highest"), jnp.matmul(write, after, precision="highest")

    blocks = kernels[:, features:, features:].astype(writes.dtype)
    last = jnp.eye(blocks.shape[-1], dtype=writes.dtype)
    return jax.lax.scan(carry, last, (writes, blocks), reverse=True)[1]
