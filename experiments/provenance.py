"""Tables of results in Markdown, and their provenance: the files, and the commands that reproduce them."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.tasks import TITLES
from interp_jax.reports._page import signs

Files = dict[Path, dict]  # the files written by `experiments.keep_results.keep`, by path


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown; bars and line breaks in cells do not end them, and minus signs are alike."""
    first, *others = (f"| {' | '.join(map(_cell, row))} |" for row in [header, *rows])
    return "\n".join([first, "|---" * len(header) + "|", *others])


def _cell(value: Any) -> str:
    return signs(str(value)).replace("|", "\\|").replace("\n", " ")


def on(files: Files, data: str) -> list[dict[str, Any]]:
    """The records of the runs on a data set."""
    return [record for record in files.values() if record["config"]["data"] == data]


def data_name(config: Mapping[str, Any]) -> str:
    """The name of a run's data as tables have it."""
    return "digits" if config["data"] == "digits" else TITLES.get(config["data"], config["data"])


def of_each_run(files: Files, show: Callable[[Files], str]) -> str:
    """What ``show`` writes of each run alone, one below the other."""
    return "\n\n".join(show({path: record}) for path, record in files.items())


def provenance(study: str, files: Files, presets: Mapping[str, Any]) -> str:
    """A sentence with the machines, files and commands of all runs in a table.

    Args:
        study: the module's name under ``experiments``.
        files: the stored runs of the study.
        presets: the study's settings by name.
    """
    environments = dict.fromkeys(
        f"{environment['platform']}, jax {environment['versions']['jax']}, {environment['date']}"
        for environment in (record["environment"] for record in files.values())
    )
    links = ", ".join(f"[`{path.stem}`]({path.name})" for path in files)
    runs = "; ".join(f"`{flags(record['config'], presets)}`" for record in files.values())
    return (
        f"{'; '.join(environments)}. From {links}, computed by `python -m experiments.{study}` with {runs}, and stored "
        "by `python -m experiments.keep_results RUN`."
    )


def flags(config: Mapping[str, Any], presets: Mapping[str, Any]) -> str:
    """The command-line flags of a run: its preset, its data, and all changed settings."""
    preset = dataclasses.asdict(presets[config["preset"]])
    changed = {
        name: value
        for name, value in config.items()
        if name in preset and value != preset[name] and tuple(np.ravel(value)) != tuple(np.ravel(preset[name]))
    }
    given = {"preset": config["preset"]} | ({"data": config["data"]} if "data" in config else {}) | changed
    return " ".join(
        f"--{name.replace('_', '-')} {' '.join(map(str, np.ravel(value)))}" for name, value in given.items()
    )
