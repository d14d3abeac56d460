"""Convolutional networks for images: that of the MNIST studies, and TensorFlow's tutorial network for CIFAR-10."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
from flax import nnx

from interp_jax.networks.chain import Chain
from interp_jax.networks.models._convolution import convolution
from interp_jax.networks.models.pooling import max_pool
from interp_jax.networks.models.response_norm import local_response_norm

# One object for all networks: an initializer made anew would be another static value.
WEIGHTS = jax.nn.initializers.truncated_normal(0.1)
BIASES = jax.nn.initializers.constant(0.1)
_POOL = partial(max_pool, window_shape=(3, 3), strides=(2, 2), padding="SAME")


def image_cnn(
    key,
    shape: Sequence[int] = (28, 28, 1),
    *,
    channels: Sequence[int] = (32, 64),
    taps: int = 5,
    hidden: int = 1024,
    classes: int = 10,
    dropout: float = 0.5,
) -> Chain:
    """Convolutions with ReLU and 2 × 2 max pooling, then two dense layers: ``conv1, relu1, max1, …, dense2``.

    Stages ``max1``, ``max2`` give feature maps [rows, height, width, channels]; dropout is active in training only.
    Traceable: ``jax.vmap`` over keys is a stacked ensemble.

    Args:
        key: a JAX random key.
        shape: height, width and channels of an image; sides are halved, rounding down, by every convolution.
        channels: feature maps of each convolution, from the input on.
        taps: side of the square filters.
        hidden: units of the hidden dense layer.
        classes: number of classes.
        dropout: share of that layer's units left out in training.

    Raises:
        ValueError: a shape that is not three positive numbers, an image too small to be halved that often, sizes below
            one, or a dropout outside [0, 1).

    Example:
        >>> import jax
        >>> image_cnn(jax.random.key(0), (8, 8, 1), hidden=16).stage_names
        ('conv1', 'relu1', 'max1', 'conv2', 'relu2', 'max2', 'flatten', 'dense1', 'relu3', 'dropout', 'dense2')

    Source: Yan & Feng, Interpreting deep classification models with Bayesian inference, the MNIST network.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape: found {tuple(shape)}, wanted height, width and channels")
    counts = {"channels": min(channels, default=0), "taps": taps, "hidden": hidden, "classes": classes}
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name}: found {value}, wanted at least 1")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout: found {dropout}, wanted a share in [0, 1)")
    height, width, maps = shape
    rngs = nnx.Rngs(key)
    stages: dict[str, Callable] = {}
    start = {"kernel_init": WEIGHTS, "bias_init": BIASES, "rngs": rngs}
    for layer, count in enumerate(channels, 1):
        stages[f"conv{layer}"] = nnx.Conv(maps, count, (taps, taps), conv_general_dilated=convolution, **start)
        stages[f"relu{layer}"] = nnx.relu
        stages[f"max{layer}"] = max_pool
        height, width, maps = height // 2, width // 2, count
    if min(height, width) < 1:
        raise ValueError(f"shape: found {tuple(shape)}, wanted sides that can be halved {len(channels)} times")
    stages["flatten"] = _flatten
    stages["dense1"] = nnx.Linear(height * width * maps, hidden, **start)
    stages[f"relu{len(channels) + 1}"] = nnx.relu
    if dropout:
        stages["dropout"] = nnx.Dropout(dropout)
    stages["dense2"] = nnx.Linear(hidden, classes, **start)
    return Chain(**stages)


def _flatten(x):
    return x.reshape(len(x), -1)


def cifar_cnn(
    key,
    shape: Sequence[int] = (24, 24, 3),
    *,
    channels: Sequence[int] = (64, 64),
    hidden: Sequence[int] = (384, 192),
    classes: int = 10,
) -> Chain:
    """Two 5 × 5 convolutions with overlapping pools and response normalization, then three dense layers.

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
    height, width, colors = shape
    size = -(-height // 4) * -(-width // 4) * channels[1]

    def layer(kind, *sizes, deviation, bias=BIASES):
        start = jax.nn.initializers.truncated_normal(deviation)
        return kind(*sizes, kernel_init=start, bias_init=bias, rngs=rngs)

    conv = partial(nnx.Conv, conv_general_dilated=convolution)

    return Chain(
        conv1=layer(conv, colors, channels[0], (5, 5), deviation=0.05, bias=nnx.initializers.zeros),
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
