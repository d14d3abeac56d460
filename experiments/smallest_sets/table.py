"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.provenance import of_each_run, provenance
from experiments.smallest_sets.problems import KINDS, UNITS
from experiments.smallest_sets.settings import PRESETS


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's row in the README: quantity, ours, published, number of networks."""
    return [
        (
            "core units of layers of 8 to 16 units: sets of the true minimum's size",
            f"{every['found']} of {every['problems']}",
            "–",
            f"{every['problems']} problems",
        )
        for every in (record["metrics"]["minimum"]["all"] for record in files.values())
    ]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every kind of problem and size of layer."""
    return of_each_run(files, _table)


def _table(files):
    (record,) = files.values()
    lines = [
        "| core units against exhaustion | minimum found | 95% interval (%) | units too many: mean, most "
        "| units of the minimum, mean |",
        "|---|---|---|---|---|",
    ]
    metrics = record["metrics"]["minimum"]
    for name in [*KINDS, *(f"{units} units" for units in UNITS), "all"]:
        each = metrics[name]
        low, high = (100 * end for end in each["interval"])
        missed = f"{each['mean_missed']:.2f}, {each['most_missed']}"
        number = f"{each['found']} of {each['problems']}"
        lines.append(f"| {name} | {number} | {low:.1f} to {high:.1f} | {missed} | {each['mean_least']:.1f} |")
    note = "Required rates of 90 to 99.5%, on the rows that the search saw. "
    return "\n".join([*lines, "", note + provenance("smallest_sets", files, PRESETS)])
