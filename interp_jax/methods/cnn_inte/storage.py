"""Named arrays in one file, written whole or not at all, and read without pickle."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def write(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Compressed, as ``.npz``."""
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    unfinished.replace(path)


def read(path: str | Path, formats: Sequence[int]) -> dict[str, np.ndarray]:
    """All arrays of a file that is of one of the formats, as its array "format" says.

    Raises:
        ValueError: any other file, one that is cut off, or one with pickled parts.
    """
    wanted = f"which is no explainer of format {' or '.join(map(str, formats))}"
    try:
        with Path(path).open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            arrays = dict(stored) if isinstance(stored, np.lib.npyio.NpzFile) else {}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"path: found {path}, {wanted}, or is damaged") from error
    if (found := arrays.get("format")) is None or found.shape or found.item() not in formats:
        raise ValueError(f"path: found {path}, {wanted}")
    return arrays
