"""Image sets by name: the digits, prepared TFDS folders and their cache, and the error when nothing is found."""

import hashlib
import importlib.util
import io
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from interp_jax import data
from interp_jax.data import _known as known
from tests.real_data import REAL_DATA

PREPARED = "mnist/3.0.1"
OF_WHOLE_SETS = ("test_both_copies_of_mnist_agree_also_in_another_process", "test_a_small_prepared_set_is_refused")
SHARD = "mnist-train.array_record-00000-of-00001"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path, request):
    if request.node.name not in OF_WHOLE_SETS:  # else small files stand for the published ones
        monkeypatch.setattr(known, "KNOWN", {})
    for variable in ("INTERP_JAX_DATA", "TFDS_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("INTERP_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "cache"


@pytest.fixture
def without_tfds(monkeypatch):
    """From here on importing tensorflow_datasets fails, so whatever still loads comes from the cache."""
    return lambda: monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)


def random_set(n=5, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, 28, 28, 1), np.uint8), random.integers(0, 10, n, np.uint8)


def write_prepared(root, images, labels, version="3.0.1", name="mnist", class_count=10):
    """What download_and_prepare leaves, in miniature; TFDS itself cannot write it without tensorflow."""
    pytest.importorskip("tensorflow_datasets", reason="tensorflow-datasets is not installed: pip install -e '.[tfds]'")
    from array_record.python.array_record_module import ArrayRecordWriter
    from PIL import Image
    from tensorflow_datasets.proto import tf_example_pb2

    folder = root / "mnist" / version
    folder.mkdir(parents=True, exist_ok=True)
    writer = ArrayRecordWriter(str(folder / SHARD), "group_size:1")
    for image, label in zip(images, labels, strict=True):
        png, example = io.BytesIO(), tf_example_pb2.Example()
        Image.fromarray(image[..., 0]).save(png, "png")
        example.features.feature["image"].bytes_list.value.append(png.getvalue())
        example.features.feature["label"].int64_list.value.append(int(label))
        writer.write(example.SerializeToString())
    writer.close()
    template = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    split = {"name": "train", "numBytes": "1", "shardLengths": [str(len(labels))], "filepathTemplate": template}
    info = {"name": name, "version": version, "fileFormat": "array_record", "splits": [split]}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    core = "tensorflow_datasets.core.features."
    image_feature = {
        "pythonClassName": core + "image_feature.Image",
        "image": {"dtype": "uint8", "shape": {"dimensions": ["28", "28", "1"]}},
    }
    label_feature = {
        "pythonClassName": core + "class_label_feature.ClassLabel",
        "classLabel": {"numClasses": str(class_count)},
    }
    features = {
        "pythonClassName": core + "features_dict.FeaturesDict",
        "featuresDict": {"features": {"image": image_feature, "label": label_feature}},
    }
    (folder / "features.json").write_text(json.dumps(features))
    return folder


def assert_holds(found, pair):
    images, labels = pair
    np.testing.assert_array_equal(found.inputs, images / np.float32(255), strict=True)
    np.testing.assert_array_equal(found.labels, labels.astype(np.int32), strict=True)


def test_digits_are_split_for_ever():
    train, test = data.load("digits"), data.load("digits", split="test")
    assert (train.inputs.dtype, train.labels.dtype) == (np.float32, np.int32)
    assert (train.inputs.shape, test.inputs.shape) == ((1442, 8, 8, 1), (355, 8, 8, 1))
    for found, digest in ((train, "d5517839a928f2d0"), (test, "dffb3bbc3bee43a2")):
        content = (found.inputs * 16).astype(np.uint8).tobytes() + found.labels.astype(np.uint8).tobytes()
        assert hashlib.sha256(content).hexdigest()[:16] == digest


def test_digits_are_split_within_each_class_and_complete():
    from sklearn.datasets import load_digits

    splits = [data.load("digits", split=split) for split in ("train", "test")]
    counts = np.array([np.bincount(found.labels, minlength=10) for found in splits])
    np.testing.assert_allclose(counts[1] / counts.sum(0), 0.2, atol=0.01)
    images = np.concatenate([found.inputs[..., 0] for found in splits]) * 16
    whole = load_digits().images
    np.testing.assert_array_equal(np.sort(images.reshape(-1, 64), 0), np.sort(whole.reshape(-1, 64), 0))
    assert sorted(image.astype(np.uint8).tobytes() for image in images) == sorted(
        image.astype(np.uint8).tobytes() for image in whole
    )
    assert splits[0].classes == tuple("0123456789")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "minst"}, r"^name: found 'minst', wanted one of 'digits', 'mnist', 'fashion_mnist', 'cifar10'"),
        ({"name": "digits", "split": "validation"}, r"^split: found 'validation', wanted one of 'train', 'test'"),
        ({"name": "mnist", "data_dir": "no/such/folder"}, r"^data_dir: found 'no/such/folder', which is no folder"),
        ({"name": "digits", "data_dir": __file__}, r"^data_dir: found '.*test_images.py', which is no folder"),
        ({"name": "mnist", "data_dir": 5000 * "a"}, "^data_dir: found 'aaa"),
        ({"name": "mnist", "data_dir": "~nobody-of-this-name/x"}, "^data_dir: found '~nobody"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(**arguments)


def test_prepared_folder_is_read_once_and_kept(tmp_path, without_tfds):
    pair = random_set()
    write_prepared(tmp_path, *pair)
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)
    without_tfds()
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)


def test_prepared_folder_without_tfds_names_the_line_that_installs_it(tmp_path, without_tfds):
    folder = tmp_path / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text(json.dumps({"name": "mnist", "fileFormat": "array_record"}))
    without_tfds()
    with pytest.raises(ImportError, match=rf"^{folder}: found .*, wanted .*: pip install 'interp_jax\[tfds\]'$"):
        data.load("mnist", data_dir=tmp_path)


@pytest.mark.parametrize("place", ["INTERP_JAX_DATA", "TFDS_DATA_DIR", "default"])
def test_prepared_folder_is_found(tmp_path, monkeypatch, place):
    pair = random_set()
    root = tmp_path / "home" / "tensorflow_datasets" if place == "default" else tmp_path / "there"
    write_prepared(root, *pair)
    if place != "default":
        monkeypatch.setenv(place, str(root))
    assert_holds(data.load("mnist"), pair)


def test_latest_complete_version_is_read(tmp_path):
    pair = random_set(seed=10)
    write_prepared(tmp_path, *random_set(seed=9), version="3.0.9")
    write_prepared(tmp_path, *pair, version="3.0.10")
    unfinished = tmp_path / "mnist" / "3.1.0.incompleteABC"
    unfinished.mkdir()
    (unfinished / "dataset_info.json").write_text("{")
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)


def test_published_files_come_before_a_prepared_folder(tmp_path):
    images, labels = random_set(seed=1)
    write_prepared(tmp_path, *random_set(seed=2))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 5, 28, 28) + images.tobytes())
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 5) + labels.tobytes())
    assert_holds(data.load("mnist", data_dir=tmp_path), (images, labels))


def test_cache_follows_the_prepared_files(tmp_path):
    write_prepared(tmp_path, *random_set(seed=1))
    data.load("mnist", data_dir=tmp_path)
    pair = random_set(seed=2)
    folder = write_prepared(tmp_path, *pair)
    later = time.time_ns() + 10**9
    os.utime(folder / SHARD, ns=(later, later))
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)


class WritesWhenUnpickled:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def pickled_arrays(trace):
    content = io.BytesIO()
    np.savez(content, pixels=np.array([WritesWhenUnpickled(trace)], object), labels=np.zeros(1, np.uint8))
    return content.getvalue()


def other_arrays(_):
    content = io.BytesIO()
    np.savez(content, pixels=np.zeros((5, 28, 28), np.uint8), labels=np.zeros(4, np.uint8))
    return content.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content, _: b"", id="empty"),
        pytest.param(lambda content, _: content[: len(content) // 2], id="cut"),
        pytest.param(lambda content, _: content[:2000] + bytes([content[2000] ^ 1]) + content[2001:], id="one bit"),
        pytest.param(lambda content, _: b"no archive", id="text"),
        pytest.param(lambda content, _: b"\x93NUMPY\x01\x00", id="npy"),
        pytest.param(lambda content, trace: pickled_arrays(trace), id="pickle"),
        pytest.param(lambda content, trace: other_arrays(trace), id="other shapes"),
    ],
)
def test_damaged_cache_is_written_anew(tmp_path, cache, damage, without_tfds):
    pair = random_set()
    write_prepared(tmp_path, *pair)
    data.load("mnist", data_dir=tmp_path)
    (entry,) = cache.iterdir()
    entry.write_bytes(damage(entry.read_bytes(), tmp_path / "trace"))
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)
    assert not (tmp_path / "trace").exists()
    without_tfds()
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)


def test_cache_that_cannot_be_made_is_done_without(tmp_path, cache):
    pair = random_set()
    write_prepared(tmp_path, *pair)
    cache.write_text("a file where the folder should be")
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)
    assert cache.is_file()


def test_cache_interrupted_while_writing_leaves_nothing(tmp_path, cache, monkeypatch):
    def fills_the_disk(file, **_):
        file.write(b"PK half an archive")
        raise OSError(28, "No space left on device")

    pair = random_set()
    write_prepared(tmp_path, *pair)
    monkeypatch.setattr(np, "savez", fills_the_disk)
    assert_holds(data.load("mnist", data_dir=tmp_path), pair)
    assert list(cache.iterdir()) == []


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def alter(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def turn_into_another_set(folder):
    alter(folder / "dataset_info.json", '"mnist"', '"kmnist"')
    (folder / SHARD).rename(folder / f"k{SHARD}")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: cut_in_half(folder / SHARD), id="truncated"),
        pytest.param(lambda folder: (folder / SHARD).write_bytes(b""), id="empty file"),
        pytest.param(lambda folder: (folder / SHARD).unlink(), id="missing file"),
        pytest.param(lambda folder: cut_in_half(folder / "dataset_info.json"), id="information cut"),
        pytest.param(lambda folder: alter(folder / "dataset_info.json", '["5"]', '["6"]'), id="an image too few"),
        pytest.param(lambda folder: alter(folder / "dataset_info.json", '["5"]', '["0"]'), id="no image"),
        pytest.param(lambda folder: turn_into_another_set(folder), id="another set"),
        pytest.param(lambda folder: alter(folder / "dataset_info.json", '"train"', '"test"'), id="no such split"),
        pytest.param(lambda folder: (folder / "features.json").unlink(), id="features missing"),
        pytest.param(lambda folder: alter(folder / "features.json", '"label"', '"digit"'), id="other features"),
    ],
)
def test_damaged_prepared_folder_is_named(tmp_path, cache, damage):
    folder = write_prepared(tmp_path, *random_set())
    damage(folder)
    with pytest.raises(ValueError, match=str(folder)):
        data.load("mnist", data_dir=tmp_path)
    assert not cache.exists()


def test_prepared_label_outside_the_classes(tmp_path):
    images, labels = random_set()
    labels[3] = 10
    folder = write_prepared(tmp_path, images, labels, class_count=11)
    with pytest.raises(ValueError, match=rf"{folder}: found label 10 in row 3"):
        data.load("mnist", data_dir=tmp_path)


def test_a_small_prepared_set_is_refused(tmp_path, cache):
    folder = write_prepared(tmp_path, *random_set())
    with pytest.raises(ValueError, match=rf"{folder}: .*found images \[5, 28, 28, 1\], wanted \[60000, 28, 28, 1\]"):
        data.load("mnist", data_dir=tmp_path)
    assert not cache.exists()


def test_tfrecord_folder_is_passed_over_and_mentioned(tmp_path):
    folder = write_prepared(tmp_path / "tfrecord", *random_set(seed=1))
    alter(folder / "dataset_info.json", '"array_record"', '"tfrecord"')
    with pytest.raises(FileNotFoundError, match=rf"{folder} is in TFRecord form, wanted array_record"):
        data.load("mnist", data_dir=tmp_path / "tfrecord")
    pair = random_set(seed=2)
    write_prepared(tmp_path / "home" / "tensorflow_datasets", *pair)
    assert_holds(data.load("mnist", data_dir=tmp_path / "tfrecord"), pair)


def test_nothing_found_says_what_to_do_and_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_JAX_DATA", str(tmp_path / "environment"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    (tmp_path / "given").mkdir()
    with pytest.raises(FileNotFoundError) as refusal:
        data.load("cifar10", data_dir=tmp_path / "given")
    text = str(refusal.value)
    assert f"$INTERP_JAX_DATA/cifar10/ ({tmp_path / 'environment' / 'cifar10'})" in text
    assert all(f"data_batch_{number}.bin" in text for number in range(1, 6))
    assert "python -c \"import tensorflow_datasets as tfds; tfds.builder('cifar10'" in text
    assert "pip install 'interp_jax[datasets]'" in text
    searched = text.partition("Searched: ")[2]
    roots = ("given", "environment", "prepared", "home/tensorflow_datasets")
    assert all(str(tmp_path / root / "cifar10") in searched for root in roots)


@pytest.fixture
def downloads(monkeypatch, tmp_path):
    """Stands in for TFDS's download, which needs tensorflow and the network; a list of what was asked for."""
    tensorflow_datasets = pytest.importorskip("tensorflow_datasets", reason="tensorflow-datasets is not installed")
    asked, find_spec = [], importlib.util.find_spec

    class Builder:
        def __init__(self, name, *, data_dir, file_format):
            self.data_dir = str(Path(data_dir) / PREPARED)
            asked.append((name, data_dir, file_format))

        def download_and_prepare(self):
            if (tmp_path / "offline").exists():
                raise ConnectionError("no route to host")
            write_prepared(Path(self.data_dir).parents[1], *random_set(seed=3))

    def pretend(name, *rest):
        return (
            object() if name == "tensorflow" and not (tmp_path / "no tensorflow").exists() else find_spec(name, *rest)
        )

    monkeypatch.setattr(tensorflow_datasets, "builder", Builder)
    monkeypatch.setattr(importlib.util, "find_spec", pretend)
    return asked


def test_download_where_tensorflow_is_installed(tmp_path, downloads):
    assert_holds(data.load("mnist"), random_set(seed=3))
    assert downloads == [("mnist", str(tmp_path / "home" / "tensorflow_datasets"), "array_record")]
    assert_holds(data.load("mnist"), random_set(seed=3))
    assert len(downloads) == 1


def test_download_goes_to_data_dir(tmp_path, downloads):
    (tmp_path / "given").mkdir()
    data.load("mnist", data_dir=tmp_path / "given")
    assert downloads == [("mnist", str(tmp_path / "given"), "array_record")]


def test_failed_download_keeps_its_cause(tmp_path, downloads):
    (tmp_path / "offline").touch()
    with pytest.raises(FileNotFoundError, match=r"download .* failed: ConnectionError: no route to host") as refusal:
        data.load("mnist")
    assert isinstance(refusal.value.__cause__, ConnectionError)
    assert "train-images-idx3-ubyte.gz" in str(refusal.value)


def test_no_download_without_tensorflow(tmp_path, downloads):
    (tmp_path / "no tensorflow").touch()
    with pytest.raises(FileNotFoundError, match="tensorflow is not installed"):
        data.load("mnist")
    assert downloads == []


def test_no_download_without_tfds(tmp_path, downloads, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow_datasets" else find_spec(name)
    )
    with pytest.raises(FileNotFoundError, match="tensorflow_datasets is not installed"):
        data.load("mnist")
    assert downloads == []


def run_python(program):
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_import_is_light():
    program = "import sys; from interp_jax.data import load; print(*sys.modules)"
    heavy = {"sklearn", "tensorflow_datasets", "tensorflow", "jax", "scipy"}
    assert heavy.isdisjoint(run_python(program).split())


def rows_as_hashes(found):
    pixels = np.rint(found.inputs * 255).astype(np.uint8)
    return sorted(hashlib.sha256(x.tobytes() + bytes([y])).digest() for x, y in zip(pixels, found.labels, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_DATA / "tfds").is_dir(), reason="the prepared MNIST is not here")
def test_both_copies_of_mnist_agree_also_in_another_process():
    prepared = data.load("mnist", data_dir=REAL_DATA / "tfds")
    assert rows_as_hashes(prepared) == rows_as_hashes(data.load("mnist", data_dir=REAL_DATA / "mnist"))
    program = f"""
from interp_jax import data
found = data.load("mnist", data_dir={str(REAL_DATA / "tfds")!r})
print(*found.labels[:20])
"""
    labels = run_python(program).split()
    np.testing.assert_array_equal(prepared.labels[:20], [int(label) for label in labels])
