import os
import stat

import pytest

from interp_jax._files import write_bytes, write_text


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
