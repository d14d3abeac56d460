"""Gates on the pixels of the input (Figure 5 of the paper), and core units of single inputs."""

import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units


def write(study, section) -> None:
    """A gate for every pixel, evaluated only on rows predicted as the class, as in the paper."""
    rows = study.rows(held=False)
    shape = rows.shape[1:]
    swept = core_units.sweep(
        study.network,
        rows,
        study.predictions[0],
        study.classes,
        key=study.key(11),
        alphas=(study.config.pixel_alpha,),
        repeats=1,
        mask_shape=shape,
        negatives=False,
        steps=study.config.pixel_steps,
    )
    gates = swept.gates[:, 0, 0].max(axis=-1)
    names = [study.task.class_names[label] for label in study.classes]
    means = [study.task.shown[study.predictions[0] == label].mean(axis=0) for label in study.classes]
    units, holding = swept.units[:, 0, 0], swept.holding_rate[:, 0, 0]
    section.figure(
        "pixels",
        figures.images.pixel_gates(dict(zip(names, gates, strict=True)), dict(zip(names, means, strict=True))),
        f"Gates of the pixels after {study.config.pixel_steps} steps with α = {study.config.pixel_alpha:g}, and below "
        "them the mean image of the rows predicted as the class. Number of open gates and holding rate: "
        + "; ".join(f"{n}: {u}, {h:.1%}" for n, u, h in zip(names, units, holding, strict=True))
        + f" (of {np.prod(shape):,} gates)."
        + (" Of the gates of a pixel, one for each color, the largest is shown." if shape[-1] > 1 else ""),
    )
    blank = int(np.argmax(np.asarray(study.network(np.zeros((1, *shape), np.float32)))[0]))
    section.text(
        "As in the paper, the holding rate counts only rows predicted as the class. A class that the network predicts "
        f"for a blank image therefore needs no pixel at all: here that class is {study.task.class_names[blank]}."
    )
    by_class = {"units": dict(zip(names, units, strict=True)), "holding": dict(zip(names, holding, strict=True))}
    section.metrics({"pixels": by_class, "inputs": _inputs(study, section)})


def _inputs(study, section):
    """The smallest sets of units that preserve the predictions for single inputs, in every layer."""
    count = min(study.config.inputs, len(study.rows(held=True)))
    predictions = study.predictions[1][:count]
    table, metrics = [], {}
    for layer in study.config.layers:
        selected = core_units.select_for_inputs(
            study.tail(layer), study.hidden(layer, held=True)[:count], predictions, key=study.key(12)
        )
        table.append(
            (
                layer,
                f"{np.mean(selected.units):.1f}",
                f"{np.min(selected.units)} to {np.max(selected.units)}",
                f"{np.mean(selected.gates_units):.1f}",
                f"{np.mean([study.core(layer, label).units for label in study.classes]):.1f}",
            )
        )
        metrics[layer] = {"units": selected.units, "gates_units": selected.gates_units, "holds": selected.holds}
    section.table(
        ("layer", "units, mean", "range", "gates alone", "a whole class, mean"),
        table,
        f"Smallest sets of units that preserve the predicted class of single inputs, for {count} held-out inputs.",
    )
    return metrics
