"""Whether an output layer that starts from the pseudo-inverse trains faster, which the thesis suggests only."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from experiments.bottleneck.bottleneck_study import sizes
from experiments.jump_detection.jump_study import POSITIONS
from experiments.study import mean_and_spread
from interp_jax import figures, networks
from interp_jax.methods import averages, embedding

CLASSES = len(POSITIONS)
USUAL = "usual start"
# The pseudo-inverse's scores differ by less than one; ten times as much makes a softmax take notice.
STARTS = {
    USUAL: None,
    "pseudo-inverse": (1.0, False),
    "pseudo-inverse × 10": (10.0, False),
    "× 10, of other classes": (10.0, True),
}


def write(study, section) -> None:
    """Validation loss from every start, for the narrowest and the widest bottleneck."""
    config = study.config
    section.text(
        "The first layer starts as usual; the average codes that it gives the training signals of every class are the "
        "points whose pseudo-inverse the output layer starts from. As control the same weights are dealt out to other "
        f"classes. {config.seeds} networks from each start, plain descent for {config.start_epochs} epochs."
    )
    metrics = {}
    for width in dict.fromkeys((config.widths[0], config.widths[-1])):
        losses = {name: _losses(study, width, name, how) for name, how in STARTS.items()}
        level = losses[USUAL][-1].mean()
        reached = {name: [_first_below(loss, level) for loss in each.T] for name, each in losses.items()}
        shown = np.unique([0, min(4, config.start_epochs - 1), config.start_epochs // 2, config.start_epochs - 1])
        title = "-".join(map(str, sizes("shallow", width)))
        section.table(
            ("start", *(f"after {epoch + 1}" for epoch in shown), "epochs to the usual start's last loss"),
            [
                (
                    name,
                    *(mean_and_spread(each[epoch]) for epoch in shown),
                    ", ".join(f"{epochs}" if epochs else "–" for epochs in reached[name]),
                )
                for name, each in losses.items()
            ],
            f"{title}: validation loss after so many epochs, and when each network first was below the mean loss that "
            f"the usual start ends with after {config.start_epochs}.",
        )
        section.figure(
            f"starts_{width}",
            figures.curves.against(
                np.arange(1, config.start_epochs + 1), losses, "epoch", "validation loss", log_x=config.start_epochs > 1
            ),
            f"{title}: validation loss from every start.",
        )
        metrics[title] = {"loss": losses, "epochs_to_usual": reached}
    section.metrics(metrics)


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


def _first_below(loss, level):
    below = np.flatnonzero(loss <= level)
    return int(below[0]) + 1 if below.size else None
