"""The study itself, made small, and its settings."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.memorization import __main__ as study_main
from experiments.memorization.memorization_study import KINDS, METRICS
from experiments.memorization.settings import PRESETS, Settings

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    train_rows=900,
    validation_rows=200,
    test_rows=300,
    rows_per_class=5,
    epochs=2,
    patience=2,
    full_epochs=2,
    permutations=2,
    embedded_rows=100,
    told_apart=2,
)


@pytest.mark.slow
def test_every_section_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = study_main.main(SMALL)
    metrics = json.loads((report.parent / "metrics.json").read_text())
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["deviations"]["deviation"]) == set(METRICS)
    inner = np.array(metrics["deviations"]["deviation"]["cosine"]["memorising"]["inner"])
    assert inner.shape == (len(metrics["deviations"]["layers"]), 1)
    assert set(metrics["telling_apart"]["numbers"]) == set(KINDS)
    assert metrics["dynamics"]["epochs"] == [0, 1, 2]
    assert 0 < metrics["training"]["guessing"] < 0.1, "shuffled labels are the true ones by chance alone"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "noise: found -1.0"),
        ({"full_epochs": 100}, "full_epochs: found 100, wanted a power of two"),
        ({"train_rows": 10}, "train_rows: found 10, wanted at least 600"),
        ({"learnt_rows": 700}, "learnt_rows: found 700, wanted at least the 6000 train_rows"),
        ({"rows_per_class": 1}, "rows_per_class: found 1, wanted at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
