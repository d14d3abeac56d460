"""Trained networks on disk."""

from pathlib import Path

import numpy as np
from flax import nnx

from interp_jax.networks.freezing import inference_view
from interp_jax.networks.training.fitting import Fit, History
from interp_jax.networks.training.stored_arrays import filled, named_leaves, restored_tree, save_tree


def save_fit(folder: str | Path, fit: Fit) -> None:
    """Writes what `fit` gave back; the folder appears only when it is complete. Host-level.

    Args:
        folder: a folder that does not exist yet.
        fit: the trained network with its history.

    Raises:
        ValueError: the folder exists.

    Example:
        >>> import jax, tempfile
        >>> from interp_jax import data, networks
        >>> train, net = data.jump_signals(jax.random.key(0), 100), networks.perceptron(jax.random.key(1), (100, 60))
        >>> fitted = networks.fit(net, train.signals, train.labels, key=jax.random.key(2), epochs=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_fit(f"{folder}/fit", fitted)
        ...     load_fit(f"{folder}/fit", net).best_epoch
        array(1, dtype=int32)
    """
    save_tree(
        folder,
        {
            "variables": named_leaves(nnx.to_pure_dict(nnx.state(fit.network))),
            "history": fit.history._asdict(),
            "best_epoch": np.asarray(fit.best_epoch),
        },
    )


def load_fit(folder: str | Path, like: nnx.Module) -> Fit:
    """Reads what `save_fit` wrote. Host-level; example there.

    Args:
        folder: the folder.
        like: a network of the same stages (stacked if the saved one was). Only variables are stored: their values in
            ``like`` do not matter, what has none (an activation function) is taken from it.

    Returns:
        The saved `Fit`, bit for bit.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a folder that holds no fit, or a network whose variables have other names, shapes or dtypes.
    """
    folder = Path(folder).absolute()
    tree = restored_tree(folder)
    try:
        saved, history, best_epoch = tree["variables"], History(**tree["history"]), tree["best_epoch"]
    except Exception as error:
        raise ValueError(f"folder: found no fit in {folder.name}, wanted what save_fit wrote: {error}") from error
    graph, state = nnx.split(like)
    pure = nnx.to_pure_dict(state)
    nnx.replace_by_pure_dict(state, filled(folder, pure, saved))
    network = inference_view(nnx.merge(graph, state))
    return Fit(network, History(*map(np.asarray, history)), np.asarray(best_epoch))
