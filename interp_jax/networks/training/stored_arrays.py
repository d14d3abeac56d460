"""Arrays on disk, in any pytree."""

import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp


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
    named = named_leaves(tree)
    if len(named) < len(jax.tree.leaves(tree)):
        raise ValueError("tree: found two arrays whose paths read alike, wanted names without dots")
    empty = [name for name, array in named.items() if not np.size(array)]
    if empty:  # orbax waits minutes before it fails
        raise ValueError(f"tree: found arrays without entries, {', '.join(empty)}, wanted at least one number in each")
    save_tree(folder, {"arrays": named})


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
    saved = restored_tree(folder).get("arrays")
    if saved is None:
        raise ValueError(f"folder: found no arrays in {folder.name}, wanted what save_arrays wrote")
    return filled(folder, like, saved)


def save_tree(folder, tree) -> None:
    """Writes a pytree as orbax takes it; the folder appears only when it is complete."""
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


def restored_tree(folder: Path):
    """What `save_tree` wrote, as nested dicts."""
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: found no checkpoint at {folder}")
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            return checkpointer.restore(folder)
    except Exception as error:
        raise ValueError(f"folder: found nothing that can be read in {folder.name}: {error}") from error


def filled(folder: Path, like, saved: dict):
    """The saved arrays by name in the structure of ``like``, once their names, shapes and dtypes agree."""
    found, wanted = _described(named_leaves(like)), _described(saved)
    if found != wanted:
        differing = sorted(found.items() ^ wanted.items())
        raise ValueError(f"like: found other variables than those saved in {folder.name}: {differing}")
    return jax.tree.unflatten(jax.tree.structure(like), [saved[name] for name in named_leaves(like)])


def named_leaves(tree) -> dict:
    """Every array of a pytree by its path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def _described(variables: dict) -> dict:
    return {name: f"{value.dtype} {value.shape}" for name, value in variables.items()}
