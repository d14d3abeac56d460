"""Stores the numbers of finished runs in the repository, and writes the tables of results from all stored runs.

python -m experiments.keep_results runs/jump_detection/paper     store this run, then write the tables
python -m experiments.keep_results                               write the tables only
"""

import importlib
import json
import sys
from functools import partial
from pathlib import Path
from shutil import copyfile

import tyro

from benchmarks import tables as benchmarks
from experiments import kept, studies
from experiments.claims import ledger
from experiments.provenance import table
from interp_jax._files import write_text
from interp_jax.reports._records import read_record

RESULTS = kept.RESULTS
DETAILS = RESULTS / "README.md"
README = Path(__file__).parent.parent / "README.md"
BENCHMARKS = README.parent / "benchmarks" / "results"
EXAMPLE = RESULTS / "example" / "printed.json"
KILLS = README.parent / "tests" / "kills" / "results.json"


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
    kept.store(run, name)
    path = RESULTS / f"{name}.json"
    write_text(path, json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if picture := getattr(STUDIES[study], "PICTURE", None):
        copyfile(run / "figures" / f"{picture}.png", RESULTS / f"{study}.png")
    return path


def results() -> str:
    """The main results of every study beside the published ones."""
    return f"{table(HEADER, [line for lines in _lines().values() for line in lines])}\n\n{_made()}"


def readme_results() -> str:
    """The README's table: one of each study's main results, by default the first."""
    first = [lines[getattr(STUDIES[name], "IN_README", 0)] for name, lines in _lines().items() if lines]
    return f"{table(HEADER, first)}\n\n{_made()} [All tables]({_link(DETAILS)}), each with its command."


def claims() -> str:
    """The README's summary of the ledger of claims."""
    return f"{ledger.in_short()}\n\n[Every claim]({_link(ledger.FILE)}) with its number, control and rule."


def _lines() -> dict[str, list[tuple]]:
    """The lines of each study's main results."""
    return {name: study.lines(_files(RESULTS, name)) for name, study in STUDIES.items()}


def _made() -> str:
    """What the main results are, and where and when they were computed."""
    days = {}
    for name in STUDIES:
        for record in _files(RESULTS, name).values():
            environment = record["environment"]
            machine = f"{environment['platform']}, jax {environment['versions']['jax']}"
            days.setdefault(machine, set()).add(environment["date"])
    dates = "; ".join(f"{machine}, {' to '.join(sorted({min(each), max(each)}))}" for machine, each in days.items())
    return f"Mean ± standard deviation over networks; for core units, over selections in one network. {dates}."


def readme_speed() -> str:
    """The README's sentences on speed."""
    files = _files(BENCHMARKS)
    runs: dict[str, list[str]] = {}
    for path, record in files.items():
        runs.setdefault(benchmarks.made_on(record), []).append(f"[{path.stem}]({_link(path)})")
    links = "; ".join(f"{made_on}: {', '.join(paths)}" for made_on, paths in runs.items())
    return (
        f"{benchmarks.summary(files)} Medians of warm calls, baselines in the same run; slow baselines run on part of "
        f"the problem, their times are extrapolated. Stored runs on {links}."
    )


def example(cell: int) -> str:
    """What a cell of the README's example prints; the first is 1."""
    return f"```text\n{_example()['cells'][cell - 1]['printed']}```"


def example_seconds() -> str:
    """How long the cells of the README's example take."""
    seconds = [f"{cell['seconds']:.0f}" for cell in _example()["cells"]]
    on = _example()["environment"]
    return f"The cells took {', '.join(seconds[:-1])} and {seconds[-1]} s ({on['platform']}, {on['date']})."


def study_seconds() -> str:
    """How long the README's first study takes."""
    study, on = _example()["study"], _example()["environment"]
    return (
        f"The study takes {study['seconds']:.0f} s, {study['cpu_seconds']:.0f} s of CPU time ({on['platform']}, "
        f"{on['date']})."
    )


def _example() -> dict:
    return json.loads(EXAMPLE.read_text(encoding="utf-8"))


def kills() -> str:
    """Which studies were killed, how often, and whether they ended as undisturbed ones."""
    counts = json.loads(KILLS.read_text(encoding="utf-8"))
    times = ", ".join(f"{name} {entry['kills']} times" for name, entry in sorted(counts.items()))
    runs = sum(entry["runs"] for entry in counts.values())
    faults = sum(len(entry["faults"]) for entry in counts.values())
    ended = f"all {runs}" if not faults else f"{runs - faults} of {runs}"
    return (
        f"Small runs were killed at random moments ({times}) and begun again by the same command "
        f"(`python -m tests.kills`): {ended} runs ended with the metrics and figures of an undisturbed one, byte for "
        "byte, and with no other files."
    )


def results_table(study: str) -> str:
    """The table of a study; a sentence before a run of it is kept."""
    files = _files(RESULTS, study)
    return STUDIES[study].results_table(files) if files else "No run of this study is kept yet."


def with_tables(path: Path) -> str:
    """The text of a file, with each of its tables inserted between two marks."""
    text = path.read_text(encoding="utf-8")
    for name, write in TABLES[path].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"{path.name}: found no marks, wanted <!-- {name} --> … <!-- /{name} -->")
        text = before + opening + write() + "\n" + closing + after
    return text


def write_tables() -> None:
    """Writes all tables from the stored files."""
    for path in TABLES:
        write_text(path, with_tables(path))
    write_text(ledger.FILE, ledger.text())


def _files(folder: Path, opening: str = "") -> dict[Path, dict]:
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{opening}*.json"))}


def _link(path: Path) -> str:
    return path.relative_to(README.parent).as_posix()


STUDIES = {
    name: importlib.import_module(f"experiments.{name}.table")
    for name in studies.names()
    if (studies.HERE / name / "table.py").is_file()
}
HEADER = "", "ours", "published", "networks"
TABLES = {
    README: {
        **{f"cell {cell}": partial(example, cell) for cell in (1, 2, 3, 4, 5)},
        "study": study_seconds,
        "seconds": example_seconds,
        "kills": kills,
        "claims": claims,
        "results": readme_results,
        "benchmarks": readme_speed,
    },
    DETAILS: {"results": results} | {name: partial(results_table, name) for name in STUDIES},
    BENCHMARKS.parent / "README.md": {"results": lambda: benchmarks.shares(_files(BENCHMARKS))},
}


def main(runs: tyro.conf.Positional[tuple[Path, ...]] = ()) -> None:
    """Stores the numbers of finished runs in the repository, and writes the tables of results.

    Args:
        runs: folders of finished runs, ``runs/<study>/<name>``; without any, only the tables are written.
    """
    for run in runs:
        print(f"stored {_link(keep(run))}")
    write_tables()


if __name__ == "__main__":
    try:
        tyro.cli(main, prog="python -m experiments.keep_results")
    except ValueError as error:
        sys.exit(f"error: {error}")
