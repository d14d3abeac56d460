"""The convolutional network for small colour images whose core units are looked for: two normalised convolutions."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from interp_jax.networks.chain import Chain
from interp_jax.networks.convolution import convolution
from interp_jax.networks.pooling import max_pool

# How far apart the neighbours of response normalisation are at most, by default.
RADIUS = 4
_BIASES = jax.nn.initializers.constant(0.1)
_POOL = partial(max_pool, window_shape=(3, 3), strides=(2, 2), padding="SAME")


def local_response_norm(
    x: Float[Array | np.ndarray, "rows *features channels"],
    *,
    radius: int = RADIUS,
    bias: float = 1.0,
    alpha: float = 0.001 / 9,
    beta: float = 0.75,
    places: Sequence[int] | Array | None = None,
    kept: Sequence[int] | None = None,
) -> Float[Array, "rows *features kept"]:
    """Every value divided by a power of its neighbouring channels' energy at the same place.

        y_i = x_i / (bias + α Σ_{|j − i| ≤ radius} x_j²)^β

    Traceable; channels are the last axis.

    Args:
        x: the values.
        radius: how far apart neighbours are at most.
        bias: > 0.
        alpha: weight of the energy.
        beta: the power.
        places: the channels' places i, by default 0, 1, …; where channels were cut out they have gaps. An array may
            be traced, in any order.
        kept: the channels to give back by their places, ascending as the places then have to be, by default all.

    Example:
        >>> local_response_norm(jnp.array([[1.0, 0.0]]), radius=0, alpha=1.0, beta=1.0)
        Array([[0.5, 0. ]], dtype=float32)

    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3, with the constants of TensorFlow's tutorial.
    """
    x = jnp.asarray(x)
    if not isinstance(places, jax.Array):
        places = np.arange(x.shape[-1]) if places is None else np.asarray(places)
    wanted = places if kept is None else np.asarray(kept)
    # A product with a band of ones: several times faster than a windowed sum over the last axis.
    near = jnp.asarray(abs(places[:, None] - wanted[None]) <= radius, x.dtype)
    scale = (bias + alpha * jnp.matmul(x * x, near, precision="highest")) ** -beta
    return (x if kept is None else x[..., np.searchsorted(places, wanted)]) * scale


def cifar_cnn(
    key,
    shape: Sequence[int] = (24, 24, 3),
    *,
    channels: Sequence[int] = (64, 64),
    hidden: Sequence[int] = (384, 192),
    classes: int = 10,
) -> Chain:
    """Two 5 × 5 convolutions with overlapping pools and response normalisation, then three dense layers.

    Stages ``conv1, relu1, max1, norm1, conv2, relu2, norm2, max2, flatten, dense1, relu3, dense2, relu4, dense3``;
    ``max1`` and ``max2`` give feature maps [rows, height, width, channels]. Traceable.

    Args:
        key: a JAX random key.
        shape: height, width and channels of an image; sides are halved, rounding up, by each pool.
        channels: feature maps of the two convolutions.
        hidden: units of the two hidden dense layers.
        classes: number of classes.

    Raises:
        ValueError: a shape that is not three positive numbers, not two sizes of channels or hidden layers, or sizes
            below one.

    Example:
        >>> import jax
        >>> network = cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4), hidden=(6, 5))
        >>> network.until("max2")(jax.numpy.ones((1, 8, 8, 3))).shape
        (1, 2, 2, 4)

    Source: Yan & Feng, ICLR 2018 submission, section 4: the CIFAR-10 network of TensorFlow's tutorial.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape: found {tuple(shape)}, wanted height, width and channels")
    for name, sizes in (("channels", channels), ("hidden", hidden)):
        if len(sizes) != 2 or min(sizes) < 1:
            raise ValueError(f"{name}: found {tuple(sizes)}, wanted two numbers of at least 1")
    if classes < 1:
        raise ValueError(f"classes: found {classes}, wanted at least 1")
    rngs = nnx.Rngs(key)
    height, width, colours = shape
    size = -(-height // 4) * -(-width // 4) * channels[1]

    def layer(kind, *sizes, deviation, bias=_BIASES):
        start = jax.nn.initializers.truncated_normal(deviation)
        return kind(*sizes, kernel_init=start, bias_init=bias, rngs=rngs)

    conv = partial(nnx.Conv, conv_general_dilated=convolution)

    return Chain(
        conv1=layer(conv, colours, channels[0], (5, 5), deviation=0.05, bias=nnx.initializers.zeros),
        relu1=nnx.relu,
        max1=_POOL,
        norm1=local_response_norm,
        conv2=layer(conv, channels[0], channels[1], (5, 5), deviation=0.05),
        relu2=nnx.relu,
        norm2=local_response_norm,
        max2=_POOL,
        flatten=_flatten,
        dense1=layer(nnx.Linear, size, hidden[0], deviation=0.04),
        relu3=nnx.relu,
        dense2=layer(nnx.Linear, hidden[0], hidden[1], deviation=0.04),
        relu4=nnx.relu,
        dense3=layer(nnx.Linear, hidden[1], classes, deviation=1 / 192, bias=nnx.initializers.zeros),
    )


def _flatten(x):
    return x.reshape(len(x), -1)
