"""Images as a classifier is shown them: cut, mirrored, of more or less contrast, and standardized one by one."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def augment_images(
    key,
    images: Float[Array | np.ndarray, "n *sides"],
    *,
    size: int = 24,
    contrast: Sequence[float] = (0.2, 1.8),
) -> Float[Array, "n size size channels"]:
    """Random crops, mirrored half of the time, with random contrast, standardized.

        x ← crop(x);  x ← mirror(x) or x;  x ← (x − mean_channel) γ + mean_channel;  standardize_images

    with γ uniform in the range of contrast, all drawn for every image apart. The change of brightness that the paper
    lists too is left out: the standardization takes every constant away again.

    Traceable; a few copies of the batch in memory.

    Args:
        key: a JAX random key.
        images: pixels in [0, 1].
        size: height and width of the crops.
        contrast: least and greatest factor of contrast.

    Returns:
        What a classifier is shown in training; what it is tested on is `center_crop`.

    Raises:
        ValueError: images that are not [n, height, width, channels] or smaller than the crop, or a range of contrast
            that is not two numbers, the least first.

    Example:
        >>> import jax
        >>> augment_images(jax.random.key(0), jax.numpy.ones((2, 32, 32, 3))).shape
        (2, 24, 24, 3)

    Source: Yan & Feng, ICLR 2018 submission, section 4; the CIFAR-10 network of TensorFlow's tutorial.
    """
    images = jnp.asarray(images)
    _check_size(images, size)
    if len(contrast) != 2 or not 0 <= contrast[0] <= contrast[1]:
        raise ValueError(f"contrast: found {tuple(contrast)}, wanted the least and the greatest factor")
    count, height, width, channels = images.shape
    corner_key, mirror_key, contrast_key = jax.random.split(key, 3)
    most = jnp.array([height - size + 1, width - size + 1])
    corners = jax.random.randint(corner_key, (count, 2), 0, most[None])

    def crop(image, corner):
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (size, size, channels))

    images = jax.vmap(crop)(images, corners)
    mirrored = jax.random.bernoulli(mirror_key, shape=(count, 1, 1, 1))
    images = jnp.where(jnp.broadcast_to(mirrored, images.shape), images[:, :, ::-1], images)
    factors = jax.random.uniform(contrast_key, (count, 1, 1, 1), minval=contrast[0], maxval=contrast[1])
    means = jnp.mean(images, axis=(1, 2), keepdims=True)
    return standardize_images((images - means) * factors + means)


def center_crop(
    images: Float[Array | np.ndarray, "n *sides"], *, size: int = 24
) -> Float[Array, "n size size channels"]:
    """The middle of every image, standardized: what is shown when nothing is left to chance. Traceable.

    Raises:
        ValueError: images that are not [n, height, width, channels], or smaller than the crop.

    Example:
        >>> center_crop(jax.numpy.ones((2, 32, 32, 3))).shape
        (2, 24, 24, 3)

    Source: Yan & Feng, ICLR 2018 submission, section 4.
    """
    images = jnp.asarray(images)
    _check_size(images, size)
    top, left = (images.shape[1] - size) // 2, (images.shape[2] - size) // 2
    return standardize_images(images[:, top : top + size, left : left + size])


def standardize_images(
    images: Float[Array | np.ndarray, "n height width channels"],
) -> Float[Array, "n height width channels"]:
    """Every image with mean 0 and standard deviation 1 over all its values.

        (x − mean) / max(std, 1 / (255 √values))

    Traceable. A constant image becomes zeros: the least deviation is that of one gray level in 255 at one pixel.

    Example:
        >>> standardize_images(jax.numpy.array([0.0, 1.0]).reshape(1, 1, 2, 1)).ravel()
        Array([-1.,  1.], dtype=float32)

    Source: TensorFlow's per_image_standardization, for pixels in [0, 1].
    """
    images = jnp.asarray(images)
    axes = tuple(range(1, images.ndim))
    means = jnp.mean(images, axis=axes, keepdims=True)
    variances = jnp.var(images, axis=axes, keepdims=True)
    # The least variance before the root: the gradient of a constant image is a number too.
    return (images - means) / jnp.sqrt(jnp.maximum(variances, 1 / (255**2 * math.prod(images.shape[1:]))))


def _check_size(images, size):
    if images.ndim != 4 or not 1 <= size <= min(images.shape[1:3]):
        raise ValueError(f"images: found shape {images.shape}, wanted [n, height, width, channels] of at least {size}")
