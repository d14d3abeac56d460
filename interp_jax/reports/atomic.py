"""Files that are either the old one or the new one, never half of one."""

import os
import secrets
from pathlib import Path


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it sees the old bytes or all the new ones.

    Args:
        path: the file; its folder exists.
        data: what the file holds afterwards.

    Raises:
        OSError: the disk refused; the old file is untouched and the temporary one is gone.
    """
    # Not tempfile.mkstemp: its files are readable by the owner alone, whatever the umask says.
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
    """Write a UTF-8 text file in one step.

    Args:
        path: the file; its folder exists.
        text: what the file holds afterwards; line ends are kept as they are.

    Raises:
        OSError: the disk refused; the old file is untouched and the temporary one is gone.
    """
    write_bytes(path, text.encode())


def discard_leftovers(folder: Path) -> None:
    """Remove the temporary files of a writer that was killed too abruptly to do so itself.

    Args:
        folder: where to look; its subfolders are not searched.
    """
    for path in folder.glob(".*." + "[0-9a-f]" * 8 + ".tmp"):
        path.unlink(missing_ok=True)
