"""The study with small settings, its sentences, and its settings."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.cnn_inte import __main__ as study_main
from experiments.cnn_inte import fidelity, table
from experiments.cnn_inte.settings import PRESETS, Settings
from experiments.cnn_inte.specificity import ERRS, OTHER, OTHER_ERRS, OWN, SAME_ERRS, SHOWN, agreements, verdict
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
def test_every_section_is_written(run):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["fidelity"]) == {HALF, FULL, "specificity"}
    assert metrics["fidelity"][FULL]["the network itself"][1] == [1.0]
    confusion = np.array(metrics["instances"]["confusion"])
    np.testing.assert_allclose(confusion.sum(axis=1)[confusion.any(axis=1)], 1, atol=1e-5)
    assert len(list(report.parent.glob("figures/*.png"))) == 9
    controls = metrics["sanity_controls"]
    assert controls["planted"]["agreement"] == 1
    assert np.mean(controls["networks"][FULL]["tree"]) > np.mean(controls["networks"]["untrained"]["tree"])
    assert report.read_text(encoding="utf-8").count("<details") >= 5


def test_losses_and_gaps_are_differences_of_means():
    scores = {"the network itself": 0.95, fidelity.KNOWN: 0.90, fidelity.DEEPER: 0.93, fidelity.GREEDY: 0.88}
    scores |= {fidelity.NUMBERED: 0.80, fidelity.GINI: 0.70, fidelity.NUMBERS: 0.65}
    scores |= {fidelity.OURS: 0.91, fidelity.ONE_PATH: 0.89, fidelity.SAME: 0.905}
    networks = [{name: (score + shift, score + 0.01) for name, score in scores.items()} for shift in (0.01, -0.01)]
    text = fidelity._losses({HALF: networks})
    assert "a tree on true clusters loses 5.0 against the network, of which 3.0 are due to its depth" in text
    assert "The refinement of splits gains 2.0; splits by sets in place of thresholds on cluster numbers" in text
    assert "gain 8.0 with entropy (5.0 with the Gini index)" in text
    assert "entropy in place of the Gini index gains 18.0 with sets (15.0 with thresholds)" in text
    assert "clusters predicted by forests lose -0.5 with all leaves weighted and 1.5 with one path" in text
    others = {"a tree on pixels": (0.5, 0.62), "a tree on the layer's activations": (0.5, 0.81)}
    text = fidelity._verdict({HALF: [network | others for network in networks]})
    assert f"{HALF}: +30.0 (on pixels), +11.0 (on the layer's activations)" in text
    assert f"true clusters less theirs: {HALF}: +10.0 (on the layer's activations)." in text
    assert f"goal of 90 %: {HALF} 91.0% with all leaves weighted, 89.0% with one path" in text


def _controls(own, other):
    return {OWN: own, OTHER: other, ERRS: 0.5, OTHER_ERRS: None if other is None else 0.45}


def test_fidelity_is_reported_as_accuracy_only_where_another_network_has_it():
    alike, apart = (verdict(HALF, [_controls(0.93, other)] * 2) for other in (0.929, 0.8))
    assert "agrees with a network on 92.9% of all rows, its own explanation on 93.0%, +0.1 points" in alike
    assert "where the network errs, 45.0% and 50.0%" in alike
    assert "Nearly all of the fidelity is therefore accuracy" in alike
    assert "Nearly all" not in apart
    assert verdict(HALF, [_controls(0.93, None)]) is None


class _Explained:
    """An explanation with fixed predictions and a tree of two leaves."""

    def __init__(self, predictions):
        self.predictions, self.forests = predictions, SimpleNamespace(votes=lambda rows: np.ones((len(rows), 1, 2)) / 2)
        ids = np.arange(100)[:, None] % 2
        self.tree = cnn_inte.grow(ids, ids[:, 0], count=2, classes=2, depth=1)

    def predict(self, _):
        return self.predictions


def test_agreements_are_shares_of_their_rows():
    truth, predictions = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 0])
    explained = {0: np.array([0, 0, 1, 0, 1, 1]), 1: np.array([0, 0, 0, 0, 0, 0])}
    task = SimpleNamespace(held_inputs=np.zeros((6, 3)), held_labels=truth)
    config = SimpleNamespace(seeds=2, full_seeds=1)
    study = SimpleNamespace(task=task, config=config, explainer=lambda kind, seed: _Explained(explained[seed]))
    shares = agreements(study, HALF, 0, predictions, truth)
    assert shares[OWN] == 4 / 6
    assert shares[ERRS] == 1 / 2
    assert shares[SAME_ERRS] == 0
    assert shares[OTHER] == 3 / 6
    assert shares[OTHER_ERRS] == 1 / 2
    assert shares[SHOWN] == 0.5
    alone = agreements(study, FULL, 0, truth, truth)
    assert alone[OTHER] is None
    assert alone[ERRS] is None


def test_the_table_has_a_column_for_every_kind_of_network():
    scores = {name: [[0.9, 0.92], [0.8, 0.8]] for name in (*table.ROWS, "a tree on pixels")}
    config = {"data": "mnist", "depth": 5, "factors": 8, "ids": 10, "seeds": 2, "full_seeds": 2, "preset": "quick"}
    environment = {"platform": "Linux", "versions": {"jax": "1"}, "date": "2026-01-01"}
    full = {name: each for name, each in scores.items() if name != fidelity.AS_PUBLISHED}
    specificity = {HALF: [_controls(0.93, 0.92), _controls(0.91, 0.9)], FULL: [_controls(0.9, None)]}
    metrics = {"fidelity": {HALF: scores, FULL: full, "specificity": specificity}}
    record = {"config": config, "metrics": metrics, "environment": environment}
    text = table.results_table({Path("experiments/results/cnn_inte_mnist.json"): record})
    lines = text.splitlines()
    assert lines[0] == f"| accuracy / fidelity (%) | MNIST, {HALF} | MNIST, {FULL} |"
    cell = "91.0\u00a0±\u00a01.4 / 80.0\u00a0±\u00a00.0"
    assert f"| the network itself | {cell} | {cell} |" in lines
    assert f"| {table.ROWS[fidelity.AS_PUBLISHED]} | {cell} | – |" in lines
    assert f"| a tree on pixels | {cell} | {cell} |" in lines
    assert f"92.0 and 91.0 (MNIST, {HALF}; where the network errs 50.0 and 45.0)" in text
    assert f"(MNIST, {FULL}; where" not in text
    assert "Nearly all" not in text
    specificity[HALF] = [_controls(0.93, 0.925)]
    assert "Nearly all" in table.results_table({Path("experiments/results/cnn_inte_mnist.json"): record})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth: found 0, wanted a whole number of at least 1"),
        ({"ids": 1}, "ids: found 1, wanted a whole number of at least 2"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes: found 1, wanted a whole number of at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
