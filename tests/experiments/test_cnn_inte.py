"""The study itself, made small, and its settings."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.cnn_inte import __main__ as study_main
from experiments.cnn_inte import fidelity, table
from experiments.cnn_inte.controls import ERRS, OTHER, OTHER_ERRS, OWN, SAME_ERRS, SHOWN, controls, verdict
from experiments.cnn_inte.settings import PRESETS, Settings
from experiments.cnn_inte.tasks import FULL, HALF
from interp_jax.methods import cnn_inte

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
    assert set(metrics["fidelity"]) == {HALF, FULL, "controls"}
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
    scores |= {fidelity.NUMBERED: 0.80, fidelity.GINI: 0.70, fidelity.NUMBERS: 0.65}
    scores |= {fidelity.OURS: 0.91, fidelity.ONE_PATH: 0.89, fidelity.SAME: 0.905}
    networks = [{name: (score + shift, score + 0.01) for name, score in scores.items()} for shift in (0.01, -0.01)]
    said = fidelity._losses({HALF: networks})
    assert "5.0 to clusters and tree, 3.0 of them to its few levels" in said
    assert "refining spares 2.0, sets in place of numbers, whose order means nothing, 8.0 by entropy" in said
    assert "(5.0 by Gini's index), entropy in place of Gini's index 18.0 on sets (15.0 on numbers)" in said
    assert "the forests cost -0.5 with all leaves weighed and 1.5 with one path" in said
    with_rivals = [network | {"a tree on pixels": (0.5, 0.62)} for network in networks]
    said = fidelity._verdict({HALF: with_rivals})
    assert f"{HALF}: +30.0 (on pixels)" in said
    assert f"goal of 90 %: {HALF} 91.0% with all leaves weighed, 89.0% with one path" in said


def _controls(own, other):
    return {OWN: own, OTHER: other, ERRS: 0.5, OTHER_ERRS: None if other is None else 0.45}


def test_fidelity_is_called_accuracy_only_where_another_network_shows_it():
    alike, apart = (verdict(HALF, [_controls(0.93, other)] * 2) for other in (0.929, 0.8))
    assert "agrees with a network on 92.9% of all rows, its own on 93.0%, +0.1 points" in alike
    assert "where the network errs, 45.0% and 50.0%" in alike
    assert "nearly all accuracy" in alike
    assert "nearly all accuracy" not in apart
    assert verdict(HALF, [_controls(0.93, None)]) is None


class _Explained:
    """Explains by a fixed answer for every row, through one leaf."""

    def __init__(self, said):
        self.said, self.forests = said, SimpleNamespace(votes=lambda rows: np.ones((len(rows), 1, 2)) / 2)
        ids = np.arange(100)[:, None] % 2
        self.tree = cnn_inte.grow(ids, ids[:, 0], count=2, classes=2, depth=1)

    def predict(self, _):
        return self.said


def test_controls_are_shares_of_the_rows_they_name():
    truth, network = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 0])
    said = {0: np.array([0, 0, 1, 0, 1, 1]), 1: np.array([0, 0, 0, 0, 0, 0])}
    task = SimpleNamespace(held_inputs=np.zeros((6, 3)), held_labels=truth)
    config = SimpleNamespace(seeds=2, full_seeds=1)
    study = SimpleNamespace(task=task, config=config, explainer=lambda kind, seed: _Explained(said[seed]))
    found = controls(study, HALF, 0, network, truth)
    assert found[OWN] == 4 / 6
    assert found[ERRS] == 1 / 2
    assert found[SAME_ERRS] == 0
    assert found[OTHER] == 3 / 6
    assert found[OTHER_ERRS] == 1 / 2
    assert found[SHOWN] == 0.5
    alone = controls(study, FULL, 0, truth, truth)
    assert alone[OTHER] is None
    assert alone[ERRS] is None


def test_the_table_has_a_column_for_every_kind_of_network():
    scores = {name: [[0.9, 0.92], [0.8, 0.8]] for name in (*table.SAID, "a tree on pixels")}
    config = {"data": "mnist", "depth": 5, "factors": 8, "ids": 10, "seeds": 2, "full_seeds": 2, "preset": "quick"}
    environment = {"platform": "Linux", "versions": {"jax": "1"}, "date": "2026-01-01"}
    full = {name: found for name, found in scores.items() if name != fidelity.LETTERS}
    held_against = {HALF: [_controls(0.93, 0.92), _controls(0.91, 0.9)], FULL: [_controls(0.9, None)]}
    metrics = {"fidelity": {HALF: scores, FULL: full, "controls": held_against}}
    kept = {"config": config, "metrics": metrics, "environment": environment}
    said = table.results_table({Path("experiments/results/cnn_inte_mnist.json"): kept})
    lines = said.splitlines()
    assert lines[0] == f"| accuracy / fidelity (%) | MNIST, {HALF} | MNIST, {FULL} |"
    cell = "91.0\u00a0±\u00a01.4 / 80.0\u00a0±\u00a00.0"
    assert f"| the network itself | {cell} | {cell} |" in lines
    assert f"| {table.SAID[fidelity.LETTERS]} | {cell} | – |" in lines
    assert f"| a tree on pixels | {cell} | {cell} |" in lines
    assert f"92.0 and 91.0 (MNIST, {HALF}; where the network errs 50.0 and 45.0)" in said
    assert f"(MNIST, {FULL}; where" not in said
    assert "nearly all accuracy" not in said
    held_against[HALF] = [_controls(0.93, 0.925)]
    kept["metrics"]["fidelity"]["controls"] = held_against
    assert "nearly all accuracy" in table.results_table({Path("experiments/results/cnn_inte_mnist.json"): kept})


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
