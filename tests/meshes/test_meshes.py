"""On eight devices results are those of one, rows stay on their devices, and memory is shared out."""

import functools
import json
import os
import subprocess
import sys

import pytest

from tests.meshes import programs

# All quick checks are one process; each takes about a second to compile, twice.
QUICK = ["pearson", "euclidean distances", "holding rate"]
LONG = [name for name in programs.PROGRAMS if name not in QUICK] + [*programs.CALLS, "ward's search"]
# What of the rows' size is exchanged at most: a tile or a minibatch at a time, never all of them.
SHARE = 1 / 4


@functools.cache
def _checked(names, folder):
    command = [sys.executable, "-W", "ignore", "-m", "tests.meshes.programs", folder, *names]
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"} | {"JAX_PLATFORMS": "cpu"}
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return functools.reduce(lambda one, line: one | json.loads(line), found.splitlines(), {})


def _assert_in_place(found):
    assert found.get("difference", 0) <= 1e-5
    assert found["collective"] <= SHARE * found["largest"]
    assert found.get("memory", 0) <= 1 / 6


@pytest.mark.parametrize("name", QUICK)
def test_rows_on_eight_devices_stay_there(name):
    _assert_in_place(_checked(tuple(QUICK), "")[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_rows_of_every_kind_stay_on_eight_devices(name, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "programs"
    _assert_in_place(_checked(tuple(LONG), str(folder))[name])


def test_collectives_are_found_in_a_program():
    text = "%a = (f32[8,4]{1,0}, s32[]) all-reduce(%b, %c), channel_id=1\n%d = f32[8,64]{1,0} all-gather(%e), dims={0}"
    assert programs.largest_collective(text) == 8 * 64
    assert programs.largest_collective("%a = f32[100]{0} add(%b, %c)") == 0
