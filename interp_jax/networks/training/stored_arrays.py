"""Pytrees of arrays on disk."""

import errno
import math
import os
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import Array

from interp_jax._checks import describe, is_traced
from interp_jax._files import temporary_beside, writing
from interp_jax.networks.training._input import check_folder

LARGEST_OTHERS = 2**28  # bytes of a checkpoint's arrays besides those whose shapes the reader knows
# NumPy's types that no file format of orbax holds.
_LONG = (np.longdouble, np.clongdouble) if np.dtype(np.longdouble).itemsize > 8 else ()
# Under this name one of several processes stores which arrays were JAX's: orbax takes only NumPy's from it.
_OF_JAX = "of_jax"


def save_arrays(folder: str | Path, tree: Any) -> None:
    """Writes a pytree of arrays to a new folder with orbax; the folder appears only when it is complete.

    Host-level.

    Args:
        folder: a folder that does not exist yet.
        tree: arrays and numbers in tuples, lists, dicts, NamedTuples or other pytrees, e.g. an `LNN`. Complex numbers,
            NaN and infinity are stored as they are.

    Raises:
        ValueError: the folder exists, there are no arrays, a leaf is not a numeric array (long doubles are refused) or
            is empty, two paths coincide because a name has a dot, or parts of an array are in other processes.
        OSError: a full disk, or a place where nothing can be written.

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
    check_folder("folder", folder)
    absent = f"no arrays in {Path(folder).name}, wanted what save_arrays wrote"
    return filled(like, restored_tree(folder, "arrays", named_arrays("like", like), absent)["arrays"])


def save_tree(folder, tree: dict) -> None:
    """Writes nested dicts of arrays with orbax; the folder appears only when it is complete.

    All are stored from the host's memory, whichever devices they are on, so that any machine can read them. Of several
    processes or threads that write one folder, the first to finish has it and the others are refused.
    """
    folder = Path(folder).absolute()
    _check_new(folder)
    stored = jax.tree.map(_on_host, tree)
    if jax.process_count() > 1:
        stored[_OF_JAX] = np.array([isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(tree)])
    temporary = temporary_beside(folder)
    with writing(folder):
        try:
            temporary.mkdir(parents=True)
            options = {"multiprocessing_options": _alone()}
            with ocp.Checkpointer(ocp.StandardCheckpointHandler(**options), **options) as checkpointer:
                checkpointer.save(temporary / folder.name, stored)
            _move(temporary / folder.name, folder)
        except OSError:
            raise
        except Exception as error:  # orbax and tensorstore pass on the errors of the file system as any type
            if (number := _error_number(str(error))) is None:
                raise
            raise OSError(number, os.strerror(number)) from error
        finally:  # KeyboardInterrupt too
            shutil.rmtree(temporary, ignore_errors=True)


def restored_tree(folder, part: str, wanted: dict, absent: str) -> dict:
    """What `save_tree` wrote, as nested dicts, once the names, shapes and types of one part are as wanted.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: other arrays; ``absent`` says what a folder without the part is not.
    """
    check_folder("folder", folder)
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: found no checkpoint at {folder}")
    try:
        options = {"multiprocessing_options": _alone()}
        with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(**options), **options) as checkpointer:
            described = checkpointer.metadata(folder).item_metadata.tree
            # By way of the host: the devices that the arrays of earlier versions were saved from may not be here.
            on_host = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), described)
            _check_described(folder, described, part, wanted, absent)  # before memory is taken for them
            arrays = checkpointer.restore(folder, restore_args=on_host)
        of_jax = [saved.sharding is not None for saved in jax.tree.leaves(described)]
        if _OF_JAX in arrays:
            of_jax = arrays.pop(_OF_JAX)
        leaves, structure = jax.tree.flatten(arrays)
        placed = (_placed(leaf) if mark else leaf for leaf, mark in zip(leaves, of_jax, strict=True))
        return jax.tree.unflatten(structure, placed)
    except _OtherArraysError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
        raise ValueError(
            f"folder: found nothing that can be read in {folder} ({reason}), wanted a whole checkpoint. Remove the "
            "folder; in a run, the same command then computes it again."
        ) from error


class _OtherArraysError(ValueError):
    """A checkpoint that can be read, of other arrays than wanted."""


def _check_described(folder: Path, described: dict, part: str, wanted: dict, absent: str) -> None:
    if not isinstance(described.get(part), dict):
        raise _OtherArraysError(f"folder: found {absent}")
    differing = sorted(_described(wanted).items() ^ _described(described[part]).items())
    if differing:
        raise _OtherArraysError(f"like: found other arrays than those saved in {folder.name}: {differing}")
    others = jax.tree.leaves({name: tree for name, tree in described.items() if name != part})
    if (size := sum(math.prod(each.shape) * np.dtype(each.dtype).itemsize for each in others)) > LARGEST_OTHERS:
        most = f"wanted at most {LARGEST_OTHERS:,}"
        raise _OtherArraysError(f"folder: found {size:,} bytes besides {part} in {folder.name}, {most}")


def filled(like, saved: dict):
    """The saved arrays by name in the structure of ``like``."""
    return jax.tree.unflatten(jax.tree.structure(like), [saved[name] for name in named_arrays("like", like)])


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


def _check_new(folder: Path) -> None:
    if os.path.lexists(folder):
        raise ValueError(f"folder: found {folder.name} already there, wanted a new one")


def _move(source: Path, folder: Path) -> None:
    """Gives a complete folder its name, unless another process was faster."""
    try:
        _check_new(folder)
        source.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            _check_new(folder)
        raise


def _alone() -> Any:
    """Options by which a process of several reads and writes by itself, without waiting for the others."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    index = jax.process_index()
    return ocp.options.MultiprocessingOptions(index, {index}, f"process {index}")


def _on_host(leaf):
    """In the host's memory, a JAX array as one of the CPU, so that it is known as such."""
    if not isinstance(leaf, jax.Array):
        return np.asarray(leaf)
    if jax.process_count() > 1 and leaf.is_fully_replicated:
        return np.asarray(leaf)  # of several processes orbax refuses an array of one device
    if not (leaf.is_fully_addressable or leaf.is_fully_replicated):
        raise ValueError(
            f"tree: found {describe(leaf)} with parts in other processes, wanted arrays that this process has whole: "
            "jax.experimental.multihost_utils.process_allgather makes them"
        )
    try:
        device = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves the CPU out
        device = jax.local_devices()[0]
    return jax.device_put(np.asarray(leaf), device)


def _error_number(text: str) -> int | None:
    """The number of the file system's error that a library's message is about."""
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
    return next((number for number in numbers if os.strerror(number).casefold() in text.casefold()), None)


def _placed(array: np.ndarray):
    """On the default device, unless it would lose digits there (float64 where JAX has none)."""
    return jnp.asarray(array) if jax.dtypes.canonicalize_dtype(array.dtype) == array.dtype else array


def _described(arrays: dict) -> dict:
    return {name: f"{np.dtype(value.dtype).newbyteorder('=')} {list(value.shape)}" for name, value in arrays.items()}
