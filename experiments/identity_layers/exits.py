"""The prediction depth of images, and early exit at a confident layer."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 0.99)
SURE = THRESHOLDS.index(0.9)  # of the finding


class Exits(NamedTuple):
    """Prediction depths, and early exit at every threshold and at none, [thresholds + 1, networks]."""

    cumulative: dict[str, np.ndarray]  # by class, the share of rows up to a prediction depth, [layers, networks]
    accuracy: np.ndarray
    agreement: np.ndarray
    cost: np.ndarray


def measure(study) -> Exits:
    """Prediction depths of the held-out rows, and early exit, for the networks initialized at the identity."""
    depth, labels = study.config.depth, study.task.held_labels
    scores = study.scores(IDENTITY, depth)
    depths = np.stack([identity.prediction_depth(each, labels) for each in scores])
    up_to = depths[..., None] <= np.arange(1, depth + 1)  # [networks, rows, layers]
    cumulative = {name: up_to[:, labels == c].mean(axis=1).T for c, name in enumerate(study.task.class_names)}
    limits = jnp.array([*THRESHOLDS, 2.0])  # no probability reaches 2
    stop = jax.jit(lambda scores: identity.stop_when_confident(jax.nn.softmax(scores), labels, limits))
    stopped = zip(*(stop(each)[1:] for each in scores), strict=True)
    return Exits(cumulative, *(np.stack(each, axis=1) for each in stopped))


def show(result: Exits, page) -> None:
    """The prediction depth by class, and early exit at several thresholds."""
    page.text(
        "The prediction depth of an image is the first layer from which all layers classify it correctly. Early exit "
        "stops the network at the first layer at which the probability of the most likely class reaches a threshold."
    )
    page.finding(early_exit(result))
    shares = {name: each.mean(axis=1) for name, each in result.cumulative.items()}
    figure = figures.through_layers.shares(shares, "held-out rows up to this prediction depth")
    figure.axes[0].set_ylim(bottom=np.floor(10 * min(each.min() for each in shares.values())) / 10)
    page.figure(
        "prediction_depth_by_class",
        figure,
        "Rows of each class with at most this prediction depth, mean over networks.",
    )
    columns = result.cost, result.accuracy, result.agreement
    page.table(
        ("threshold", "layers computed (%)", "accuracy (%)", "agreement with the last layer (%)"),
        [
            (f"{threshold}", *(mean_and_spread(100 * each[row], 1) for each in columns))
            for row, threshold in enumerate((*THRESHOLDS, "never"))
        ],
        "Early exit at the first confident layer, mean ± standard deviation over the networks.",
    )
    page.metrics(result._asdict() | {"cumulative": shares, "thresholds": THRESHOLDS})


def early_exit(result: Exits) -> str:
    """The finding: what early exit saves and costs."""
    cost, stopped, last = (each.mean() for each in (result.cost[SURE], result.accuracy[SURE], result.accuracy[-1]))
    lost = 100 * (last - stopped)
    loses = f"loses {lost:.1f} points of" if lost >= 0.05 else "does not lower the"
    return (
        f"Stopping every image at the first layer that is at least {THRESHOLDS[SURE]:.0%} confident computes "
        f"{cost:.0%} of the layers and {loses} accuracy ({stopped:.1%} against {last:.1%})."
    )
