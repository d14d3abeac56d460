"""Killed runs end as undisturbed ones do, and the driver notices one that does not."""

import json
import subprocess
import sys

import pytest

from tests.kills.__main__ import RESULTS

COUNTER = """
import os, sys, time
from pathlib import Path
from tests.kills.driver import kill_often

def study():
    place = Path("runs/study/name")
    place.mkdir(parents=True, exist_ok=True)
    starts = place / "starts"
    with starts.open("a") as file:
        file.write("1")
    time.sleep(0.3)
    {write}

faults = kill_often("counter", study, 3, Path(sys.argv[1]) / "folder", Path(sys.argv[1]) / "results.json")
print("; ".join(faults))
"""


@pytest.mark.parametrize(
    ("write", "fault"),
    [
        ("pass", ""),
        ("(place / 'metrics.json').write_text(starts.read_text())", "another runs/study/name/metrics.json"),
        ("len(starts.read_text()) > 1 and (place / '.left.tmp').touch()", "with runs/study/name/.left.tmp"),
        ("len(starts.read_text()) > 1 and sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_the_driver_notices_what_differs(tmp_path, write, fault):
    command = [sys.executable, "-W", "ignore", "-c", COUNTER.format(write=write), tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert fault in done.stdout
    assert ("no fault" in done.stdout) is not bool(fault)
    assert json.loads((tmp_path / "results.json").read_text())["counter"]["kills"] == 3


def _main(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.kills", *arguments], capture_output=True, text=True
    )


def test_a_small_study_that_is_killed_ends_as_an_undisturbed_one(tmp_path):
    results = tmp_path / "results.json"
    for _ in range(2):  # the second time there is nothing left to do
        done = _main("--only", "template", "--kills", "2", "--results", results)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(results.read_text())["template"]["kills"] == 2


@pytest.mark.slow
def test_three_studies_and_a_sweep_that_are_killed_20_times_each_end_as_undisturbed_ones():
    done = _main("--kills", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(entry["kills"] for entry in json.loads(RESULTS.read_text()).values()) >= 80
