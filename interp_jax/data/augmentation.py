"""Images for a classifier: cropped, mirrored, with random contrast, and standardized one by one."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import Key, as_count, as_key, as_real, check_number

_LARGE = 2.0**16  # images with larger magnitudes are divided by their largest, so that no square overflows


def augment_images(
    key: Key,
    images: Shaped[Array | np.ndarray, "n *sides"],
    *,
    size: int = 24,
    contrast: Sequence[float] = (0.2, 1.8),
) -> Float[Array, "n size size channels"]:
    """Random crops, mirrored with probability ½, with random contrast, standardized.

        x ← crop(x);  x ← mirror(x) or x;  x ← (x − mean_channel) γ + mean_channel;  standardize_images

    Crop, mirroring and γ, uniform in the range of contrast, are drawn for each image separately. The random
    brightness of the paper is left out: standardizing removes any offset.

    Traceable; a few copies of the batch in memory.

    Args:
        key: a JAX random key.
        images: [n, height, width, channels], pixels in [0, 1]; an image with NaN or infinity in its crop becomes NaN.
        size: height and width of the crops, in pixels.
        contrast: least and greatest factor γ, numbers from 0 to 10,000.

    Returns:
        The crops [n, size, size, channels], for training a classifier, which is tested on those of `center_crop`.

    Raises:
        ValueError: not a random key; images of the wrong shape, empty, or smaller than the crop; a size that is not an
            integer; a contrast that is not two numbers, the least first.

    Example:
        >>> import jax
        >>> augment_images(jax.random.key(0), jax.numpy.ones((2, 32, 32, 3))).shape
        (2, 24, 24, 3)

    Source: Yan & Feng, ICLR 2018 submission, section 4; the CIFAR-10 network of TensorFlow's tutorial.
    """
    key, images, size = as_key(key), _as_images(images), as_count("size", size)
    _check_size(images, size)
    least, greatest = _as_range(contrast)
    count, height, width, channels = images.shape
    corner_key, mirror_key, contrast_key = jax.random.split(key, 3)
    most = jnp.array([height - size + 1, width - size + 1])
    corners = jax.random.randint(corner_key, (count, 2), 0, most[None])

    def crop(image, corner):
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (size, size, channels))

    images = jax.vmap(crop)(images, corners)
    mirrored = jax.random.bernoulli(mirror_key, shape=(count, 1, 1, 1))
    images = jnp.where(jnp.broadcast_to(mirrored, images.shape), images[:, :, ::-1], images)
    factors = jax.random.uniform(contrast_key, (count, 1, 1, 1), minval=least, maxval=greatest)
    means = jnp.mean(images, axis=(1, 2), keepdims=True)
    return standardize_images((images - means) * factors + means)


def center_crop(
    images: Shaped[Array | np.ndarray, "n *sides"], *, size: int = 24
) -> Float[Array, "n size size channels"]:
    """The central crop [n, size, size, channels] of each image, standardized: a classifier's test input.

    Traceable; two copies of the batch in memory.

    Args:
        images: [n, height, width, channels], pixels in [0, 1]; an image with NaN or infinity in its crop becomes NaN.
        size: height and width of the crops, in pixels.

    Raises:
        ValueError: images of the wrong shape, empty, or smaller than the crop; a size that is not an integer.

    Example:
        >>> center_crop(jax.numpy.ones((2, 32, 32, 3))).shape
        (2, 24, 24, 3)

    Source: Yan & Feng, ICLR 2018 submission, section 4.
    """
    images, size = _as_images(images), as_count("size", size)
    _check_size(images, size)
    top, left = (images.shape[1] - size) // 2, (images.shape[2] - size) // 2
    return standardize_images(images[:, top : top + size, left : left + size])


def standardize_images(
    images: Shaped[Array | np.ndarray, "n height width channels"],
) -> Float[Array, "n height width channels"]:
    """Each image scaled to mean 0 and standard deviation 1 over its values.

        (x − mean) / max(std, 1 / (255 √N)),    N values per image

    The floor is the std of one value off by one gray level in 255; a constant image becomes zeros. An image with
    magnitudes above 2¹⁶ is divided by its largest magnitude first.

    Traceable; two copies of the batch in memory.

    Args:
        images: [n, height, width, channels], pixels in [0, 1]; an image with NaN or infinity becomes NaN.

    Raises:
        ValueError: images of the wrong shape, empty, or not real.

    Example:
        >>> standardize_images(jax.numpy.array([0.0, 1.0]).reshape(1, 1, 2, 1)).ravel()
        Array([-1.,  1.], dtype=float32)

    Source: TensorFlow's per_image_standardization, for pixels in [0, 1].
    """
    images = _as_images(images)
    axes = tuple(range(1, images.ndim))
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(images), axis=axes, keepdims=True))
    # In two steps, because the reciprocal of the largest float32 numbers is flushed to 0.
    factor = jnp.where(largest > _LARGE, 1 / 16, 1)
    images = images * factor / jnp.where(largest > _LARGE, largest * factor, 1)
    means = jnp.mean(images, axis=axes, keepdims=True)
    variances = jnp.var(images, axis=axes, keepdims=True)
    # The floor is applied to the variance, so that the gradient of a constant image is finite.
    return (images - means) / jnp.sqrt(jnp.maximum(variances, 1 / (255**2 * math.prod(images.shape[1:]))))


def _as_images(images) -> Float[Array, "n height width channels"]:
    return as_real("images", images, shape=("n", "height", "width", "channels"))


def _check_size(images, size):
    if size > min(images.shape[1:3]):
        height, width = images.shape[1:3]
        raise ValueError(f"size: found {size}, wanted at most the sides of the images, {height} × {width}")


def _as_range(contrast) -> tuple[float, float]:
    wanted = "the least and the greatest factor, two numbers of at least 0"
    if isinstance(contrast, str) or np.ndim(contrast) != 1 or len(contrast) != 2:
        raise ValueError(f"contrast: found {contrast!r}, wanted {wanted}")
    for factor in contrast:
        check_number("contrast", factor, least=0, most=1e4)
    if contrast[0] > contrast[1]:
        raise ValueError(f"contrast: found {tuple(contrast)}, wanted {wanted}")
    return contrast[0], contrast[1]
