"""Which units are chosen, run after run: the paper's Figure 4."""

from itertools import combinations

import numpy as np

from interp_jax import figures


def write(study, section) -> None:
    """Positions of the units over the runs of some classes, and how far two runs agree."""
    labels = [label for label in study.config.joint_classes if label in study.classes] or list(study.classes[:3])
    metrics = {}
    for layer in study.config.layers:
        bar = study.progress.task(f"positions, {layer}", len(labels) * study.config.position_runs)
        masks = {}
        for label in labels:
            found = []
            for run in range(study.config.position_runs):
                found.append(study.core(layer, label, run).mask)
                bar.advance()
            masks[study.task.class_names[label]] = np.stack(found)
        bar.finish()
        agreement = {name: [jaccard(*pair) for pair in combinations(runs, 2)] for name, runs in masks.items()}
        chance = {name: _chance(study.units(layer), runs.sum(axis=1).mean()) for name, runs in masks.items()}
        said = "; ".join(
            f"class {name}: {np.mean(values):.2f} (random sets of the same size: {chance[name]:.2f})"
            for name, values in agreement.items()
            if values
        )
        section.figure(
            f"positions_{layer}",
            figures.selected_units.positions(masks, x_label=f"unit of {layer}"),
            f"{layer}: the units of {study.config.position_runs} selections of a class. "
            + (f"Jaccard index of two of them, mean: {said}." if said else ""),
        )
        metrics[layer] = {"jaccard": agreement, "by_chance": chance, "units": {n: m.sum(1) for n, m in masks.items()}}
    section.metrics(metrics)


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Units in both sets, as a share of those in either; 1 for two empty sets."""
    either = (first | second).sum()
    return float((first & second).sum() / either) if either else 1.0


def _chance(units, size):
    """The Jaccard index of random sets, with the intersection at its mean."""
    return float(size**2 / units / (2 * size - size**2 / units)) if size else 1.0
