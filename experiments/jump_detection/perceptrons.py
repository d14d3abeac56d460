"""Weights and averaged activations of the perceptrons (thesis section 3.3)."""

from typing import NamedTuple

import numpy as np

from experiments.jumps import FIRST, POSITIONS
from interp_jax import figures, methods
from interp_jax.kernels import jumps

HIDDEN, OUTPUT = "hidden layer (ReLU)", "output (softmax)"
SAMPLES, AT = np.arange(1, 101), 50


class Perceptrons(NamedTuple):
    """One network of two layers and one of a single layer, and averages by class."""

    layers: dict[str, tuple[np.ndarray, np.ndarray]]  # kernel and bias
    averages: dict[str, np.ndarray]  # [classes, units]
    kernel: np.ndarray  # [100, classes], of the single layer
    output: np.ndarray  # [classes, classes], its averaged probabilities
    agreement: dict[str, float]  # of the single layer with other detectors


def measure(study) -> Perceptrons:
    """Weights, and activations averaged by class."""
    two, one = (study.lanes(study.thesis_fit(f"{number}-layer perceptron"))[0] for number in (2, 1))
    averages, kernel = study.averages(two), one.dense1.kernel[...]
    detectors = {"Gaussian derivative": jumps.gaussian_derivative_filters(), "optimum": study.optimal_weights.weights}
    return Perceptrons(
        {name: (getattr(two, name).kernel[...], getattr(two, name).bias[...]) for name in ("dense1", "dense2")},
        {HIDDEN: averages["relu1"], OUTPUT: averages["probabilities"]},
        kernel,
        study.averages(one)["probabilities"],
        {name: float(methods.filters.agreement(kernel, each)) for name, each in detectors.items()},
    )


def show(result: Perceptrons, page) -> None:
    """Figures 3.11, 3.12, 3.14 and 3.15 of the thesis."""
    page.text(
        "Weights and outputs of two trained networks: the 2-layer perceptron, whose hidden units are read by their "
        "mean activation at each jump position, and the 1-layer perceptron."
    )
    sizes, inside = np.abs(result.layers["dense1"][0]).mean(axis=1), np.isin(SAMPLES, POSITIONS)
    size = {"inputs 21 to 80": sizes[inside].mean(), "other inputs": sizes[~inside].mean()}
    page.figure(
        "fig_3_11_weights",
        figures.heatmaps.weights(result.layers),
        "Weights and biases of the 2-layer perceptron (Fig. 3.11 of the thesis). Mean |weight| of the first layer: "
        f"{', '.join(f'{value:.3f} at {name}' for name, value in size.items())}; jumps are at 21 to 80.",
    )
    hidden = result.averages[HIDDEN]
    silent, correct = np.mean(hidden.max(axis=0) < 0.01 * hidden.max()), np.diag(result.averages[OUTPUT]).mean()
    page.figure(
        "fig_3_12_activations",
        figures.heatmaps.class_averages(result.averages, POSITIONS),
        f"Average activations by jump position (Fig. 3.12): {silent:.0%} of the hidden units are below 1% of the "
        f"maximum at all positions, and the mean probability of the correct position is {correct:.0%}.",
    )
    near = np.abs(SAMPLES[:, None] - POSITIONS[None, :]) <= 5
    share = float(np.sum(result.kernel**2 * near) / np.sum(result.kernel**2))
    page.finding(single_layer(share, result.agreement))
    figure = figures.heatmaps.weights_and_averages(result.kernel, result.output, POSITIONS)
    page.figure("fig_3_14_one_layer", figure, "Weights of the 1-layer network, and its mean probabilities (Fig. 3.14).")
    column = result.kernel[:, AT - FIRST]
    figure = figures.filters.profiles(SAMPLES, {f"weights of class {AT}": column}, zero=AT)
    page.figure("fig_3_15_column", figure, f"Weights of the class with a jump at {AT} (Fig. 3.15).")
    page.metrics({"first_layer_mean_absolute_weight": size, "hidden_units_hardly_active": silent})
    page.metrics({"share_of_squared_weight_within_five_samples": share})
    page.metrics({"agreement_of_one_layer_weights_with": result.agreement})


def single_layer(share: float, agreement: dict[str, float]) -> str:
    """The finding: whether the single layer is local, and what it resembles more, classical detector or optimum."""
    classical, optimum = agreement.values()
    local, more = "are" if share > 0.5 else "are not", "more" if classical > optimum else "no more"
    return (
        f"The weights of the 1-layer network {local} local: {share:.0%} of the sum of their squares lies within five "
        f"samples of the jump. They agree {more} with the classical detector (correlation {classical:.2f}) than with "
        f"the optimum ({optimum:.2f})."
    )
