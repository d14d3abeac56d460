"""Readers of image sets in their publishers' own files: idx (MNIST, Fashion-MNIST) and the CIFAR-10 binary version."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from interp_jax.data import _known as known

RawImages = tuple[UInt8[np.ndarray, "n height width channels"], UInt8[np.ndarray, " n"]]

CLASS_COUNT = 10
_GROWTH = 1032  # the most bytes that one of a gzip file can stand for

_IDX_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
_CIFAR_FILES = {
    "train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("test_batch.bin",),
}
_CIFAR_SHAPE = (3, 32, 32)
_CIFAR_ROW = 1 + math.prod(_CIFAR_SHAPE)

FILES = {"mnist": _IDX_FILES, "fashion_mnist": _IDX_FILES, "cifar10": _CIFAR_FILES}


def read(folder: Path, name: str, split: str) -> RawImages | None:
    """Pixels and labels of one split of the set ``name`` from its published files in ``folder``.

    Args:
        folder: where the files are; also searched for CIFAR-10's own subfolder.
        name: of the set, a key of ``FILES``.
        split: "train" or "test".

    Returns:
        Pixels [n, height, width, channels] (gray levels 0…255) and labels [n], both uint8, in the publisher's order;
        None if the folder holds no file of the set.

    Raises:
        FileNotFoundError: only some of the files are there; the message names the missing ones.
        ValueError: a truncated or altered file, named, or images that are not those of the set.

    Example:
        >>> read(Path("no such folder"), "mnist", "train") is None
        True

    Source: LeCun et al., "The MNIST database" (idx); Krizhevsky (2009), "CIFAR-10 binary version".
    """
    places = [folder, folder / "cifar-10-batches-bin"] if name == "cifar10" else [folder]
    every_file = [file for files in FILES[name].values() for file in files]
    place = next((place for place in places if any(_locate(place, file) for file in every_file)), None)
    if place is None:
        return None
    wanted = FILES[name][split]
    located = {file: _locate(place, file) for file in wanted}
    missing = [file for file, path in located.items() if path is None]
    if missing:
        raise FileNotFoundError(
            f"{place}: found {', '.join(missing)} missing, wanted {', '.join(wanted)} for split={split!r} of {name!r}"
        )
    paths = [path for path in located.values() if path is not None]
    if name == "cifar10":
        pixels, labels = _read_cifar(paths, split)
    else:
        pixels, labels = _read_idx_pair(name, split, *paths)
    known.check(name, split, pixels, labels, paths[0].parent, rows=False)
    return pixels, labels


def holds_pickles(folder: Path) -> bool:
    """Whether ``folder`` holds CIFAR-10's Python version, pickles that are never opened.

    Example:
        >>> holds_pickles(Path("no such folder"))
        False
    """
    places = (folder, folder / "cifar-10-batches-py")
    return any((place / file).is_file() for place in places for file in ("data_batch_1", "test_batch"))


def check_labels(labels: UInt8[np.ndarray, " n"], path: Path) -> None:
    """Refuses labels of the file ``path`` that are empty or outside 0…9.

    Example:
        >>> check_labels(np.array([3, 12], np.uint8), Path("labels"))
        Traceback (most recent call last):
        ValueError: labels: found label 12 in row 1, wanted labels in 0…9
    """
    if len(labels) == 0:
        raise ValueError(f"{path}: found an empty set, wanted at least one image")
    wrong = np.flatnonzero(labels >= CLASS_COUNT)
    if len(wrong):
        raise ValueError(
            f"{path}: found label {labels[wrong[0]]} in row {wrong[0]}, wanted labels in 0…{CLASS_COUNT - 1}"
        )


def _locate(folder: Path, file: str) -> Path | None:
    candidates = (folder / file, folder / file.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _read_idx_pair(name: str, split: str, images_path: Path, labels_path: Path) -> RawImages:
    images = _read_idx(images_path, name, split, dimensions=3)
    labels = _read_idx(labels_path, name, split, dimensions=1)
    if len(images) != len(labels):
        raise ValueError(f"{labels_path}: found {len(labels)} labels, wanted {len(images)} as images in {images_path}")
    check_labels(labels, labels_path)
    return images[..., np.newaxis], labels


def _read_idx(path: Path, name: str, split: str, dimensions: int) -> UInt8[np.ndarray, "..."]:
    header_size = 4 * (1 + dimensions)
    header = _content(path, header_size)
    if len(header) < header_size:
        raise ValueError(f"{path}: found {len(header)} bytes, wanted an idx header of {header_size} bytes")
    magic, *shape = struct.unpack_from(f">{1 + dimensions}I", header)
    # The magic number's third byte is the element type (8: unsigned bytes), its last the number of dimensions.
    wanted = 0x0800 + dimensions
    if magic != wanted:
        raise ValueError(
            f"{path}: found the idx magic number {magic}, wanted {wanted} (bytes in {dimensions} dimensions)"
        )
    sizes = known.shape(name, split)
    if sizes is not None and shape != list(sizes[:dimensions]):
        wanted = f"{list(sizes[:dimensions])} of {name!r}, {split}"
        raise ValueError(f"{path}: found the header's sizes {shape}, wanted {wanted}")
    # A byte more than declared shows a file that is too long; no more is unpacked, however much a small file holds.
    content = _content(path, header_size + math.prod(shape) + 1)
    found = len(content) - header_size
    if found != math.prod(shape):
        more = "more than " if found > math.prod(shape) else ""
        raise ValueError(
            f"{path}: found {more}{min(found, math.prod(shape))} bytes of data, wanted {math.prod(shape)} for the "
            f"header's sizes {shape}"
        )
    if found == 0:
        raise ValueError(f"{path}: found an empty set, its header's sizes {shape}, wanted at least one image")
    known.check_file(name, split, path, content)
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _content(path: Path, most: int) -> bytes:
    """The first bytes of a file, unzipped, at most this many; memory is taken for no more than the file can hold."""
    zipped = path.suffix == ".gz"
    most = min(most, (_GROWTH if zipped else 1) * path.stat().st_size + 1)
    if not zipped:
        with path.open("rb") as file:
            return file.read(most)
    try:
        with gzip.open(path) as file:
            return file.read(most)
    except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
        raise ValueError(
            f"{path}: found a damaged gzip file ({damage}), wanted a whole one; fetch it again"
        ) from damage


def _read_cifar(paths: list[Path], split: str) -> RawImages:
    sizes = known.shape("cifar10", split)
    wanted = None if sizes is None else sizes[0] // len(paths)
    rows = np.concatenate([_read_cifar_rows(path, wanted) for path in paths])
    pixels = rows[:, 1:].reshape(-1, *_CIFAR_SHAPE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), rows[:, 0]


def _read_cifar_rows(path: Path, wanted: int | None) -> UInt8[np.ndarray, "rows row_bytes"]:
    size = path.stat().st_size
    if wanted is not None and size != wanted * _CIFAR_ROW:
        raise ValueError(f"{path}: found {size} bytes, wanted {wanted * _CIFAR_ROW}, {wanted} rows of {_CIFAR_ROW}")
    content = np.fromfile(path, np.uint8)
    if content.size % _CIFAR_ROW:
        raise ValueError(
            f"{path}: found {content.size} bytes, wanted a multiple of {_CIFAR_ROW} (a label and 3·32·32 pixels a row)"
        )
    rows = content.reshape(-1, _CIFAR_ROW)
    check_labels(rows[:, 0], path)
    return rows
