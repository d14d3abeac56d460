"""The publishers' own files: what is read is what was written, and whatever is not whole is refused by name."""

import contextlib
import gzip
import pickle
import struct
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from interp_jax import data
from interp_jax.data import _known as known
from tests.real_data import REAL_DATA

IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
CIFAR_FILES = {"train": [f"data_batch_{number}.bin" for number in range(1, 6)], "test": ["test_batch.bin"]}


@pytest.fixture(autouse=True)
def nothing_elsewhere(monkeypatch, tmp_path, request):
    if "published_sets" not in request.fixturenames:  # else small files stand for the published ones
        monkeypatch.setattr(known, "KNOWN", {})
    for variable in ("INTERP_JAX_DATA", "TFDS_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("INTERP_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def published_sets():
    """What is known of the published sets is compared."""


def idx_bytes(array, magic=None):
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim if magic is None else magic, *array.shape)
    return header + array.tobytes()


def write_idx(folder, images, labels, split="train", zipped=True):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / (file + ".gz" * zipped) for file in IDX_FILES[split]]
    for path, array in zip(paths, (images, labels), strict=True):
        path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    return paths


def cifar_bytes(images, labels):
    rows = zip(labels, images.transpose(0, 3, 1, 2), strict=True)
    return b"".join(bytes([label]) + image.tobytes() for label, image in rows)


def write_cifar(folder, images, labels, split="train"):
    folder.mkdir(parents=True, exist_ok=True)
    files = CIFAR_FILES[split]
    for file, image_part, label_part in zip(
        files, np.array_split(images, len(files)), np.array_split(labels, len(files)), strict=True
    ):
        (folder / file).write_bytes(cifar_bytes(image_part, label_part))
    return [folder / file for file in files]


def random_set(n, height=4, width=3, channels=None, seed=0):
    random = np.random.default_rng(seed)
    shape = (n, height, width) if channels is None else (n, height, width, channels)
    return random.integers(0, 256, shape, np.uint8), random.integers(0, 10, n, np.uint8)


@st.composite
def idx_sets(draw):
    n, height, width = (draw(st.integers(1, 6)) for _ in range(3))
    images = draw(hnp.arrays(np.uint8, (n, height, width)))
    return images, draw(hnp.arrays(np.uint8, n, elements=st.integers(0, 9)))


@settings(max_examples=30, deadline=None)
@given(
    pair=idx_sets(),
    name=st.sampled_from(["mnist", "fashion_mnist"]),
    split=st.sampled_from(["train", "test"]),
    zipped=st.booleans(),
    nested=st.booleans(),
)
def test_idx_round_trip(pair, name, split, zipped, nested):
    images, labels = pair
    with tempfile.TemporaryDirectory() as path:
        write_idx(Path(path, name) if nested else Path(path), images, labels, split, zipped)
        found = data.load(name, split=split, data_dir=path)
    assert found.inputs.dtype == np.float32
    assert found.labels.dtype == np.int32
    np.testing.assert_array_equal(found.inputs, (images / np.float32(255))[..., None], strict=True)
    np.testing.assert_array_equal(found.labels, labels)
    assert len(found.classes) == 10


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    extra=st.integers(0, 7),
    split=st.sampled_from(["train", "test"]),
    place=st.sampled_from(["", "cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"]),
)
def test_cifar_round_trip(seed, extra, split, place):
    images, labels = random_set(5 + extra, 32, 32, 3, seed)
    with tempfile.TemporaryDirectory() as path:
        write_cifar(Path(path, place), images, labels, split)
        found = data.load("cifar10", split=split, data_dir=path)
    np.testing.assert_array_equal(found.inputs, images / np.float32(255), strict=True)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.inputs.flags.c_contiguous


@settings(max_examples=60, deadline=None)
@given(pair=idx_sets(), zipped=st.booleans(), which=st.sampled_from([0, 1]), place=st.floats(0, 1, exclude_max=True))
def test_idx_truncated_anywhere(pair, zipped, which, place):
    with tempfile.TemporaryDirectory() as path:
        victim = write_idx(Path(path), *pair, zipped=zipped)[which]
        content = victim.read_bytes()
        victim.write_bytes(content[: int(place * len(content))])
        with pytest.raises(ValueError, match=victim.name):
            data.load("mnist", data_dir=path)


@settings(max_examples=60, deadline=None)
@given(
    pair=idx_sets(), which=st.sampled_from([0, 1]), place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255)
)
def test_gzip_altered_anywhere_is_refused_or_harmless(pair, which, place, mask):
    """Some header bytes say nothing about the data and some data can be spelled in two ways; no other change passes."""
    images, labels = pair
    with tempfile.TemporaryDirectory() as path:
        victim = write_idx(Path(path), images, labels)[which]
        content = bytearray(victim.read_bytes())
        content[int(place * len(content))] ^= mask
        victim.write_bytes(content)
        with contextlib.suppress(ValueError):
            found = data.load("mnist", data_dir=path)
            np.testing.assert_array_equal(found.inputs[..., 0], images / np.float32(255))
            np.testing.assert_array_equal(found.labels, labels)


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 2 * 3073 - 1), which=st.integers(0, 4))
def test_cifar_truncated_anywhere(cut, which):
    assume(cut != 3073)  # leaves a whole row, and nothing in the file says how many there were
    with tempfile.TemporaryDirectory() as path:
        victim = write_cifar(Path(path), *random_set(10, 32, 32, 3))[which]
        victim.write_bytes(victim.read_bytes()[:cut])
        with pytest.raises(ValueError, match=victim.name) as refusal:
            data.load("cifar10", data_dir=path)
    assert ("3073" in str(refusal.value)) == (cut > 0)


def replace_idx(folder, which, content):
    paths = write_idx(folder, *random_set(5), zipped=False)
    paths[which].write_bytes(content)


@pytest.mark.parametrize(
    ("which", "content", "message"),
    [
        pytest.param(
            0,
            idx_bytes(random_set(5)[0], magic=2049),
            r"images.*magic number 2049, wanted 2051",
            id="labels for images",
        ),
        pytest.param(
            1,
            idx_bytes(random_set(5)[1], magic=2051),
            r"labels.*magic number 2051, wanted 2049",
            id="images for labels",
        ),
        pytest.param(
            0, idx_bytes(random_set(5)[0], magic=0x0D03), r"images.*magic number 3331, wanted 2051", id="floats"
        ),
        pytest.param(
            0,
            idx_bytes(random_set(5)[0]) + b"\0",
            r"images.*found more than 60 bytes of data, wanted 60 for the header.s sizes \[5, 4, 3\]",
            id="a byte too many",
        ),
        pytest.param(
            0,
            idx_bytes(random_set(4)[0]),
            r"labels.*found 5 labels, wanted 4 as images in .*images",
            id="images missing",
        ),
        pytest.param(
            1,
            idx_bytes(np.array([0, 9, 10, 1, 255], np.uint8)),
            r"labels.*found label 10 in row 2, wanted labels in 0…9",
            id="label 10",
        ),
        pytest.param(0, idx_bytes(np.zeros((0, 4, 3), np.uint8)), r"images.*empty", id="no images"),
        pytest.param(0, idx_bytes(np.zeros((5, 0, 3), np.uint8)), r"images.*empty", id="no height"),
        pytest.param(1, idx_bytes(np.zeros(0, np.uint8)), r"labels.*empty", id="no labels"),
        pytest.param(1, b"", r"labels.*0 bytes, wanted an idx header of 8 bytes", id="no bytes"),
    ],
)
def test_idx_that_is_not_what_it_should_be(tmp_path, which, content, message):
    replace_idx(tmp_path, which, content)
    with pytest.raises(ValueError, match=message):
        data.load("mnist", data_dir=tmp_path)


def test_gzip_whose_checksum_is_wrong(tmp_path):
    victim, _ = write_idx(tmp_path, *random_set(5))
    content = bytearray(victim.read_bytes())
    content[-5] ^= 1
    victim.write_bytes(content)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz: found a damaged gzip.*CRC"):
        data.load("mnist", data_dir=tmp_path)


def test_file_called_gz_that_is_none(tmp_path):
    victim, _ = write_idx(tmp_path, *random_set(5))
    victim.write_bytes(idx_bytes(random_set(5)[0]))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz: found a damaged gzip"):
        data.load("mnist", data_dir=tmp_path)


def test_cifar_label_outside_the_classes(tmp_path):
    images, labels = random_set(10, 32, 32, 3)
    labels[5] = 10
    write_cifar(tmp_path, images, labels)
    with pytest.raises(ValueError, match=r"data_batch_3.bin: found label 10 in row 1"):
        data.load("cifar10", data_dir=tmp_path)


def test_missing_idx_file_is_named(tmp_path):
    write_idx(tmp_path, *random_set(5))[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"train-labels-idx1-ubyte.gz missing"):
        data.load("mnist", data_dir=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz missing"):
        data.load("mnist", split="test", data_dir=tmp_path)


def test_missing_cifar_files_are_named(tmp_path):
    paths = write_cifar(tmp_path / "cifar-10-batches-bin", *random_set(5, 32, 32, 3))
    paths[1].unlink()
    paths[3].unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_2.bin, data_batch_4.bin missing"):
        data.load("cifar10", data_dir=tmp_path)


class WritesWhenUnpickled:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_never_opened(tmp_path):
    pickled, trace = tmp_path / "data" / "cifar-10-batches-py", tmp_path / "trace"
    pickled.mkdir(parents=True)
    for number in range(1, 6):
        (pickled / f"data_batch_{number}").write_bytes(pickle.dumps(WritesWhenUnpickled(trace)))
    with pytest.raises(FileNotFoundError, match=r"holds pickles, which are never opened; the binary version is wanted"):
        data.load("cifar10", data_dir=tmp_path / "data")
    assert not trace.exists()


def test_files_from_the_environment_and_data_dir_before_them(tmp_path, monkeypatch):
    here, elsewhere = random_set(3, seed=1), random_set(4, seed=2)
    write_idx(tmp_path / "elsewhere" / "mnist", *elsewhere)
    write_idx(tmp_path / "here", *here)
    monkeypatch.setenv("INTERP_JAX_DATA", str(tmp_path / "elsewhere"))
    np.testing.assert_array_equal(data.load("mnist").labels, elsewhere[1])
    np.testing.assert_array_equal(data.load("mnist", data_dir=tmp_path / "here").labels, here[1])
    (tmp_path / "nothing").mkdir()
    np.testing.assert_array_equal(data.load("mnist", data_dir=tmp_path / "nothing").labels, elsewhere[1])


def test_mnist_is_not_taken_for_fashion_mnist(tmp_path):
    """Both publish files of the same names, so only the folder's name tells them apart."""
    write_idx(tmp_path / "mnist", *random_set(3))
    with pytest.raises(FileNotFoundError, match="fashion_mnist"):
        data.load("fashion_mnist", data_dir=tmp_path / "mnist")
    assert len(data.load("mnist", data_dir=tmp_path / "mnist").labels) == 3


def test_classes_of_fashion_mnist_are_tfds_own(tmp_path):
    tensorflow_datasets = pytest.importorskip("tensorflow_datasets", reason="tensorflow-datasets is not installed")
    write_idx(tmp_path, *random_set(3))
    features = tensorflow_datasets.builder("fashion_mnist", data_dir=str(tmp_path)).info.features
    assert data.load("fashion_mnist", data_dir=tmp_path).classes == tuple(features["label"].names)


@pytest.mark.skipif(not (REAL_DATA / "cifar10_jpeg").is_dir(), reason="the CIFAR-10 (JPEG) archive is not here")
def test_classes_of_cifar_are_the_archives_own(tmp_path):
    write_cifar(tmp_path, *random_set(5, 32, 32, 3))
    with np.load(REAL_DATA / "cifar10_jpeg" / "cifar10_jpeg.npz", allow_pickle=False) as archive:
        assert data.load("cifar10", data_dir=tmp_path).classes == tuple(archive["class_names"])


@pytest.mark.skipif(not (REAL_DATA / "mnist").is_dir(), reason="the published MNIST files are not here")
def test_published_mnist(published_sets):
    train, test = data.load("mnist", data_dir=REAL_DATA), data.load("mnist", split="test", data_dir=REAL_DATA / "mnist")
    assert (train.inputs.shape, test.inputs.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    np.testing.assert_array_equal(train.labels[:5], [5, 0, 4, 1, 9])
    np.testing.assert_array_equal(test.labels[:5], [7, 2, 1, 0, 4])
    # Counts a class, mean and deviation as they are quoted everywhere.
    np.testing.assert_array_equal(
        np.bincount(train.labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    )
    assert train.inputs.mean(dtype=float) == pytest.approx(0.1307, abs=1e-4)
    assert train.inputs.std(dtype=float) == pytest.approx(0.3081, abs=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_DATA / "cifar10_jpeg").is_dir(), reason="the CIFAR-10 (JPEG) archive is not here")
def test_whole_cifar(tmp_path, published_sets):
    subprocess.run([sys.executable, REAL_DATA / "cifar10_jpeg" / "unpack.py", tmp_path], check=True)
    for split, size in (("train", 50_000), ("test", 10_000)):
        found = data.load("cifar10", split=split, data_dir=tmp_path)
        assert found.inputs.shape == (size, 32, 32, 3)
        with np.load(REAL_DATA / "cifar10_jpeg" / "cifar10_jpeg.npz", allow_pickle=False) as archive:
            np.testing.assert_array_equal(found.labels, archive[f"{split}_labels"])
        # Neighboring pixels of a photograph are alike, which a wrong order of the axes would undo.
        assert np.abs(np.diff(found.inputs[:500], axis=1)).mean() < 0.1
        # Known means of the three channels; red and blue swapped would show.
        np.testing.assert_allclose(found.inputs.mean((0, 1, 2), dtype=float), [0.491, 0.482, 0.447], atol=0.01)


BLACK = np.zeros((20, 1, 1), np.uint8), np.zeros(20, np.uint8)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_small_black_images_are_not_a_published_set(tmp_path, published_sets, name):
    write_idx(tmp_path, *BLACK)
    with pytest.raises(ValueError, match=r"idx3-ubyte.gz: found the header's sizes \[20, 1, 1\], wanted \[60000"):
        data.load(name, data_dir=tmp_path)


def test_a_small_cifar_is_not_the_published_one(tmp_path, published_sets):
    write_cifar(tmp_path, *random_set(5, 32, 32, 3))
    with pytest.raises(ValueError, match=r"data_batch_1.bin: found 3073 bytes, wanted 30730000, 10000 rows of 3073"):
        data.load("cifar10", data_dir=tmp_path)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused_at_its_header(tmp_path, published_sets):
    """Zeros behind the header of a published file, and behind one that declares gigabytes."""
    images = write_idx(tmp_path, *BLACK)[0]
    for sizes, message in (([60_000, 28, 28], "more than 47040000"), ([10**6, 1000, 1000], "header's sizes")):
        images.write_bytes(gzip.compress(struct.pack(">4I", 2051, *sizes) + bytes(60 * 2**20)))
        tracemalloc.start()
        with pytest.raises(ValueError, match=message):
            data.load("mnist", data_dir=tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < (130e6 if sizes[0] == 60_000 else 1e6)


def test_sets_of_the_right_size_are_compared_by_their_classes_brightness_and_bytes(tmp_path, published_sets):
    balanced = np.repeat(np.arange(10, dtype=np.uint8), 1000)
    write_idx(tmp_path, np.zeros((10_000, 28, 28), np.uint8), np.zeros(10_000, np.uint8), "test")
    with pytest.raises(ValueError, match=r"found \(10000, 0, .* images a class, wanted \(1000, 1000, .*fashion_mnist"):
        data.load("fashion_mnist", split="test", data_dir=tmp_path)
    write_idx(tmp_path, np.zeros((10_000, 28, 28), np.uint8), balanced, "test")
    with pytest.raises(ValueError, match=r"found images of mean gray level 0.000, wanted 0.286 of 'fashion_mnist'"):
        data.load("fashion_mnist", split="test", data_dir=tmp_path)
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte.gz: found bytes with SHA-256 .*fetch it again"):
        data.load("mnist", split="test", data_dir=tmp_path)


@pytest.mark.skipif(not (REAL_DATA / "mnist").is_dir(), reason="the published MNIST files are not here")
def test_mnist_is_known_in_any_order_and_is_not_fashion_mnist(tmp_path, published_sets):
    test = data.load("mnist", split="test", data_dir=REAL_DATA)
    pixels, labels = (test.inputs * 255).astype(np.uint8), test.labels.astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(labels))
    known.check("mnist", "test", pixels[order], labels[order], tmp_path, rows=True)
    pixels[7, 3, 3] ^= 1
    with pytest.raises(ValueError, match=r"found images with SHA-256 .* prepare it again"):
        known.check("mnist", "test", pixels, labels, tmp_path, rows=True)
    (tmp_path / "fashion_mnist").symlink_to(REAL_DATA / "mnist")
    with pytest.raises(ValueError, match="images a class, wanted .* of 'fashion_mnist'"):
        data.load("fashion_mnist", split="test", data_dir=tmp_path)
