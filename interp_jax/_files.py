"""Files that are written whole or not at all, read without pickle, and never outside their folder."""

import contextlib
import os
import re
import secrets
import time
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

_PLAIN = re.compile(r"\w[\w.=+-]*")


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file in one step: a reader sees the old bytes or all the new ones.

    Args:
        path: the file; its folder exists.
        data: the new contents.

    Raises:
        OSError: writing failed; the old file is untouched and the temporary one is removed.
    """
    # Not tempfile.mkstemp: its files are readable only by the owner, whatever the umask.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # KeyboardInterrupt too
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file in one step; line ends are kept as they are.

    Raises:
        OSError: writing failed, as for `write_bytes`.
        ValueError: text that UTF-8 cannot hold, such as a file name with bytes of another encoding.
    """
    write_bytes(path, encoded("text", text))


def encoded(name: str, text: str) -> bytes:
    r"""The text in UTF-8.

    >>> encoded("csv", "caf\udce9.csv")
    Traceback (most recent call last):
    ...
    ValueError: csv: found 'caf\udce9.csv', wanted text that UTF-8 can hold
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        shown = text if len(text) <= 80 else text[max(0, error.start - 20) : error.end + 20]
        raise ValueError(f"{name}: found {shown!r}, wanted text that UTF-8 can hold") from error


def escaped(text: str, name: str = "text") -> str:
    r"""The text with what UTF-8 cannot hold as escapes; refuses what is not a string.

    >>> print(escaped("caf\udce9.csv"))
    caf\udce9.csv
    """
    if not isinstance(text, str):
        raise ValueError(f"{name}: found {text!r:.60}, wanted a string")
    return text.encode(errors="backslashreplace").decode()


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], *, compressed: bool = True) -> None:
    """Writes named arrays as one ``.npz`` file, in one step and without pickle.

    Args:
        path: the file; its folder exists.
        arrays: by name.
        compressed: whether space matters more than time.

    Raises:
        OSError: writing failed, as for `write_bytes`.
        ValueError: an array of Python objects.
    """
    buffer = BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, allow_pickle=False, **arrays)
    write_bytes(as_path(path), buffer.getvalue())


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz`` file, none of them unpickled.

    Raises:
        OSError: no such file, or one that cannot be read.
        ValueError: a file of another kind, a truncated one, or one with pickled parts.
    """
    try:
        with as_path(path).open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            if isinstance(stored, np.lib.npyio.NpzFile):
                return dict(stored)
    except OSError:
        raise
    except Exception as error:  # a zip archive with wrong bytes in it raises almost anything
        raise ValueError(f"path: found {path}, wanted a whole .npz file without pickled parts") from error
    raise ValueError(f"path: found {path}, wanted an .npz file of named arrays")


def as_path(path) -> Path:
    """The path, from text or a path; refuses anything else."""
    if not isinstance(path, str | Path):
        raise TypeError(f"path: found {type(path).__name__}, wanted the path of a file")
    return Path(path)


def discard_leftovers(folder: Path, *, age: float = 3600.0) -> None:
    """Removes the temporary files that a killed writer left behind.

    Args:
        folder: where to look; its subfolders are not searched.
        age: seconds since the last change; younger files may still be written by another process.
    """
    for path in folder.glob(".*." + "[0-9a-f]" * 8 + ".tmp"):
        with contextlib.suppress(FileNotFoundError):  # its writer was faster
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()


def is_plain(value: object) -> bool:
    """Whether `plain_name` accepts a value."""
    return isinstance(value, str) and bool(_PLAIN.fullmatch(value)) and len(value.encode()) <= 200


def plain_name(argument: str, value: str) -> str:
    """The value, if it is fit to be a single file or folder name.

    >>> plain_name("name", "seed-0_lr=0.1")
    'seed-0_lr=0.1'
    >>> plain_name("name", "../elsewhere")
    Traceback (most recent call last):
    ...
    ValueError: name: found '../elsewhere', wanted a plain name: letters, digits and _ - . = +, not starting with ...

    Raises:
        ValueError: it is empty, starts with a dot or sign, holds a separator, a space or another character, or
            is longer than the 200 bytes that every file system takes.
    """
    if not is_plain(value):
        wanted = "a plain name: letters, digits and _ - . = +, not starting with a dot or sign"
        raise ValueError(f"{argument}: found {value!r}, wanted {wanted}")
    return value
