"""The tables that kept results make: what bounds each kernel and how far it is, and the fastest rivals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import MACHINE, fastest_rival, machine

Files = Mapping[Path, Mapping[str, Any]]


def shares(files: Files) -> str:
    """For every machine: each group's time, its shares of what the machine does, and its fastest rival.

    Args:
        files: what ``python -m benchmarks --json`` kept, by path.

    Returns:
        Markdown, with links relative to the files' parent folder. A dash is what a run did not measure.
    """
    return "\n\n".join(_shares(path, kept) for path, kept in files.items())


def speed(files: Files) -> str:
    """A line for every group of every machine: its fastest rival and how many times ours it takes.

    Args:
        files: what ``python -m benchmarks --json`` kept, by path.

    Returns:
        Markdown.
    """
    lines = ["| work | fastest rival | its time / ours | on |", "|---|---|---|---|"]
    for kept in files.values():
        for group, entries in kept["results"].items():
            if rival := fastest_rival(entries):
                cells = group, _said(rival), f"{rival['times_ours']:.2f}", kept["environment"]["device"]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def made_on(kept: Mapping[str, Any]) -> str:
    """Device, machine, version and day of a kept file."""
    made = kept["environment"]
    return f"{made['device']}, {made['platform']}, jax {made['versions']['jax']}, {made['date']}"


def _shares(path, kept):
    most = machine(kept["results"])
    lines = ["| work | ours, s | of the product's FLOP/s | of the copy's bytes/s | fastest rival | its time / ours |"]
    lines.append("|---|---|---|---|---|---|")
    for group, entries in kept["results"].items():
        if group.startswith(MACHINE):
            continue
        cells = [group, f"{entries[0]['median_seconds']:.3g}"]
        for name in ("flops", "bytes"):
            rate = entries[0].get(f"{name}_per_second")
            cells.append(f"{rate / most[name]:.0%}" if rate is not None and name in most else "–")
        rival = fastest_rival(entries)
        cells += [_said(rival), f"{rival['times_ours']:.2f}"] if rival else ["–", "–"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"Medians on {made_on(kept)}: [{path.name}]({path.parent.name}/{path.name})."]
    return "\n".join(lines)


def _said(entry):
    return entry["name"].replace("_", " ")
