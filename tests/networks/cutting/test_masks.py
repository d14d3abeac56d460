import pickle

import numpy as np
import pytest

from interp_jax import networks

MASKS = {"max2": np.array([True, False, True]), "file": np.zeros(2, bool), "none": np.zeros(0, bool)}


def test_masks_come_back_in_order_and_replace_those_before(tmp_path):
    path = tmp_path / "masks.npz"
    networks.save_masks(path, {"max1": np.ones(1, bool)})
    networks.save_masks(path, MASKS)
    found = networks.load_masks(path)
    assert list(found) == list(MASKS)
    for name, mask in MASKS.items():
        np.testing.assert_array_equal(found[name], mask, strict=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["masks.npz"]
    first = path.read_bytes()
    networks.save_masks(path, MASKS)
    assert path.read_bytes() == first


def test_numpy_reads_and_writes_the_same_format(tmp_path):
    networks.save_masks(tmp_path / "ours.npz", MASKS)
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as archive:
        assert {name: archive[name].tolist() for name in archive} == {
            name: mask.tolist() for name, mask in MASKS.items()
        }
    np.savez_compressed(tmp_path / "theirs.npz", max1=np.array([True, False]))
    np.testing.assert_array_equal(networks.load_masks(tmp_path / "theirs.npz")["max1"], [True, False], strict=True)


@pytest.mark.parametrize("mask", [np.ones(3), np.ones((3, 1), bool), np.bool_(True), [1, 0], np.array(["a"], object)])
def test_only_bool_vectors_are_written_and_read(tmp_path, mask):
    path = tmp_path / "masks.npz"
    with pytest.raises(ValueError, match=r"masks\['max1'\]: found .* wanted a bool vector"):
        networks.save_masks(path, {"max1": mask})
    assert not any(tmp_path.iterdir())
    np.savez(path, max1=mask)
    with pytest.raises(ValueError, match=r"masks\.npz: found .* wanted a bool vector|masks\.npz, wanted a whole"):
        networks.load_masks(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "masks.npz"
    networks.save_masks(path, MASKS)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="disk full"):
        networks.save_masks(path, {"max1": np.ones(1, bool)})
    monkeypatch.undo()
    assert list(networks.load_masks(path)) == list(MASKS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["masks.npz"]


def test_damaged_and_foreign_files_are_refused_by_name(tmp_path):
    path = tmp_path / "masks.npz"
    networks.save_masks(path, MASKS)
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:60] + bytes(20) + whole[80:], b"", pickle.dumps(MASKS)):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"masks\.npz"):
            networks.load_masks(path)
    with pytest.raises(FileNotFoundError, match="absent"):
        networks.load_masks(tmp_path / "absent.npz")


@pytest.mark.parametrize("name", ["", 3, "max1\0"])
def test_names_are_words(tmp_path, name):
    with pytest.raises(ValueError, match="wanted the name of a layer"):
        networks.save_masks(tmp_path / "masks.npz", {name: np.ones(1, bool)})
