"""Whether training is faster with an output layer initialized from the pseudo-inverse, as the thesis suggests."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from experiments.bottleneck.bottleneck_study import sizes, title
from experiments.jumps import POSITIONS
from interp_jax import figures, networks
from interp_jax.methods import averages, embedding

CLASSES = len(POSITIONS)
EARLY = 30  # epochs after which losses are compared, and in the end
USUAL, PSEUDO_INVERSE, OTHERS = "default", "pseudo-inverse", "of other classes"
# Scores of the pseudo-inverse differ by less than one; a gain of ten gives the softmax a clear maximum.
STARTS = {
    USUAL: None,
    PSEUDO_INVERSE: (1.0, False),
    f"{PSEUDO_INVERSE} {OTHERS}": (1.0, True),
    f"{PSEUDO_INVERSE} × 10": (10.0, False),
    f"{PSEUDO_INVERSE} × 10 {OTHERS}": (10.0, True),
}


def measure(study) -> dict[int, dict[str, np.ndarray]]:
    """Validation losses [epochs, networks] by initialization, for the narrowest and the widest bottleneck."""
    widths = dict.fromkeys((study.config.widths[0], study.config.widths[-1]))
    return {width: {name: _losses(study, width, name) for name in STARTS} for width in widths}


def _losses(study, width, name):
    shape = sizes("shallow", width)
    usual = partial(networks.perceptron, sizes=shape)
    constructor = partial(_started, study, shape, *STARTS[name]) if STARTS[name] else usual
    options = {"epochs": study.config.start_epochs, "patience": None}
    stored = f"start {list(STARTS).index(name)} of {title('shallow', width)}"
    return study.thesis_fit(stored, constructor, **options).history.validation_loss


def _started(study, shape, gain, others, key):
    network = networks.perceptron(key, shape)
    codes = network.until("relu1")(study.train.signals)
    means = averages.class_means(codes, study.train.labels, classes=CLASSES).means
    layer = embedding.pseudo_inverse(means)
    order = jnp.roll(jnp.arange(CLASSES), CLASSES // 2) if others else jnp.arange(CLASSES)
    network.dense2.kernel[...] = gain * layer.weights[:, order]
    network.dense2.bias[...] = gain * layer.bias[order]
    return network


def show(result: dict[int, dict[str, np.ndarray]], page) -> None:
    """Validation loss with every initialization, for the narrowest and the widest bottleneck."""
    epochs, count = next(iter(result.values()))[USUAL].shape
    page.text(
        "The pseudo-inverse of the class averages of the first layer's codes initializes the output layer; in the "
        "control its weights are assigned to other classes, and × 10 they are ten times as large. "
        f"{count} networks for each, descent for {epochs} epochs."
    )
    for width, losses in result.items():
        name = title("shallow", width)
        layers = f" (100 inputs, {width} hidden units, 60 outputs)" if width == min(result) else ""
        page.finding(f"{name}{layers}: {verdict(losses)}")
        figure = figures.curves.against(np.arange(1, epochs + 1), losses, "epoch", "validation loss", log_x=epochs > 1)
        page.figure(f"starts_{width}", figure, f"{name}: validation loss with every initialization.")
        page.metrics({name: {"final_loss": {start: each[-1] for start, each in losses.items()}}})


def verdict(losses: dict[str, np.ndarray]) -> str:
    """The finding: the pseudo-inverse beside the default, early and in the end, and the same weights misassigned."""
    mine, usual, others = (losses[name] for name in (PSEUDO_INVERSE, USUAL, f"{PSEUDO_INVERSE} {OTHERS}"))
    epochs, count = mine.shape
    early = min(EARLY, epochs) - 1
    means = [f"{each[early].mean():.2f}" for each in (mine, usual)] + [
        f"{each[-1].mean():.2f}" for each in (mine, usual)
    ]
    lower, beyond = np.sum(mine[-1] < usual[-1]), np.sum(mine[-1] < others[-1])
    return (
        f"With an output layer from the pseudo-inverse the mean validation loss after {early + 1} epochs is {means[0]} "
        f"instead of {means[1]} with the default, and after {epochs} epochs {means[2]} and {means[3]}, lower in "
        f"{lower} of {count} networks; it ends lower than with the same weights for other classes in {beyond}."
    )
