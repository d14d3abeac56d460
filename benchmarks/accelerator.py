"""Measures all groups at the sizes of an accelerator within a time limit, and stores each as soon as it is measured.

    python -m benchmarks.accelerator                      8 minutes, for one data-center GPU
    python -m benchmarks.accelerator --minutes 20 --json mine.json

Nothing is downloaded. Groups that the time does not suffice for are listed as left out, in the table and in the file.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import tyro

from benchmarks import results
from interp_jax._files import write_text
from interp_jax.reports import summary


class Piece(NamedTuple):
    """A group of benchmarks, which runs in a process of its own."""

    name: str
    sizes: str = ""
    case: str = ""
    most_minutes: float = 1.0

    @property
    def title(self) -> str:
        """Its name, with the case and the sizes where these are not all."""
        return ", ".join(part for part in (self.name, self.case, self.sizes) if part)


# The first are what a run that is stopped early should have.
PIECES = (
    Piece("correlation"),
    Piece("kmeans", case="ten starts"),
    Piece("kmeans", case="one start"),
    Piece("distances"),
    Piece("lnn", "1000"),
    Piece("ascent"),
    Piece("core_units"),
    Piece("ward_trees"),
    Piece("nmf"),
    Piece("fitting"),
    Piece("images", "100"),
    Piece("ward"),
    Piece("kmeans", case="100 clusters", most_minutes=2.0),
    Piece("wide", case="hierarchy.build", most_minutes=2.0),
    Piece("ward_points", "100000", "64 features"),
    Piece("ward_points", "1000000", "64 features", most_minutes=4.0),
    Piece("kmeans", case="1,024 clusters", most_minutes=2.0),
    Piece("wide", case="deviation.profile"),
    Piece("wide", case="cnn_inte.fit", most_minutes=3.0),
)
SHORTEST = 15.0  # seconds within which no group can be measured


@dataclass(frozen=True)
class Options:
    """Measures all groups at the sizes of an accelerator within a time limit, and stores each when it is measured."""

    json: Path | None = None
    """The file to store the results in; by default one in benchmarks/results, named by the date and the device."""
    minutes: float = 8.0
    """The time for all groups together."""

    def __post_init__(self):
        if not self.minutes > 0:
            raise ValueError(f"--minutes: found {self.minutes}, wanted a positive number")


def main() -> int:
    """Measures, stores and prints; 1 if something was left out."""
    options = tyro.cli(Options, prog="python -m benchmarks.accelerator")
    record = measure(PIECES, options.minutes, options.json)
    summary(*results.table(record["results"]), "Warm, blocked, medians")
    for name, reason in record["left_out"].items():
        print(f"left out: {name}: {reason}")
    return int(bool(record["left_out"]))


def measure(pieces: tuple[Piece, ...], minutes: float, file: Path | None = None, run=None) -> dict[str, Any]:
    """The stored record: environment, machine, results, and what was left out with its reason.

    Args:
        pieces: what to measure, in this order.
        minutes: the time for all of them.
        file: where the record is written after every piece.
        run: ``(piece, seconds) -> record``, which raises for a piece that fails; by default in a new process.
    """
    run, end = run or in_a_process, time.monotonic() + 60 * minutes
    record: dict[str, Any] = {"environment": None, "machine": {}, "results": {}, "left_out": {}}
    for piece in pieces:
        left = min(60 * piece.most_minutes, end - time.monotonic())
        if left < SHORTEST:
            record["left_out"][piece.title] = "no time was left"
            _store(record, file)
            continue
        print(f"measuring {piece.title}, at most {left:.0f} s", flush=True)
        try:
            measured = run(piece, left)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            late = isinstance(error, subprocess.TimeoutExpired)
            record["left_out"][piece.title] = f"not finished in {left:.0f} s" if late else str(error)
            _store(record, file)
            continue
        record["environment"] = measured["environment"]
        # The first measurement of the machine counts, so that all shares have one base.
        record["results"] = {**measured["results"], **record["results"]}
        record["machine"] = results.machine(record["results"])
        file = file or Path(__file__).parent / "results" / _name(measured["environment"])
        _store(record, file)
        print(f"stored in {file}", flush=True)
    return record


def _store(record, file):
    if file and record["results"]:
        write_text(file, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def in_a_process(piece: Piece, seconds: float) -> dict[str, Any]:
    """The record of one piece.

    Raises:
        RuntimeError: with the last lines that the process wrote, if it stored nothing.
        subprocess.TimeoutExpired: it took longer.
    """
    # JAX would take most of the memory, of which PyTorch needs some.
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "stored.json"
        command = [sys.executable, "-m", "benchmarks", piece.name, "--json", str(stored)]
        command += ["--sizes", piece.sizes] if piece.sizes else []
        command += ["--case", piece.case] if piece.case else []
        done = subprocess.run(command, env=environment, timeout=seconds, capture_output=True, text=True)
        if not stored.exists():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if any(map(str.isalpha, line))]
            raise RuntimeError(" ".join(line.strip(" │") for line in lines[-3:]) or f"exit status {done.returncode}")
        return results.read(stored)


def _name(environment):
    device = "-".join(str(environment["device"]).lower().split())
    return f"{date.today().isoformat()}-{device}.json"


if __name__ == "__main__":
    sys.exit(main())
