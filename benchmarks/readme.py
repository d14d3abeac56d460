"""Writes the table of ``benchmarks/README.md`` from the newest kept results: ``python -m benchmarks.readme``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import MACHINE, machine, read
from interp_jax.reports.atomic import write_text

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
MARKS = "<!-- results -->\n", "<!-- /results -->"


def newest() -> Path:
    """The kept file of the latest day."""
    return max((FOLDER / "results").glob("*.json"), key=lambda path: read(path)["environment"]["date"])


def table(kept: Mapping[str, Any], link: str) -> str:
    """Markdown: each group's time, its shares of the machine, and its fastest rival.

    Args:
        kept: what ``python -m benchmarks --json`` kept.
        link: where the file is, from the README.

    Returns:
        The table and where its numbers are from. A dash is what the run did not measure.
    """
    most = machine(kept["results"])
    lines = ["| work | ours, s | of the product's FLOP/s | of the copy's bytes/s | fastest rival | its time / ours |"]
    lines.append("|---|---|---|---|---|---|")
    for group, entries in kept["results"].items():
        if group.startswith(MACHINE):
            continue
        rivals = [entry for entry in entries if not entry["name"].startswith("interp_jax")]
        fastest = min(rivals, key=lambda entry: entry["median_seconds"], default=None)
        cells = [group, f"{entries[0]['median_seconds']:.3g}"]
        for name in ("flops", "bytes"):
            rate = entries[0].get(f"{name}_per_second")
            cells.append(f"{rate / most[name]:.0%}" if rate is not None and name in most else "–")
        cells += [fastest["name"], f"{fastest['times_ours']:.2f}"] if fastest else ["–", "–"]
        lines.append(f"| {' | '.join(cells)} |")
    made = kept["environment"]
    lines += ["", f"Medians on {made['device']}, {made['platform']}, {made['date']}: [{Path(link).name}]({link})."]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """The README with the newest results between its marks."""
    before, _, rest = readme.partition(MARKS[0])
    _, closing, after = rest.partition(MARKS[1])
    if not closing:
        raise ValueError(f"benchmarks/README.md: found no marks {MARKS[0].strip()} … {MARKS[1]}")
    path = newest()
    return before + MARKS[0] + table(read(path), path.relative_to(FOLDER).as_posix()) + MARKS[1] + after


if __name__ == "__main__":
    write_text(README, with_table(README.read_text(encoding="utf-8")))
