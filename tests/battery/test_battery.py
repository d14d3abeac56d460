"""Runs the battery in processes of their own: the other tests' type checks at every call are not what users have."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from interp_jax import _checks
from tests.battery.arguments import valid_call
from tests.battery.cells import cells
from tests.battery.documented import DOCUMENTED
from tests.battery.subjects import Subject, subjects
from tests.battery.verdicts import raw


def _run(folder, *options, parts):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
    files = [folder / f"{part}.jsonl" for part in range(parts)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.battery", "--out", file, "--part", f"{part}/{parts}", *options],
            env=environment,
            cwd=Path(__file__).parents[2],
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


def test_a_twentieth_of_the_cells_of_bad_input_gives_the_documented_result_or_a_named_error(tmp_path):
    assert len(_run(tmp_path, "--twentieth", parts=1)) >= 300


@pytest.mark.slow
def test_every_cell_of_bad_input_gives_the_documented_result_or_a_named_error(tmp_path):
    cells = _run(tmp_path, parts=2)
    assert len(cells) >= 6000
    used = {tuple(cell["documented"]) for cell in cells if cell["documented"]}
    assert used == DOCUMENTED.keys(), f"documented.py: {DOCUMENTED.keys() - used} excuse nothing any more"


def test_a_new_function_is_tried_without_being_named_here():
    def new(inputs, labels, *, key, batch_size=7):
        return inputs.sum() + len(labels)

    tried = list(cells(subject := Subject("methods.new", new), valid_call(subject)))
    assert {cell.argument for cell in tried} == {"", "inputs", "labels", "key", "batch_size"}
    assert len(tried) > 100


def test_a_function_that_cannot_be_called_is_named():
    def new(inputs, *, strange):
        return inputs

    with pytest.raises(LookupError, match=r"methods\.new: no value for strange: add a valid call"):
        valid_call(Subject("methods.new", new))


def test_the_walk_finds_functions_methods_and_constructors():
    found = subjects()
    assert {
        "kernels.ward.linkage",
        "methods.hierarchy.Hierarchy.cut",
        "networks.IdentityPerceptron.new",
    } <= found.keys()


def test_an_error_is_good_when_it_is_ours_and_names_the_argument_and_what_was_found():
    def error_of(call):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            call()
        return caught.value

    good = error_of(lambda: _checks.as_count("k", 2.0))
    assert raw(good, ["k"]) is None
    assert raw(good, ["rank"]).startswith("does not name rank")
    assert raw(error_of(lambda: np.zeros(3)[4]), ["k"]).startswith("raw IndexError")
    assert raw(error_of(lambda: np.zeros(3).reshape(2)), ["k"]).startswith("raw ValueError")
