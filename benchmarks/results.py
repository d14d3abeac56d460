"""What a run of the benchmarks found: groups of entries, ours first, and the tables they make."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MACHINE = "machine: "  # the groups that measure what the machine does at all
ALONE = "alone"  # in the name of what does a part of a group's work only
KEPT = ("size", "share", "checks", "first_call_seconds", "compile_seconds", "peak_bytes")


def gathered(benchmarks: list[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Groups from pytest-benchmark's own JSON.

    Args:
        benchmarks: its "benchmarks".

    Returns:
        Group → entries: ``name``, ``median_seconds`` of all the work, ``rounds``, ``times_ours``, ``checks``, and where
        they were measured ``flops_per_second``, ``bytes_per_second``, first call, compile time and peak memory.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for benchmark in benchmarks:
        extra = {"checks": {}, "share": 1.0} | benchmark["extra_info"]
        seconds = benchmark["stats"]["median"] / extra["share"]
        entry = {"name": _name(benchmark), "median_seconds": seconds, "rounds": benchmark["stats"]["rounds"]}
        entry |= {name: extra[name] for name in KEPT if name in extra}
        entry |= {f"{name}_per_second": extra[name] / seconds for name in ("flops", "bytes") if name in extra}
        groups.setdefault(benchmark["group"], []).append(entry)
    for entries in groups.values():
        entries.sort(key=lambda entry: (entry["name"] != "interp_jax", not entry["name"].startswith("interp_jax")))
        for entry in entries:
            entry["times_ours"] = entry["median_seconds"] / entries[0]["median_seconds"]
    return groups


def _name(benchmark):
    """Of the function, with what of its parameters is neither size nor case."""
    own = [str(value) for name, value in (benchmark["params"] or {}).items() if name not in ("size", "case")]
    return "_".join([benchmark["name"].split("[")[0].removeprefix("test_"), *own])


def machine(results: Mapping[str, Any]) -> dict[str, float]:
    """FLOP/s of the plain product and bytes/s of the plain copy, as far as the run measured them."""
    groups = [entries[0] for group, entries in results.items() if group.startswith(MACHINE)]
    return {
        name: entry[f"{name}_per_second"]
        for entry in groups
        for name in ("flops", "bytes")
        if f"{name}_per_second" in entry
    }


def fastest_rival(entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The fastest entry that is not ours and does all of the work, if there is one."""
    rivals = [entry for entry in entries if not entry["name"].startswith("interp_jax") and ALONE not in entry["name"]]
    return min(rivals, key=lambda entry: entry["median_seconds"], default=None)


def table(results: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and rows of the one table: ours in every group with its shares of the machine, then its rivals."""
    most = machine(results)
    rows = []
    for group, entries in results.items():
        for place, entry in enumerate(entries):
            name = entry["name"] if entry.get("share", 1) == 1 else f"{entry['name']} (of {entry['share']:.0%})"
            rows.append(
                (
                    group if place == 0 else "",
                    name,
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
    """A file that ``--json`` kept."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Rows of what both runs measured: work, by, median before and now, and how many times faster it became."""
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
