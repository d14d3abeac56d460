"""Plants faults, one at a time, in a copy of the package and runs the tests that have to notice."""

import contextlib
import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from interp_jax._files import write_text
from tests.failures import failures
from tests.planted.fault import Fault

_SECONDS = 900  # a fault that makes a loop endless is noticed too
_ENDLESS = f"no end within {_SECONDS} s"
# Loaded by pytest in the copy: what the tests import must be the copy, not an installed package.
_PLUGIN = """
import pathlib, sys

def pytest_collection_finish(session):
    package = sys.modules.get("interp_jax")
    root = pathlib.Path(__file__).parent
    assert package is None or pathlib.Path(package.__file__).is_relative_to(root), package.__file__
"""


class Copy:
    """A copy of the package and its tests, in which one file at a time is changed."""

    def __init__(self, folder: Path):
        self.folder = folder

    def text(self, source: str) -> str:
        return (self.folder / source).read_text()

    @contextlib.contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """The copy with the fault in it, inside the block."""
        path, text = self.folder / fault.source, self.text(fault.source)
        path.write_text(fault.plant(text))
        try:
            yield
        finally:
            path.write_text(text)

    def first_failure(self, selection: Sequence[str]) -> str | None:
        """The first test that fails, or None if all pass."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "only_the_copy", "-p", "no:cacheprovider"]
        # Unwritten bytecode cannot be out of date.
        environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [*command, *selection],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _ENDLESS
        if done.returncode == 0:
            return None
        failed = failures(done.stdout)
        if done.returncode not in (1, 2) or not failed:  # 2: a file could not be collected
            raise RuntimeError(f"pytest {' '.join(selection)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return failed[0]


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Copy]:
    """A copy of the checkout's package and tests in a temporary folder."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home).resolve()
        for name in ("interp_jax", "tests"):
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("setup.cfg", "pyproject.toml"):
            if (root / name).exists():
                shutil.copy(root / name, folder)
        (folder / "only_the_copy.py").write_text(_PLUGIN)
        yield Copy(folder)


def try_all(faults: Sequence[Fault], root: Path, results: Path) -> list[Fault]:
    """Tries every fault, records the outcomes in ``results``, and returns the faults that no test noticed.

    A fault that was caught in a source file with the same text is not tried again.
    """
    survivors = []
    with copied(root) as copy:
        for number, fault in enumerate(faults, 1):
            name = f"{fault.source}: {fault.old} → {fault.new}"
            text = hashlib.sha256(fault.plant(copy.text(fault.source)).encode()).hexdigest()
            outcome = _read(results).get(name)
            if outcome is None or outcome["text"] != text or not outcome["caught"]:
                test = _noticed_by(fault, copy)
                date = datetime.date.today().isoformat()
                outcome = {"breaks": fault.breaks, "caught": test is not None, "test": test, "date": date, "text": text}
                # Read again: another part of the faults may be under way.
                everything = dict(sorted((_read(results) | {name: outcome}).items()))
                write_text(results, json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
            if not outcome["caught"]:
                survivors.append(fault)
            verdict = f"caught by {outcome['test']}" if outcome["caught"] else "SURVIVED"
            print(f"{number}/{len(faults)} {fault.source}: {fault.breaks}: {verdict}", flush=True)
    return survivors


def _noticed_by(fault, copy):
    with copy.planted(fault):
        test = copy.first_failure(fault.selection())
    again = fault.selection() if test == _ENDLESS else [test]
    if test is not None and copy.first_failure(again) is not None:
        raise RuntimeError(f"{test} fails without the fault too: {fault.breaks}")
    return test


def _read(results):
    return json.loads(results.read_text()) if results.exists() else {}
