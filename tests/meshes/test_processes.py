"""Rows spread over processes of one machine give what they give in one process."""

import os
import socket
import subprocess
import sys

import pytest


def _assert_same(processes, *names):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"} | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.meshes.processes"]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(processes), port, *names], env=environment, text=True, stdout=subprocess.PIPE
        )
        for rank in range(processes)
    ]
    ends = [(process.communicate(timeout=900)[0], process.returncode) for process in started]
    assert [status for _, status in ends] == [0] * processes, ends


def test_two_processes_give_what_one_does():
    _assert_same(2, "nmf", "feature vectors")


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("names", [("kernels",), ("methods",), ("sweep", "select"), ("ward", "training on spread rows")])
def test_several_processes_give_what_one_does(processes, names):
    _assert_same(processes, *names)
