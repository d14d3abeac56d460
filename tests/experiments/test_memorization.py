"""The study itself, made small, and its settings."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.memorization import __main__ as study_main
from experiments.memorization.contrast import claims
from experiments.memorization.embedding import agreement
from experiments.memorization.memorization_study import KINDS, METRICS
from experiments.memorization.settings import PRESETS, Settings
from experiments.memorization.telling_apart import border_of, wrongly_told

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
    inner = np.array(metrics["deviations"]["deviation"]["cosine"]["memorizing"]["inner"])
    assert inner.shape == (len(metrics["deviations"]["layers"]), 1)
    assert set(metrics["telling_apart"]["numbers"]) == set(KINDS)
    assert metrics["dynamics"]["epochs"] == [0, 1, 2]
    assert 0 < metrics["training"]["guessing"] < 0.1, "shuffled labels are the true ones by chance alone"


def test_claims_are_counted_network_by_network():
    falling, rising, flat = np.array([4.0, 3.0, 2.0]), np.array([1.0, 3.0, 3.1]), np.array([4.0, 4.0, 4.0])

    def both(first, second):
        return np.stack([first, second], axis=1)

    def case(inner, inter, level):
        return {"inner": inner, "inter": inter, "level": level}

    each = {
        "learning": case(both(falling, flat), both(flat, flat), both(rising, rising)),
        "learning to the end": case(both(falling, falling), both(flat, flat), both(rising, rising)),
        "memorizing": case(both(rising, falling), both(rising, flat), both(2 * rising, rising)),
    }
    made = claims(dict.fromkeys(METRICS, each))
    held = {claim: by.get("", by.get("cosine")) for claim, by in made.items()}
    assert held["learning: the activation level rises from layer to layer"] == [True, True]
    assert held["memorizing: its level is above that of learning in every hidden layer"] == [True, False]
    assert held["learning: inner-class deviation is less in the last layer than in the input"] == [True, False]
    assert held["memorizing: inner-class deviation rises from the input to the first layer"] == [True, False]
    assert held["memorizing: … and is then constant (to 10%)"] == [True, False]
    assert held["memorizing: inner-class deviation in the last layer is above that of learning to the end"] == [
        True,
        False,
    ]
    assert held["memorizing: inter-class deviation rises from layer to layer"] == [True, False]


def test_each_network_is_told_by_the_others():
    numbers = {
        "learning": np.array([0.2, 0.9]),
        "learning to the end": np.array([0.3, 0.5]),
        "memorizing": np.array([1.1, 1.5, 0.4]),
    }
    assert border_of(numbers) == pytest.approx(0.45)
    assert wrongly_told(numbers, "learning").tolist() == [False, True]
    # Without itself the last lies below (0.5 + 1.1) / 2, and without 0.5 the border is (0.3 + 0.4) / 2.
    assert wrongly_told(numbers, "memorizing").tolist() == [False, False, True]
    assert wrongly_told(numbers, "learning to the end").tolist() == [False, True]


def test_a_row_is_not_its_own_neighbor():
    layer = np.repeat(np.eye(2), 20, axis=0)
    labels = np.arange(40)
    assert agreement(layer, labels) == 0
    assert agreement(layer, np.arange(40) // 20) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "noise: found -1.0"),
        ({"full_epochs": 100}, "full_epochs: found 100, wanted a power of two"),
        ({"train_rows": 10}, "train_rows: found 10, wanted at least 600"),
        ({"learned_rows": 700}, "learned_rows: found 700, wanted at least the 6000 train_rows"),
        ({"rows_per_class": 1}, "rows_per_class: found 1, wanted at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
