"""Runs the battery in processes of their own: the other tests' type checks at every call are not what users have."""

import json
import os
import subprocess
import sys

import pytest


def _run(folder, *options, parts):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
    files = [folder / f"{part}.jsonl" for part in range(parts)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.battery", "--out", file, "--part", f"{part}/{parts}", *options],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for part, file in enumerate(files)
    ]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode in (0, 1), errors
    cells = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    faults = [f"{c['subject']}({c['argument']}), {c['variant']}: {c['fault']}" for c in cells if c["fault"]]
    assert not faults, "\n".join([f"{len(faults)} of {len(cells)} cells:", *faults])
    return cells


def test_a_tenth_of_the_cells_of_bad_input_gives_the_documented_result_or_a_named_error(tmp_path):
    assert len(_run(tmp_path, "--tenth", parts=1)) >= 600


@pytest.mark.slow
def test_every_cell_of_bad_input_gives_the_documented_result_or_a_named_error(tmp_path):
    assert len(_run(tmp_path, parts=2)) >= 6000
