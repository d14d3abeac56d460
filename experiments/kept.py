"""Results of finished runs that the repository keeps: a record and what the sections measured, for every run."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.studies import names
from interp_jax._files import write_bytes

RESULTS = Path(__file__).parent / "results"
LARGEST = 2_000_000  # bytes of a run's results
IMAGES = "images"  # the setting by which a run recognizes its image set; earlier runs have none


def folders() -> list[Path]:
    """The folders of what sections measured, one for every kept run that has them."""
    return [path.with_suffix("") for path in sorted(RESULTS.glob("*.json")) if path.with_suffix("").is_dir()]


def study_of(name: str) -> str:
    """The study that a kept run is of."""
    return next(study for study in names() if name.startswith(study))


def store(run: Path, name: str) -> None:
    """Copies what the sections of a finished run measured.

    Raises:
        ValueError: more than a repository should keep.
    """
    results = sorted((run / "results").glob("*.npz"))
    size = sum(path.stat().st_size for path in results)
    if size > LARGEST:
        raise ValueError(f"run: found {size:,} bytes in {run / 'results'}, wanted at most {LARGEST:,}")
    shutil.rmtree(RESULTS / name, ignore_errors=True)
    if results:
        (RESULTS / name).mkdir(parents=True)
    for path in results:
        shutil.copyfile(path, RESULTS / name / path.name)


def restore(study: str, config: Mapping[str, Any], folder: Path) -> None:
    """Copies the kept results of a run with these settings to ``folder``, where that has none of its own.

    Images that only one of the two runs recognizes are not compared: a run that is only shown reads none.
    """
    for results in folders():
        record = json.loads(results.with_suffix(".json").read_text(encoding="utf-8"))["config"]
        wanted = json.loads(json.dumps(_common(config, record)))
        if study_of(results.name) == study and _common(record, config) == wanted:
            folder.mkdir(exist_ok=True)
            for path in results.glob("*.npz"):
                if not (folder / path.name).exists():
                    write_bytes(folder / path.name, path.read_bytes())


def _common(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != IMAGES or name in other}
