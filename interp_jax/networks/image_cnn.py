"""Convolutional networks for images, two pooled convolutions and a hidden dense layer."""

from collections.abc import Callable, Sequence

import jax
from flax import nnx

from interp_jax.networks.chain import Chain
from interp_jax.networks.convolution import convolution
from interp_jax.networks.pooling import max_pool

# One object for all networks: an initialiser made anew would be another static value.
WEIGHTS = jax.nn.initializers.truncated_normal(0.1)
BIASES = jax.nn.initializers.constant(0.1)


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
