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
PSEUDO_INVERSE, OTHERS = "pseudo-inverse", "of other classes"
STARTS = {
    USUAL: None,
    PSEUDO_INVERSE: (1.0, False),
    f"{PSEUDO_INVERSE} {OTHERS}": (1.0, True),
    f"{PSEUDO_INVERSE} × 10": (10.0, False),
    f"{PSEUDO_INVERSE} × 10 {OTHERS}": (10.0, True),
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
        levels = losses[USUAL][-1]  # networks of one number have the same first layer and the same order of signals
        reached = {
            name: [first_below(loss, level) for loss, level in zip(each.T, levels, strict=True)]
            for name, each in losses.items()
        }
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
            f"{title}: validation loss after so many epochs, and when each network was first at the loss that the same "
            f"network from the usual start ends with after {config.start_epochs}.",
            note=_verdict(losses, reached),
        )
        section.figure(
            f"starts_{width}",
            figures.curves.against(
                np.arange(1, config.start_epochs + 1), losses, "epoch", "validation loss", log_x=config.start_epochs > 1
            ),
            f"{title}: validation loss from every start.",
        )
        kept = {name: each[shown] for name, each in losses.items()}
        metrics[title] = {"epochs": shown + 1, "loss": kept, "epochs_to_usual": reached}
    section.metrics(metrics)


def _verdict(losses, reached):
    """Whether the pseudo-inverse is faster than the usual start, and than its own weights dealt to other classes."""
    mine = reached[PSEUDO_INVERSE]
    count, usual = len(mine), losses[USUAL]
    sooner = sum(bool(epoch) and epoch < len(usual) for epoch in mine)
    lower = int(np.sum(losses[PSEUDO_INVERSE][-1] < losses[f"{PSEUDO_INVERSE} {OTHERS}"][-1]))
    said = f"From the pseudo-inverse {sooner} of {count} networks are there sooner"
    if sooner:
        said += f", after {np.mean([epoch for epoch in mine if epoch]):.0f} epochs of {len(usual)} on average"
    return f"{said}; {lower} of {count} end lower than with the same weights dealt out to other classes."


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
    """The first epoch, counted from 1, with at most this loss."""
    below = np.flatnonzero(loss <= level)
    return int(below[0]) + 1 if below.size else None
