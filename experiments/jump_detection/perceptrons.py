"""Weights and averaged activations of the perceptrons (thesis section 3.3)."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.jumps import FIRST, NETWORKS, POSITIONS
from experiments.study import lane
from interp_jax import figures, methods
from interp_jax.kernels import jumps

HIDDEN, OUTPUT = "hidden layer (ReLU)", "output (softmax)"
SAMPLES, OFFSETS, AT = np.arange(1, 101), np.arange(-9, 10), 50


class Perceptrons(NamedTuple):
    """One network of two layers and one of a single layer, averages by class, and two detectors' filters."""

    layers: dict[str, tuple[np.ndarray, np.ndarray]]  # kernel and bias
    untrained: float  # mean |weight| of the first layer
    averages: dict[str, np.ndarray]  # [classes, units]
    averaged_signals: int
    kernel: np.ndarray  # [100, classes], of the single layer
    output: np.ndarray  # [classes, classes], its averaged probabilities
    agreement: dict[str, float]  # of the single layer with other detectors
    smoother: np.ndarray  # [19]
    detector: np.ndarray  # [100], the classical detector's filter for a jump at AT


def measure(study) -> Perceptrons:
    """Weights, and activations averaged by class."""
    two, one = (lane(study.thesis_fit(f"{number}-layer perceptron").network, 0) for number in (2, 1))
    start = study.stacked(NETWORKS["2-layer perceptron"], 1)[0].dense1.kernel[...]
    averages, kernel = _averages(study, two), one.dense1.kernel[...]
    detector = jumps.gaussian_derivative_filters()
    weights = {"Gaussian derivative": detector, "optimum": study.optimal_weights.weights}
    return Perceptrons(
        {name: (getattr(two, name).kernel[...], getattr(two, name).bias[...]) for name in ("dense1", "dense2")},
        float(np.abs(np.asarray(start)).mean()),
        {HIDDEN: averages["relu1"], OUTPUT: averages["probabilities"]},
        study.config.averaged_signals,
        kernel,
        _averages(study, one)["probabilities"],
        {name: methods.filters.agreement(kernel, reference) for name, reference in weights.items()},
        jumps.gaussian_smoother(),
        detector[:, AT - FIRST],
    )


def _averages(study, network):
    """Class averages of the activations of every stage and of the softmax output."""

    def layers(network, x):
        outputs = network.activations(x)
        return outputs | {"probabilities": jax.nn.softmax(outputs[network.stage_names[-1]])}

    means = methods.averages.layer_averages(
        jax.tree_util.Partial(layers, network), study.balanced.signals, study.balanced.labels, classes=len(POSITIONS)
    )
    return {name: value.means for name, value in means.items()}


def show(result: Perceptrons, page) -> None:
    """Figures 3.11, 3.12, 3.14, 3.15 and 3.16 of the thesis."""
    _show_two_layers(result, page)
    _show_one_layer(result, page)


def _show_two_layers(result, page):
    sizes, inside = np.abs(result.layers["dense1"][0]).mean(axis=1), np.isin(SAMPLES, POSITIONS)
    size = {"inputs 21 to 80": sizes[inside].mean(), "other inputs": sizes[~inside].mean()}
    size |= {"before training": result.untrained}
    page.figure(
        "fig_3_11_weights",
        figures.heatmaps.weights(result.layers),
        "Weights and biases of the 2-layer perceptron (Fig. 3.11 of the thesis). Mean |weight| of the first layer: "
        f"{', '.join(f'{name} {value:.3f}' for name, value in size.items())}; jumps are at 21 to 80.",
    )
    hidden = result.averages[HIDDEN]
    silent = float(np.mean(hidden.max(axis=0) < 0.01 * hidden.max()))
    correct = float(np.diag(result.averages[OUTPUT]).mean())
    page.figure(
        "fig_3_12_activations",
        figures.heatmaps.class_averages(result.averages, POSITIONS),
        f"Activations averaged over {result.averaged_signals} signals of each position: {silent:.0%} of the hidden "
        "units are below 1 % of the maximum at all positions, and the mean probability of the correct position is "
        f"{correct:.0%} (Fig. 3.12 of the thesis).",
    )
    page.metrics({"first_layer_mean_absolute_weight": size, "hidden_units_hardly_active": silent})
    page.metrics({"mean_probability_of_the_correct_class": correct})


def _show_one_layer(result, page):
    near = np.abs(SAMPLES[:, None] - POSITIONS[None, :]) <= 5
    share = float(np.sum(result.kernel**2 * near) / np.sum(result.kernel**2))
    page.finding(single_layer(share, result.agreement))
    titles = ("weights", f"{OUTPUT}, averaged by class")
    page.figure(
        "fig_3_14_one_layer",
        figures.heatmaps.weights_and_averages(result.kernel, result.output, POSITIONS, titles=titles),
        f"Weights of the 1-layer network (Fig. 3.14 of the thesis). {single_layer(share, result.agreement)}",
    )
    column = result.kernel[:, AT - FIRST]
    page.figure(
        "fig_3_15_column",
        figures.filters.profiles(SAMPLES, {f"weights of class {AT}": column}, zero=AT),
        f"Weights of the class with a jump at {AT}: {column[AT - 2]:.2f} at the sample before the jump, "
        f"{column[AT - 1]:.2f} at the first after it (Fig. 3.15 of the thesis).",
    )
    parts = {
        "Gaussian smoother": (AT + OFFSETS, result.smoother),
        "first difference": (np.array([AT - 1, AT]), np.array([-1.0, 1.0])),
        "Gaussian derivative": (SAMPLES[35:64], result.detector[35:64]),
    }
    page.figure(
        "fig_3_16_composition",
        figures.filters.composition(parts, x_label="position in the signal"),
        "The classical detector: a Gaussian smoother followed by a first difference (Fig. 3.16 of the thesis).",
    )
    page.metrics({"share_of_squared_weight_within_five_samples": share})
    page.metrics({"agreement_of_one_layer_weights_with": result.agreement})


def single_layer(share: float, agreement: dict[str, float]) -> str:
    """The finding: whether the single layer is local, and what it resembles more, classical detector or optimum."""
    classical, optimum = (float(value) for value in agreement.values())
    local, more = "are" if share > 0.5 else "are not", "more" if classical > optimum else "no more"
    return (
        f"The weights of the 1-layer network {local} local: {share:.0%} of their squares is within five samples of the "
        f"jump. They agree {more} with the classical detector (correlation {classical:.2f}) than with the optimum "
        f"({optimum:.2f})."
    )
