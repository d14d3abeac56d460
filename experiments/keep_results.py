"""Keeps a finished run's numbers in the repository, and makes the tables of results from all that is kept.

python -m experiments.keep_results runs/jump_detection/paper     keep this run, then write the tables
python -m experiments.keep_results                               write the tables only
"""

import json
import sys
from functools import partial
from pathlib import Path
from shutil import copyfile

import tyro

from benchmarks import tables as benchmarks
from experiments.bottleneck import table as bottleneck
from experiments.cnn_inte import table as cnn_inte
from experiments.core_units import table as core_units
from experiments.gradient_ascent import table as gradient_ascent
from experiments.hierarchical_modules import table as hierarchical_modules
from experiments.identity_layers import table as identity_layers
from experiments.jump_detection import table as jump_detection
from experiments.memorization import table as memorization
from interp_jax._files import write_text
from interp_jax.reports._records import read_record

KEPT = Path(__file__).parent / "results"
DETAILS = KEPT / "README.md"
README = Path(__file__).parent.parent / "README.md"
BENCHMARKS = README.parent / "benchmarks" / "results"
PICTURES = {"jump_detection": "networks_against_optimum"}


def keep(run: Path) -> Path:
    """Copies a run's settings, metrics, environment and its picture to ``experiments/results``.

    Args:
        run: the folder of a finished run, ``runs/<study>/<name>``.

    Returns:
        The file written.

    Raises:
        ValueError: this is no folder of a study's run, or the run is not finished.
    """
    study = run.resolve().parent.name
    parts = ("config", "metrics", "timing")
    missing = [name for name in parts if not (run / f"{name}.json").is_file()]
    if study not in STUDIES or missing:
        found = f"no {missing[0]}.json in it" if missing else f"it in {study}"
        raise ValueError(f"run: {run}, found {found}; expected a finished run, runs/<study>/<name>")
    config, metrics, timing = (read_record(run / f"{name}.json") for name in parts)
    if timing.get("unfinished"):
        raise ValueError(f"run: {run}, found no {timing['unfinished'][0]} in it yet; the same command goes on with it")
    kept = {"environment": timing["environment"], "seconds": timing["total"], "config": config, "metrics": metrics}
    KEPT.mkdir(exist_ok=True)
    # A study of several data sets or networks keeps a file of each.
    name = "_".join([study, *(config[key] for key in ("data", "network") if key in config)])
    name = getattr(STUDIES[study], "kept_as", lambda _: name)(config)
    path = KEPT / f"{name}.json"
    write_text(path, json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if study in PICTURES:
        copyfile(run / "figures" / f"{PICTURES[study]}.png", KEPT / f"{study}.png")
    return path


def readme_results() -> str:
    """The README's table: the most telling lines of every study, beside what was published."""
    lines = ["| | ours | published | networks |", "|---|---|---|---|"]
    made = {}
    for name, study in STUDIES.items():
        files = _files(KEPT, name)
        lines += [f"| {' | '.join(map(str, line))} |" for line in study.lines(files)]
        for kept in files.values():
            found = kept["environment"]
            machine = f"{found['platform']}, jax {found['versions']['jax']}"
            made.setdefault(machine, []).append(found["date"])
    dates = "; ".join(f"{machine}, {' to '.join(sorted({min(days), max(days)}))}" for machine, days in made.items())
    return "\n".join(
        [
            *lines,
            "",
            f"Mean ± standard deviation over networks, of core units over selections in one network. {dates}. "
            f"[All tables]({_link(DETAILS)}), each with the command that makes it again.",
        ]
    )


def readme_speed() -> str:
    """The README's table of speed."""
    files = _files(BENCHMARKS)
    links = ", ".join(f"[{benchmarks.made_on(kept)}]({_link(path)})" for path, kept in files.items())
    return (
        f"{benchmarks.speed(files)}\n\nWarm medians, rivals in the same run, on {links}, where all rivals are. One "
        "that would take long does a share of the work, kept there as `share`, and its time is told from that. "
        "`python -m benchmarks` measures them on your machine; [what bounds each](benchmarks/README.md)."
    )


def results_table(study: str) -> str:
    """A study's whole table."""
    return STUDIES[study].results_table(_files(KEPT, study))


def with_tables(path: Path) -> str:
    """A text file with every table of its own between its two marks."""
    text = path.read_text(encoding="utf-8")
    for name, table in TABLES[path].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"{path.name}: found no marks <!-- {name} --> … <!-- /{name} -->")
        text = before + opening + table() + "\n" + closing + after
    return text


def _files(folder: Path, opening: str = "") -> dict[Path, dict]:
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{opening}*.json"))}


def _link(path: Path) -> str:
    return path.relative_to(README.parent).as_posix()


STUDIES = {
    "jump_detection": jump_detection,
    "bottleneck": bottleneck,
    "gradient_ascent": gradient_ascent,
    "memorization": memorization,
    "hierarchical_modules": hierarchical_modules,
    "core_units": core_units,
    "cnn_inte": cnn_inte,
    "identity_layers": identity_layers,
}
TABLES = {
    README: {"results": readme_results, "benchmarks": readme_speed},
    DETAILS: {name: partial(results_table, name) for name in STUDIES},
    BENCHMARKS.parent / "README.md": {"results": lambda: benchmarks.shares(_files(BENCHMARKS))},
}


def main(runs: tyro.conf.Positional[tuple[Path, ...]] = ()) -> None:
    """Keeps finished runs' numbers in the repository, and makes the tables of results from all that is kept.

    Args:
        runs: folders of finished runs, ``runs/<study>/<name>``; without any, only the tables are written.
    """
    for run in runs:
        print(f"kept {_link(keep(run))}")
    for path in TABLES:
        write_text(path, with_tables(path))


if __name__ == "__main__":
    try:
        tyro.cli(main, prog="python -m experiments.keep_results")
    except ValueError as error:
        sys.exit(f"error: {error}")
