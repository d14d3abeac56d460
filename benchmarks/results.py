"""The results of a run as groups of entries, ours first, and the tables made from them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MACHINE = "machine: "  # groups that measure the peak rates of the machine
ALONE = "alone"  # in the names of entries that do only part of a group's work
RECORDED = ("size", "share", "checks", "first_call_seconds", "compile_seconds", "peak_bytes")


def gathered(benchmarks: list[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Groups of entries from the JSON of pytest-benchmark.

    Args:
        benchmarks: its "benchmarks".

    Returns:
        Group → entries: ``name``, ``median_seconds`` for all of the work, ``rounds``, ``times_ours``, ``checks``, and,
        where measured, ``flops_per_second``, ``bytes_per_second``, first call, compile time and peak memory.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for benchmark in benchmarks:
        extra = {"checks": {}, "share": 1.0} | benchmark["extra_info"]
        seconds = benchmark["stats"]["median"] / extra["share"]
        entry = {"name": _name(benchmark), "median_seconds": seconds, "rounds": benchmark["stats"]["rounds"]}
        entry |= {name: extra[name] for name in RECORDED if name in extra}
        entry |= {f"{name}_per_second": extra[name] / seconds for name in ("flops", "bytes") if name in extra}
        groups.setdefault(benchmark["group"], []).append(entry)
    for entries in groups.values():
        entries.sort(key=lambda entry: (entry["name"] != "interp_jax", not entry["name"].startswith("interp_jax")))
        for entry in entries:
            entry["times_ours"] = entry["median_seconds"] / entries[0]["median_seconds"]
    return groups


def _name(benchmark):
    """The function's name with its parameters, except size and case."""
    own = [str(value) for name, value in (benchmark["params"] or {}).items() if name not in ("size", "case")]
    return "_".join([benchmark["name"].split("[")[0].removeprefix("test_"), *own])


def machine(results: Mapping[str, Any]) -> dict[str, float]:
    """FLOP/s of the plain matrix product and bytes/s of the plain copy, where the run has measured them."""
    groups = [entries[0] for group, entries in results.items() if group.startswith(MACHINE)]
    return {
        name: entry[f"{name}_per_second"]
        for entry in groups
        for name in ("flops", "bytes")
        if f"{name}_per_second" in entry
    }


def fastest_baseline(entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The fastest baseline that does all of the work, or None."""
    baselines = [
        entry for entry in entries if not entry["name"].startswith("interp_jax") and ALONE not in entry["name"]
    ]
    return min(baselines, key=lambda entry: entry["median_seconds"], default=None)


def name(entry: Mapping[str, Any]) -> str:
    """The name of an entry, with the part of the work that it ran if that is not all."""
    share = entry.get("share", 1)
    return entry["name"] if share == 1 else f"{entry['name']} (of {100 * share:.2g}%)"


def table(results: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header and the rows of the table: in every group ours with its shares of the peak rates, then baselines."""
    most = machine(results)
    rows = []
    for group, entries in results.items():
        for place, entry in enumerate(entries):
            rows.append(
                (
                    group if place == 0 else "",
                    name(entry),
                    f"{entry['median_seconds']:.4g}",
                    f"{entry['times_ours']:.2f}",
                    _rate(entry, "flops", most),
                    _rate(entry, "bytes", most),
                    f"{entry['compile_seconds']:.2g}" if "compile_seconds" in entry else "",
                    f"{entry['peak_bytes'] / 1e6:.3g}" if "peak_bytes" in entry else "",
                    ", ".join(f"{check} {value:.4g}" for check, value in entry["checks"].items()),
                )
            )
    head = ("work", "by", "median, s", "time / ours", "GFLOP/s (of product)", "GB/s (of copy)")
    return (*head, "compiling, s", "peak, MB", "checks"), rows


def _rate(entry, name, most):
    rate = entry.get(f"{name}_per_second")
    if rate is None:
        return ""
    return f"{rate / 1e9:.3g}" + (f" ({rate / most[name]:.0%})" if name in most else "")


def read(path: Path) -> dict[str, Any]:
    """The contents of a file that ``--json`` wrote."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Rows for all that both runs measured: work, entry, median before, median now, and their ratio."""
    rows = []
    for group, entries in now.items():
        earlier = {entry["name"]: entry["median_seconds"] for entry in before.get(group, ())}
        rows += [
            (
                group,
                entry["name"],
                f"{earlier[entry['name']]:.4g}",
                f"{entry['median_seconds']:.4g}",
                f"{earlier[entry['name']] / entry['median_seconds']:.2f}",
            )
            for entry in entries
            if entry["name"] in earlier
        ]
    return rows
