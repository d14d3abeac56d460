"""Pytrees of arrays on disk."""

import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import Array

from interp_jax._checks import describe, is_traced
from interp_jax.networks.training._input import check_folder

# NumPy's types that no file format of orbax holds.
_LONG = (np.longdouble, np.clongdouble) if np.dtype(np.longdouble).itemsize > 8 else ()


def save_arrays(folder: str | Path, tree: Any) -> None:
    """Writes a pytree of arrays to a new folder with orbax; the folder appears only when it is complete.

    Host-level.

    Args:
        folder: a folder that does not exist yet.
        tree: arrays and numbers in tuples, lists, dicts, NamedTuples or other pytrees, e.g. an `LNN`. Complex numbers,
            NaN and infinity are stored as they are.

    Raises:
        ValueError: the folder exists, there are no arrays, a leaf is not a numeric array (long doubles are refused) or
            is empty, or two paths coincide because a name has a dot.

    Example:
        >>> import jax, tempfile
        >>> from interp_jax.networks import lnn
        >>> network = lnn.init(jax.random.key(0), (4, 3, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_arrays(f"{folder}/network", network)
        ...     load_arrays(f"{folder}/network", jax.eval_shape(lambda: network)).weights[1].shape
        (3, 2)
    """
    check_folder("folder", folder)
    arrays = named_arrays("tree", tree)
    if not arrays:
        raise ValueError(f"tree: found {describe(tree)}, wanted at least one array")
    empty = [name for name, array in arrays.items() if not array.size]
    if empty:  # orbax waits minutes before it fails
        raise ValueError(f"tree: found arrays without entries, {', '.join(empty)}, wanted at least one number in each")
    save_tree(folder, {"arrays": arrays})


def load_arrays(folder: str | Path, like: Any) -> Any:
    """The arrays that `save_arrays` wrote, bit for bit, in the structure of ``like``.

    Host-level. JAX arrays are restored on the default device, wherever they were saved, others as NumPy arrays.

    Args:
        folder: the folder.
        like: a pytree of the same structure, of arrays, numbers or shapes (``jax.eval_shape``); its values, even NaN,
            are ignored.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a folder that holds no arrays, or a structure whose arrays have other names, shapes or types.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_arrays(f"{folder}/rates", {"rate": 1.5})
        ...     load_arrays(f"{folder}/rates", {"rate": 0.0})
        {'rate': array(1.5)}
    """
    saved = restored_tree(folder).get("arrays")
    if saved is None:
        raise ValueError(f"folder: found no arrays in {Path(folder).name}, wanted what save_arrays wrote")
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


def restored_tree(folder) -> dict:
    """What `save_tree` wrote, as nested dicts."""
    check_folder("folder", folder)
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: found no checkpoint at {folder}")
    try:
        with ocp.Checkpointer(ocp.PyTreeCheckpointHandler()) as checkpointer:
            described = checkpointer.metadata(folder).item_metadata.tree
            # By way of the host: the devices that the arrays were saved from may not be here.
            on_host = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), described)
            arrays = checkpointer.restore(folder, restore_args=on_host)
    except Exception as error:
        raise ValueError(f"folder: found nothing that can be read in {folder.name}: {error}") from error
    return jax.tree.map(lambda leaf, saved: leaf if saved.sharding is None else _placed(leaf), arrays, described)


def filled(folder, like, saved: dict):
    """The saved arrays by name in the structure of ``like``, once their names, shapes and types agree."""
    wanted = named_arrays("like", like)
    differing = sorted(_described(wanted).items() ^ _described(saved).items())
    if differing:
        raise ValueError(f"like: found other arrays than those saved in {Path(folder).name}: {differing}")
    return jax.tree.unflatten(jax.tree.structure(like), [saved[name] for name in wanted])


def named_arrays(argument: str, tree: Any) -> dict[str, Array | np.ndarray | jax.ShapeDtypeStruct]:
    """Every array or number of a pytree by its path, once all are numbers and all paths differ."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    arrays = {}
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        array = leaf if isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct) else np.asarray(leaf)
        is_number = any(jnp.issubdtype(array.dtype, kind) for kind in (jnp.number, jnp.bool_))
        if is_traced(array) or not is_number or array.dtype in _LONG:
            place = f" at {name}" if name else ""
            raise ValueError(f"{argument}: found {describe(leaf)}{place}, wanted arrays of numbers")
        if name in arrays:
            raise ValueError(f"{argument}: found two arrays whose paths read alike, {name}, wanted names without dots")
        arrays[name] = array
    return arrays


def _placed(array: np.ndarray):
    """On the default device, unless it would lose digits there (float64 where JAX has none)."""
    return jnp.asarray(array) if jax.dtypes.canonicalize_dtype(array.dtype) == array.dtype else array


def _described(arrays: dict) -> dict:
    return {name: f"{value.dtype} {list(value.shape)}" for name, value in arrays.items()}
