"""The study with small settings, its measures, and its settings."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.identity_layers import __main__ as study_main
from experiments.identity_layers.accuracy import summary
from experiments.identity_layers.layers_study import IDENTITY, RANDOM, LayersStudy
from experiments.identity_layers.likelihood import choose
from experiments.identity_layers.maps import first_correct
from experiments.identity_layers.settings import PRESETS, Settings
from experiments.identity_layers.table import results_table
from experiments.identity_layers.tasks import task

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    depths=(4, 8),
    depth=8,
    seeds=2,
    deep_seeds=1,
    random_seeds=1,
    epochs=8,
    conv_depth=4,
    conv_epochs=3,
    removal_rows=40,
    nodes=4,
)


@pytest.mark.slow
def test_every_section_is_written(run):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    layers = np.array(metrics["accuracy"]["accuracy"]["identity 8"]["layers"])
    assert layers.shape == (8, 2)
    assert layers[-1].min() > 0.9
    assert metrics["distance"]["falls"]
    for kind in (IDENTITY, *RANDOM):
        assert np.max(metrics["shares"][f"{kind} 8"]["written_error"]) < 1e-3
    assert np.max(metrics["shares"]["identity 8"]["origin_error"]) < 0.05
    assert np.sum(metrics["exits"]["histogram"], axis=1).tolist() == [355, 355]
    records = {report.parent: {"config": json.loads((report.parent / "config.json").read_text()), "metrics": metrics}}
    environment = json.loads((report.parent / "timing.json").read_text())["environment"]
    records[report.parent]["environment"] = environment
    assert results_table(records).count("\n| digits") == 5


def test_networks_trained_alone_have_different_keys():
    study = LayersStudy(SMALL, None, None, task=None)
    keys = [study.with_seed(number).stacked(lambda key: key, None) for number in range(3)]
    assert len({str(pair) for pair in keys}) == 3


def test_the_summary_of_a_curve():
    found = summary(np.array([[0.1, 0.5], [0.3, 0.4], [0.6, 0.7], [0.9, 0.65]]))
    for name, wanted in {
        "first": [0.1, 0.5],
        "half_mean": [0.2, 0.45],
        "half_best": [0.3, 0.5],
        "last": [0.9, 0.65],
        "largest_drop": [0, 0.1],
    }.items():
        np.testing.assert_allclose(found[name], wanted)


def test_images_are_chosen_by_their_prediction_depth():
    sure, unsure = [4.0, 0.0], [0.0, 1.0]
    rows = [[sure] * 3, [unsure, sure, sure], [unsure, unsure, sure], [sure, sure, unsure], [unsure] * 3]
    scores = np.swapaxes(np.array(rows), 0, 1)
    found = choose(scores, np.zeros(5, int), each=1)
    assert found == [("easy", 0), ("late", 2), ("misclassified", 3)]
    assert first_correct(scores[-1], np.array([1, 0, 0, 1, 0])).tolist() == [1, 3]


def test_images_of_the_task_are_rows_of_pixels():
    found = task(PRESETS["quick"])
    assert found.inputs.shape == (1442, 64)
    assert found.held_inputs.shape == (355, 64)
    assert found.shape == (8, 8)
    other = task(dataclasses.replace(PRESETS["quick"], seed=1))
    assert not np.array_equal(found.labels, other.labels)
    assert np.array_equal(found.held_labels, other.held_labels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": -1.0}, "rate: found -1.0, wanted a finite number, above 0"),
        ({"conv_rate": float("inf")}, "conv_rate: found inf"),
        ({"depth": 20}, "depth: found 20, wanted one of depths, 10, 30, 100"),
        ({"depths": (30, 30)}, "depths: found"),
        ({"depths": (2, 30)}, "depths: found 2, wanted a whole number of at least 4"),
        ({"epochs": 0}, "epochs: found 0, wanted a whole number of at least 1"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
