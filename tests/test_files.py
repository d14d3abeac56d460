import errno
import os
import stat
import tracemalloc
import zipfile
from io import BytesIO

import numpy as np
import pytest

from interp_jax._files import discard_leftovers, read_arrays, write_arrays, write_bytes, write_text, writing


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


def archive(path, **entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name.replace("__", "."), content)


def npy(array, shape=None):
    """The bytes of an array, with another shape in its header."""
    header = BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False}
    np.lib.format.write_array_header_1_0(header, description | {"shape": array.shape if shape is None else shape})
    return header.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"a__npy": npy(np.zeros(3), shape=(10**12,))}, "more declared than there is"),
        ({"a__npy": npy(np.zeros(3), shape=(2,))}, "less declared than there is"),
        ({"a__npy": npy(np.zeros(3), shape=(-1,))}, "a negative size"),
        ({"a__npy": b"hello"}, "no array"),
        ({"a": npy(np.zeros(3))}, "another name"),
        ({"a__npy": b"\x93NUMPY\x03\x00" + b"\0" * 100}, "another version"),
    ],
)
def test_entries_that_are_not_the_arrays_they_declare_are_refused(tmp_path, entries, reason):
    archive(tmp_path / "a.npz", **entries)
    with pytest.raises(ValueError, match=r"^path: found .*a.npz, wanted a whole .npz file without pickled parts"):
        read_arrays(tmp_path / "a.npz")


def test_a_small_file_that_unpacks_to_a_gigabyte_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w", force_zip64=True) as entry:
        entry.write(npy(np.zeros(0, np.uint8), shape=(2**28,)))
        for _ in range(2**8):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 1e6
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"bytes with arrays of 268,435,\d+, wanted at most 100 times as many"):
        read_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "found a full disk, wanted room for it. Free some space and repeat the command."),
        (errno.EDQUOT, "found a full quota, wanted room for it."),
        (errno.EROFS, "found a read-only file system, wanted a place where it can be written."),
        (errno.EACCES, "found no permission, wanted a place where it can be written."),
    ],
)
def test_what_cannot_be_written_is_named_with_what_to_do(tmp_path, monkeypatch, number, words):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=f"^{path}: {words}") as caught, writing(tmp_path / "another"):
        write_bytes(path, b"new")
    assert caught.value.errno == number
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_that_hardly_need_space_are_read_again(tmp_path):
    zeros = np.zeros(70_000_000, np.float32)
    write_arrays(tmp_path / "zeros.npz", {"zeros": zeros})
    np.testing.assert_array_equal(read_arrays(tmp_path / "zeros.npz")["zeros"][::1_000_000], zeros[::1_000_000])
