"""How an explanation is judged, and trees that take the clusters as known."""

import numpy as np

from interp_jax.methods import cnn_inte


def judged(predicted, truth, network) -> tuple[float, float]:
    """Accuracy and fidelity of predictions."""
    return float(np.mean(predicted == truth)), float(np.mean(predicted == network))


def tree_on(ids, labels, *, refined: bool = True, **options) -> cnn_inte.Tree:
    """A tree over IDs, refined where its splits are sets."""
    grown = cnn_inte.grow(ids, labels, **options)
    return cnn_inte.refine(grown, ids, labels) if refined else grown
