"""The roles of clusters as figures and in words."""

import math
from typing import NamedTuple

import numpy as np

from interp_jax import figures

LEAST = 0.1  # weaker correlations are omitted


class Features(NamedTuple):
    """What a role consists of: inputs of this shape, images or prices [items, months], then the named outputs."""

    shape: tuple[int, int]
    images: bool
    outputs: tuple[str, ...]


def draw_roles(roles: np.ndarray, features: Features, titles: list[str], **labels: str):
    """A figure of roles [clusters, features]: images or series, beside bars for the outputs; NaN is gray."""
    count = math.prod(features.shape)
    parts = roles[:, :count].reshape(len(roles), *features.shape), roles[:, count:]
    if features.images:
        return figures.roles.image_roles(*parts, titles=titles, output_names=features.outputs, **labels)
    return figures.roles.series_roles(*parts, titles=titles, item_names=features.outputs, **labels)


def outputs_in_words(values: np.ndarray, names, most: int = 3) -> str:
    r"""The outputs with the strongest positive and negative correlations with a cluster, at most ``most`` of each.

    >>> outputs_in_words(np.array([0.5, -0.3, 0.05, 0.2]), ("0", "1", "2", "3")).replace("\u00a0", " ")
    'raises 0 (+0.50), 3 (+0.20); lowers 1 (−0.30)'
    """
    return _both_signs(values, names, most, "raises", "lowers") or "no output with a notable correlation"


def inputs_in_words(values: np.ndarray, features: Features) -> str:
    r"""The parts of an image, or the month of each item, with the strongest correlations with a cluster.

    >>> image = np.array([[0.4, 0.4, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -0.3]])
    >>> inputs_in_words(image.ravel(), Features(image.shape, True, ())).replace("\u00a0", " ")
    'ink at the top left (+0.40), top center (+0.40); no ink at the bottom right (−0.30)'
    >>> prices = Features((2, 2), False, ("taro", "carrot"))
    >>> inputs_in_words(np.array([0.0, 0.6, -0.5, 0.1]), prices).replace("\u00a0", " ")
    'high taro in month −1 (+0.60); low carrot in month −2 (−0.50)'
    """
    inputs = np.ma.masked_invalid(values[: math.prod(features.shape)]).reshape(features.shape)
    if features.images:
        places = [f"{row} {column}" for row in ("top", "middle", "bottom") for column in ("left", "center", "right")]
        blocks = [block for band in np.array_split(inputs, 3) for block in np.array_split(band, 3, axis=1)]
        means = np.array([np.ma.filled(block.mean(), 0.0) for block in blocks])
        return _both_signs(means, places, 2, "ink at the", "no ink at the") or "no part of the image"
    best = np.argmax(np.abs(inputs.filled(0.0)), axis=1)
    months = [
        f"{item} in month −{features.shape[1] - month}" for item, month in zip(features.outputs, best, strict=True)
    ]
    return _both_signs(inputs[np.arange(len(best)), best], months, 2, "high", "low") or "no month of prices"


def _both_signs(values, names, most, positive, negative):
    parts = []
    for sign, what in ((1, positive), (-1, negative)):
        chosen = [index for index in np.argsort(-sign * values, kind="stable")[:most] if sign * values[index] >= LEAST]
        named = [f"{names[index]}\u00a0({'+' if sign > 0 else '−'}{abs(values[index]):.2f})" for index in chosen]
        parts += [f"{what} {', '.join(named)}"] if named else []
    return "; ".join(parts)
