"""Keeps a finished run's numbers in the repository, and makes the README's tables from all that is kept.

python -m experiments.keep_results runs/jump_detection/paper     keep this run, then write the tables
python -m experiments.keep_results                               write the tables only
"""

import json
import sys
from pathlib import Path
from shutil import copyfile

from experiments.bottleneck.table import readme_table as bottleneck_table
from experiments.cnn_inte.table import readme_table as cnn_inte_table
from experiments.core_units.table import readme_table as core_units_table
from experiments.gradient_ascent.table import readme_table as gradient_ascent_table
from experiments.hierarchical_modules.table import readme_table as hierarchical_modules_table
from experiments.identity_layers.table import readme_table as identity_layers_table
from experiments.jump_detection.table import readme_table as jump_detection_table
from experiments.memorization.table import readme_table as memorization_table
from interp_jax.reports.atomic import write_text

KEPT = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"
BENCHMARKS = README.parent / "benchmarks" / "results"
PICTURES = {"jump_detection": "networks_against_optimum"}


def keep(run: Path) -> Path:
    """Copies a run's settings, metrics, environment and its picture to ``experiments/results``.

    Args:
        run: the folder of a finished run, ``runs/<study>/<name>``.

    Returns:
        The file written.
    """
    study = run.resolve().parent.name
    parts = {name: json.loads((run / f"{name}.json").read_text(encoding="utf-8")) for name in ("config", "metrics")}
    timing = json.loads((run / "timing.json").read_text(encoding="utf-8"))
    kept = {"environment": timing["environment"], "seconds": timing["total"], **parts}
    KEPT.mkdir(exist_ok=True)
    # A study of several data sets or networks keeps a file of each.
    name = "_".join([study, *(parts["config"][key] for key in ("data", "network") if key in parts["config"])])
    path = KEPT / f"{name}.json"
    write_text(path, json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if study in PICTURES:
        copyfile(run / "figures" / f"{PICTURES[study]}.png", KEPT / f"{study}.png")
    return path


def benchmarks_table() -> str:
    """The README's table of speed, from the newest file of each machine that ``python -m benchmarks`` wrote."""
    lines = ["| work | rival | rival's time / ours | on |", "|---|---|---|---|"]
    links, first_call = [], ""
    for path in sorted(BENCHMARKS.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        environment = kept["environment"]
        links.append(f"[{environment['device']}, {environment['platform']}, {environment['date']}]({_link(path)})")
        for work, entries in kept["results"].items():
            if entries[0]["name"].startswith("interp_jax_first_call"):
                first_call = ", but for a tree of Ward's, where ours is the first call with its compilation"
            lines += [
                f"| {work} | {entry['name']} | {entry['times_ours']:.1f} | {environment['device']} |"
                for entry in entries
                if not entry["name"].startswith("interp_jax")
            ]
    lines += [
        "",
        f"Medians, a rival's from the same run as ours, on {', '.join(links)}; warm{first_call}. "
        "`python -m benchmarks` measures them on your machine (it wants "
        "`.[test]`, and the rivals PyTorch and fastcluster).",
    ]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """The README's tables by the name of their marks."""
    made = {}
    for study, table in STUDIES.items():
        kept = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(KEPT.glob(f"{study}*.json"))}
        made[study] = table(kept)
    return made | {"benchmarks": benchmarks_table()}


def with_tables(readme: str) -> str:
    """The README with every table between its two marks."""
    for name, table in tables().items():
        before, opening, rest = readme.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"README.md: found no marks <!-- {name} --> … <!-- /{name} -->")
        readme = before + opening + table + "\n" + closing + after
    return readme


def _link(path: Path) -> str:
    return path.relative_to(README.parent).as_posix()


STUDIES = {
    "jump_detection": jump_detection_table,
    "bottleneck": bottleneck_table,
    "gradient_ascent": gradient_ascent_table,
    "memorization": memorization_table,
    "hierarchical_modules": hierarchical_modules_table,
    "core_units": core_units_table,
    "cnn_inte": cnn_inte_table,
    "identity_layers": identity_layers_table,
}


def main(folders: list[str]) -> None:
    """Keeps the runs and rewrites the README."""
    for folder in folders:
        print(f"kept {_link(keep(Path(folder)))}")
    write_text(README, with_tables(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(sys.argv[1:])
