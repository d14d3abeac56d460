"""Weights and averaged activations of the perceptrons (thesis section 3.3)."""

import jax
import numpy as np

from experiments.jump_detection.jump_study import FIRST, POSITIONS
from experiments.study import lane
from interp_jax import figures, methods
from interp_jax.kernels import jumps


def write(study, section) -> None:
    """Figures 3.11, 3.12, 3.14, 3.15 and 3.16."""
    _two_layers(study, section)
    _one_layer(study, section)


def _two_layers(study, section):
    network = lane(study.thesis_fit("2-layer perceptron").network, 0)
    layers = {name: getattr(network, name) for name in ("dense1", "dense2")}
    section.figure(
        "fig_3_11_weights",
        figures.heatmaps.weights({name: (layer.kernel[...], layer.bias[...]) for name, layer in layers.items()}),
        "Weights and biases of the 2-layer perceptron: not much can be read from them, except that inputs outside 21 "
        "to 80, where no jump happens, get small weights (Fig. 3.11).",
    )
    kernel = np.asarray(network.dense1.kernel[...])
    inside = slice(FIRST - 1, POSITIONS[-1])
    section.metrics(
        {
            "first_layer_mean_absolute_weight": {
                "inputs_21_to_80": np.abs(kernel[inside]).mean(),
                "other_inputs": np.abs(np.delete(kernel, np.arange(100)[inside], axis=0)).mean(),
            }
        }
    )
    averages = _averages(study, network, probabilities=True)
    hidden, output = averages["relu1"], averages["probabilities"]
    section.figure(
        "fig_3_12_activations",
        figures.heatmaps.class_averages({"hidden layer (ReLU)": hidden, "output (softmax)": output}, POSITIONS),
        f"Activations averaged over {study.config.averaged_signals} signals of each position. Each hidden unit "
        "responds over a wide, contiguous range of positions; together they code the position, which the output layer "
        "reads out almost perfectly (Fig. 3.12).",
    )
    silent = float(np.mean(hidden.max(axis=0) < 0.01 * hidden.max()))
    section.metrics({"hidden_units_hardly_active": silent})


def _one_layer(study, section):
    network = lane(study.thesis_fit("1-layer perceptron").network, 0)
    kernel = np.asarray(network.dense1.kernel[...])
    averages = _averages(study, network, probabilities=True)
    section.figure(
        "fig_3_14_one_layer",
        figures.heatmaps.weights_and_averages(
            kernel, averages["probabilities"], POSITIONS, titles=("weights", "output (softmax), averaged by class")
        ),
        "The 1-layer network can be read directly: only weights next to a class's own position matter, and the same "
        "pattern repeats along the diagonal (Fig. 3.14).",
    )
    samples = np.arange(1, 101)
    section.figure(
        "fig_3_15_column",
        figures.filters.profiles(samples, {"weights of class 50": kernel[:, 50 - FIRST]}, zero=50),
        "The weights that vote for a jump at 50: negative just before, positive just after. The network has built a "
        "smoothed first derivative by itself (Fig. 3.15).",
    )
    offsets = np.arange(-9, 10)
    taps = np.exp(-0.5 * (offsets / 2.9) ** 2)
    detector = np.asarray(jumps.gaussian_derivative_filters()[:, 50 - FIRST])
    section.figure(
        "fig_3_16_composition",
        figures.filters.composition(
            {
                "Gaussian smoother": (50 + offsets, taps / taps.sum()),
                "first difference": (np.array([49, 50]), np.array([-1.0, 1.0])),
                "Gaussian derivative": (samples[35:64], detector[35:64]),
            },
            x_label="position in the signal",
        ),
        "How signal processing builds the same thing: a Gaussian smoother followed by a first difference (Fig. 3.16).",
    )
    weights = {"Gaussian derivative": jumps.gaussian_derivative_filters(), "optimum": study.optimal_weights.weights}
    section.metrics(
        {
            "agreement_of_one_layer_weights_with": {
                name: methods.filters.agreement(network.dense1.kernel[...], reference)
                for name, reference in weights.items()
            }
        }
    )


def _averages(study, network, probabilities=False):
    """Averaged activations of every stage as NumPy, and of the softmax output."""

    def layers(network, x):
        outputs = network.activations(x)
        if probabilities:
            outputs["probabilities"] = jax.nn.softmax(outputs[network.stage_names[-1]])
        return outputs

    means = methods.averages.layer_averages(
        jax.tree_util.Partial(layers, network), study.balanced.signals, study.balanced.labels, classes=len(POSITIONS)
    )
    return {name: np.asarray(value.means) for name, value in means.items()}
