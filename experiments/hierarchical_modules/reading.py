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


def outputs_in_words(values: np.ndarray, names, most: int = 2) -> str:
    r"""The outputs with the strongest positive and negative correlations with a cluster, at most ``most`` of each.

    >>> outputs_in_words(np.array([0.5, -0.3, 0.05, 0.2]), ("0", "1", "2", "3")).replace("\u00a0", " ")
    'raises 0 (+0.50), 3 (+0.20); lowers 1 (−0.30)'
    """
    parts = []
    for sign, verb in ((1, "raises"), (-1, "lowers")):
        chosen = [index for index in np.argsort(-sign * values, kind="stable")[:most] if sign * values[index] >= LEAST]
        named = [f"{names[index]}\u00a0({values[index]:+.2f})".replace("-", "−") for index in chosen]
        parts += [f"{verb} {', '.join(named)}"] if named else []
    return "; ".join(parts) or "affects no output"
