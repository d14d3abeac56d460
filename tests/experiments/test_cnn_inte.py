"""The study itself, made small, and its settings."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from experiments.cnn_inte import __main__ as study_main
from experiments.cnn_inte import fidelity, table
from experiments.cnn_inte.settings import PRESETS, Settings
from experiments.cnn_inte.tasks import FULL, HALF

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    full_seeds=1,
    factors=3,
    ids=4,
    depth=3,
    trees=2,
    draws=1,
    sweep_rows=600,
    instances=5,
)


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
    assert len(list(report.parent.glob("figures/*.png"))) == 9
    assert metrics["twins"]["planted"]["agreement"] == 1
    twins = metrics["twins"]["twins"]
    assert np.mean(twins[FULL]["tree"]) > np.mean(twins["starting weights"]["tree"])
    assert report.read_text(encoding="utf-8").count("<details") >= 5


def test_losses_and_gaps_are_differences_of_means():
    scores = {"the network itself": 0.95, fidelity.KNOWN: 0.90, fidelity.DEEPER: 0.93, fidelity.GREEDY: 0.88}
    scores |= {fidelity.GINI: 0.70, fidelity.NUMBERS: 0.65, fidelity.OURS: 0.91, fidelity.ONE_PATH: 0.89}
    networks = [{name: (score + shift, score + 0.01) for name, score in scores.items()} for shift in (0.01, -0.01)]
    said = fidelity._losses({HALF: networks})
    assert "5.0 to clusters and tree, 3.0 of them to its few levels" in said
    assert "refining spares 2.0, entropy 18.0, sets in place of numbers 5.0" in said
    assert "the forests cost -1.0 with all leaves weighed and 1.0 with one path" in said
    with_rivals = [network | {"a tree on pixels": (0.5, 0.62)} for network in networks]
    assert f"{HALF}: +30.0 (on pixels)" in fidelity._verdict({HALF: with_rivals})


def test_the_readme_table_has_a_column_for_every_kind_of_network():
    scores = {name: [[0.9, 0.92], [0.8, 0.8]] for name in (*table.SAID, "a tree on pixels")}
    config = {"data": "digits", "depth": 5, "factors": 8, "ids": 10, "seeds": 2, "full_seeds": 2, "preset": "quick"}
    environment = {"platform": "Linux", "versions": {"jax": "1"}, "date": "2026-01-01"}
    full = {name: found for name, found in scores.items() if name != fidelity.LETTERS}
    kept = {"config": config, "metrics": {"fidelity": {HALF: scores, FULL: full}}, "environment": environment}
    lines = table.readme_table({Path("experiments/results/cnn_inte_digits.json"): kept}).splitlines()
    assert lines[0] == f"| accuracy / fidelity (%) | digits, {HALF} | digits, {FULL} |"
    cell = "91.0\u00a0±\u00a01.4 / 80.0\u00a0±\u00a00.0"
    assert f"| the network itself | {cell} | {cell} |" in lines
    assert f"| {table.SAID[fidelity.LETTERS]} | {cell} | – |" in lines
    assert f"| a tree on pixels | {cell} | {cell} |" in lines


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
