"""Runs the benchmarks and prints one table: ``python -m benchmarks [-k NAME] [--json FILE]``."""

import argparse
import json
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from interp_jax.reports import describe, summary
from interp_jax.reports.atomic import write_text

RIVALS = ("fastcluster", "torch")


def main() -> int:
    """Medians of every group, ours first, and how many times faster ours is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("-k", metavar="NAME", default="", help="only benchmarks whose name matches, as in pytest")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results, with device, versions and date")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = Path(folder) / "measured.json"
        # The tests' options do not serve here: type checks at every call are no part of what is measured.
        options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-o", "filterwarnings="]
        options += ["--benchmark-disable-gc", f"--benchmark-json={measured}"]
        status = pytest.main([str(Path(__file__).parent), *options, *(["-k", arguments.k] if arguments.k else [])])
        if status != pytest.ExitCode.OK or not measured.stat().st_size:
            return int(status) or 1
        benchmarks = json.loads(measured.read_text(encoding="utf-8"))["benchmarks"]
    results = _results(benchmarks)
    rows = [
        (
            group,
            result["name"],
            f"{result['median_seconds']:.4g}",
            f"{result['times_ours']:.2f}",
            _shown(result["checks"]),
        )
        for group, entries in results.items()
        for result in entries
    ]
    summary(("work", "by", "median, s", "time / ours", "checks"), rows, "Warm, blocked, medians")
    if arguments.json:
        import jax

        rivals = {name: version(name) for name in RIVALS if find_spec(name)}
        environment = {**describe(), "device": jax.devices()[0].device_kind, "rivals": rivals}
        text = json.dumps({"environment": environment, "results": results}, indent=2, ensure_ascii=False)
        write_text(arguments.json, text + "\n")
    return 0


def _results(benchmarks):
    groups = {}
    for entry in benchmarks:
        groups.setdefault(entry["group"], []).append(entry)
    return {
        group: [
            {
                "name": entry["name"].removeprefix("test_"),
                "median_seconds": entry["stats"]["median"],
                "rounds": entry["stats"]["rounds"],
                "times_ours": entry["stats"]["median"] / _ours(entries)["stats"]["median"],
                "checks": entry["extra_info"],
            }
            for entry in sorted(entries, key=lambda entry: entry is not _ours(entries))
        ]
        for group, entries in groups.items()
    }


def _ours(entries):
    return next(entry for entry in entries if entry["name"].startswith("test_interp_jax"))


def _shown(checks):
    return ", ".join(f"{name} {value:.4g}" for name, value in checks.items())


if __name__ == "__main__":
    sys.exit(main())
