"""The prediction depth of images, and early exit at a confident layer."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 0.99)


def write(study, section) -> None:
    """Distributions of the prediction depth by class, and early exit at several thresholds."""
    task, depth = study.task, study.config.depth
    labels, names = task.held_labels, task.class_names
    depths = np.stack([identity.prediction_depth(each, labels) for each in study.scores(IDENTITY, depth)])
    layers = np.arange(1, depth + 1)
    by_class = {
        name: np.stack([(each[labels == c][None] <= layers[:, None]).mean(axis=1) for each in depths], axis=1)
        for c, name in enumerate(names)
    }
    section.text(
        "The prediction depth of an image is the first layer from which all layers classify it correctly; it is small "
        "for easy images. It depends on the true class. Early exit does not: the network stops at the first layer at "
        "which the probability of the most likely class reaches a threshold."
    )
    section.figure(
        "prediction_depth_by_class",
        figures.through_layers.shares(
            {name: values.mean(axis=1) for name, values in by_class.items()},
            "held-out rows up to this prediction depth",
        ),
        f"Share of the held-out rows of each class whose prediction depth is at most the layer: mean over "
        f"{len(depths)} networks of {depth} layers.",
    )
    section.table(
        ("class", "depth 1 (%)", "first half of the layers (%)", "median depth", "misclassified by the last layer (%)"),
        [
            (
                name,
                mean_and_spread(100 * by_class[name][0], 1),
                mean_and_spread(100 * by_class[name][depth // 2 - 1], 1),
                mean_and_spread([np.median(each[labels == c]) for each in depths], 1),
                mean_and_spread(100 - 100 * by_class[name][-1], 1),
            )
            for c, name in enumerate(names)
        ],
        "Prediction depth of held-out rows, mean ± standard deviation over the networks.",
    )
    stopped = [_stop(each, labels) for each in study.scores(IDENTITY, depth)]
    accuracy, agreement, cost = (np.stack([each[part] for each in stopped], axis=1) for part in (1, 2, 3))
    section.table(
        ("threshold", "layers computed (%)", "accuracy (%)", "agreement with the last layer (%)"),
        [
            (f"{threshold}", *(mean_and_spread(100 * each[row], 1) for each in (cost, accuracy, agreement)))
            for row, threshold in enumerate((*THRESHOLDS, "never"))
        ],
        "Early exit at the first confident layer, mean ± standard deviation over the networks.",
    )
    section.figure(
        "accuracy_against_cost",
        figures.curves.against(
            cost.mean(axis=1)[:-1],
            {"accuracy with early exit": accuracy[:-1], "agreement with the last layer": agreement[:-1]},
            "share of the layers computed",
            "share of held-out rows",
            {"accuracy of the last layer": float(accuracy[-1].mean())},
        ),
        "Accuracy against cost: one point for each threshold, one dot for each network.",
    )
    section.metrics(
        {
            "cumulative_prediction_depth": {name: values.mean(axis=1) for name, values in by_class.items()},
            "histogram": np.stack([np.bincount(each, minlength=depth + 2)[1:] for each in depths]),
            "thresholds": THRESHOLDS,
            "accuracy": accuracy,
            "agreement": agreement,
            "cost": cost,
        }
    )


@jax.jit
def _stop(scores, labels):
    never = jnp.array([2.0])
    return identity.stop_when_confident(jax.nn.softmax(scores), labels, jnp.concatenate([jnp.array(THRESHOLDS), never]))
