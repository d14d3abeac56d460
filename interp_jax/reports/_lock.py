"""One process a run: a lock that ends with its process, and a note of who holds it."""

import contextlib
import json
import os
import socket
import time
import warnings
from pathlib import Path

from filelock import FileLock, Timeout

from interp_jax._files import writing

PATIENCE = 0.5  # seconds, in which a process that ends releases its lock and one that starts leaves its note


class Lock:
    """The lock of a folder, beside it, so that the folder holds results only; shared by one process's runs.

    Attributes:
        first: whether no other run of this process holds it, so that whatever is left in the folder has no writer.

    Raises:
        BlockingIOError: another process holds it; the message names the process.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path):
        real = folder.resolve()
        self._note = real.with_name(f".{real.name}.holder.json")
        path = real.with_name(f".{real.name}.lock")
        self._lock = FileLock(path, timeout=PATIENCE, thread_local=False, is_singleton=True)
        with writing(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(poll_interval=0.05)
            except Timeout as error:
                raise BlockingIOError(
                    f"{folder}: found it in use by {_holder(self._note)}, wanted one process a run. Wait until that "
                    "one ends, or pass another --name."
                ) from error
            except NotImplementedError:  # some file systems of clusters
                warnings.warn(f"{folder}: found a file system without locks, wanted one process a run", stacklevel=4)
                self.first = False
                return
        self.first = self._lock.lock_counter == 1
        if self.first:
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            note = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
            with contextlib.suppress(OSError):  # a full disk: the lock holds without it
                self._note.write_text(json.dumps(note))

    def release(self) -> None:
        """Ends this run's hold; the last one of a process removes the note."""
        try:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                if self._lock.lock_counter == 1 and json.loads(self._note.read_text())["pid"] == os.getpid():
                    self._note.unlink()
        finally:
            self._lock.release()


def _holder(note: Path) -> str:
    try:
        found = json.loads(note.read_text())
        return f"process {int(found['pid'])} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
