"""Training past the best epoch (thesis Fig. 3.9)."""

import jax
import numpy as np

from experiments.jumps import NETWORKS
from interp_jax import figures


def write(study, section) -> None:
    """Figure 3.9 of the thesis."""
    name = "2-layer perceptron"
    fit = study.thesis_fit(
        f"{name} without stopping", NETWORKS[name], seeds=1, epochs=study.config.long_epochs, patience=None
    )
    history, best = jax.tree.map(lambda curve: curve[:, 0], fit.history), int(fit.best_epoch[0])
    perfect = np.flatnonzero(history.error == 0)
    section.figure(
        "fig_3_09_training",
        figures.curves.training(history.loss, history.validation_loss, history.error, history.validation_error, best),
        f"The 2-layer perceptron trained for {len(history.loss):,} epochs. Its training error decreases to "
        f"{history.error[-1]:.1%}; its validation loss is smallest at epoch {best} (in the thesis: 131) and then rises "
        f"(final validation error {history.validation_error[-1]:.1%}). All analyses therefore use the weights of the "
        "best epoch (Fig. 3.9).",
    )
    section.metrics(
        {
            "best_epoch": best,
            "epochs": len(history.loss),
            "first_epoch_without_training_error": int(perfect[0]) + 1 if len(perfect) else None,
            "validation_loss": {"best": history.validation_loss[best - 1], "last": history.validation_loss[-1]},
            "training_loss": {"best": history.loss[best - 1], "last": history.loss[-1]},
        }
    )
