"""Weights and averaged activations of the perceptrons (thesis section 3.3)."""

import jax
import numpy as np

from experiments.jumps import FIRST, NETWORKS, POSITIONS
from experiments.study import lane
from interp_jax import figures, methods
from interp_jax.kernels import jumps


def write(study, section) -> None:
    """Figures 3.11, 3.12, 3.14, 3.15 and 3.16 of the thesis."""
    _two_layers(study, section)
    _one_layer(study, section)


def _two_layers(study, section):
    network = lane(study.thesis_fit("2-layer perceptron").network, 0)
    layers = {name: getattr(network, name) for name in ("dense1", "dense2")}
    start = study.stacked(NETWORKS["2-layer perceptron"], 1)[0].dense1.kernel[...]
    sizes = np.abs(np.asarray(network.dense1.kernel[...])).mean(axis=1)
    inside = np.isin(np.arange(1, 101), POSITIONS)
    size = {
        "inputs 21 to 80": sizes[inside].mean(),
        "other inputs": sizes[~inside].mean(),
        "before training": float(np.abs(np.asarray(start)).mean()),
    }
    section.figure(
        "fig_3_11_weights",
        figures.heatmaps.weights({name: (layer.kernel[...], layer.bias[...]) for name, layer in layers.items()}),
        "Weights and biases of the 2-layer perceptron. Only the weights of inputs 21 to 80, the positions of jumps, "
        f"have grown: mean |weight| {size['inputs 21 to 80']:.3f}, for the other inputs {size['other inputs']:.3f}, "
        f"before training {size['before training']:.3f} (Fig. 3.11).",
    )
    section.metrics({"first_layer_mean_absolute_weight": size})
    averages = _averages(study, network)
    hidden, output = averages["relu1"], averages["probabilities"]
    silent = float(np.mean(hidden.max(axis=0) < 0.01 * hidden.max()))
    correct = float(np.diag(output).mean())
    section.figure(
        "fig_3_12_activations",
        figures.heatmaps.class_averages({"hidden layer (ReLU)": hidden, "output (softmax)": output}, POSITIONS),
        f"Activations averaged over {study.config.averaged_signals} signals of each position. Most hidden units change "
        f"slowly with the position and are active over wide ranges of it; {silent:.0%} of them have an average below "
        "1 % of the maximum at all positions. The output layer combines all of them: the mean probability of the "
        f"correct position is {correct:.0%} (Fig. 3.12).",
    )
    section.metrics({"hidden_units_hardly_active": silent, "mean_probability_of_the_correct_class": correct})


def _one_layer(study, section):
    network = lane(study.thesis_fit("1-layer perceptron").network, 0)
    kernel = np.asarray(network.dense1.kernel[...])
    averages = _averages(study, network)
    near = np.abs(np.arange(1, 101)[:, None] - POSITIONS[None, :]) <= 5
    share = float(np.sum(kernel**2 * near) / np.sum(kernel**2))
    section.figure(
        "fig_3_14_one_layer",
        figures.heatmaps.weights_and_averages(
            kernel, averages["probabilities"], POSITIONS, titles=("weights", "output (softmax), averaged by class")
        ),
        f"Weights of the 1-layer network: {share:.0%} of the sum of squares lies within five samples of the position "
        "of the class, and the same pattern repeats along the diagonal (Fig. 3.14).",
    )
    section.metrics({"share_of_squared_weight_within_five_samples": share})
    samples = np.arange(1, 101)
    section.figure(
        "fig_3_15_column",
        figures.filters.profiles(samples, {"weights of class 50": kernel[:, 50 - FIRST]}, zero=50),
        "Weights of the class with a jump at 50: negative just before, positive just after it. The network has learned "
        "a smoothed first derivative (Fig. 3.15).",
    )
    offsets = np.arange(-9, 10)
    detector = np.asarray(jumps.gaussian_derivative_filters()[:, 50 - FIRST])
    section.figure(
        "fig_3_16_composition",
        figures.filters.composition(
            {
                "Gaussian smoother": (50 + offsets, jumps.gaussian_smoother()),
                "first difference": (np.array([49, 50]), np.array([-1.0, 1.0])),
                "Gaussian derivative": (samples[35:64], detector[35:64]),
            },
            x_label="position in the signal",
        ),
        "The corresponding filter in signal processing: a Gaussian smoother followed by a first difference (Fig. "
        "3.16).",
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


def _averages(study, network):
    """Class averages of the activations of every stage and of the softmax output."""

    def layers(network, x):
        outputs = network.activations(x)
        return outputs | {"probabilities": jax.nn.softmax(outputs[network.stage_names[-1]])}

    means = methods.averages.layer_averages(
        jax.tree_util.Partial(layers, network), study.balanced.signals, study.balanced.labels, classes=len(POSITIONS)
    )
    return {name: np.asarray(value.means) for name, value in means.items()}
