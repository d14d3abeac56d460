"""Tables of stored results: each kernel's share of the machine's peak rates, and the fastest baselines."""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import MACHINE, fastest_baseline, machine, name

_TOLD = 0.01  # part of the work from which a baseline's time is told too boldly to be named as the largest ratio

Files = Mapping[Path, Mapping[str, Any]]


def shares(files: Files) -> str:
    """For every machine, a table with each group's time, its shares of the peak rates and its fastest baseline.

    Args:
        files: the contents of files written by ``python -m benchmarks --json``, by path.

    Returns:
        Markdown, with links relative to the files' parent folder. A dash marks a rate that was not measured.
    """
    return "\n\n".join(_shares(path, record) for path, record in files.items())


def summary(files: Files) -> str:
    """In how many groups of work we are faster than the fastest baseline, by how much, and where we are slower.

    Args:
        files: the contents of files written by ``python -m benchmarks --json``, by path.

    Returns:
        One or two sentences in Markdown.
    """
    times, told = {}, set()
    for record in files.values():
        for group, entries in record["results"].items():
            if baseline := fastest_baseline(entries):
                times[group] = baseline["times_ours"]
                told |= {group} if baseline.get("share", 1) < _TOLD else set()
    faster = {group: ratio for group, ratio in times.items() if ratio >= 1}
    median, best = statistics.median(times.values()), max(set(times) - told or times, key=times.__getitem__)
    text = (
        f"In {len(faster)} of {len(times)} groups of work ours takes less time than the fastest package that one would "
        f"use in its place: the median ratio is {median:.2f}, the largest {times[best]:.0f} ({best})."
    )
    slower = [f"{group} ({times[group]:.2f})" for group in times if group not in faster]
    return text + (f" Slower are {'; '.join(slower)}." if slower else "")


def made_on(record: Mapping[str, Any]) -> str:
    """Device, machine, version and date of a stored file."""
    made = record["environment"]
    return f"{made['device']}, {made['platform']}, jax {made['versions']['jax']}, {made['date']}"


def _shares(path, record):
    most = machine(record["results"])
    header = "work", "ours, s", "first call, s", "of product's FLOP/s", "of copy's bytes/s", "fastest baseline"
    header += ("its time / ours",)
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    for group, entries in record["results"].items():
        if group.startswith(MACHINE):
            continue
        first = entries[0].get("first_call_seconds")
        cells = [group, f"{entries[0]['median_seconds']:.3g}", f"{first:.3g}" if first else "–"]
        for kind in ("flops", "bytes"):
            rate = entries[0].get(f"{kind}_per_second")
            cells.append(f"{rate / most[kind]:.0%}" if rate is not None and kind in most else "–")
        baseline = fastest_baseline(entries)
        cells += [_words(baseline), f"{baseline['times_ours']:.2f}"] if baseline else ["–", "–"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"Medians on {made_on(record)}: [{path.name}]({path.parent.name}/{path.name})."]
    return "\n".join(lines)


def _words(entry):
    return name(entry).replace("_", " ")
