"""The layer from which on an image is named rightly, and what it saves to stop where a layer is confident."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 0.99)


def write(study, section) -> None:
    """Shares of the images named rightly for good, by class, and stopping at several thresholds."""
    task, depth = study.task, study.config.depth
    labels, names = task.held_labels, task.class_names
    settled = np.stack([identity.right_for_good(each, labels) for each in study.scores(IDENTITY, depth)])
    layers = np.arange(1, depth + 1)
    by_class = {
        name: np.stack([(each[labels == c][None] <= layers[:, None]).mean(axis=1) for each in settled], axis=1)
        for c, name in enumerate(names)
    }
    section.text(
        "The first layer from which on all layers name an image rightly: what is easy is settled early. To stop there "
        "one would have to know the answer; a network that stops at the first layer whose likeliest class reaches a "
        "threshold does not."
    )
    section.figure(
        "settled_by_class",
        figures.through_layers.shares(
            {name: values.mean(axis=1) for name, values in by_class.items()}, "held-out rows named rightly for good"
        ),
        f"Share of each class's held-out rows that are settled, by layer: mean over {len(settled)} networks of "
        f"{depth} layers.",
    )
    section.table(
        ("class", "settled at the first layer (%)", "by half of the layers (%)", "median layer", "never (%)"),
        [
            (
                name,
                mean_and_spread(100 * by_class[name][0], 1),
                mean_and_spread(100 * by_class[name][depth // 2 - 1], 1),
                mean_and_spread([np.median(each[labels == c]) for each in settled], 1),
                mean_and_spread(100 - 100 * by_class[name][-1], 1),
            )
            for c, name in enumerate(names)
        ],
        "From which layer on held-out rows are named rightly, mean ± standard deviation over the networks.",
    )
    stopped = [_stop(each, labels) for each in study.scores(IDENTITY, depth)]
    accuracy, agreement, cost = (np.stack([each[part] for each in stopped], axis=1) for part in (1, 2, 3))
    section.table(
        ("likelihood to stop at", "layers run (%)", "accuracy (%)", "named as by the last layer (%)"),
        [
            (f"{threshold}", *(mean_and_spread(100 * each[row], 1) for each in (cost, accuracy, agreement)))
            for row, threshold in enumerate((*THRESHOLDS, "never"))
        ],
        "Stopping at the first confident layer, mean ± standard deviation over the networks.",
    )
    section.figure(
        "accuracy_against_cost",
        figures.curves.against(
            cost.mean(axis=1)[:-1],
            {"accuracy, stopping when confident": accuracy[:-1], "named as by the last layer": agreement[:-1]},
            "share of the layers run",
            "share of held-out rows",
            {"accuracy of the last layer": float(accuracy[-1].mean())},
        ),
        "Accuracy against cost, a point a threshold, a dot a network.",
    )
    section.metrics(
        {
            "settled": {name: values.mean(axis=1) for name, values in by_class.items()},
            "histogram": np.stack([np.bincount(each, minlength=depth + 2)[1:] for each in settled]),
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
