"""On eight devices results are those of one, rows stay on their devices, and memory is shared out."""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from tests.meshes import processes, programs

EIGHT = f"--xla_force_host_platform_device_count={programs.DEVICES}"
# All quick checks are one process; each takes about a second to compile, twice.
QUICK = ["pearson", "euclidean distances", "holding rate"]
LONG = [name for name in programs.PROGRAMS if name not in QUICK] + [*programs.CALLS, "ward's search"]
# What of the rows' size is exchanged at most: a tile or a minibatch at a time, never all of them.
SHARE = 1 / 4
# Among the examples of methods, calls of networks, which take rows on any mesh, and one whose method takes no rows.
NETWORKS = ("scores", "activations", "head and tail", "freeze", "estimates", "hierarchy.bootstrap_weights")


@functools.cache
def _checked(names, folder):
    command = [sys.executable, "-W", "ignore", "-m", "tests.meshes.programs", folder, *names]
    dump = f" --xla_dump_to={folder} --xla_dump_hlo_as_text" if folder else ""
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"{EIGHT}{dump}"}
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


def _refusal(function, arrays, on_mesh):
    mesh = jax.make_mesh((1,), ("rows",), (jax.sharding.AxisType.Explicit,))
    rows = jax.sharding.NamedSharding(mesh, jax.P("rows"))
    given = [jax.device_put(each, rows) if placed else each for each, placed in zip(arrays, on_mesh, strict=True)]
    try:
        return f"nothing, but gave {function(*given)!r:.80}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("names", [["kernels"], ["methods"], list(programs.PROGRAMS), list(programs.CALLS)])
def test_explicit_axes_are_refused_by_name_with_what_to_do(names):
    refusals = {
        name: _refusal(function, arrays, on_mesh)
        for name, function, arrays, on_mesh in processes.calls(names)
        if name not in NETWORKS
    }
    wanted = re.compile(r"ValueError: [\w'\[\]]+: found an array on a mesh of explicit axes, wanted automatic ones: ")
    assert refusals
    assert not {name: text for name, text in refusals.items() if not wanted.match(text)}


def test_collectives_are_found_in_a_program():
    text = "%a = (f32[8,4]{1,0}, s32[]) all-reduce(%b, %c), channel_id=1\n%d = f32[8,64]{1,0} all-gather(%e), dims={0}"
    assert programs.largest_collective(text) == 8 * 64
    assert programs.largest_collective("%a = f32[100]{0} add(%b, %c)") == 0


@pytest.mark.slow
def test_the_guide_runs_on_eight_devices():
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "accelerators.md").read_text()
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": EIGHT}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
