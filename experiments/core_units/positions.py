"""Agreement between independent selections for a class: Figure 4 of the paper."""

from itertools import combinations

import numpy as np

from interp_jax import figures


def write(study, section) -> None:
    """The units of several selections for some classes, and the Jaccard index of pairs of selections."""
    labels = [label for label in study.config.joint_classes if label in study.classes] or list(study.classes[:3])
    metrics = {}
    for layer in study.config.layers:
        bar = study.progress.task(f"positions, {layer}", len(labels) * study.config.position_runs)
        masks = {}
        for label in labels:
            runs = []
            for run in range(study.config.position_runs):
                runs.append(study.core(layer, label, run).mask)
                bar.advance()
            masks[study.task.class_names[label]] = np.stack(runs)
        bar.finish()
        agreement = {name: [jaccard(*pair) for pair in combinations(runs, 2)] for name, runs in masks.items()}
        chance = {name: _chance(study.units(layer), runs.sum(axis=1).mean()) for name, runs in masks.items()}
        means = "; ".join(
            f"class {name}: {np.mean(values):.2f} (random sets of the same size: {chance[name]:.2f})"
            for name, values in agreement.items()
            if values
        )
        section.figure(
            f"positions_{layer}",
            figures.selected_units.positions(masks, x_label=f"unit of {layer}"),
            f"{layer}: the units of {study.config.position_runs} selections for a class. "
            + (f"Mean Jaccard index of two selections: {means}." if means else ""),
        )
        metrics[layer] = {"jaccard": agreement, "by_chance": chance, "units": {n: m.sum(1) for n, m in masks.items()}}
    section.metrics(metrics)


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """The Jaccard index of two sets of units; 1 for two empty sets."""
    either = (first | second).sum()
    return float((first & second).sum() / either) if either else 1.0


def _chance(units, size):
    """The Jaccard index of random sets whose intersection has its expected size."""
    return float(size**2 / units / (2 * size - size**2 / units)) if size else 1.0
