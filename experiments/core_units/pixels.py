"""Gates on the pixels of the input (Figure 5 of the paper), and core units of single inputs."""

from typing import NamedTuple

import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units


class Pixels(NamedTuple):
    """Gates on pixels by class, and sets of units for single inputs by layer."""

    gates: dict[str, np.ndarray]  # [height, width]
    means: dict[str, np.ndarray]  # the mean image
    units: dict[str, int]  # open gates
    holding: dict[str, float]
    blank: str  # the class that is predicted for a blank image
    inputs: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]  # units, those of the gates, whether it holds
    cores: dict[str, float]  # mean units of the core of a class


def measure(study) -> Pixels:
    """A gate for every pixel, evaluated only on rows predicted as the class, as in the paper; and single inputs."""
    config, task, predictions, names, inputs = study.config, study.task, study.predictions[0], study.names, {}
    options = {"alphas": (config.pixel_alpha,), "repeats": 1, "steps": config.pixel_steps, "negatives": False}
    options |= {"key": study.key(11), "mask_shape": task.inputs.shape[1:]}
    swept = core_units.sweep(study.network, study.spread(task.inputs), predictions, [*names], **options)
    gates, *counts = (each[:, 0, 0] for each in (swept.gates, swept.units, swept.holding_rate))
    means = [task.shown[predictions == label].mean(axis=0) for label in names]
    by_class = (dict(zip(names.values(), column, strict=True)) for column in (gates.max(axis=-1), means, *counts))
    blank = task.class_names[int(np.argmax(study.network(np.zeros_like(task.inputs[:1]))))]
    for layer in config.layers:
        rows = study.hidden(layer, held=True)[: config.inputs], study.predictions[1][: config.inputs]
        selected = core_units.select_for_inputs(study.tail(layer), *rows, key=study.key(12))
        inputs[layer] = selected.units, selected.gates_units, selected.holds
    cores = {layer: float(np.mean([study.core(layer, label).units for label in names])) for layer in inputs}
    return Pixels(*by_class, blank, inputs, cores)


def show(result: Pixels, page) -> None:
    """The gates of all classes, and the sets for single inputs in a sentence."""
    counts = "; ".join(f"{name}: {units}, {result.holding[name]:.1%}" for name, units in result.units.items())
    page.figure(
        "pixels",
        figures.images.pixel_gates(result.gates, result.means),
        "The mean image of the rows predicted as each class, and below it for each pixel the largest gate of its "
        "channels (as Fig. 5 of the paper: the same on MNIST). Number of open gates and holding rate: "
        f"{counts}. {blank_in_words(result) if result.blank in result.units else ''}",
    )
    for layer, (units, *_) in result.inputs.items():
        page.text(
            f"With all other units of {layer} set to zero, the prediction for a single held-out input needs "
            f"{units.mean():.1f} units on average, from {units.min()} to {units.max()} in {len(units)} inputs (0 where "
            "all zeros give the same prediction). The first core of a class, which serves all images, has "
            f"{result.cores[layer]:.1f} on average."
        )
    page.metrics({"units": result.units, "holding": result.holding})


def blank_in_words(result: Pixels) -> str:
    """Whether the class that is predicted for a blank image needs a pixel."""
    needs = "no gate is" if result.units[result.blank] == 0 else f"{result.units[result.blank]} gates are still"
    return (
        "As in the paper, the rate counts only rows predicted as the class. The network predicts class "
        f"{result.blank} for a blank image, so that this class needs no pixel; {needs} open for it."
    )
