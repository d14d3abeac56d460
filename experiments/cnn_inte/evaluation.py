"""Accuracy and fidelity of explanations, and trees over true clusters."""

import numpy as np

from interp_jax.methods import cnn_inte


def accuracy_and_fidelity(explained, labels, predictions) -> tuple[float, float]:
    """The shares of an explanation's predictions that equal the true labels, and the network's predictions."""
    return float(np.mean(explained == labels)), float(np.mean(explained == predictions))


def tree_on(ids, labels, *, refined: bool = True, **options) -> cnn_inte.Tree:
    """A tree over cluster IDs, with its splits refined if asked for."""
    grown = cnn_inte.grow(ids, labels, **options)
    return cnn_inte.refine(grown, ids, labels) if refined else grown
