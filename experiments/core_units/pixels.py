"""Gates on the pixels of the input, the paper's Figure 5, and gates of single inputs."""

import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units


def write(study, section) -> None:
    """A gate for every pixel, judged on the rows predicted as the class alone, as in the paper."""
    rows = study.rows(held=False)
    shape = rows.shape[1:]
    found = core_units.sweep(
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
    gates = found.gates[:, 0, 0].max(axis=-1)
    names = [study.task.class_names[label] for label in study.classes]
    means = [study.task.shown[study.predictions[0] == label].mean(axis=0) for label in study.classes]
    units, holding = found.units[:, 0, 0], found.holding_rate[:, 0, 0]
    section.figure(
        "pixels",
        figures.images.pixel_gates(dict(zip(names, gates, strict=True)), dict(zip(names, means, strict=True))),
        f"Gates of the pixels after {study.config.pixel_steps} steps with α = {study.config.pixel_alpha:g}, below the "
        "mean image of the rows predicted as the class. "
        + "; ".join(f"{n}: {u} open, {h:.1%} hold" for n, u, h in zip(names, units, holding, strict=True))
        + f", of {np.prod(shape):,}."
        + (" Shown is the most open of a pixel's gates, one for each color." if shape[-1] > 1 else ""),
    )
    blank = int(np.argmax(np.asarray(study.network(np.zeros((1, *shape), np.float32)))[0]))
    section.text(
        "Only rows predicted as the class are judged, as the paper does, so a class that is predicted from a blank "
        f"image needs no pixel at all: here that is {study.task.class_names[blank]}."
    )
    by_class = {"units": dict(zip(names, units, strict=True)), "holding": dict(zip(names, holding, strict=True))}
    section.metrics({"pixels": by_class, "inputs": _inputs(study, section)})


def _inputs(study, section):
    """Units of every layer that single inputs need."""
    count = min(study.config.inputs, len(study.rows(held=True)))
    predictions = study.predictions[1][:count]
    table, metrics = [], {}
    for layer in study.config.layers:
        found = core_units.select_for_inputs(
            study.tail(layer), study.hidden(layer, held=True)[:count], predictions, key=study.key(12)
        )
        table.append(
            (
                layer,
                f"{np.mean(found.units):.1f}",
                f"{np.min(found.units)} to {np.max(found.units)}",
                f"{np.mean(found.gates_units):.1f}",
                f"{np.mean([study.core(layer, label).units for label in study.classes]):.1f}",
            )
        )
        metrics[layer] = {"units": found.units, "gates_units": found.gates_units, "holds": found.holds}
    section.table(
        ("layer", "units, mean", "range", "gates alone", "a whole class, mean"),
        table,
        f"The fewest units found with which single inputs keep their class: {count} held-out inputs, each by itself.",
    )
    return metrics
