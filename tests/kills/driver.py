"""Runs a study in a process of its own, kills it, begins it again, and compares its folder at the end."""

import json
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jax
import numpy as np
from jax._src import xla_bridge

from interp_jax._files import write_text
from interp_jax.networks.training import _resuming

IN_A_ROW = 4  # kills of one run before it may end
COMPARED = ("metrics.json", "config.json")


def kill_often(name: str, study: Callable[[], object], kills: int, folder: Path, results: Path) -> list[str]:
    """Kills a study until the results count this many, and writes them after every run; what differed, as sentences.

    Args:
        name: of the study.
        study: runs it in the current folder.
        kills: how many there are to be.
        folder: for runs; what is there is removed.
        results: a JSON file with the counts by study.
    """
    kept = json.loads(results.read_text()) if results.exists() else {}
    entry = kept.setdefault(name, {"kills": 0, "runs": 0, "faults": []})
    if entry["kills"] >= kills:
        return entry["faults"]
    if xla_bridge.backends_are_initialized():
        raise RuntimeError("found JAX in use in this process, whose forks would wait for its threads")
    shutil.rmtree(folder, ignore_errors=True)
    seconds = _undisturbed(study, folder)
    wanted = contents(folder / "whole")
    while entry["kills"] < kills:
        shutil.rmtree(folder / "killed", ignore_errors=True)
        random = np.random.default_rng([zlib.crc32(name.encode()), entry["runs"]])
        done = 0
        while done < min(IN_A_ROW, kills - entry["kills"]):
            if not _killed(study, folder / "killed", random.uniform(0, seconds)):
                break  # it ended before
            done += 1
        status = _wait(_start(study, folder / "killed"))
        fault = _difference(wanted, contents(folder / "killed")) if status == 0 else _log(folder / "killed")
        entry["kills"] += done
        entry["runs"] += 1
        if fault:
            entry["faults"].append(f"run {entry['runs'] - 1}, killed {done} times: {fault}")
        entry["date"] = str(date.today())
        write_text(results, json.dumps(kept, indent=1) + "\n")
        print(f"{name}: killed {entry['kills']} times in {entry['runs']} runs, {fault or 'no fault'}", flush=True)
        if done == 0:
            seconds *= 0.7  # the machine is faster than it was
    return entry["faults"]


def contents(folder: Path) -> dict[str, bytes]:
    """What has to be equal, by name: the bytes of figures and metrics, and that the other files are there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        if path.name in COMPARED or path.suffix == ".png"
        else b""
        for path in sorted(folder.glob("runs/**/*"))
        if path.is_file() and "checkpoints" not in path.parts
    } | {path.relative_to(folder).as_posix(): b"" for path in folder.glob("runs/*/*/checkpoints/*")}


def _difference(wanted: dict[str, bytes], found: dict[str, bytes]) -> str:
    missing, more = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    other = [name for name in wanted if name in found and wanted[name] != found[name]]
    parts = {"without": missing, "with": more, "another": other}
    return "; ".join(f"{word} {', '.join(names)}" for word, names in parts.items() if names)


def _undisturbed(study: Callable[[], object], folder: Path) -> float:
    """Runs the study twice, the first time to compile; seconds of the second."""
    for place in ("first", "whole"):
        start = time.monotonic()
        if _wait(_start(study, folder / place)):
            raise RuntimeError(_log(folder / place))
    if fault := _difference(contents(folder / "first"), contents(folder / "whole")):
        raise RuntimeError(f"two undisturbed runs differ: {fault}")
    return time.monotonic() - start


def _killed(study: Callable[[], object], folder: Path, seconds: float) -> bool:
    """Whether the study was killed after so many seconds; if not, it had ended."""
    process, end = _start(study, folder), time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(process, os.WNOHANG)[0]:
            return False
        time.sleep(0.005)
    os.kill(process, signal.SIGKILL)
    return _wait(process) == -signal.SIGKILL


def _wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _log(folder: Path) -> str:
    return (folder / "log").read_text()[-2000:]


def _start(study: Callable[[], object], folder: Path) -> int:
    """The process in which the study runs: a fork of this one, which has imported all and used JAX for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks beside threads
        process = os.fork()
    if process:
        return process
    status = 1
    try:
        _run(study, folder)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(study: Callable[[], object], folder: Path) -> None:
    os.chdir(folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _resuming.SECONDS = 0
    # Programs of the first run are read by all others, which are killed before they have compiled much else.
    jax.config.update("jax_compilation_cache_dir", str(folder.parent / "programs"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    study()
