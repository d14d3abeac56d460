"""The study's table of results, and its line in the README."""

from experiments.in_the_wild.needed import ABLATIONS
from experiments.in_the_wild.settings import PRESETS
from experiments.in_the_wild.wild_study import FIRST
from experiments.provenance import Files, provenance, table


def lines(files: Files) -> list[tuple]:
    """The study's row in the README: quantity, ours, published, number of networks."""
    return [
        (
            f"units of 512 that are enough for a file type, certified on other packages: magika ({version})",
            "; ".join(f"{name} {_units(types[name]['mean'])}" for name in (*FIRST, "gzip") if name in types),
            "–",
            1,
        )
        for version, types in ((_version(record), record["metrics"]["needed"]["types"]) for record in files.values())
    ]


def results_table(files: Files) -> str:
    """A row for every type."""
    header = ("type", "required rate", *(f"units, others {name}" for name in ABLATIONS), "rate on other packages, mean")
    rows = [
        (
            name,
            f"{of['required'][name]:.0%}",
            *(_units(each[ablation]) for ablation in ABLATIONS),
            f"{each['mean']['checked'][0]:.1%}; random sets {each['mean']['random']:.1%}",
        )
        for of in (record["metrics"]["needed"] for record in files.values())
        for name, each in of["types"].items()
    ]
    return (
        f"{table(header, rows)}\n\nUnits of 512 that are enough to decide of a file whether it is of the type as the "
        "whole network does, certified on files of packages that served no search, by what stands in for the others; "
        f"*: not certified. {provenance('in_the_wild', files, PRESETS)}"
    )


def _units(of: dict) -> str:
    return f"{of['units']}{'' if of['certified'] else '*'}"


def _version(record: dict) -> str:
    return record["metrics"]["runtime"]["version"]
