"""Convolutional networks for images: the network of the MNIST studies, and the CIFAR-10 network of a tutorial."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
from flax import nnx

from interp_jax._checks import Key, as_count, as_counts, as_key, check_number
from interp_jax.networks.chain import Chain
from interp_jax.networks.models._convolution import convolution
from interp_jax.networks.models.pooling import max_pool
from interp_jax.networks.models.response_norm import local_response_norm

# One object for all networks: a new initializer would be another static value.
WEIGHTS = jax.nn.initializers.truncated_normal(0.1)
BIASES = jax.nn.initializers.constant(0.1)
_POOL = partial(max_pool, window_shape=(3, 3), strides=(2, 2), padding="SAME")


def image_cnn(
    key: Key,
    shape: Sequence[int] = (28, 28, 1),
    *,
    channels: Sequence[int] = (32, 64),
    taps: int = 5,
    hidden: int = 1024,
    classes: int = 10,
    dropout: float = 0.5,
) -> Chain:
    """Convolutions with ReLU and 2 × 2 max pooling, then two dense layers: ``conv1, relu1, max1, …, dense2``.

    Traceable: ``jax.vmap`` over keys gives a stack of networks. Stages ``max1``, ``max2`` return feature maps
    [rows, height, width, channels]; dropout is active in training only.

    Args:
        key: a JAX random key.
        shape: height, width and channels of an image; sides are halved, rounding down, by each pooling.
        channels: feature maps of each convolution, first to last.
        taps: side of the square filters.
        hidden: units of the hidden dense layer.
        classes: number of classes.
        dropout: dropout rate of the hidden dense layer in training, in [0, 1).

    Raises:
        ValueError: an argument other than Args says, or an image too small for the poolings.

    Example:
        >>> import jax
        >>> image_cnn(jax.random.key(0), (8, 8, 1), hidden=16).stage_names
        ('conv1', 'relu1', 'max1', 'conv2', 'relu2', 'max2', 'flatten', 'dense1', 'relu3', 'dropout', 'dense2')

    Source: Yan & Feng, Interpreting deep classification models with Bayesian inference, the MNIST network.
    """
    shape = as_counts("shape", shape, length=3)
    channels = as_counts("channels", channels)
    if not channels:
        raise ValueError("channels: found no convolutions, wanted the feature maps of at least one")
    taps, hidden, classes = as_count("taps", taps), as_count("hidden", hidden), as_count("classes", classes)
    check_number("dropout", dropout, least=0, below=1)
    height, width, maps = shape
    rngs = nnx.Rngs(as_key(key))
    stages: dict[str, Callable] = {}
    start = {"kernel_init": WEIGHTS, "bias_init": BIASES, "rngs": rngs}
    for layer, count in enumerate(channels, 1):
        stages[f"conv{layer}"] = nnx.Conv(maps, count, (taps, taps), conv_general_dilated=convolution, **start)
        stages[f"relu{layer}"] = nnx.relu
        stages[f"max{layer}"] = max_pool
        height, width, maps = height // 2, width // 2, count
    if min(height, width) < 1:
        raise ValueError(f"shape: found {shape}, wanted sides that can be halved {len(channels)} times")
    stages["flatten"] = _flatten
    stages["dense1"] = nnx.Linear(height * width * maps, hidden, **start)
    stages[f"relu{len(channels) + 1}"] = nnx.relu
    if dropout:
        stages["dropout"] = nnx.Dropout(float(dropout))
    stages["dense2"] = nnx.Linear(hidden, classes, **start)
    return Chain(**stages)


def _flatten(x):
    return x.reshape(len(x), -1)


def cifar_cnn(
    key: Key,
    shape: Sequence[int] = (24, 24, 3),
    *,
    channels: Sequence[int] = (64, 64),
    hidden: Sequence[int] = (384, 192),
    classes: int = 10,
) -> Chain:
    """Two 5 × 5 convolutions with overlapping pooling and response normalization, then three dense layers.

    Traceable. Stages ``conv1, relu1, max1, norm1, conv2, relu2, norm2, max2, flatten, dense1, relu3, dense2, relu4,
    dense3``; ``max1`` and ``max2`` return feature maps [rows, height, width, channels].

    Args:
        key: a JAX random key.
        shape: height, width and channels of an image; sides are halved, rounding up, by each pooling.
        channels: feature maps of the two convolutions.
        hidden: units of the two hidden dense layers.
        classes: number of classes.

    Raises:
        ValueError: an argument other than Args says.

    Example:
        >>> import jax
        >>> network = cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4), hidden=(6, 5))
        >>> network.until("max2")(jax.numpy.ones((1, 8, 8, 3))).shape
        (1, 2, 2, 4)

    Source: Yan & Feng, ICLR 2018 submission, section 4: the CIFAR-10 network of TensorFlow's tutorial.
    """
    shape = as_counts("shape", shape, length=3)
    channels, hidden = as_counts("channels", channels, length=2), as_counts("hidden", hidden, length=2)
    classes = as_count("classes", classes)
    rngs = nnx.Rngs(as_key(key))
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
