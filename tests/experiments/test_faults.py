"""Studies through faults: other images, damaged results, full and read-only disks, interrupts during imports."""

import contextlib
import dataclasses
import os
import subprocess
import sys

import pytest

from experiments import kept, study, tasks
from experiments.command_line import run_study
from interp_jax import data
from interp_jax.reports._records import read_record
from tests.experiments import template


@dataclasses.dataclass(frozen=True)
class OfImages(template.Settings):
    """A study that names its data set."""

    data: str = "digits"
    """The data set."""


SETTINGS = OfImages(epochs=1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs" / "experiments" / "quick-digits"


def main(settings, capsys):
    status = run_study({"quick": settings}, template.main, [])
    return status, capsys.readouterr().err


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_not_continued_with_other_images(folder, monkeypatch, capsys):
    assert main(SETTINGS, capsys) == (0, "")
    config = read_record(folder / "config.json")
    assert config["images"] == tasks.fingerprint("digits")
    before = contents(folder)
    train, test = data.load("digits"), data.load("digits", split="test")
    other = train._replace(inputs=train.inputs.copy())
    other.inputs[3, 2, 1] += 0.25
    monkeypatch.setattr(tasks, "image_sets", lambda name: (other, test))
    status, error = main(SETTINGS, capsys)
    assert status == 2
    assert f"images: found '{config['images']}', wanted 'digits, sha256" in error
    assert contents(folder) == before


def test_an_earlier_run_without_a_fingerprint_goes_on_and_stays_so(folder, capsys):
    assert study._fingerprint("prices", folder / "config.json", show=False, overwrite=False) == {}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert study._fingerprint("digits", folder / "config.json", show=False, overwrite=False) == {}
    assert study._fingerprint("digits", folder / "config.json", show=False, overwrite=True)
    (folder / "config.json").write_text('{"images": "these"}')
    shown = study._fingerprint("digits", folder / "config.json", show=True, overwrite=False)
    assert shown == {"images": "these"}, "showing reads no images"


def test_kept_results_of_other_images_are_not_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "RESULTS", tmp_path)
    monkeypatch.setattr(kept, "names", lambda: ["experiments"])
    (tmp_path / "experiments_a").mkdir()
    (tmp_path / "experiments_a" / "x.npz").write_bytes(b"1")
    record = tmp_path / "experiments_a.json"
    for stored, given, shown in (
        ({}, {"images": "these"}, True),  # kept before images had a number
        ({"images": "these"}, {"images": "these"}, True),
        ({"images": "these"}, {"images": "those"}, False),
    ):
        record.write_text(f'{{"config": {stored}}}'.replace("'", '"'))
        to = tmp_path / f"to-{shown}-{len(stored)}"
        kept.restore("experiments", given, to)
        assert (to / "x.npz").exists() is shown


@pytest.mark.parametrize("name", ["results/accuracy.npz", "checkpoints/network/_METADATA", "sections/accuracy.json"])
def test_damaged_parts_are_named_with_what_to_do(folder, capsys, name):
    assert main(SETTINGS, capsys)[0] == 0
    metrics = (folder / "metrics.json").read_bytes()
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    if name != "sections/accuracy.json":
        (folder / "sections" / "accuracy.json").unlink()
    if name.startswith("checkpoints"):
        (folder / "results" / "accuracy.npz").unlink()
    status, error = main(SETTINGS, capsys)
    assert status == 2
    assert "Remove" in error
    named = folder / name.removesuffix("/_METADATA")
    assert str(named) in error or str(named.relative_to(folder.parents[2])) in error
    assert error.count("\n") == 1
    with contextlib.suppress(NotADirectoryError):
        (folder / name).unlink()  # as it says
    if name.startswith("checkpoints"):
        subprocess.run(["rm", "-r", folder / "checkpoints" / "network"], check=True)
    assert main(SETTINGS, capsys)[0] == 0
    assert (folder / "metrics.json").read_bytes() == metrics


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A small disk, and a function that mounts it again with other options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True).returncode

    if os.name != "posix" or mount("size=1m") != 0:
        pytest.skip("a small disk can be mounted by root only")
    monkeypatch.chdir(place)
    yield place, lambda options: mount(f"remount,{options}")
    monkeypatch.undo()
    subprocess.run(["umount", "-l", place], check=True)


# What the store leaves behind in its own threads.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("room", ["4k", "16k", "64k"])
def test_a_full_disk_ends_with_one_sentence_and_the_run_goes_on_when_there_is_room(disk, capsys, room):
    place, again = disk
    again(f"size={room}")
    status, error = main(SETTINGS, capsys)
    assert status == 2
    assert error.count("\n") == 1
    assert "found a full disk, wanted room for it. Free some space and repeat the command." in error
    again("size=20m")
    assert main(SETTINGS, capsys) == (0, "")
    left = [path.name for path in place.rglob("*") if ".tmp" in path.name or "unfinished" in path.name]
    assert not left


def test_a_read_only_disk_ends_with_one_sentence_and_leaves_the_run_as_it_was(disk, capsys):
    place, again = disk
    assert main(SETTINGS, capsys) == (0, "")
    before = contents(place / "runs" / "experiments" / "quick-digits")
    assert again("ro") == 0
    for settings in (SETTINGS, dataclasses.replace(SETTINGS, name="new")):
        status, error = main(settings, capsys)
        assert status == 2
        assert error.count("\n") == 1
        assert "found a read-only file system, wanted a place where it can be written." in error
    assert contents(place / "runs" / "experiments" / "quick-digits") == before


INTERRUPTED = """
import os, runpy, signal, sys
class At:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, At())
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background may ignore
sys.argv = ["-m"]
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("module", "at"),
    [("experiments.bottleneck", "tyro"), ("experiments.bottleneck", "jax._src.core"), ("interp_jax", "tyro")],
)
def test_an_interrupt_during_imports_ends_with_one_line(tmp_path, module, at):
    script = INTERRUPTED.format(module=module, at=at)
    root = os.fspath(study.Path(study.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": root}
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "env": environment}
    done = subprocess.run([sys.executable, "-c", script], **run)
    assert done.returncode == 130
    assert done.stderr == "\nInterrupted. The same command starts again, or continues from what is stored.\n"
    assert not list(tmp_path.iterdir())
