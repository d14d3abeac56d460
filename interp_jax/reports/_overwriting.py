"""Removing what an earlier run wrote, and nothing else.

A run's own index is its ``timing.json``, which names its sections and checkpoints; sections name their figures.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from interp_jax._files import is_plain
from interp_jax.reports._records import read_record
from interp_jax.reports.section import RECORD_KEYS, check_blocks

_PAGES = ("report.html", "metrics.json", "config.json", "timing.json")
# What orbax and `Study.cached` write into a checkpoint.
_STORED = re.compile(r"_METADATA|_CHECKPOINT_METADATA|_sharding|manifest\.ocdbt|commit_success\.txt|result\.npz|"
                     r"(d|array_metadatas|ocdbt\.process_\d+)(/.*)?")  # fmt: skip


def figure_names(record: dict[str, Any]) -> list[str]:
    """The figures of a section's record."""
    return [block["name"] for block in record["blocks"] if block["kind"] == "figure"]


def read_section(path: Path) -> dict[str, Any]:
    """The record of a section; refuses another file."""
    record = read_record(path, RECORD_KEYS)
    check_blocks(path, record)
    return record


def is_section(path: Path) -> bool:
    """Whether a file is the record of a section."""
    try:
        return bool(read_section(path))
    except ValueError:
        return False


def index(folder: Path) -> dict[str, Any] | None:
    """The run's index, None where there is none; an empty one where it is damaged.

    Raises:
        ValueError: a file of this name that no run wrote.
    """
    path = folder / "timing.json"
    if not path.exists():
        return None
    try:
        json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    try:
        return read_record(path, {"sections": dict})
    except ValueError as error:
        wanted = "the index that a run wrote. Move it, or pass another --name."
        raise ValueError(f"{path}: found a file that no run wrote, wanted {wanted}") from error


def section_names(folder: Path) -> set[str]:
    """The sections that the run's index names."""
    named = index(folder) or {}
    return {each for part in ("sections", "unfinished") for each in named.get(part) or () if is_plain(each)}


def checkpoint_names(folder: Path) -> list[str]:
    """The checkpoints of a run by their stored names; for an older run that stored none, all that orbax wrote."""
    try:
        names = (read_record(folder / "timing.json")).get("checkpoints")
    except (FileNotFoundError, ValueError):
        return []
    if not isinstance(names, list):
        names = sorted(each.name for each in folder.glob("checkpoints/*") if each.is_dir() and _is_stored(each))
    return [name for name in names if is_plain(name)]


def leftovers(folder: Path, name: str, ending: str = r"(\.unfinished)?(\.orbax-checkpoint-tmp.*)?") -> list[Path]:
    """A checkpoint, and what killed trainings and writers left of it."""
    paths = folder.glob(f"checkpoints/{name}*")
    return [path for path in paths if re.fullmatch(ending, path.name.removeprefix(name))]


def remove_run(folder: Path, sections: Iterable[str], config: Mapping[str, Any]) -> None:
    """Removes the files of a run, and nothing else; a symbolic link is removed, its target stays.

    The order leaves a shorter valid run if interrupted: sections, their figures, checkpoints, results, settings and
    the index.

    Raises:
        ValueError: files of these names that no run wrote, before any is removed.
    """
    if folder.is_symlink():
        raise ValueError(f"{folder}: found a symbolic link, wanted a folder to overwrite. Pass another --name.")
    for name in ("sections", "figures", "results", "checkpoints"):
        if (folder / name).is_symlink():
            (folder / name).unlink()
    own = {*section_names(folder), *sections}
    _check_own(folder, own, config)
    for id in sorted(own):
        path = folder / "sections" / f"{id}.json"
        names = figure_names(read_section(path)) if path.exists() and is_section(path) else []
        path.unlink(missing_ok=True)
        for name in names:
            (folder / "figures" / f"{name}.png").unlink(missing_ok=True)
    for id in sorted(own):
        (folder / "results" / f"{id}.npz").unlink(missing_ok=True)
    for name in checkpoint_names(folder):
        for path in leftovers(folder, name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for name in ("sections", "figures", "results", "checkpoints"):
        with contextlib.suppress(OSError):  # not there, or not empty
            (folder / name).rmdir()
    for name in _PAGES:
        (folder / name).unlink(missing_ok=True)


def _check_own(folder: Path, own: set[str], config: Mapping[str, Any]) -> None:
    """Refuses to remove files that have the names of a run's though no run was here."""
    if index(folder) is not None:
        return
    files = [*_PAGES, *(f"sections/{id}.json" for id in sorted(own)), *(f"results/{id}.npz" for id in sorted(own))]
    found = [name for name in files if (folder / name).exists()]
    if "config.json" in found and _has_keys(folder / "config.json", config):
        return  # a run that was stopped before it wrote its index, or whose damaged index was removed
    if found:
        raise ValueError(
            f"{folder / found[0]}: found a file that no run wrote, wanted a run to overwrite. Move it, or pass "
            "another --name."
        )


def _has_keys(path: Path, config: Mapping[str, Any]) -> bool:
    try:
        return read_record(path).keys() == config.keys()
    except ValueError:
        return False


def _is_stored(folder: Path) -> bool:
    names = (each.relative_to(folder).as_posix() for each in folder.rglob("*"))
    return all(_STORED.fullmatch(name) for name in names)
