"""Trained networks on disk."""

from pathlib import Path

import numpy as np
import orbax.checkpoint as ocp
from flax import nnx

from interp_jax.networks.fitting import Fit, History
from interp_jax.networks.freezing import inference_view


def save_fit(folder: str | Path, fit: Fit) -> None:
    """Writes what `fit` gave back; the folder appears only when it is complete.

    Args:
        folder: a folder that does not exist yet.
        fit: the trained network with its history.

    Raises:
        ValueError: the folder exists.

    Source: orbax writes to a temporary folder and renames it.
    """
    folder = Path(folder).absolute()
    if folder.exists():
        raise ValueError(f"folder: found {folder.name} already there, wanted a new one")
    tree = {
        "variables": nnx.to_pure_dict(nnx.state(fit.network)),
        "history": fit.history._asdict(),
        "best_epoch": np.asarray(fit.best_epoch),
    }
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder, tree)


def load_fit(folder: str | Path, like: nnx.Module) -> Fit:
    """Reads what `save_fit` wrote.

    Args:
        folder: the folder.
        like: a network of the same stages and shapes (stacked if the saved one was); its values do not matter.

    Returns:
        The saved `Fit`, bit for bit.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a network of other stages or shapes.
    """
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: found no checkpoint at {folder}")
    graph, state = nnx.split(like)
    with ocp.StandardCheckpointer() as checkpointer:
        tree = checkpointer.restore(folder)
    wanted = {path: variable.shape for path, variable in nnx.to_flat_state(state)}
    found = dict(_flat(tree["variables"]))
    if {path: value.shape for path, value in found.items()} != wanted:
        raise ValueError(f"like: found variables {wanted}, wanted those saved in {folder.name}")
    nnx.replace_by_pure_dict(state, tree["variables"])
    history = History(**{name: np.asarray(values) for name, values in tree["history"].items()})
    network = inference_view(nnx.merge(graph, state))
    return Fit(network, history, np.asarray(tree["best_epoch"]))


def _flat(tree, path=()):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, name))
        else:
            yield (*path, name), value
