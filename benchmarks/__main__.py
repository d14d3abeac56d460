"""Times kernels and methods against their rivals, in one run and one table: ``python -m benchmarks [NAME …]``."""

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from benchmarks import results
from interp_jax._files import write_text
from interp_jax.reports import describe, summary

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
RIVALS = ("fastcluster", "torch")
PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}


@dataclass(frozen=True)
class Options:
    """Times kernels and methods against their rivals, in one run and one table."""

    names: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="[NAME …]", help=", ".join(NAMES), help_behavior_hint="(all by default)"),
    ] = ()
    device: Literal["cpu", "gpu", "tpu"] | None = None
    """Where to measure; by default the one JAX takes."""
    sizes: str = ""
    """Numbers, such as 1000,2000, in place of each group's own; or curve."""
    json: Path | None = None
    """A file to keep the results in, with device, versions and date."""
    against: Path | None = None
    """A kept file to compare with."""
    read: Path | None = None
    """A kept file to show or compare, measuring nothing."""

    def __post_init__(self):
        unknown = set(self.names) - set(NAMES)
        if unknown:
            raise ValueError(f"names: found {', '.join(sorted(unknown))}, wanted some of {', '.join(NAMES)}")
        if self.sizes not in ("", "curve") and not all(part.isdecimal() for part in self.sizes.split(",")):
            raise ValueError(f"--sizes: found {self.sizes!r}, wanted numbers such as 1000,2000, or curve")


def main() -> int:
    """Medians of every group, ours first, and how many times faster ours is."""
    arguments = tyro.cli(Options, prog="python -m benchmarks")
    if arguments.read:
        status, found = 0, results.read(arguments.read)["results"]
    else:
        status, found = _measured(arguments)
        if not found:
            return status or 1
        if arguments.json:
            kept = {"environment": _environment(), "machine": results.machine(found), "results": found}
            write_text(arguments.json, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    summary(*results.table(found), "Warm, blocked, medians")
    if arguments.against:
        rows = results.compared(found, results.read(arguments.against)["results"])
        summary(("work", "by", "before, s", "now, s", "times faster"), rows, f"Against {arguments.against.name}")
    return status


def _measured(arguments):
    if arguments.device:
        os.environ["JAX_PLATFORMS"] = PLATFORMS[arguments.device]
        import jax

        jax.config.update("jax_platforms", PLATFORMS[arguments.device])
    chosen = ["machine", *(name for name in arguments.names or NAMES if name != "machine")]
    with tempfile.TemporaryDirectory() as folder:
        measured = Path(folder) / "measured.json"
        # The tests' options do not serve here: type checks at every call are no part of what is measured.
        options = ["-q", "-rs", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
        options += ["-o", "filterwarnings=", "--benchmark-disable-gc", f"--benchmark-json={measured}"]
        options += ["--benchmark-columns=median,min,max,rounds", f"--sizes={arguments.sizes}"]
        status = pytest.main([*(str(FOLDER / f"test_{name}.py") for name in chosen), *options])
        if not measured.exists() or not measured.stat().st_size:
            return int(status), {}
        return int(status), results.gathered(json.loads(measured.read_text(encoding="utf-8"))["benchmarks"])


def _environment():
    import jax

    rivals = {name: version(name) for name in RIVALS if find_spec(name)}
    return {**describe(), "device": jax.devices()[0].device_kind, "rivals": rivals}


if __name__ == "__main__":
    sys.exit(main())
