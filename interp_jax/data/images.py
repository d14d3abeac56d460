"""Image sets as arrays, by name, from whichever copy of them is available."""

import importlib.util
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from interp_jax._readable import readable
from interp_jax.data import _prepared as prepared
from interp_jax.data import _published as published

_DIGITS = tuple("0123456789")
_CLASSES = {
    "digits": _DIGITS,
    "mnist": _DIGITS,
    "fashion_mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}
_SPLITS = ("train", "test")
_PUBLISHERS = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/<file>",
    "fashion_mnist": "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/<file>",
    "cifar10": "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
}


@readable()
class Images(NamedTuple):
    """Images with their labels, as NumPy arrays.

    Attributes:
        inputs: [n, height, width, channels] float32 in [0, 1], from black (0) to the brightest level (1).
        labels: [n] int32, indices into ``classes``.
        classes: the names of the classes.
    """

    inputs: Float32[np.ndarray, "n height width channels"]
    labels: Int32[np.ndarray, " n"]
    classes: tuple[str, ...]

    def _finding(self) -> str | None:
        if np.ndim(self.inputs) != 4:
            return None
        count, *shape = self.inputs.shape
        return f"{count} images of {' × '.join(map(str, shape))} in {len(self.classes)} classes"


def load(name: str, *, split: str = "train", data_dir: str | os.PathLike[str] | None = None) -> Images:
    """One split of an image set, as NumPy arrays.

        inputs = gray level / maximum gray level

    The three real sets are taken from the first of

    1. the published files (idx, zipped or not; CIFAR-10's binary version) in ``data_dir/<name>/``, ``data_dir`` or
       ``$INTERP_JAX_DATA/<name>/``, in the publisher's order;
    2. a folder ``<name>/<version>/`` prepared by TensorFlow Datasets in ``data_dir``, ``$INTERP_JAX_DATA``,
       ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``, in TFDS's order; read without tensorflow
       (``pip install 'interp_jax[tfds]'``), slowly the first time and from the cache (``$INTERP_JAX_CACHE``, else the
       user's cache folder) afterwards;
    3. a download by TensorFlow Datasets, only if tensorflow is installed (``pip install 'interp_jax[datasets]'``), into
       ``data_dir``, ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.

    Host-level; float32 inputs take 188 MB for MNIST and 614 MB for CIFAR-10.

    Args:
        name: "digits" (1 442 + 355 images of 8×8×1, comes with scikit-learn), "mnist" or "fashion_mnist"
            (60 000 + 10 000 of 28×28×1), "cifar10" (50 000 + 10 000 of 32×32×3).
        split: "train" or "test". For "digits" it is fixed: every fifth image of each class is a test image, and both
            splits share the same writers.
        data_dir: a folder to search before all others.

    Returns:
        `Images`: ``.inputs`` float32 [n, height, width, channels], ``.labels`` int32 [n], ``.classes`` (their names).

    Raises:
        ValueError: an unknown name or split; a ``data_dir`` that is not a folder; a truncated or altered file, named;
            images that are not those of the set. All sets are compared by the images' size and number, the number in
            each class and the mean gray level, MNIST by its checksums too.
        FileNotFoundError: a set that is incomplete or not found, with what to do about it.
        ImportError: a prepared folder, where tensorflow-datasets is not installed.

    Example:
        >>> from interp_jax import data
        >>> train, test = data.load("digits"), data.load("digits", split="test")
        >>> train.inputs.shape, test.inputs.shape
        ((1442, 8, 8, 1), (355, 8, 8, 1))
        >>> float(train.inputs.min()), float(train.inputs.max()), train.classes[train.labels[2]]
        (0.0, 1.0, '2')

    Source: "mnist", LeCun, Bottou, Bengio & Haffner (1998), Proc. IEEE 86(11). "fashion_mnist", Xiao, Rasul &
    Vollgraf (2017), arXiv:1708.07747. "cifar10", Krizhevsky (2009), "Learning multiple layers of features from tiny
    images", chapter 3. "digits", Alpaydin & Kaynak (1998), UCI repository, doi:10.24432/C50P49; scikit-learn holds its
    test part.
    """
    from interp_jax._checks import check_choice, describe  # not at the top: the import of `load` is light

    check_choice("name", name, tuple(_CLASSES))
    check_choice("split", split, _SPLITS)
    if data_dir is not None and not isinstance(data_dir, str | os.PathLike):
        raise ValueError(f"data_dir: found {describe(data_dir)}, wanted the path of a folder")
    folder = None if data_dir is None else Path(os.path.expanduser(data_dir))  # noqa: PTH111 (Path.expanduser raises for unknown users)
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112 (Path.is_dir raises for names that are too long)
        raise ValueError(f"data_dir: found {str(data_dir)!r}, which is no folder, wanted an existing one")
    if name == "digits":
        (pixels, labels), brightest = _read_digits(split), 16
    else:
        (pixels, labels), brightest = _read_first_found(name, split, folder), 255
    inputs = pixels.astype(np.float32)
    inputs /= np.float32(brightest)
    return Images(inputs, labels.astype(np.int32), _CLASSES[name])


def _read_digits(split: str) -> published.RawImages:
    from sklearn.datasets import load_digits

    digits: Any = load_digits()  # scikit-learn declares no fields
    # Counting within each class, instead of drawing at random, gives the same split under every version of NumPy.
    occurrence = np.empty(len(digits.target), int)
    for label in range(len(_DIGITS)):
        rows = np.flatnonzero(digits.target == label)
        occurrence[rows] = np.arange(len(rows))
    chosen = (occurrence % 5 == 4) == (split == "test")
    return digits.images[chosen, :, :, np.newaxis].astype(np.uint8), digits.target[chosen].astype(np.uint8)


def _read_first_found(name: str, split: str, data_dir: Path | None) -> published.RawImages:
    raw_folders = _raw_folders(name, data_dir)
    for folder in raw_folders:
        images = published.read(folder, name, split)
        if images is not None:
            return images
    roots = _prepared_roots(data_dir)
    folder, unreadable = prepared.find(name, roots)
    if folder is None:
        notes = [f"{path} is in TFRecord form, wanted array_record" for path in unreadable]
        if name == "cifar10":
            pickled = filter(published.holds_pickles, raw_folders)
            notes += [f"{path} holds pickles, which are never opened; the binary version is wanted" for path in pickled]
        searched = [*raw_folders, *(root / name for root in roots)]
        folder = _download(name, _download_root(data_dir), searched, notes)
    return prepared.read(folder, split)


def _download(name: str, root: Path, searched: list[Path], notes: list[str]) -> Path:
    for package in ("tensorflow", "tensorflow_datasets"):
        if importlib.util.find_spec(package) is None:
            raise FileNotFoundError(_advice(name, root, searched, [*notes, f"no download: {package} is not installed"]))
    try:
        return prepared.download(name, root)
    except Exception as failure:
        # TFDS passes on the errors of the network, the file system and its own packages, of any type.
        failed = f"the download to {root} failed: {type(failure).__name__}: {failure}"
        raise FileNotFoundError(_advice(name, root, searched, [*notes, failed])) from failure


def _raw_folders(name: str, data_dir: Path | None) -> list[Path]:
    folders = []
    if data_dir is not None:
        folders.append(data_dir / name)
        # MNIST and Fashion-MNIST publish files of the same names: a folder named after one is never read as the other.
        if data_dir.resolve().name not in _CLASSES.keys() - {name}:
            folders.append(data_dir)
    if published_sets := _environment_folder("INTERP_JAX_DATA"):
        folders.append(published_sets / name)
    return list(dict.fromkeys(folders))


def _prepared_roots(data_dir: Path | None) -> list[Path]:
    roots = [data_dir, _environment_folder("INTERP_JAX_DATA"), _environment_folder("TFDS_DATA_DIR"), _tfds_default()]
    return list(dict.fromkeys(root for root in roots if root is not None))


def _download_root(data_dir: Path | None) -> Path:
    return data_dir or _environment_folder("TFDS_DATA_DIR") or _tfds_default()


def _environment_folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else None


def _tfds_default() -> Path:
    return Path.home() / "tensorflow_datasets"


def _advice(name: str, root: Path, searched: list[Path], notes: list[str]) -> str:
    files = [file for split in _SPLITS for file in published.FILES[name][split]]
    place = _environment_folder("INTERP_JAX_DATA")
    where = f"$INTERP_JAX_DATA/{name}/" + (f" ({place / name})" if place else " (INTERP_JAX_DATA is not set)")
    prepare = f"tfds.builder('{name}', data_dir='{root}', file_format='array_record').download_and_prepare()"
    return "\n".join(
        [
            f"name: found no copy of {name!r}, wanted one. Do one of three things:",
            f"1. Put its published files into {where} or into a folder given as data_dir:",
            f"   {', '.join(files)}",
            f"   They come from {_PUBLISHERS[name]}",
            f"2. Copy a prepared TFDS folder to {root / name}/<version>/, made wherever tensorflow is installed by",
            f'   python -c "import tensorflow_datasets as tfds; {prepare}"',
            "3. Let this function download it: pip install 'interp_jax[datasets]' and call it again.",
            "Searched: " + ", ".join(str(path) for path in dict.fromkeys(searched)),
            *(f"Note: {note}" for note in notes),
        ]
    )
