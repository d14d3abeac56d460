"""Overlap between the cores of different classes, and the inputs that activate their units most."""

import numpy as np

from experiments.core_units.positions import jaccard
from interp_jax import figures

STRONGEST = 8  # inputs shown for each unit
SHOWN = 8  # units shown for each class


def write(study, section) -> None:
    """Jaccard indices of all pairs of classes, and the most activating inputs of core units of two classes."""
    metrics = {}
    names = [study.task.class_names[label] for label in study.classes]
    for layer in study.config.layers:
        masks = [study.core(layer, label).mask for label in study.classes]
        matrix = np.array([[jaccard(first, second) for second in masks] for first in masks])
        in_all, in_none = np.all(masks, axis=0).sum(), (~np.any(masks, axis=0)).sum()
        section.figure(
            f"overlap_{layer}",
            figures.heatmaps.overlap(matrix, names),
            f"{layer}: Jaccard index of the cores of two classes. {in_all} of {len(masks[0])} units are in every "
            f"core, {in_none} in none.",
        )
        for label in study.classes[:2]:
            _responses(study, section, layer, label)
        metrics[layer] = {"jaccard": matrix, "in_all": int(in_all), "in_none": int(in_none)}
    section.metrics(metrics)


def _responses(study, section, layer, label):
    core = study.core(layer, label)
    if not core.units:
        return
    hidden = study.hidden(layer, held=True)
    places = tuple(range(1, hidden.ndim - 1))
    activity = np.asarray(hidden.max(axis=places) if places else hidden)
    shown = np.flatnonzero(core.mask)[np.argsort(-core.gates[core.mask], kind="stable")][:SHOWN]
    strongest = np.argsort(-activity[:, shown], axis=0, kind="stable")[:STRONGEST].T
    labels = np.array(study.task.class_names)[study.predictions[1][strongest]]
    images = study.task.shown_held[strongest]
    name = study.task.class_names[label]
    share = np.mean(study.predictions[1][strongest] == label)
    section.figure(
        f"responses_{layer}_{label}",
        figures.images.strongest_inputs(images, shown, labels=labels),
        f"{layer}, class {name}: the core units with the largest gates, and the held-out inputs with the greatest "
        f"activation of each at any position (below: the predicted class). {share:.0%} of these inputs are predicted "
        f"as {name}.",
    )
