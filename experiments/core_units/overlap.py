"""Agreement between selections for a class (Figure 4 of the paper), overlap between classes, and strongest inputs."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from interp_jax import figures

SHOWN = 8  # units shown for a class, and inputs for each unit


class Overlap(NamedTuple):
    """By layer and class, masks, and of two classes the units with the largest gates and their strongest inputs."""

    masks: dict[str, dict[str, np.ndarray]]  # [selections, units], one selection or several
    strongest: dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]  # units, images, predicted classes


def measure(study) -> Overlap:
    """The cores of every class, of some several, and the most activating held-out inputs for two classes."""
    masks, strongest = {layer: {} for layer in study.config.layers}, {}
    for layer in study.config.layers:
        for label in study.counted(f"selections, {layer}", study.names):
            runs = range(study.config.position_runs if label in study.few else 1)
            masks[layer][study.names[label]] = np.stack([study.core(layer, label, run).mask for run in runs])
        hidden = study.hidden(layer, held=True)
        activity = np.asarray(hidden.max(axis=tuple(range(1, hidden.ndim - 1))))
        for label, name in [*study.names.items()][:2]:
            core = study.core(layer, label)
            units = np.flatnonzero(core.mask)[np.argsort(-core.gates[core.mask], kind="stable")][:SHOWN]
            rows = np.argsort(-activity[:, units], axis=0, kind="stable")[:SHOWN].T
            predicted = np.array(study.task.class_names)[study.predictions[1][rows]]
            strongest[layer, name] = units, study.task.shown[1][rows], predicted
    return Overlap(masks, strongest)


def show(result: Overlap, page) -> None:
    """The units of several selections, Jaccard indices of all pairs of classes, and the most activating inputs."""
    for layer, masks in result.masks.items():
        several = {name: runs for name, runs in masks.items() if len(runs) > 1}
        agreement = {name: [jaccard(*pair) for pair in combinations(runs, 2)] for name, runs in several.items()}
        sizes = {name: runs.sum(axis=1) for name, runs in several.items()}
        by_chance = {name: chance(several[name].shape[1], each.mean()) for name, each in sizes.items()}
        if several:
            page.figure(
                f"positions_{layer}",
                figures.selected_units.positions(several, x_label=f"unit of {layer}"),
                f"{layer}: the units of every selection for a class, each with its own rows and initial gates (as Fig. "
                f"4 of the paper: the same for its networks). {agree(agreement, by_chance)}",
            )
        first = np.array([runs[0] for runs in masks.values()])
        matrix = np.array([[jaccard(one, other) for other in first] for one in first])
        in_all, in_none = int(first.all(axis=0).sum()), int((~first.any(axis=0)).sum())
        page.figure(
            f"overlap_{layer}",
            figures.heatmaps.overlap(matrix, [*masks]),
            f"{layer}: Jaccard index of the first cores of two classes. {in_all} of {first.shape[1]} units are in "
            f"every core, {in_none} in none.",
        )
        selections = {"jaccard": agreement, "by_chance": by_chance, "units": sizes}
        page.metrics({layer: {"jaccard": matrix, "in_all": in_all, "in_none": in_none, "selections": selections}})
    for place, ((layer, name), (units, images, predicted)) in enumerate(result.strongest.items()):
        if len(units):
            page.figure(
                f"responses_{layer}_{place % 2}",
                figures.images.strongest_inputs(images, units, labels=predicted),
                f"{layer}, class {name}: the core units with the largest gates, and the held-out inputs with the "
                f"greatest activation of each at any position; below, the predicted class, which is {name} for "
                f"{np.mean(predicted == name):.0%}.",
            )


def agree(agreement: dict[str, list[float]], by_chance: dict[str, float]) -> str:
    """Whether pairs of selections for a class have more units in common than random sets of the same size."""
    means = {name: np.mean(each) for name, each in agreement.items()}
    less = sum(by_chance[name] < mean for name, mean in means.items())
    shares = ", ".join(f"class {name} {mean:.0%} ({by_chance[name]:.0%})" for name, mean in means.items())
    return (
        f"Of the units in either of two selections, both have: {shares}; in brackets, random sets of the same size, "
        f"which have less in common for {less} of {len(means)} classes."
    )


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """The Jaccard index of two sets of units; 1 for two empty sets."""
    either = (first | second).sum()
    return float((first & second).sum() / either) if either else 1.0


def chance(units: int, size: float) -> float:
    """The Jaccard index of random sets whose intersection has its expected size."""
    return float(size**2 / units / (2 * size - size**2 / units)) if size else 1.0
