"""What nearness to the identity costs convolutional networks in accuracy: a pull of all weights to their start."""

from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.identity_networks import scores_of
from experiments.study import mean_and_spread
from interp_jax import figures, networks
from interp_jax.methods.identity import distance_to_identity, layer_accuracy

STRENGTHS = (0.0, 0.01, 0.1, 1.0)  # per unit of learning rate, as in decoupled weight decay
PATCH = {8: 2, 28: 4}


class Pull(NamedTuple):
    """By strength, [layers, networks] accuracy and distance of the kernels from the identity."""

    accuracy: dict[str, np.ndarray]
    distance: dict[str, np.ndarray]


def measure(study) -> Pull:
    """Networks from the identity, with pulls of several strengths."""
    task, config = study.task, study.config
    side = round(task.inputs.shape[1] ** 0.5)
    shape = side, side, 1
    images, held = (each.reshape(-1, *shape) for each in (task.inputs, task.held_inputs))
    sizes = {"depth": config.conv_depth, "patch": PATCH[side], "classes": len(task.class_names)}
    make = partial(networks.IdentityCNN, shape=shape, **sizes)
    steps = config.conv_epochs * (len(images) // config.minibatch_size)
    accuracy, distance = {}, {}
    for strength in STRENGTHS:
        optimizer = pulled(config.conv_rate, steps, strength)
        options = {"minibatch_size": config.minibatch_size, "epochs": config.conv_epochs, "optimizer": optimizer}
        trained = [
            study.with_seed(seed)
            .fitted(f"pull {strength} {seed}", make, (images, task.labels), seeds=None, **options)
            .network
            for seed in range(config.random_seeds)
        ]
        layers = [layer_accuracy(scores_of(network, held), task.held_labels) for network in trained]
        accuracy[f"{strength:g}"] = np.array(layers).T
        distance[f"{strength:g}"] = np.array([distance_to_identity(each.kernel[...]) for each in trained]).T
    return Pull(accuracy, distance)


@cache
def pulled(rate: float, steps: int, strength: float) -> optax.GradientTransformation:
    """Adam with warm-up and cosine decay, and in every step a pull to the weights of the start."""
    schedule = optax.warmup_cosine_decay_schedule(0.0, rate, max(1, steps // 10), steps, 0.0)

    def update(updates, start, parameters):
        moved = jax.tree.map(lambda change, now, first: change + strength * (now - first), updates, parameters, start)
        return moved, start

    back = optax.GradientTransformation(lambda parameters: jax.tree.map(jnp.copy, parameters), update)
    return optax.chain(optax.scale_by_adam(), back, optax.scale_by_learning_rate(schedule))


def show(result: Pull, page) -> None:
    """A table, and the accuracy of every layer."""
    page.text(
        "All weights of a convolutional network are pulled back to the identity, where they start, in every step, like "
        "weight decay towards it, with several strengths: how near do they remain, and at what cost?"
    )
    page.finding(costs(result))
    page.table(
        ("pull", "mean distance from the identity (%)", "accuracy of the last layer (%)", "best of the first half (%)"),
        [
            (
                strength,
                mean_and_spread(100 * result.distance[strength].mean(axis=0), 1),
                mean_and_spread(100 * each[-1], 1),
                mean_and_spread(100 * each[: len(each) // 2].max(axis=0), 1),
            )
            for strength, each in result.accuracy.items()
        ],
        "Mean ± standard deviation over networks; the distance is relative to the identity's norm.",
    )
    curves = {f"pull {strength}": each for strength, each in result.accuracy.items()}
    figure = figures.through_layers.shares(curves, "accuracy on held-out rows")
    page.figure("pull", figure, "Accuracy of every layer: mean and range.")
    page.metrics({"accuracy": result.accuracy, "distance": result.distance})


def costs(result: Pull) -> str:
    """The finding: how near the identity a network stays, and what that costs."""
    strengths = list(result.accuracy)
    last = {strength: each[-1].mean() for strength, each in result.accuracy.items()}
    near = {strength: each.mean() for strength, each in result.distance.items()}
    free, strong = strengths[0], strengths[-1]
    lost = 100 * (last[free] - last[strong])
    cost = f"costs {lost:.1f} points of accuracy" if lost >= 0.05 else "costs no accuracy"
    return (
        f"Without a pull the kernels of a convolutional network end at a mean distance of {near[free]:.0%} from the "
        f"identity, with the strongest at {near[strong]:.0%}; that {cost} ({last[free]:.1%} and {last[strong]:.1%})."
    )
