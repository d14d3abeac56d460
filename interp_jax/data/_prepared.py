"""Datasets prepared by TensorFlow Datasets, read without tensorflow and cached as plain arrays.

Decoding MNIST one PNG after the other takes about ten seconds; the cached arrays load in a fraction of one.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from interp_jax._files import discard_leftovers, read_arrays, write_arrays
from interp_jax.data import _known as known
from interp_jax.data._published import CLASS_COUNT, RawImages, check_labels

_READABLE_FORMATS = {"array_record", "parquet"}
_log = logging.getLogger(__name__)


def find(name: str, roots: Iterable[Path]) -> tuple[Path | None, list[Path]]:
    """The first prepared folder ``<root>/<name>/<version>`` that can be read without tensorflow.

    Args:
        name: of the data set.
        roots: the folders to search, in this order; in each the latest version comes first.

    Returns:
        The folder, or None if there is none, and the folders passed over because their files (TFRecord) cannot be read
        without tensorflow.

    Raises:
        ValueError: a folder, named, whose ``dataset_info.json`` is damaged or describes another data set.

    Example:
        >>> find("mnist", [Path("no such folder")])
        (None, [])
    """
    unreadable = []
    for root in roots:
        for folder in _versions(root / name):
            if _formats(folder, name) & _READABLE_FORMATS:
                return folder, unreadable
            unreadable.append(folder)
    return None, unreadable


def read(folder: Path, split: str) -> RawImages:
    """Pixels and labels of one split of the prepared dataset in ``folder``, from the cache if it holds them.

    The cache is the folder ``$INTERP_JAX_CACHE``, else the user's cache folder. An entry belongs to the prepared
    files' names, sizes and times of change; a damaged one is rewritten, and a cache that is not writable is ignored.

    Args:
        folder: where ``dataset_info.json`` is.
        split: "train" or "test".

    Returns:
        Pixels [n, height, width, channels] (gray levels 0…255) and labels [n], both uint8, in the order of the prepared
        files, which TFDS has shuffled.

    Raises:
        ValueError: the dataset is damaged; the message names its folder.
        ImportError: it is not in the cache and tensorflow-datasets is not installed; with the line that installs it.

    Example:
        >>> read(Path("no such folder"), "train")
        Traceback (most recent call last):
        ValueError: no such folder: found a damaged or unreadable prepared dataset (...), wanted a whole one; prepare it
        again
    """
    with _damage_reported(folder):
        fingerprint = _fingerprint(folder)
    name = folder.parent.name
    entry = _cache_folder() / f"{name}-{split}-{fingerprint}.npz"
    cached = _load(entry, known.shape(name, split))
    if cached is not None:
        return cached
    pixels, labels = _decode(folder, split)
    check_labels(labels, folder)
    known.check(name, split, pixels, labels, folder, rows=True)
    _keep(entry, pixels, labels)
    return pixels, labels


def download(name: str, root: Path) -> Path:
    """The folder of a dataset that TFDS downloads and prepares, which needs tensorflow.

    Its files are array_record, which can be read without tensorflow.

    Args:
        name: of the data set.
        root: the folder that gets ``<name>/<version>``.

    Raises:
        Exception: whatever TFDS raises.

    Example:
        >>> download("mnist", Path.home() / "tensorflow_datasets")  # doctest: +SKIP
        PosixPath('.../tensorflow_datasets/mnist/3.0.1')
    """
    import tensorflow_datasets

    builder = tensorflow_datasets.builder(name, data_dir=str(root), file_format="array_record")
    builder.download_and_prepare()
    return Path(builder.data_dir)


@contextlib.contextmanager
def _damage_reported(folder: Path):
    try:
        yield
    except ImportError:
        # A missing package says nothing about the files.
        raise
    except Exception as damage:
        # Damage surfaces as RuntimeError, ParseError, OSError, KeyError, … from whichever library finds it first.
        found = f"a damaged or unreadable prepared dataset ({damage})"
        raise ValueError(f"{folder}: found {found}, wanted a whole one; prepare it again") from damage


def _versions(folder: Path) -> list[Path]:
    """The folders of complete versions, latest first; TFDS names unfinished ones differently."""
    versions = [info.parent for info in folder.glob("*/dataset_info.json")]
    complete = [version for version in versions if re.fullmatch(r"\d+\.\d+\.\d+", version.name)]
    return sorted(complete, key=lambda version: [int(part) for part in version.name.split(".")], reverse=True)


def _formats(folder: Path, name: str) -> set[str]:
    with _damage_reported(folder):
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
        if info["name"] != name:
            raise ValueError(f"name in dataset_info.json: found {info['name']!r}, wanted {name!r}")
        # TFDS omitted the key while TFRecord was its only format.
        return {info.get("fileFormat", "tfrecord"), *info.get("alternativeFileFormats", [])}


def _decode(folder: Path, split: str) -> RawImages:
    try:
        import tensorflow_datasets
    except ModuleNotFoundError as missing:
        found = f"a folder prepared by TensorFlow Datasets but no package {missing.name}"
        advice = "wanted the package that reads it: pip install 'interp_jax[tfds]'"
        raise ImportError(f"{folder}: found {found}, {advice}") from missing
    with _damage_reported(folder):
        # As tensorflow_datasets.data_source does, but for exactly this folder, whichever version TFDS would choose.
        builder: Any = tensorflow_datasets.builder_from_directory(str(folder))  # its decorators hide its arguments
        source = builder.as_data_source(split=split)
        shape = (len(source), *source.dataset_info.features["image"].shape)
        wanted = known.shape(folder.parent.name, split)
        if wanted is not None and shape != wanted:
            raise ValueError(f"found images {list(shape)}, wanted {list(wanted)}")
        pixels = np.empty(shape, np.uint8)
        labels = np.empty(len(source), np.uint8)
        for row, example in enumerate(source):
            pixels[row] = example["image"]
            labels[row] = example["label"]
    return pixels, labels


def _cache_folder() -> Path:
    chosen = os.environ.get("INTERP_JAX_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("interp_jax"))


def _fingerprint(folder: Path) -> str:
    status = {path.name: path.stat() for path in sorted(folder.iterdir())}
    files = [(name, each.st_size, each.st_mtime_ns) for name, each in status.items()]
    # The path counts too: archives and container images often set all times to the same second.
    return hashlib.sha256(repr((str(folder.resolve()), files)).encode()).hexdigest()[:32]


def _load(entry: Path, shape: tuple[int, ...] | None) -> RawImages | None:
    if not entry.is_file():
        return None
    try:
        arrays = read_arrays(entry)
        pixels, labels = arrays["pixels"], arrays["labels"]
    except (OSError, ValueError, KeyError) as damage:
        _log.warning("%s: damaged cache file (%s), reading the data set again", entry, damage)
        return None
    well_formed = pixels.dtype == labels.dtype == np.uint8 and pixels.ndim == 4 and pixels.shape[:1] == labels.shape
    well_formed = well_formed and shape in (None, pixels.shape)
    return (pixels, labels) if well_formed and np.all(labels < CLASS_COUNT) else None


def _keep(entry: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        discard_leftovers(entry.parent)
        write_arrays(entry, {"pixels": pixels, "labels": labels}, compressed=False)
    except OSError as refusal:
        _log.warning("%s: found no way to keep it (%s), the next load will be slow again", entry, refusal)
