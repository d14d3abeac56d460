"""Training past the best epoch (thesis Fig. 3.9)."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.jumps import NETWORKS
from interp_jax import figures
from interp_jax.networks import History

NAME = "2-layer perceptron"


class Overfitting(NamedTuple):
    """The curves [epochs] of a network trained without stopping, and its epoch of smallest validation loss."""

    history: History
    best_epoch: int


def measure(study) -> Overfitting:
    """A training of the 2-layer perceptron for very many epochs."""
    options = {"seeds": 1, "epochs": study.config.long_epochs, "patience": None}
    fit = study.thesis_fit(f"{NAME} without stopping", NETWORKS[NAME], **options)
    return Overfitting(jax.tree.map(lambda curve: np.asarray(curve[:, 0]), fit.history), int(fit.best_epoch[0]))


def show(result: Overfitting, page) -> None:
    """Figure 3.9 of the thesis."""
    history, best = result
    page.finding(past_the_best(result))
    page.figure(
        "fig_3_09_training",
        figures.curves.training(history.loss, history.validation_loss, history.error, history.validation_error, best),
        f"Loss and error of a {NAME} (Fig. 3.9 of the thesis, where the validation loss is smallest at epoch 131). "
        f"{past_the_best(result)} All analyses use the weights of the best epoch.",
    )
    perfect = np.flatnonzero(history.error == 0)
    losses = {"validation_loss": history.validation_loss, "training_loss": history.loss}
    page.metrics(
        {
            "best_epoch": best,
            "epochs": len(history.loss),
            "first_epoch_without_training_error": int(perfect[0]) + 1 if len(perfect) else None,
            **{name: {"best": loss[best - 1], "last": loss[-1]} for name, loss in losses.items()},
        }
    )


def past_the_best(result: Overfitting) -> str:
    """The finding: what training past the smallest validation loss does."""
    history, best = result
    least, last = history.validation_loss[[best - 1, -1]]
    change = f"rises from {least:.2f} (epoch {best}) to" if last > least else "does not rise: it ends at its minimum,"
    return (
        f"When a {NAME} is trained for {len(history.loss):,} epochs, its validation loss {change} {last:.2f}, with a "
        f"training error of {history.error[-1]:.1%} and a validation error of {history.validation_error[-1]:.1%}."
    )
