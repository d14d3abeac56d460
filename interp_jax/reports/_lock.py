"""One thread of one process a run: a lock that ends with its process, and a note of who holds it."""

import contextlib
import json
import os
import socket
import threading
import time
import warnings
from pathlib import Path

from filelock import FileLock, Timeout

from interp_jax._files import writing

PATIENCE = 0.5  # seconds, in which a process that ends releases its lock and one that starts leaves its note
# By path, what this process holds. The guard is reentrant: a run may be released wherever a thread happens to be.
_held: dict[Path, list["Lock"]] = {}
_guard = threading.RLock()


class Lock:
    """The lock of a folder, beside it, so that the folder holds results only; shared by the runs of one thread.

    Attributes:
        first: whether no other run of this process holds it, so that whatever is left in the folder has no writer.

    Raises:
        BlockingIOError: another process holds it, or another thread that still runs; the message says which.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path):
        real = folder.resolve()
        self._thread = threading.current_thread()
        self._note = real.with_name(f".{real.name}.holder.json")
        self._path = real.with_name(f".{real.name}.lock")
        self._lock = FileLock(self._path, timeout=PATIENCE, thread_local=False, is_singleton=True)
        with writing(folder), _guard:
            others = _held.setdefault(self._path, [])
            self._check_threads(folder, others)
            self.first = self._acquire(folder) and not others
            others.append(self)
            if self.first:
                since = time.strftime("%Y-%m-%d %H:%M:%S")
                note = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
                with contextlib.suppress(OSError):  # a full disk: the lock holds without it
                    self._note.write_text(json.dumps(note))

    def release(self) -> None:
        """Ends this run's hold; the last one of a process removes the note."""
        with _guard:
            _held[self._path].remove(self)
            try:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    if not _held[self._path] and json.loads(self._note.read_text())["pid"] == os.getpid():
                        self._note.unlink()
            finally:
                self._lock.release()

    def _check_threads(self, folder: Path, others: list["Lock"]) -> None:
        threads = {each._thread.name for each in others if each._thread is not self._thread and each._thread.is_alive()}
        if threads:
            raise BlockingIOError(
                f"{folder}: found it in use by {', '.join(sorted(threads))}, a thread of this process, wanted one "
                "thread a run. Wait until it closes its run, or pass another --name."
            )

    def _acquire(self, folder: Path) -> bool:
        """Whether the file system has locks, once this process has this one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(poll_interval=0.05)
        except Timeout as error:
            raise BlockingIOError(
                f"{folder}: found it in use by {_holder(self._note)}, wanted one process a run. Wait until that "
                "one ends, or pass another --name."
            ) from error
        except NotImplementedError:  # some file systems of clusters
            warnings.warn(f"{folder}: found a file system without locks, wanted one process a run", stacklevel=5)
            return False
        return True


def _holder(note: Path) -> str:
    try:
        found = json.loads(note.read_text())
        return f"process {int(found['pid'])} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
