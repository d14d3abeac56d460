"""The study with small settings, and its measures of codes."""

import dataclasses

import numpy as np
import pytest

from experiments.bottleneck import __main__ as study_main
from experiments.bottleneck.codes import self_intersections
from experiments.bottleneck.settings import PRESETS, Settings
from experiments.bottleneck.starts import first_below

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    widths=(2, 3),
    train_signals=600,
    validation_signals=200,
    test_signals=300,
    averaged_signals=2,
    epochs=2,
    patience=2,
    draws=200,
    start_epochs=2,
)


@pytest.mark.slow
def test_every_section_is_written(run):
    _, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["widths"]["networks"]) == {"100-2-60", "100-3-60", "100-25-2-25-60", "100-25-3-25-60"}


def test_crossings_of_a_curve_are_counted():
    around = np.linspace(0, 2 * np.pi, 40)
    assert self_intersections(np.stack([np.cos(around[:-1]), np.sin(around[:-1])], axis=1)) == 0
    eight = np.stack([np.sin(around + 0.1), np.sin(2 * (around + 0.1))], axis=1)
    assert self_intersections(eight) == 1
    assert self_intersections([[0, 0], [2, 2], [2, 0], [0, 2]]) == 1
    assert self_intersections([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) == 0, "meeting at the ends is no crossing"


def test_the_first_epoch_at_a_loss_is_counted_from_one():
    assert first_below(np.array([3.0, 2.0, 1.0, 2.0]), 2.0) == 2
    assert first_below(np.array([3.0, 2.0]), 1.0) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (4, 2)}, r"widths: found \(4, 2\), wanted increasing numbers"),
        ({"widths": (1, 2)}, "widths: found 1, wanted a whole number of at least 2"),
        ({"jump": float("nan")}, "jump: found nan"),
        ({"draws": 0}, "draws: found 0"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
