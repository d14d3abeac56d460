"""The time limit, what is stored and what is left out, without measuring anything."""

import json
import subprocess

import pytest

from benchmarks import accelerator
from benchmarks.__main__ import NAMES
from benchmarks.accelerator import PIECES, Piece, measure

RECORD = {"environment": {"device": "A Device"}, "machine": {}}


def _entry(seconds, **more):
    return [{"name": "interp_jax", "median_seconds": seconds, "times_ours": 1.0, "checks": {}, "rounds": 5} | more]


def _run(piece, seconds):
    if piece.name == "late":
        raise subprocess.TimeoutExpired("command", seconds)
    if piece.name == "broken":
        raise RuntimeError("out of memory")
    machine = {"machine: a product": _entry(1.0, flops_per_second=1e12 if piece.name == "first" else 2e12)}
    return {**RECORD, "results": {**machine, piece.name: _entry(2.0)}}


def test_every_group_is_measured_and_every_piece_is_a_group():
    assert {piece.name for piece in PIECES} == set(NAMES) - {"machine"}


def test_what_is_measured_is_stored_at_once_and_what_fails_is_named(tmp_path):
    file, seen = tmp_path / "a.json", []

    def run(piece, seconds):
        if file.exists():
            seen.append(sorted(json.loads(file.read_text(encoding="utf-8"))["results"]))
        return _run(piece, seconds)

    record = measure(tuple(map(Piece, ("first", "late", "broken", "last"))), 5.0, file, run)
    assert seen[0] == ["first", "machine: a product"]
    assert json.loads(file.read_text(encoding="utf-8"))["results"] == record["results"]
    assert sorted(record["results"]) == ["first", "last", "machine: a product"]
    assert record["machine"] == {"flops": 1e12}
    assert record["left_out"] == {"late": "not finished in 60 s", "broken": "out of memory"}


def test_what_is_left_out_at_the_end_is_in_the_file_too(tmp_path):
    file = tmp_path / "a.json"
    record = measure(tuple(map(Piece, ("first", "broken"))), 5.0, file, _run)
    assert json.loads(file.read_text(encoding="utf-8")) == record
    assert record["left_out"] == {"broken": "out of memory"}


def test_no_piece_begins_without_time(monkeypatch):
    now = iter([0.0, 0.0, 50.0])
    monkeypatch.setattr(accelerator.time, "monotonic", lambda: next(now))
    record = measure((Piece("late"), Piece("last")), 1.0, run=_run)
    assert record["left_out"] == {"late": "not finished in 60 s", "last": "no time was left"}


def test_a_piece_that_stores_nothing_is_refused_with_its_last_lines():
    with pytest.raises(RuntimeError, match="correlation, distances, fitting"):
        accelerator.in_a_process(Piece("no_such_group"), 60.0)
