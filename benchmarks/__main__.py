"""Times kernels and methods beside their baselines, in one run and one table: ``python -m benchmarks [NAME …]``."""

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
BASELINES = ("fastcluster", "torch")
PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}


@dataclass(frozen=True)
class Options:
    """Times kernels and methods beside their baselines, in one run and one table."""

    names: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="[NAME …]", help=", ".join(NAMES), help_behavior_hint="(all by default)"),
    ] = ()
    device: Literal["cpu", "gpu", "tpu"] | None = None
    """The device to measure on; by default that of JAX."""
    sizes: str = ""
    """Sizes, such as 1000,2000, in place of those of each group; or curve."""
    case: str = ""
    """The one case to measure, of groups that have several, such as "2 features"."""
    json: Path | None = None
    """A file to store the results in, with device, versions and date."""
    against: Path | None = None
    """A stored file to compare with."""
    read: Path | None = None
    """A stored file to show or compare, without measuring."""

    def __post_init__(self):
        unknown = set(self.names) - set(NAMES)
        if unknown:
            raise ValueError(f"names: found {', '.join(sorted(unknown))}, wanted some of {', '.join(NAMES)}")
        if self.sizes not in ("", "curve") and not all(part.isdecimal() for part in self.sizes.split(",")):
            raise ValueError(f"--sizes: found {self.sizes!r}, wanted numbers such as 1000,2000, or curve")


def main() -> int:
    """Prints the medians of every group, ours first, and their ratios to ours; returns the exit status."""
    arguments = tyro.cli(Options, prog="python -m benchmarks")
    if arguments.read:
        status, measured = 0, results.read(arguments.read)["results"]
    else:
        status, measured = _measured(arguments)
        if not measured:
            return status or 1
        if arguments.json:
            record = {"environment": _environment(), "machine": results.machine(measured), "results": measured}
            write_text(arguments.json, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    summary(*results.table(measured), "Warm, blocked, medians")
    if arguments.against:
        rows = results.compared(measured, results.read(arguments.against)["results"])
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
        # Without the options of the tests, whose type checks at every call would be measured too.
        options = ["-q", "-rs", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
        options += ["-o", "filterwarnings=", "--benchmark-disable-gc", f"--benchmark-json={measured}"]
        options += [
            "--benchmark-columns=median,min,max,rounds",
            f"--sizes={arguments.sizes}",
            f"--case={arguments.case}",
        ]
        status = pytest.main([*(str(FOLDER / f"test_{name}.py") for name in chosen), *options])
        if not measured.exists() or not measured.stat().st_size:
            return int(status), {}
        return int(status), results.gathered(json.loads(measured.read_text(encoding="utf-8"))["benchmarks"])


def _environment():
    import jax

    baselines = {name: version(name) for name in BASELINES if find_spec(name)}
    return {**describe(), "device": jax.devices()[0].device_kind, "baselines": baselines}


if __name__ == "__main__":
    sys.exit(main())
