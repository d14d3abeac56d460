"""Masks on disk, by the name of the layer whose units they keep."""

import os
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def save_masks(path: str | Path, masks: Mapping) -> None:
    """Writes masks by layer name as a NumPy archive, in one step: a reader sees the old file or all of the new one.

    Host-level. The file is the same to the byte for the same masks.

    Args:
        path: the file, named ``….npz`` by custom; its folder exists, and a file there is replaced.
        masks: a bool vector [units] by layer name.

    Raises:
        ValueError: a name that is no text or empty, or a mask that is no bool vector.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_masks(f"{folder}/masks.npz", {"max1": np.array([True, False])})
        ...     load_masks(f"{folder}/masks.npz")
        {'max1': array([ True, False])}
    """
    path = Path(path)
    arrays = {name: _checked(path, name, np.asarray(mask)) for name, mask in masks.items()}
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            # Not numpy.savez: its own arguments are names that no array can have.
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, array in arrays.items():
                    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as entry:
                        np.lib.format.write_array(entry, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # KeyboardInterrupt too
        temporary.unlink(missing_ok=True)
        raise


def load_masks(path: str | Path) -> dict[str, np.ndarray]:
    """Reads what `save_masks` wrote, or any NumPy archive of bool vectors; nothing is unpickled. Host-level.

    Args:
        path: the file.

    Returns:
        The masks by layer name, in the order in which they were saved.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is no NumPy archive, is damaged, or holds anything but bool vectors.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return {entry.removesuffix(".npy"): _read(path, archive, entry) for entry in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"path: found no masks in {path}, wanted what save_masks wrote: {error}") from error


def _read(path, archive, entry):
    name = entry.removesuffix(".npy")
    with archive.open(entry) as file:
        try:
            array = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise ValueError(f"masks[{name!r}]: found no array in {path}, wanted a bool vector: {error}") from error
    return _checked(path, name, array)


def _checked(path, name, mask):
    if not isinstance(name, str) or not name:
        raise ValueError(f"masks: found the name {name!r} for {path}, wanted the name of a layer")
    if mask.dtype != bool or mask.ndim != 1:
        raise ValueError(f"masks[{name!r}]: found {mask.dtype} {mask.shape} for {path}, wanted a bool vector [units]")
    return mask
