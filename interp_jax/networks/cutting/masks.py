"""Masks on disk, by the name of the layer whose units they keep."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_numpy, check_finite, describe
from interp_jax._files import as_path, encoded, read_arrays, write_bytes


def save_masks(path: str | Path, masks: Given[Mapping[str, ArrayLike], "units"]) -> None:
    """Writes masks by layer name as a NumPy archive, in one step: a reader sees the old file or all of the new one.

    Host-level. The file is the same to the byte for the same masks.

    Args:
        path: the file, named ``….npz`` by custom; its folder exists, and a file there is replaced.
        masks: by layer name, which units are kept, bool [units].

    Raises:
        OSError: the file cannot be written; an old one is untouched.
        ValueError: a name that is not a string or is empty, or a mask that is not a bool vector.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_masks(f"{folder}/masks.npz", {"max1": np.array([True, False])})
        ...     load_masks(f"{folder}/masks.npz")
        {'max1': array([ True, False])}
    """
    path = as_path(path)
    check_masks(masks)
    buffer = BytesIO()
    # Not numpy.savez: the names of its own arguments are not possible for arrays.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mask in masks.items():
            if not isinstance(name, str) or not name or "\0" in name or not encoded("masks", name):
                raise ValueError(f"masks: found the name {name!r}, wanted the name of a layer")
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as entry:
                np.lib.format.write_array(entry, as_bool_vector(f"masks[{name!r}]", mask), allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def load_masks(path: str | Path) -> dict[str, np.ndarray]:
    """The masks that `save_masks` wrote, or any NumPy archive of bool vectors, by layer name in the order of the file.

    Host-level. Nothing is unpickled.

    Args:
        path: the file.

    Raises:
        OSError: no such file, or one that cannot be read.
        ValueError: a file that is not a NumPy archive, is damaged, or holds anything but bool vectors.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_masks(f"{folder}/masks.npz", {"max1": [True, False], "max2": [True]})
        ...     list(load_masks(f"{folder}/masks.npz"))
        ['max1', 'max2']
    """
    return {name: as_bool_vector(f"masks[{name!r}] of {path}", mask) for name, mask in read_arrays(path).items()}


def as_bool_vector(name: str, mask) -> np.ndarray:
    """A mask as a bool NumPy array [units]; numbers are refused."""
    try:
        values = as_numpy(name, mask)
    except ValueError:
        values = None
    if values is None or values.dtype != bool or values.ndim != 1:
        raise ValueError(f"{name}: found {describe(mask)}, wanted a bool vector [units]")
    return values


def check_masks(masks) -> None:
    """Refuses what is not a mapping."""
    if not isinstance(masks, Mapping):
        raise ValueError(f"masks: found {describe(masks)}, wanted a mapping of masks by the name of a layer")


def as_values(values, units: Mapping[str, int | None]) -> dict[str, np.ndarray]:
    """What closed units of some stages are instead of zero, float32 […, units]; ``units`` by gated stage, None unknown.

    Raises:
        ValueError: not a mapping of finite constants, stages without a mask, or another number of units.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ValueError(f"values: found {describe(values)}, wanted a mapping of constants by the name of a stage")
    constants = {}
    for name, given in values.items():
        if name not in units:
            raise ValueError(f"values: found {name!r}, wanted stages with masks: {', '.join(map(repr, units))}")
        if isinstance(given, str) or hasattr(given, "ablation"):
            raise ValueError(
                f"values[{name!r}]: found {describe(given)}, wanted constants [units]: closed units that are taken "
                "from other rows, or at means that are not given, cannot be cut"
            )
        value = as_numpy(f"values[{name!r}]", given).astype(np.float32)
        check_finite(f"values[{name!r}]", value)
        if not value.ndim or units[name] not in (None, value.shape[-1]):
            raise ValueError(f"values[{name!r}]: found {describe(value)}, wanted constants [{units[name]}]")
        constants[name] = value
    return constants
