"""The study with small settings, its measures, and its settings."""

import dataclasses

import numpy as np
import pytest

from experiments.memorization import __main__ as study_main
from experiments.memorization.contrast import claims
from experiments.memorization.discrimination import misclassified, threshold_of
from experiments.memorization.embedding import agreement
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
    discriminated=2,
)


@pytest.mark.slow
def test_every_section_is_written(run):
    _, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["deviations"]["deviation"]) == set(METRICS)
    inner = np.array(metrics["deviations"]["deviation"]["cosine"]["memorizing"]["inner"])
    assert inner.shape == (len(metrics["deviations"]["layers"]), 1)
    assert set(metrics["discrimination"]["ratios"]) == set(KINDS)
    assert metrics["dynamics"]["epochs"] == [0, 1, 2]
    assert 0 < metrics["training"]["unchanged_labels"] < 0.1, "shuffled labels equal the true ones by chance only"


def test_claims_are_counted_network_by_network():
    falling, rising, flat = np.array([4.0, 3.0, 2.0]), np.array([1.0, 3.0, 3.1]), np.array([4.0, 4.0, 4.0])

    def both(first, second):
        return np.stack([first, second], axis=1)

    def case(inner, inter, level):
        return {"inner": inner, "inter": inter, "level": level}

    each = {
        "learning": case(both(falling, flat), both(flat, flat), both(rising, rising)),
        "fully trained": case(both(falling, falling), both(flat, flat), both(rising, rising)),
        "memorizing": case(both(rising, falling), both(rising, flat), both(2 * rising, rising)),
    }
    results = claims(dict.fromkeys(METRICS, each))
    holds = {claim: by.get("", by.get("cosine")) for claim, by in results.items()}
    assert holds["learning: the activation level increases from layer to layer"] == [True, True]
    assert holds["memorizing: the activation level is above that of learning in every hidden layer"] == [True, False]
    assert holds["learning: inner-class deviation is smaller in the last layer than in the input"] == [True, False]
    assert holds["memorizing: inner-class deviation increases from the input to the first layer"] == [True, False]
    assert holds["memorizing: … and is then constant (within 10%)"] == [True, False]
    assert holds["memorizing: inner-class deviation in the last layer is above that of fully trained"] == [
        True,
        False,
    ]
    assert holds["memorizing: inter-class deviation increases from layer to layer"] == [True, False]


def test_each_network_is_classified_by_the_threshold_from_all_others():
    ratios = {
        "learning": np.array([0.2, 0.9]),
        "fully trained": np.array([0.3, 0.5]),
        "memorizing": np.array([1.1, 1.5, 0.4]),
    }
    assert threshold_of(ratios) == pytest.approx(0.45)
    assert misclassified(ratios, "learning").tolist() == [False, True]
    # Without itself the last is below (0.5 + 1.1) / 2, and without 0.5 the threshold is (0.3 + 0.4) / 2.
    assert misclassified(ratios, "memorizing").tolist() == [False, False, True]
    assert misclassified(ratios, "fully trained").tolist() == [False, True]


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
        ({"train_rows": 10}, "train_rows: found 10, wanted a whole number of at least 600"),
        ({"learned_rows": 700}, "learned_rows: found 700, wanted at least the 6000 train_rows"),
        ({"rows_per_class": 1}, "rows_per_class: found 1, wanted a whole number of at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
