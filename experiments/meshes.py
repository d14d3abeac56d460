"""A study on several devices, also of several processes: each holds a part of the rows, and the first writes."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

ROOT = Path("runs")
_roots: list[tuple[Path, Path]] = []  # of a process that is not the first: that of the first, and its own


def spread(rows: Any, devices: int) -> Any:
    """Rows, or a tuple of them, over so many devices; as they are for one, and where they do not divide evenly.

    Of several processes each places its own part, and all their devices take part.

    Raises:
        ValueError: more devices than there are, or fewer than those of all processes.
    """
    found = jax.device_count()
    if devices > found or (jax.process_count() > 1 and devices != found):
        raise ValueError(f"devices: found {devices}, wanted {'' if jax.process_count() > 1 else 'at most '}{found}")
    if devices == 1 or any(len(each) % devices for each in jax.tree.leaves(rows)):
        return rows
    axes = jax.sharding.AxisType.Auto
    mesh = jax.make_mesh((devices,), ("rows",), (axes,), devices=jax.devices()[:devices])
    sharding = jax.sharding.NamedSharding(mesh, jax.P("rows"))

    def placed(array):
        array = np.asarray(array)
        array = array.astype(jax.dtypes.canonicalize_dtype(array.dtype), copy=False)
        return jax.make_array_from_callback(array.shape, sharding, lambda part: array[part])

    return jax.tree.map(placed, rows)


def root(study: str, name: str, *, at: Path = ROOT) -> Path:
    """The folder of all runs; for every process but the first a copy of this run, which is removed at the end.

    All processes compute the same, so that none may find less finished than the others do.
    """
    if jax.process_count() == 1:
        return at
    from jax.experimental import multihost_utils

    folder = at
    if jax.process_index():
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        if (at / study / name).is_dir():
            shutil.copytree(at / study / name, folder / study / name)
        _roots.append((at, folder))
    multihost_utils.sync_global_devices("every process has read the run")
    return folder


def saved_once(folder: Path, compute: Callable[[], Any], save: Callable[[Path, Any], None]) -> Path:
    """The folder of a checkpoint, computed and saved where there is none yet; of several processes by the first.

    All of them compute; the others copy what the first has saved.
    """
    stored = folder.is_dir()
    computed = None if stored else compute()
    if not stored and not jax.process_index():
        save(folder, computed)
    if not stored and jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(f"saved {folder.name}")
        if jax.process_index():
            first, own = _roots[-1]
            shutil.copytree(first / folder.relative_to(own), folder)
    return folder
