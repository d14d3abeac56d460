"""Stores the numbers of finished runs in the repository, and writes the tables of results from all stored runs.

python -m experiments.keep_results runs/jump_detection/paper     store this run, then write the tables
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

RESULTS = Path(__file__).parent / "results"
DETAILS = RESULTS / "README.md"
README = Path(__file__).parent.parent / "README.md"
BENCHMARKS = README.parent / "benchmarks" / "results"
PICTURES = {"jump_detection": "networks_against_optimum"}


def keep(run: Path) -> Path:
    """Copies the settings, metrics, environment and figure of a run to ``experiments/results``; returns the file.

    Args:
        run: the folder of a finished run, ``runs/<study>/<name>``.

    Raises:
        ValueError: the folder is not that of a study's run, or the run is not finished.
    """
    study = run.resolve().parent.name
    parts = ("config", "metrics", "timing")
    missing = [name for name in parts if not (run / f"{name}.json").is_file()]
    if study not in STUDIES or missing:
        place = f"{run} without {missing[0]}.json" if missing else f"{run} in {study}"
        raise ValueError(f"run: found {place}, wanted a finished run, runs/<study>/<name>")
    config, metrics, timing = (read_record(run / f"{name}.json") for name in parts)
    if timing.get("unfinished"):
        section = timing["unfinished"][0]
        raise ValueError(f"run: found {run} without section {section}, wanted a finished run; repeat the run's command")
    record = {"environment": timing["environment"], "seconds": timing["total"], "config": config, "metrics": metrics}
    RESULTS.mkdir(exist_ok=True)
    # A study with several data sets or networks has one file for each.
    name = "_".join([study, *(config[key] for key in ("data", "network") if key in config)])
    name = getattr(STUDIES[study], "file_name", lambda _: name)(config)
    path = RESULTS / f"{name}.json"
    write_text(path, json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if study in PICTURES:
        copyfile(run / "figures" / f"{PICTURES[study]}.png", RESULTS / f"{study}.png")
    return path


def readme_results() -> str:
    """The README's table: the main results of every study beside the published ones."""
    lines = ["| | ours | published | networks |", "|---|---|---|---|"]
    made = {}
    for name, study in STUDIES.items():
        files = _files(RESULTS, name)
        lines += [f"| {' | '.join(map(str, line))} |" for line in study.lines(files)]
        for record in files.values():
            environment = record["environment"]
            machine = f"{environment['platform']}, jax {environment['versions']['jax']}"
            made.setdefault(machine, []).append(environment["date"])
    dates = "; ".join(f"{machine}, {' to '.join(sorted({min(days), max(days)}))}" for machine, days in made.items())
    return "\n".join(
        [
            *lines,
            "",
            f"Mean ± standard deviation over networks; for core units, over selections in one network. {dates}. "
            f"[All tables]({_link(DETAILS)}), each with the command that reproduces it.",
        ]
    )


def readme_speed() -> str:
    """The README's table of speed."""
    files = _files(BENCHMARKS)
    links = ", ".join(f"[{benchmarks.made_on(record)}]({_link(path)})" for path, record in files.items())
    return (
        f"{benchmarks.speed(files)}\n\nMedians of warm calls, baselines in the same run, on {links}; these files have "
        "all baselines. Slow baselines run on part of the problem (`share` in the files); their times are "
        "extrapolated. `python -m benchmarks` repeats the measurements on your machine; [what bounds "
        "each](benchmarks/README.md)."
    )


def results_table(study: str) -> str:
    """The table of a study."""
    return STUDIES[study].results_table(_files(RESULTS, study))


def with_tables(path: Path) -> str:
    """The text of a file, with each of its tables inserted between two marks."""
    text = path.read_text(encoding="utf-8")
    for name, table in TABLES[path].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"{path.name}: found no marks, wanted <!-- {name} --> … <!-- /{name} -->")
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
    """Stores the numbers of finished runs in the repository, and writes the tables of results.

    Args:
        runs: folders of finished runs, ``runs/<study>/<name>``; without any, only the tables are written.
    """
    for run in runs:
        print(f"stored {_link(keep(run))}")
    for path in TABLES:
        write_text(path, with_tables(path))


if __name__ == "__main__":
    try:
        tyro.cli(main, prog="python -m experiments.keep_results")
    except ValueError as error:
        sys.exit(f"error: {error}")
