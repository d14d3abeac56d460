"""Where a table's numbers come from: the kept files, and the commands that make them again."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def provenance(study: str, files: Mapping[Path, dict], presets: Mapping[str, Any]) -> str:
    """Machines, kept files and commands of all runs in a table.

    Args:
        study: the module's name under ``experiments``.
        files: what `experiments.keep_results.keep` wrote, by path.
        presets: the study's settings by name, to tell which flags a run was given.
    """
    environments = dict.fromkeys(
        f"{kept['environment']['platform']}, jax {kept['environment']['versions']['jax']}, "
        f"{kept['environment']['date']}"
        for kept in files.values()
    )
    links = ", ".join(f"[`{path.stem}`]({path.name})" for path in files)
    runs = "; ".join(f"`{flags(kept['config'], presets)}`" for kept in files.values())
    return (
        f"{'; '.join(environments)}. From {links}, made by `python -m experiments.{study}` with {runs}, and "
        "`python -m experiments.keep_results RUN`."
    )


def flags(config: Mapping[str, Any], presets: Mapping[str, Any]) -> str:
    """The command-line flags that give a run's settings: its preset, its data, and what was changed."""
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
