"""The study itself, made small, and its settings."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.cnn_inte import __main__ as study_main
from experiments.cnn_inte.settings import PRESETS, Settings
from experiments.cnn_inte.tasks import FULL, HALF

SMALL = dataclasses.replace(PRESETS["quick"], name="small", seeds=1, factors=3, ids=4, depth=3, trees=2, draws=1)


@pytest.mark.slow
def test_every_section_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = study_main.main(SMALL)
    metrics = json.loads((report.parent / "metrics.json").read_text())
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["fidelity"]) == {HALF, FULL}
    assert metrics["fidelity"][FULL]["the network itself"][1] == [1.0]
    confusion = np.array(metrics["instances"]["confusion"])
    np.testing.assert_allclose(confusion.sum(axis=1)[confusion.any(axis=1)], 1, atol=1e-5)
    assert len(list(report.parent.glob("figures/*.png"))) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth: found 0, wanted at least 1"),
        ({"ids": 1}, "ids: found 1, wanted at least 2"),
        ({"leaves": 1}, "leaves: found 1, wanted at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
