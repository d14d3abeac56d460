"""Files that are written whole or not at all, read without pickle, and never outside their folder."""

import contextlib
import errno
import math
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

_PLAIN = re.compile(r"\w[\w.=+-]*")
_FULL = {errno.ENOSPC: "a full disk", errno.EDQUOT: "a full quota"}
_CLOSED = {errno.EROFS: "a read-only file system", errno.EACCES: "no permission", errno.EPERM: "no permission"}
# Arrays that take more memory than this are read only from files that are not much smaller.
LARGEST_UNPACKED, LARGEST_RATIO = 2**28, 100


@contextlib.contextmanager
def writing(path: Path | None = None) -> Iterator[None]:
    """A context manager in which a full disk and a place where nothing can be written are named, with what to do.

    Args:
        path: what is written; by default the file that the error names.
    """
    try:
        yield
    except OSError as error:
        if error.strerror is None:  # it is in words already
            raise
        place = path or error.filename or "a file"
        if error.errno in _FULL:
            text = f"{place}: found {_FULL[error.errno]}, wanted room for it. Free some space and repeat the command."
            raise _like(OSError(text), error) from error
        if error.errno in _CLOSED:
            wanted = "a place where it can be written. Make it writable, or choose another one."
            raise _like(PermissionError(f"{place}: found {_CLOSED[error.errno]}, wanted {wanted}"), error) from error
        raise


def _like(new: OSError, error: OSError) -> OSError:
    new.errno = error.errno
    return new


def temporary_beside(path: Path) -> Path:
    """A new name beside a file or folder, by which `discard_leftovers` knows what a killed writer left behind."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file in one step: a reader sees the old bytes or all the new ones.

    Args:
        path: the file; its folder exists.
        data: the new contents.

    Raises:
        OSError: writing failed; the old file is untouched and the temporary one is removed.
    """
    # Not tempfile.mkstemp: its files are readable only by the owner, whatever the umask.
    temporary = temporary_beside(path)
    with writing(path):
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:  # KeyboardInterrupt too
            with contextlib.suppress(OSError):  # a read-only file system refuses this too
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
    size = sum(np.asarray(each).nbytes for each in arrays.values())
    if compressed and size > max(LARGEST_UNPACKED, LARGEST_RATIO * buffer.tell()):
        write_arrays(path, arrays, compressed=False)  # what is so small that `read_arrays` would not trust it
        return
    write_bytes(as_path(path), buffer.getvalue())


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz`` file, none of them unpickled.

    The sizes that the file declares are read before anything is unpacked: a small file that would take more than
    256 MiB of memory is refused.

    Raises:
        OSError: no such file, or one that cannot be read.
        ValueError: a file of another kind, a truncated one, one with pickled parts, or one that would grow a
            hundredfold.
    """
    try:
        with as_path(path).open("rb") as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                np.load(file, allow_pickle=False)  # raises for what is damaged
            else:
                return _unpacked(path, file)
    except (OSError, _DeclaredError):
        raise
    except Exception as error:  # a zip archive with wrong bytes in it raises almost anything
        raise ValueError(f"path: found {path}, wanted a whole .npz file without pickled parts") from error
    raise ValueError(f"path: found {path}, wanted an .npz file of named arrays")


class _DeclaredError(ValueError):
    """Sizes that a file declares and that are not believed."""


def _unpacked(path, file) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        size, packed = sum(entry.file_size for entry in entries), os.fstat(file.fileno()).st_size
        if size > max(LARGEST_UNPACKED, LARGEST_RATIO * packed):
            raise _DeclaredError(
                f"path: found {path} of {packed:,} bytes with arrays of {size:,}, wanted at most {LARGEST_RATIO} times "
                "as many as in the file; numpy.savez stores them without compression"
            )
        arrays = {}
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if name in arrays or name == entry.filename:
                raise ValueError(f"found the entry {entry.filename!r} twice or without .npy, wanted names of arrays")
            with archive.open(entry) as stream:
                _check_header(stream, entry.file_size)
            with archive.open(entry) as stream:
                arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
                if stream.read(1):
                    raise ValueError(f"found bytes after the array {name!r}")
        return arrays


def _check_header(stream, size: int) -> None:
    """Compares an array's declared shape with the size of its entry, before memory is taken for it."""
    version = np.lib.format.read_magic(stream)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, _, dtype = read_header(stream)
    declared = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or min(shape, default=0) < 0 or declared != size - stream.tell():
        raise ValueError(f"found {dtype} {list(shape)} in {size} bytes")


def as_path(path) -> Path:
    """The path, from text or a path; refuses anything else."""
    if not isinstance(path, str | Path):
        raise TypeError(f"path: found {type(path).__name__}, wanted the path of a file")
    return Path(path)


def discard_leftovers(folder: Path, *, age: float = 3600.0) -> None:
    """Removes the temporary files and folders that a killed writer left behind.

    Args:
        folder: where to look; its subfolders are not searched.
        age: seconds since the last change; younger files may still be written by another process.
    """
    for path in folder.glob(".*." + "[0-9a-f]" * 8 + ".tmp"):
        with contextlib.suppress(FileNotFoundError):  # its writer was faster
            if age and time.time() - path.stat().st_mtime < age:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
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
