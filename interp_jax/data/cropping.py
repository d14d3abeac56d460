"""Images cropped to their drawn part and resized."""

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, Number, as_count, as_numpy, check_number, describe

# Pixels processed at a time: about 50 MB of scratch memory.
_BATCH_PIXELS = 2**21
_MOST_PIXELS = 2**14


def crop_and_resize(
    images: Given[ArrayLike, "n height width *channels"], size: Count = 14, *, threshold: Number = 0.0
) -> Float32[np.ndarray, "n size size"]:
    """The drawn part of every image, cropped out of its blank margins and stretched to size × size.

        out[i, j] = mean of the crop over [i·h/size, (i + 1)·h/size] × [j·w/size, (j + 1)·w/size]

    for a crop of h × w pixels, each a unit square: exact area averaging when shrinking, and the same rule when
    enlarging. The aspect ratio is not kept. The drawing's position in its frame does not matter.

    Host-level; n·size·size·4 bytes for the result, about 50 MB of scratch; 70,000 images of 28 × 28 take a second.

    Args:
        images: [n, height, width] or [n, height, width, 1] of finite numbers.
        size: edge of the result, in pixels, at most 16,384.
        threshold: a row or column whose pixels are all at most this is blank; blank margins are cut on all four
            sides, blank rows and columns inside the drawing stay.

    Returns:
        float32 [n, size, size] in the range of the input; zeros for an image that is entirely blank.

    Raises:
        ValueError: no images, the wrong shape, NaN, infinity or numbers beyond float32; a size that is not an integer
            in this range; a threshold that is not finite.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 9, 9))
        >>> image[0, 1:5, 3:5] = 1
        >>> image[0, 1:3, 3:5] = 3
        >>> crop_and_resize(image, 2)
        array([[[3., 3.], [1., 1.]]], dtype=float32)

    Source: Watanabe 2018, section 4.1 (margins cut, then resized to 14 × 14); the interpolation is not printed.
    """
    images = as_numpy("images", images)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or images.size == 0:
        raise ValueError(f"images: found {describe(images)}, wanted [n, height, width] or [n, height, width, 1]")
    size = as_count("size", size, most=_MOST_PIXELS)
    check_number("threshold", threshold)
    # Half-precision pixels are compared as float32, others as they are: a float64 just above the threshold is drawn.
    images = images.astype(np.float32) if images.dtype.itemsize == 2 and images.dtype.kind == "f" else images
    result = np.empty((len(images), size, size), np.float32)
    batch = max(1, _BATCH_PIXELS // (max(size, images.shape[1]) * max(size, images.shape[2])))
    for start in range(0, len(images), batch):
        drawn = images[start : start + batch] > float(threshold)
        with np.errstate(over="ignore"):
            pixels = images[start : start + batch].astype(np.float32)
        if not np.isfinite(pixels).all():
            place = f"images {start} to {start + len(pixels) - 1}"
            raise ValueError(
                f"images: found NaN, infinity or more than float32 holds in {place}, wanted finite numbers"
            )
        down = _area_weights(drawn.any(axis=2), size)
        across = _area_weights(drawn.any(axis=1), size)
        result[start : start + batch] = down @ pixels @ across.transpose(0, 2, 1)
    return result


def _area_weights(drawn, size: int) -> Float32[np.ndarray, "n size pixels"]:
    """The share of each pixel in each of ``size`` equal cells laid from a line's first to its last drawn pixel."""
    pixels = drawn.shape[1]
    first = drawn.argmax(axis=1)
    # A blank line has length 0, and so all its weights are 0.
    length = np.where(drawn.any(axis=1), pixels - drawn[:, ::-1].argmax(axis=1) - first, 0)
    # In units of 1/size of a pixel all edges are integers, so overlaps are exact and independent of the frame.
    pixel = (np.arange(pixels) - first[:, None])[:, None, :] * size
    cell = np.arange(size)[:, None] * length[:, None, None]
    overlap = np.minimum(pixel + size, cell + length[:, None, None]) - np.maximum(pixel, cell)
    return np.maximum(overlap, 0).astype(np.float32) / np.maximum(length, 1).astype(np.float32)[:, None, None]
