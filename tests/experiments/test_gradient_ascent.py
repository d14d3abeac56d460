"""The study with small settings, and its measures of learned inputs."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.gradient_ascent import __main__ as study_main
from experiments.gradient_ascent.ascent_study import AT, CLASSES, LENGTH, largest_rise, read
from experiments.gradient_ascent.convolutions import width
from experiments.gradient_ascent.images import REGULARIZERS, roughness
from experiments.gradient_ascent.observer import most_likely, plateau, probes
from experiments.gradient_ascent.settings import PRESETS, Settings
from experiments.jumps import FIRST, NETWORKS
from interp_jax import data, networks
from interp_jax.methods import ascent
from interp_jax.methods.ascent import Ascent

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    starts=2,
    steps=20,
    train_signals=600,
    validation_signals=300,
    test_signals=500,
    epochs=2,
    patience=2,
    stages=(10, 20),
    batch=16,
    image_epochs=1,
    image_steps=5,
)


@pytest.mark.slow
def test_every_section_of_signals_is_written(run):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SIGNALS)
    assert set(metrics["classes"]["classes"]) == set(NETWORKS)
    assert len(list(report.parent.glob("figures/*.png"))) == 7


@pytest.mark.slow
def test_every_regularizer_is_tried_on_images(run):
    _, metrics = run(study_main, dataclasses.replace(SMALL, data="digits"))
    assert set(metrics["images"]["regularizers"]) == set(REGULARIZERS)
    least, greatest = metrics["images"]["regularizers"]["box 0 to 1"]["extremes"]
    assert 0 <= least < greatest <= 1


def test_learned_signals_are_read_class_by_class():
    signals = np.zeros((CLASSES, 2, LENGTH))
    for place in range(CLASSES):
        signals[place, :, FIRST + place - 1 :] = 1
    signals[0, 1] = 0
    signals[0, 1, 50:] = 0.4
    lanes = 2 * CLASSES
    learned = read(
        Ascent(
            signals.reshape(lanes, LENGTH),
            np.ones(lanes),
            np.ones(lanes),
            np.arange(lanes),
            np.arange(lanes) >= 2,
            np.zeros(lanes, bool),
        ),
        2,
    )
    np.testing.assert_allclose(learned.correct_lanes, 1 - 1 / lanes)
    assert learned.correct_means == 1
    np.testing.assert_allclose(learned.converged.mean(), 1 - 2 / lanes)
    assert learned.steps == np.median(np.arange(2, lanes))


def test_probes_share_the_position_of_their_largest_rise_and_nothing_else():
    made = probes(3.0)
    assert all(largest_rise(signal) == AT for signal in made.values())
    assert len({signal.tobytes() for signal in made.values()}) == len(made)


def test_a_plateau_is_that_of_converged_lanes():
    positions = np.arange(FIRST, FIRST + CLASSES)
    steps = (np.arange(1, LENGTH + 1) >= positions[:, None]).astype(float)
    pulses = steps * (np.arange(1, LENGTH + 1) < positions[:, None] + 3)
    signals = np.stack([steps, pulses], axis=1)
    first, second = np.zeros((2, CLASSES, 2), bool)
    first[:, 0] = second[:, 1] = True
    assert plateau(signals, first) == 1
    assert plateau(signals, second) == 0
    np.testing.assert_allclose(plateau(signals, first | second), 0.5)
    assert np.isnan(plateau(signals, first & second))


def test_equally_likely_positions_are_given_by_their_range():
    flat = np.zeros((3, CLASSES))
    flat[1, 7] = flat[2, 5:9] = 1
    assert most_likely(flat) == [(FIRST, FIRST + CLASSES - 1), (FIRST + 7,), (FIRST + 5, FIRST + 8)]


@pytest.mark.slow
def test_every_class_of_a_trained_network_is_reached_from_every_start():
    train = data.jump_signals(jax.random.key(0), 12_000)
    network = networks.perceptron(jax.random.key(1), (LENGTH, 100, CLASSES))
    network = networks.fit(network, train.signals, train.labels, key=jax.random.key(2), epochs=150).network
    start = jax.random.uniform(jax.random.key(3), (CLASSES * 16, LENGTH), minval=-0.05, maxval=0.05)
    found = ascent.maximize(network, start, np.repeat(np.arange(CLASSES), 16), steps=5_000, patience=500)
    assert (
        float(jax.nn.softmax(network(found.inputs))[np.arange(len(start)), np.arange(len(start)) // 16].min()) > 0.999
    )
    means = np.asarray(found.inputs).reshape(CLASSES, 16, LENGTH).mean(axis=1)
    np.testing.assert_array_equal(largest_rise(means), np.arange(FIRST, FIRST + CLASSES))


def test_width_and_roughness():
    signal = np.zeros((3, LENGTH))
    signal[:, 40:44] = (2, -4, 3, 1)
    assert width(signal) == 3
    assert width(np.ones((2, 5))) == 5
    assert roughness(np.ones((1, 4, 4, 1))) == 0
    board = np.indices((6, 6)).sum(axis=0) % 2 * 2.0 - 1
    assert roughness(board[None, :, :, None]) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": 0.0}, "noise: found 0.0"),
        ({"rate": float("inf")}, "rate: found inf"),
        ({"threshold": 1.0}, "threshold: found 1.0"),
        ({"stages": (30, 10)}, r"stages: found \(30, 10\)"),
        ({"starts": 0}, "starts: found 0"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
