import os
import stat

import numpy as np
import pytest

from interp_jax._files import discard_leftovers, read_arrays, write_arrays, write_bytes, write_text


def test_write_replaces_the_file(tmp_path):
    path = tmp_path / "file.txt"
    write_bytes(path, b"old")
    write_text(path, "new µ\n")
    assert path.read_bytes() == "new µ\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_file(tmp_path):
    write_bytes(tmp_path / "a", b"")
    (tmp_path / "b").write_bytes(b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("function", ["replace", "fsync"])
@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt])
def test_stop_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, function, exception):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def stopped(*arguments):
        raise exception

    monkeypatch.setattr(os, function, stopped)
    with pytest.raises(exception):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "missing" / "file", "")


def test_only_old_temporary_files_are_leftovers(tmp_path):
    old, new, other = tmp_path / ".a.json.01234567.tmp", tmp_path / ".b.json.89abcdef.tmp", tmp_path / "c.tmp"
    for path in (old, new, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (0, 0))
    discard_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, other]


@pytest.mark.parametrize("compressed", [True, False])
def test_arrays_are_read_back(tmp_path, compressed):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(3), "b": np.ones((2, 2))}, compressed=compressed)
    stored = read_arrays(tmp_path / "a.npz")
    np.testing.assert_array_equal(stored["a"], [0, 1, 2])
    assert set(stored) == {"a", "b"}


def test_damaged_arrays_are_named_whatever_the_damage(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"a": np.arange(300)})
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            stored = read_arrays(path)
        except (ValueError, OSError) as error:
            stored, named = {}, isinstance(error, OSError) or str(error).startswith(f"path: found {path}")
        else:
            named = True
        assert named
        assert all(isinstance(array, np.ndarray) for array in stored.values())
    with pytest.raises(ValueError, match="array of Python objects|[Oo]bject arrays"):
        write_arrays(path, {"a": np.array([{}])})
