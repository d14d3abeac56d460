"""Trained networks and other arrays on disk."""

import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from flax import nnx

from interp_jax.networks.fitting import Fit, History
from interp_jax.networks.freezing import inference_view


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
    _save(
        folder,
        {
            "variables": _named(nnx.to_pure_dict(nnx.state(fit.network))),
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
    tree = _restored(folder)
    try:
        saved, history, best_epoch = tree["variables"], History(**tree["history"]), tree["best_epoch"]
    except Exception as error:
        raise ValueError(f"folder: found no fit in {folder.name}, wanted what save_fit wrote: {error}") from error
    graph, state = nnx.split(like)
    pure = nnx.to_pure_dict(state)
    nnx.replace_by_pure_dict(state, _filled(folder, pure, saved))
    network = inference_view(nnx.merge(graph, state))
    return Fit(network, History(*map(np.asarray, history)), np.asarray(best_epoch))


def save_arrays(folder: str | Path, tree: Any) -> None:
    """Writes any pytree of arrays (an LNN, a result); the folder appears only when it is complete. Host-level.

    Args:
        folder: a folder that does not exist yet.
        tree: arrays in tuples, lists, dicts, NamedTuples or other pytrees.

    Raises:
        ValueError: the folder exists, an array is empty, or a name with a dot makes two paths alike.

    Example:
        >>> import jax, tempfile
        >>> from interp_jax.networks import lnn
        >>> network = lnn.init(jax.random.key(0), (4, 3, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_arrays(f"{folder}/network", network)
        ...     load_arrays(f"{folder}/network", jax.eval_shape(lambda: network)).weights[1].shape
        (3, 2)
    """
    tree = jax.tree.map(lambda leaf: leaf if hasattr(leaf, "dtype") else np.asarray(leaf), tree)
    named = _named(tree)
    if len(named) < len(jax.tree.leaves(tree)):
        raise ValueError("tree: found two arrays whose paths read alike, wanted names without dots")
    empty = [name for name, array in named.items() if not np.size(array)]
    if empty:  # orbax waits minutes before it fails
        raise ValueError(f"tree: found arrays without entries, {', '.join(empty)}, wanted at least one number in each")
    _save(folder, {"arrays": named})


def load_arrays(folder: str | Path, like: Any) -> Any:
    """Reads what `save_arrays` wrote. Host-level; example there.

    Args:
        folder: the folder.
        like: a pytree of the same structure, of arrays or shapes (``jax.eval_shape``).

    Returns:
        The saved arrays in the structure of ``like``, bit for bit.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a folder that holds no arrays, or a structure whose arrays have other names, shapes or dtypes.
    """
    folder = Path(folder).absolute()
    saved = _restored(folder).get("arrays")
    if saved is None:
        raise ValueError(f"folder: found no arrays in {folder.name}, wanted what save_arrays wrote")
    return _filled(folder, like, saved)


def _save(folder, tree):
    folder = Path(folder).absolute()
    if folder.exists():
        raise ValueError(f"folder: found {folder.name} already there, wanted a new one")
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(folder, tree)
    except BaseException:  # KeyboardInterrupt too: orbax leaves its temporary folder behind
        for leftover in folder.parent.glob(f"{folder.name}.orbax-checkpoint-tmp*"):
            shutil.rmtree(leftover, ignore_errors=True)
        raise


def _restored(folder):
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: found no checkpoint at {folder}")
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            return checkpointer.restore(folder)
    except Exception as error:
        raise ValueError(f"folder: found nothing that can be read in {folder.name}: {error}") from error


def _filled(folder, like, saved):
    found, wanted = _described(_named(like)), _described(saved)
    if found != wanted:
        differing = sorted(found.items() ^ wanted.items())
        raise ValueError(f"like: found other variables than those saved in {folder.name}: {differing}")
    return jax.tree.unflatten(jax.tree.structure(like), [saved[name] for name in _named(like)])


def _named(tree) -> dict:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def _described(variables: dict) -> dict:
    return {name: f"{value.dtype} {value.shape}" for name, value in variables.items()}
