"""Agreement between selections for a class (Figure 4 of the paper) and overlap between classes."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from interp_jax import figures


class Overlap(NamedTuple):
    """Cores by layer and class."""

    masks: dict[str, dict[str, np.ndarray]]  # [selections, units], one selection or several


def measure(study) -> Overlap:
    """The cores of every class, of some several."""

    def masks(layer, label):
        runs = range(study.config.position_runs if label in study.few else 1)
        return np.stack([study.core(layer, label, run).mask for run in runs])

    return Overlap(study.by_layer("selections", masks))


def show(result: Overlap, page) -> None:
    """The units of several selections, and Jaccard indices of all pairs of classes."""
    for layer, masks in result.masks.items():
        several = {name: runs for name, runs in masks.items() if len(runs) > 1}
        if several:
            page.figure(
                f"positions_{layer}",
                figures.selected_units.positions(several, x_label=f"unit of {layer}"),
                f"{layer}: the units of every selection for a class, each with its own rows and initial gates (as Fig. "
                f"4 of the paper: the same for its networks). {agree(several)}",
            )
        first = np.array([runs[0] for runs in masks.values()])
        matrix = np.array([[jaccard(one, other) for other in first] for one in first])
        page.figure(
            f"overlap_{layer}",
            figures.heatmaps.overlap(matrix, [*masks]),
            f"{layer}: Jaccard index of the first cores of two classes. {first.all(axis=0).sum()} of {first.shape[1]} "
            f"units are in every core, {(~first.any(axis=0)).sum()} in none.",
        )
        metrics = {"jaccard": matrix, "units": {name: runs.sum(axis=1) for name, runs in masks.items()}}
        jaccards, by_chance = ({name: of(runs) for name, runs in several.items()} for of in (agreements, chance))
        page.metrics({layer: metrics | {"selections": {"jaccard": jaccards, "by_chance": by_chance}}})


def agree(several: dict[str, np.ndarray]) -> str:
    """Whether pairs of selections for a class have more units in common than random sets of the same size."""
    shares, less = [], 0
    for name, runs in several.items():
        mean, random = np.mean(agreements(runs)), chance(runs)
        shares.append(f"class {name} {mean:.0%} ({random:.0%})")
        less += random < mean
    return (
        f"Of the units in either of two selections, both have: {', '.join(shares)}; in brackets, random sets of the "
        f"same size, which have less in common for {less} of {len(shares)} classes."
    )


def agreements(runs: np.ndarray) -> list[float]:
    """The Jaccard index of every pair of selections."""
    return [jaccard(*pair) for pair in combinations(runs, 2)]


def chance(runs: np.ndarray) -> float:
    """The Jaccard index of random sets as large as the selections, on average."""
    size = float(runs.sum(axis=1).mean())
    common = size**2 / runs.shape[1]  # units that random sets have in common, on average
    return common / (2 * size - common) if size else 1.0


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """The Jaccard index of two sets of units; 1 for two empty sets."""
    either = (first | second).sum()
    return float((first & second).sum() / either) if either else 1.0
