"""What several studies read from the roles of clusters: signs of their effects, and the season in them."""

import numpy as np

from interp_jax.methods import ablation
from interp_jax.methods.hierarchy import Hierarchy

YEAR = 12  # months
STRONG = 0.1  # weaker correlations predict no sign
ABLATIONS = {"mean_ablation": "mean ablation", "resample": "resample ablation"}


def as_predicted_by_roles(
    segments, tree: Hierarchy, rows: np.ndarray, resolutions, key
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """By ablation, the share of signs as predicted, NaN without any change; and the roles with the effects measured.

    All clusters of the given resolutions, and all outputs with which one has a strong correlation.
    """
    masks = np.concatenate([members(tree.expand(tree.cut(c), -1)) for c in resolutions])
    roles = np.concatenate([tree.roles(c)[:, -tree.outputs :] for c in resolutions])
    measured = ablation.module_effects(segments, rows, masks, tree.expand(tree.signs, 0), key=key)
    effects = {"roles": roles} | {name: np.asarray(getattr(measured, name)) for name in ABLATIONS}
    shares = {}
    for name in ABLATIONS:
        clear = (np.abs(roles) >= STRONG) & (effects[name] != 0)
        agreeing = np.sign(roles[clear]) == np.sign(effects[name][clear])
        shares[name] = float(np.mean(agreeing)) if clear.any() else np.nan
    return shares, effects


def members(labels: np.ndarray) -> np.ndarray:
    """Masks [clusters, units] of the units of each cluster."""
    return labels[None, :] == np.arange(labels.max() + 1)[:, None]


def month_names(items, months: int) -> list[str]:
    """The names of inputs [items, months], the last month last: ``taro −1``."""
    return [f"{item} −{month}" for item in items for month in range(months, 0, -1)]


def by_season(months: np.ndarray) -> tuple[float, float]:
    """Of correlations [items, months], the share that is the same in all months of an item, and that of the season.

    The shares of the sum of squares: of each item's mean, and of the means of the same month in all years, less the
    item's mean. What is left differs from year to year.
    """
    years = months.shape[1] // YEAR
    whole = months[:, months.shape[1] - years * YEAR :] if years else months
    total = np.sum(whole**2)
    if not years or not total:
        return np.nan, np.nan
    mean = whole.mean(axis=1, keepdims=True)
    by_month = whole.reshape(len(whole), years, YEAR).mean(axis=1) - mean
    return float(whole.shape[1] * np.sum(mean**2) / total), float(years * np.sum(by_month**2) / total)
