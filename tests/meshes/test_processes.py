"""Rows spread over processes of one machine give what they give in one process."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def _run(module, processes, *names, folder=None):
    """What every process prints; all of them have to end without an error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    environment |= {"JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-W", "ignore", "-m", f"tests.meshes.{module}"]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(processes), port, *names],
            env=environment,
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
        )
        for rank in range(processes)
    ]
    ends = [(process.communicate(timeout=1_800)[0], process.returncode) for process in started]
    assert [status for _, status in ends] == [0] * processes, ends


def test_two_processes_give_what_one_does(tmp_path):
    _run("processes", 2, "nmf", "feature vectors", "checkpoint", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_methods_give_on_six_rows_of_several_processes_what_they_give_on_one(processes):
    _run("processes", processes, "methods")


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize(
    "names",
    [
        ["kernels"],
        ["sweep", "select", "holding rate", "holding rate, means"],
        ["ward", "feature vectors", "training on spread rows", "checkpoint"],
    ],
)
def test_several_processes_give_what_one_does(processes, names, tmp_path):
    _run("processes", processes, *names, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("study", ["hierarchical_modules", "core_units"])
def test_a_study_in_several_processes_writes_one_run(study, processes, tmp_path):
    for count in (1, processes):
        (tmp_path / str(count)).mkdir()
        _run("studies", count, study, folder=tmp_path / str(count))
    one, several = ({path.relative_to(root) for path in root.rglob("*.json")} for root in _roots(tmp_path, processes))
    assert several == one
    one, several = (json.loads(next(root.rglob("metrics.json")).read_text()) for root in _roots(tmp_path, processes))
    assert _rounded(several) == _rounded(one)


def _roots(folder, processes):
    return folder / "1", folder / str(processes)


def _rounded(values):
    """Numbers to four digits, which is what spreading the rows leaves of trained weights and what depends on them."""
    if isinstance(values, dict):
        return {name: _rounded(each) for name, each in values.items()}
    if isinstance(values, list):
        return [_rounded(each) for each in values]
    return float(f"{values:.4g}") if isinstance(values, float) else values
