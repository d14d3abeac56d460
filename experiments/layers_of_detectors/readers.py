"""Affine readers of a hidden layer: of the learned output layer, and of layers that take its place."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from experiments.jumps import FIRST, POSITIONS
from interp_jax import networks
from interp_jax.methods.averages import class_means
from interp_jax.methods.embedding import pseudo_inverse

READERS = LEARNED, FRESH, NEAREST, DISCRIMINANT, INVERSE = (
    "learned layer", "fresh layer", "nearest class mean", "linear discriminant", "pseudo-inverse",
)  # fmt: skip
RIDGE = 1e-3  # of the mean variance within classes, so that silent units do no harm


def last_hidden(network, signals):
    """The activations [signals, units] that a network's output layer reads."""
    return network.until(network.stage_names[-2])(signals)


def read(study, network, stored: str) -> dict[str, tuple[float, float]]:
    """By reader, the mean |error| on test signals, and the share of them with the learned layer's answer."""
    hidden = {name: last_hidden(network, each.signals) for name, each in rows(study).items()}
    fit = study.fitted(
        f"fresh output, {stored}",
        partial(networks.perceptron, sizes=(hidden["train"].shape[1], len(POSITIONS))),
        (hidden["train"], study.train.labels),
        validation=(hidden["validation"], study.validation.labels),
        seeds=None,
        epochs=study.config.epochs,
        patience=study.config.patience,
        optimizer=study.descent,
    )
    own, fresh = (each.stages[each.stage_names[-1]] for each in (network, fit.network))
    means = class_means(hidden["train"], study.train.labels, classes=len(POSITIONS)).means
    layers = {
        LEARNED: (own.kernel[...], own.bias[...]),
        FRESH: (fresh.kernel[...], fresh.bias[...]),
        NEAREST: nearest(means),
        DISCRIMINANT: discriminant(hidden["train"], study.train.labels, means),
        INVERSE: tuple(pseudo_inverse(means)),
    }
    answers = {
        name: FIRST + jnp.argmax(jnp.matmul(hidden["test"], kernel, precision="highest") + bias[None], axis=1)
        for name, (kernel, bias) in layers.items()
    }
    return {
        name: (float(study.errors(each).l1), float(jnp.mean(each == answers[LEARNED])))
        for name, each in answers.items()
    }


def rows(study) -> dict:
    """The three sets of signals."""
    return {"train": study.train, "validation": study.validation, "test": study.test}


def nearest(means):
    """Weights [units, classes] and bias of the affine map whose largest score is that of the nearest mean."""
    means = jnp.asarray(means)
    return means.T, -jnp.sum(means**2, axis=1) / 2


def discriminant(hidden, labels, means):
    """The same for distances in units of the spread within classes, which all classes share."""
    deviations = np.asarray(hidden, np.float64) - np.asarray(means, np.float64)[np.asarray(labels)]
    within = deviations.T @ deviations / len(deviations)
    within += RIDGE * max(np.trace(within) / len(within), 1e-12) * np.eye(len(within))
    weights = np.linalg.solve(within, np.asarray(means, np.float64).T)
    return jnp.asarray(weights, jnp.float32), jnp.asarray(
        -np.sum(weights * np.asarray(means).T, axis=0) / 2, jnp.float32
    )
