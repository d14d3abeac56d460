"""What is known of the published image sets: their sizes, how often each class occurs, their brightness, checksums."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Known(NamedTuple):
    """One split of a set.

    Attributes:
        shape: [images, height, width, channels].
        counts: of images in each class.
        mean: of the gray levels in 0…1, and how far a lossy copy may be from it.
        files: SHA-256 of the published files' contents, unzipped; none where they are not known for sure.
        rows: SHA-256 of the sorted SHA-256 of every image followed by its label, the same in any order; empty if
            unknown.
    """

    shape: tuple[int, ...]
    counts: tuple[int, ...]
    mean: float
    files: dict[str, str] = {}  # noqa: RUF012 (never changed)
    rows: str = ""


_ALIKE = (28, 28, 1)
_MNIST_TRAIN = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
}
_MNIST_TEST = {
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
TOLERANCE = 0.01  # of the mean: copies of CIFAR-10 from JPEG files are within 0.001

# MNIST's from the files whose MD5 is the published one; the others' sizes and balance from their publishers.
KNOWN = {
    ("mnist", "train"): Known(
        (60_000, *_ALIKE),
        (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        0.1307,
        _MNIST_TRAIN,
        "54e1ab866c9484947dd4821c52bb7a43938f555d6b046be6af55247f8e6ffc64",
    ),
    ("mnist", "test"): Known(
        (10_000, *_ALIKE),
        (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        0.1325,
        _MNIST_TEST,
        "97b756d55950f1841ebd48df7379b9b2fc87a10d63e08d6213dad41d564e8508",
    ),
    ("fashion_mnist", "train"): Known((60_000, *_ALIKE), 10 * (6000,), 0.286),
    ("fashion_mnist", "test"): Known((10_000, *_ALIKE), 10 * (1000,), 0.286),
    ("cifar10", "train"): Known((50_000, 32, 32, 3), 10 * (5000,), 0.4734),
    ("cifar10", "test"): Known((10_000, 32, 32, 3), 10 * (1000,), 0.4734),
}


def shape(name: str, split: str) -> tuple[int, ...] | None:
    """The shape of a split's images, None for a set that is not known."""
    known = KNOWN.get((name, split))
    return None if known is None else known.shape


def check_file(name: str, split: str, path: Path, content: bytes) -> None:
    """Refuses a file whose content is not the published one.

    Raises:
        ValueError: another checksum, with the file.
    """
    known = KNOWN.get((name, split))
    wanted = known and known.files.get(path.name.removesuffix(".gz"))
    if wanted and (found := hashlib.sha256(content).hexdigest()) != wanted:
        raise ValueError(
            f"{path}: found bytes with SHA-256 {found[:16]}…, wanted the published ones, {wanted[:16]}…; fetch it again"
        )


def check(name: str, split: str, pixels: np.ndarray, labels: np.ndarray, place: Path, *, rows: bool) -> None:
    """Refuses images that are not those of the set.

    Args:
        name: of the set.
        split: "train" or "test".
        pixels: [images, height, width, channels] gray levels 0…255.
        labels: [images] 0…9.
        place: the file or folder that they are from.
        rows: whether every image is compared by the checksum of the rows, where one is known.

    Raises:
        ValueError: another size, other counts of classes, another brightness, or another checksum.
    """
    known = KNOWN.get((name, split))
    if known is None:
        return
    if pixels.shape != known.shape:
        raise ValueError(f"{place}: found images {list(pixels.shape)}, wanted {list(known.shape)} of {name!r}, {split}")
    counts = tuple(np.bincount(labels, minlength=len(known.counts)).tolist())
    if counts != known.counts:
        raise ValueError(f"{place}: found {counts} images a class, wanted {known.counts} of {name!r}, {split}")
    if abs(float(pixels.mean()) / 255 - known.mean) > TOLERANCE:
        mean = f"{float(pixels.mean()) / 255:.3f}"
        raise ValueError(f"{place}: found images of mean gray level {mean}, wanted {known.mean:.3f} of {name!r}")
    if rows and known.rows and (found := _rows_digest(pixels, labels)) != known.rows:
        wanted = f"those of {name!r}, {known.rows[:16]}…; prepare it again"
        raise ValueError(f"{place}: found images with SHA-256 {found[:16]}…, wanted {wanted}")


def _rows_digest(pixels: np.ndarray, labels: np.ndarray) -> str:
    digests = (hashlib.sha256(row.tobytes() + bytes([label])) for row, label in zip(pixels, labels, strict=True))
    return hashlib.sha256(b"".join(sorted(each.digest() for each in digests))).hexdigest()
