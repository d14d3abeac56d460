"""Scores as sums over neurons: what is missing, and whether neurons put back change scores in the order of shares."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import spearmanr

from experiments.neuron_contributions.neurons_study import IDENTITY, predicted, shares
from experiments.study import mean_and_spread
from interp_jax import figures


class Split(NamedTuple):
    """By network.

    Attributes:
        missing: [networks] Σ |missing| / Σ |score|.
        biases: [networks] what the biases of all layers sum to, Σ |biases| / Σ |score|.
        order: [networks, rows] Spearman correlation of share and change of the score, over neurons that are not 0.
        mixed: the same with shares assigned to other neurons at random, as a control.
        layers: [networks, layers] the share of each layer's neurons in the score, a mean over rows.
        rows, columns: their numbers.
    """

    missing: np.ndarray
    biases: np.ndarray
    order: np.ndarray
    mixed: np.ndarray
    layers: np.ndarray
    rows: int
    columns: int


def measure(study) -> Split:
    """Shares in the score of the predicted class, and the change of that score with single neurons put back."""
    config, missing, biases, order, mixed, layers = study.config, [], [], [], [], []
    inputs = study.task.held_inputs[: config.rows]
    for number, network in enumerate(study.counted("putting neurons back", study.networks(IDENTITY))):
        target = predicted(network, inputs)
        of = shares(network, inputs, target, config.nodes)
        missing.append(float(of.error))
        biases.append(np.abs(of.biases.sum(axis=0)).sum() / np.abs(of.score).sum())
        layers.append((of.shares.sum(axis=2) / of.score.mean()).mean(axis=1))
        active = np.argwhere(np.any(of.shares != 0, axis=1))
        random = np.random.default_rng([config.seed, number])
        chosen = active[random.choice(len(active), min(config.columns, len(active)), replace=False)]
        change = np.asarray(_changes(network, jnp.asarray(inputs), jnp.asarray(target), jnp.asarray(chosen)))
        share = of.shares[chosen[:, 0], :, chosen[:, 1]]
        order.append([_correlation(*pair) for pair in zip(share.T, change.T, strict=True)])
        mixed.append([_correlation(random.permuted(one), other) for one, other in zip(share.T, change.T, strict=True)])
    return Split(*map(np.array, (missing, biases, order, mixed, layers)), len(inputs), len(chosen))


def _correlation(share, change):
    """Spearman's, over the neurons that are not 0 on this row: all others have share and change 0."""
    there = (share != 0) | (change != 0)
    return spearmanr(share[there], change[there]).statistic


@jax.jit
def _changes(network, inputs, target, neurons):
    """[neurons, rows] how much the score loses if a neuron's outgoing weights in a layer are the identity's."""
    stack, start = network.stack(), network.pad(inputs)
    (kernels, biases), (kernel, _) = stack.parameters, stack.identity

    def score(kernels):
        last = stack._replace(parameters=(kernels, biases)).last(start)[:, -network.classes :]
        return jnp.take_along_axis(last, target[:, None], axis=1)[:, 0]

    def lost(neuron):
        layer, source = neuron
        return score(kernels) - score(kernels.at[layer, source].set(kernel[source]))

    return jax.lax.map(lost, neurons)


def show(result: Split, page) -> None:
    """A table, and shares against changes."""
    page.text(
        "The score of the predicted class is split into the shares of all neurons of all layers: what a neuron "
        "contributes through the difference of its outgoing weights from the identity, an integral over the path of "
        "all weights from the identity to their trained values. Biases have a term of their own. As a check the "
        f"outgoing weights of {result.columns} neurons, one at a time, are put back to the identity."
    )
    page.finding(in_order(result))
    page.table(
        ("network", "Σ |missing| / Σ |score| (%)", "biases (%)", "rank correlation of share and change", "control"),
        [
            (number + 1, f"{100 * lost:.2f}", f"{100 * bias:.1f}", mean_and_spread(order, 3), mean_and_spread(mixed, 3))
            for number, (lost, bias, order, mixed) in enumerate(
                zip(result.missing, result.biases, result.order, result.mixed, strict=True)
            )
        ],
        f"On {result.rows} held-out images; mean ± standard deviation over images of Spearman's correlation over the "
        "neurons that are not 0 on the image; control: shares assigned to neurons at random. Biases: the part of the "
        "score that they contribute, in magnitude.",
    )
    shares = {"neurons of a layer": result.layers.shape[1] * result.layers.T}
    figure = figures.through_layers.shares(
        shares, "part of the score × number of layers", references={"equal shares": 1.0}, percent=False
    )
    page.figure("shares_of_layers", figure, "The share of each layer's neurons in the score: mean and range.")
    page.metrics(result._asdict() | {"order_of_networks": result.order.mean(axis=1)})


def in_order(result: Split) -> str:
    """The finding: whether the split is complete, and whether it predicts interventions on single neurons."""
    missing, order = result.missing.max(), result.order.mean(axis=1)
    whole = f"sum to the score within {missing:.2%}" if missing < 0.01 else f"miss {missing:.1%} of the score"
    well = "in nearly" if order.min() >= 0.9 else "roughly in" if order.min() >= 0.5 else "not in"
    return (
        f"The shares of all neurons {whole}, and putting single neurons back to the identity changes the score {well} "
        f"the order of their shares (rank correlation {order.mean():.2f}, in the worst network {order.min():.2f})."
    )
