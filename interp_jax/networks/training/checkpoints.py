"""Trained networks on disk."""

from pathlib import Path

import numpy as np
from flax import nnx

from interp_jax._checks import describe
from interp_jax.networks.freezing import inference_view
from interp_jax.networks.training._input import check_folder
from interp_jax.networks.training.fitting import Fit, History
from interp_jax.networks.training.stored_arrays import filled, named_arrays, restored_tree, save_tree


def save_fit(folder: str | Path, fit: Fit) -> None:
    """Writes a trained network and its history to a new folder, which appears only when it is complete.

    Host-level.

    Args:
        folder: a folder that does not exist yet.
        fit: what `fit` or `fit_fresh` returned.

    Raises:
        ValueError: the folder exists.
        TypeError: fit that is not a `Fit`.

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
    check_folder("folder", folder)
    if not isinstance(fit, Fit):
        raise TypeError(f"fit: found {describe(fit)}, wanted what networks.fit returned")
    variables = named_arrays("fit", nnx.to_pure_dict(nnx.state(fit.network)))
    tree = {"variables": variables, "history": fit.history._asdict(), "best_epoch": np.asarray(fit.best_epoch)}
    save_tree(folder, tree)


def load_fit(folder: str | Path, like: nnx.Module) -> Fit:
    """The `Fit` that `save_fit` wrote, bit for bit.

    Host-level. Its variables are on the default device, wherever they were saved.

    Args:
        folder: the folder.
        like: a network with the same stages (a stack if the saved one was). Its variables are replaced; what is not
            stored, such as activation functions, is taken from it.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a folder that holds no fit, or a network whose variables have other names, shapes or types.
        TypeError: like that is not an NNX module.

    Example:
        >>> import jax, tempfile
        >>> from interp_jax import networks
        >>> net, x = networks.perceptron(jax.random.key(0), (3, 2)), np.eye(3, dtype=np.float32)
        >>> fitted = networks.fit(net, x, [0, 1, 1], key=jax.random.key(1), minibatch_size=3, epochs=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_fit(f"{folder}/fit", fitted)
        ...     load_fit(f"{folder}/fit", net).history.loss.shape
        (2,)
    """
    if not isinstance(like, nnx.Module):
        raise TypeError(f"like: found {describe(like)}, wanted a Chain or another NNX module")
    check_folder("folder", folder)
    graph, state = nnx.split(like)
    absent = f"no fit in {Path(folder).name}, wanted what save_fit wrote"
    tree = restored_tree(folder, "variables", named_arrays("like", nnx.to_pure_dict(state)), absent)
    try:
        history, best_epoch = History(**tree["history"]), tree["best_epoch"]
        epochs, *lanes = history.loss.shape
        fits = all(each.shape == (epochs, *lanes) for each in history) and list(best_epoch.shape) == lanes
        if not fits or best_epoch.dtype.kind not in "iu" or not np.all((best_epoch >= 0) & (best_epoch <= epochs)):
            raise ValueError(f"{describe(history.loss)} as loss and {describe(best_epoch)} as best epoch")
    except Exception as error:
        raise ValueError(f"folder: found {absent}: {error}") from error
    nnx.replace_by_pure_dict(state, filled(nnx.to_pure_dict(state), tree["variables"]))
    return Fit(inference_view(nnx.merge(graph, state)), History(*map(np.asarray, history)), np.asarray(best_epoch))
