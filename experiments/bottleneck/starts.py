"""Whether training is faster with an output layer initialized from the pseudo-inverse, as the thesis suggests."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.bottleneck.bottleneck_study import sizes
from experiments.jumps import POSITIONS
from experiments.study import mean_and_spread
from interp_jax import figures, networks
from interp_jax.methods import averages, embedding

CLASSES = len(POSITIONS)
USUAL = "default"
# Scores of the pseudo-inverse differ by less than one; a gain of ten gives the softmax a clear maximum.
PSEUDO_INVERSE, OTHERS = "pseudo-inverse", "of other classes"
STARTS = {
    USUAL: None,
    PSEUDO_INVERSE: (1.0, False),
    f"{PSEUDO_INVERSE} {OTHERS}": (1.0, True),
    f"{PSEUDO_INVERSE} × 10": (10.0, False),
    f"{PSEUDO_INVERSE} × 10 {OTHERS}": (10.0, True),
}


class Starts(NamedTuple):
    """Validation losses [epochs, networks] by width of the bottleneck and initialization."""

    losses: dict[int, dict[str, np.ndarray]]


def measure(study) -> Starts:
    """The losses with every initialization, for the narrowest and the widest bottleneck."""
    widths = dict.fromkeys((study.config.widths[0], study.config.widths[-1]))
    return Starts({width: {name: _losses(study, width, name, how) for name, how in STARTS.items()} for width in widths})


def show(result: Starts, page) -> None:
    """Validation loss with every initialization, for the narrowest and the widest bottleneck."""
    epochs, networks = next(iter(result.losses.values()))[USUAL].shape
    page.text(
        "The first layer has the default initialization. The class averages of its codes for the training signals are "
        "the points whose pseudo-inverse initializes the output layer. In the control the same weights are assigned to "
        f"other classes. {networks} networks for each initialization, gradient descent for {epochs} epochs."
    )
    metrics = {}
    for width, losses in result.losses.items():
        reached = epochs_to_default(losses)
        shown = np.unique([0, min(4, epochs - 1), epochs // 2, epochs - 1])
        title = "-".join(map(str, sizes("shallow", width)))
        page.finding(f"{title}: {verdict(losses)}")
        page.table(
            ("initialization", *(f"epoch {epoch + 1}" for epoch in shown), "epochs to the final loss of the default"),
            [
                (
                    name,
                    *(mean_and_spread(each[epoch]) for epoch in shown),
                    ", ".join(f"{epoch}" if epoch else "–" for epoch in reached[name]),
                )
                for name, each in losses.items()
            ],
            f"{title}: validation loss after several epochs, and the first epoch at which each network reaches the "
            f"final loss (after {epochs} epochs) of the same network with the default initialization.",
            note=verdict(losses),
        )
        page.figure(
            f"starts_{width}",
            figures.curves.against(np.arange(1, epochs + 1), losses, "epoch", "validation loss", log_x=epochs > 1),
            f"{title}: validation loss with every initialization.",
        )
        loss = {name: each[shown] for name, each in losses.items()}
        metrics[title] = {"epochs": shown + 1, "loss": loss, "epochs_to_default": reached}
    page.metrics(metrics)


def epochs_to_default(losses: dict[str, np.ndarray]) -> dict[str, list[int | None]]:
    """By initialization, the first epoch at which each network is at the final loss of the default one."""
    levels = losses[USUAL][-1]  # networks of the same seed have the same first layer and order of signals
    return {
        name: [first_below(loss, level) for loss, level in zip(each.T, levels, strict=True)]
        for name, each in losses.items()
    }


def verdict(losses: dict[str, np.ndarray]) -> str:
    """A comparison of the pseudo-inverse with the default, and with the same weights for other classes."""
    mine = epochs_to_default(losses)[PSEUDO_INVERSE]
    count, epochs = len(mine), len(losses[USUAL])
    sooner = sum(bool(epoch) and epoch < epochs for epoch in mine)
    lower = int(np.sum(losses[PSEUDO_INVERSE][-1] < losses[f"{PSEUDO_INVERSE} {OTHERS}"][-1]))
    summary = f"With the pseudo-inverse {sooner} of {count} networks reach this loss earlier"
    if sooner:
        summary += f", after {np.mean([epoch for epoch in mine if epoch]):.0f} of {epochs} epochs on average"
    return f"{summary}; {lower} of {count} have a lower final loss than with the same weights for other classes."


def _losses(study, width, name, how):
    shape = sizes("shallow", width)
    constructor = partial(networks.perceptron, sizes=shape) if how is None else partial(_started, study, shape, *how)
    fit = study.thesis_fit(
        f"start {list(STARTS).index(name)} of {'-'.join(map(str, shape))}",
        constructor,
        epochs=study.config.start_epochs,
        patience=None,
    )
    return np.asarray(fit.history.validation_loss)


def _started(study, shape, gain, others, key):
    network = networks.perceptron(key, shape)
    codes = network.until("relu1")(study.train.signals)
    means = averages.class_means(codes, study.train.labels, classes=CLASSES).means
    layer = embedding.pseudo_inverse(means)
    order = jnp.roll(jnp.arange(CLASSES), CLASSES // 2) if others else jnp.arange(CLASSES)
    network.dense2.kernel[...] = gain * layer.weights[:, order]
    network.dense2.bias[...] = gain * layer.bias[order]
    return network


def first_below(loss, level) -> int | None:
    """The first epoch, counted from 1, with at most this loss, or None."""
    below = np.flatnonzero(loss <= level)
    return int(below[0]) + 1 if below.size else None
