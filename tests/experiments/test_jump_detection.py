"""The study with small settings: sections, an interrupted run, and identical bytes for identical settings."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.jump_detection import (
    architectures,
    convolutions,
    detectors,
    optimum,
    perceptrons,
    task,
)
from experiments.jump_detection import study as study_main
from experiments.jump_detection.settings import PRESETS
from experiments.jumps import NETWORKS, died
from experiments.study import mean_and_spread
from interp_jax.data import JumpSignals
from interp_jax.kernels.location_errors import LocationErrors
from interp_jax.networks import History

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    train_signals=600,
    validation_signals=300,
    test_signals=1_000,
    averaged_signals=2,
    embedded_signals=150,
    epochs=2,
    patience=2,
    long_epochs=2,
    fresh_steps=10,
    fresh_batch=16,
    kernel_lengths=(3,),
    sample_sizes=(300, 600),
    rectified=(1,),
)


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs" / "jump_detection" / "small"


@pytest.mark.slow
def test_an_interrupted_run_ends_like_an_uninterrupted_one(in_empty_folder, monkeypatch):
    def stop(result, page):
        page.text("never finished")
        page.figure("half", Figure(), "of a section that is not written")
        raise KeyboardInterrupt

    stopping = SimpleNamespace(measure=lambda study: {}, show=stop)

    with monkeypatch.context() as patch:
        patch.setitem(study_main.SECTIONS, "convolutions", ("Inside", stopping))
        with pytest.raises(KeyboardInterrupt):
            study_main.main(SMALL)
    assert len(list(in_empty_folder.glob("figures/*"))) > 10, "finished sections stay"
    assert not list(in_empty_folder.rglob("*half*"))
    assert "never finished" not in (in_empty_folder / "report.html").read_text()
    checkpoint = in_empty_folder / "checkpoints" / "1-layer-perceptron" / "_METADATA"
    written = checkpoint.stat().st_mtime_ns

    (in_empty_folder / "results" / "convolutions.npz").unlink()
    report = study_main.main(SMALL)
    assert report.resolve() == in_empty_folder / "report.html"
    assert checkpoint.stat().st_mtime_ns == written, "a trained network is not trained again"
    assert not list(in_empty_folder.rglob("*.tmp"))
    metrics = (in_empty_folder / "metrics.json").read_bytes()
    assert set(json.loads(metrics)) == set(study_main.SECTIONS)
    assert set(json.loads(metrics)["networks"]["networks"]) == set(NETWORKS)
    figures = {path.stem for path in in_empty_folder.glob("figures/*.png")}
    for number in (*range(1, 8), 9, 10, 11, 12, 14, 15, 16, 18, 19, 21, 23):
        assert any(name.startswith("fig_3_") and f"_{number:02}_" in name for name in figures), number
    page = report.read_text()
    assert page.count("data:image/png;base64") == len(figures)
    assert (
        page.index("most probable position if") < page.index("kinds of networks") < page.index("network of one layer")
    )

    drawn = {path: path.read_bytes() for path in in_empty_folder.glob("figures/*")}
    with monkeypatch.context() as patch:
        for _, section in study_main.SECTIONS.values():
            patch.setattr(section, "measure", lambda study: pytest.fail("measured again"))
        study_main.main(dataclasses.replace(SMALL, show=True))
    assert {path: path.read_bytes() for path in in_empty_folder.glob("figures/*")} == drawn
    assert report.read_text() == page
    assert (in_empty_folder / "metrics.json").read_bytes() == metrics
    assert sum(path.stat().st_size for path in in_empty_folder.glob("results/*")) < 2e6

    study_main.main(dataclasses.replace(SMALL, overwrite=True))
    assert (in_empty_folder / "metrics.json").read_bytes() == metrics, "the same settings give the same bytes"


def test_another_setting_under_the_same_name_is_refused(in_empty_folder, monkeypatch):
    monkeypatch.setattr(study_main, "SECTIONS", {})
    study_main.main(SMALL)
    with pytest.raises(ValueError, match=r"(?s)other settings.*seeds.*--overwrite"):
        study_main.main(dataclasses.replace(SMALL, seeds=3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": 0.0}, "noise: found 0.0"),
        ({"jump": float("nan")}, "jump: found nan"),
        ({"seeds": 0}, "seeds: found 0, wanted a whole number of at least 1"),
        ({"train_signals": 99}, "train_signals: found 99, wanted a whole number of at least 100"),
        ({"kernel_lengths": (3, 0)}, "kernel_lengths: found 0"),
        ({"seed": -1}, "seed: found -1, wanted a whole number from 0 to 4294967295"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **options)


def test_small_helpers():
    assert mean_and_spread([1.0, 3.0]) == "2.000\u00a0±\u00a01.414"
    assert mean_and_spread([1.0], 1) == "1.0"
    assert mean_and_spread([1.0, float("nan")], 1) == "1.0", "one number has no spread"
    np.testing.assert_array_equal(died([0.3, 16.5]), [False, True])


def _errors(*l1):
    return LocationErrors(*[np.array(l1) if len(l1) > 1 else np.array(l1[0])] * 4)


def test_the_plane_is_ordered_if_neighbors_have_near_jumps():
    positions = np.array([21, 40, 60, 80])
    made = task.Task(
        1.0, 3.0, JumpSignals(np.zeros((2, 100)), np.array([21, 50])), np.zeros((4, 2)), positions, positions
    )
    assert task.order(made) == (
        "The plane is ordered by the position: jumps of nearest neighbors are 0.0 samples apart on average, of random "
        "pairs 29.5."
    )
    assert task.order(made._replace(nearest=positions[::-1])).startswith("The plane is not ordered by the position")


def test_the_classical_detector_is_compared_with_the_optimum():
    better = detectors.classical_in_words({detectors.MODE: _errors(0.2), detectors.CLASSICAL: _errors(0.5)})
    assert better.endswith(
        "misses the jump by 0.20 samples on average; a classical edge detector by 0.50, 2.5 times as much."
    )
    equal = detectors.classical_in_words({detectors.MODE: _errors(0.2), detectors.CLASSICAL: _errors(0.2)})
    assert equal.endswith("by 0.20, no more.")


def _networks(*medians):
    kinds = {
        f"{index}": architectures.Kind(_errors(median, median), np.ones(2), np.ones(2))
        for index, median in enumerate(medians)
    }
    return architectures.Networks(kinds, 0.5, _errors(0.2), np.ones(2), None, 12_000, 0.01)


def test_networks_are_counted_that_beat_the_classical_detector_and_reach_the_optimum():
    assert architectures.range_of_errors(_networks(0.3, 0.4)) == (
        "2 kinds of networks, trained on 12,000 signals, miss the jump by 0.30 (0) to 0.40 samples (1): all of them by "
        "less than the classical detector (0.50), none of them within 5% of the optimum (0.20)."
    )
    mixed = architectures.range_of_errors(_networks(0.205, 0.3, 0.6))
    assert "2 of them by less than the classical detector" in mixed
    assert "(0.50), 1 of them within 5% of the optimum" in mixed
    assert "none of them by less" in architectures.range_of_errors(_networks(0.6))


def _optimum(few, fresh):
    """Networks with these errors where the optimum is 0.2."""
    return optimum.Optimum(0.2, np.array([fresh]), np.ones(1), {300: np.array([few])}, 300, {}, {})


def test_the_finding_says_who_reaches_the_optimum():
    assert optimum.reaches(_optimum(0.3, 0.204)) == (
        "A network of one layer misses the jump by 0.300 samples after training on 300 signals, 50% more than the "
        "optimum (0.200), and by 0.204 after training on fresh signals at every step, 2% more: what keeps it from the "
        "optimum is its training, not its size."
    )
    assert optimum.reaches(_optimum(0.3, 0.25)).endswith("neither reaches the optimum.")
    assert optimum.reaches(_optimum(0.2, 0.2)).endswith("both reach the optimum.")


def test_agreement_is_no_sign_of_learning_if_controls_agree_too():
    def agreement(*values):
        names = ("fresh signals", "thesis-style", "untrained", "shuffled labels")
        return {name: np.array([value]) for name, value in zip(names, values, strict=True)}

    assert optimum.controls(agreement(0.9, 0.6, 0.01, -0.02)) == (
        "Agreement with the optimal weights is a sign of learning: correlation 0.90 after training on fresh signals, "
        "0.60 after training as in the thesis, 0.01 before training, -0.02 with shuffled labels."
    )
    assert "-0.00" not in optimum.controls(agreement(0.9, 0.6, 0.0, -0.002))
    for values in ((0.9, 0.6, 0.2, 0.0), (0.9, 0.6, 0.0, -0.2), (0.9, 0.05, 0.0, 0.0)):
        assert "is no sign of learning" in optimum.controls(agreement(*values))


def test_overfitting_is_a_validation_loss_that_rises():
    error = np.array([0.5, 0.2, 0.0])
    rising, level = (History(error, error, np.array(loss), error) for loss in ([3.0, 1.0, 2.0], [3.0, 1.0, 1.04]))
    assert architectures.past_the_best(rising) == (
        "A 2-layer perceptron that is trained for 3 epochs overfits: its validation loss rises from 1.00 (epoch 2, its "
        "smallest) to 2.00. In the end it places 0.0% of the training signals and 0.0% of the validation signals wrong."
    )
    assert "does not overfit: its validation loss goes from 1.00" in architectures.past_the_best(level)


def test_a_single_layer_is_local_or_not_and_resembles_one_detector_more():
    local = perceptrons.single_layer(0.8, {"Gaussian derivative": 0.7, "optimum": 0.6})
    assert local == (
        "The weights of the 1-layer network are local: 80% of the sum of their squares lies within five samples of "
        "the jump. They agree more with the classical detector (correlation 0.70) than with the optimum (0.60)."
    )
    spread = perceptrons.single_layer(0.1, {"Gaussian derivative": 0.6, "optimum": 0.7})
    assert "are not local: 10%" in spread
    assert "They agree no more with the classical detector" in spread


def _rectified(l1, silent_after):
    return convolutions.Networks(np.array(l1), np.zeros(len(l1)), np.array(silent_after))


def test_networks_with_relu_are_grouped_by_silence_after_the_jump():
    linear = _rectified([0.3, 0.4], [0.0, 0.0])
    every = {"A, linear": linear, "A, ReLU": _rectified([0.2, 0.5, 16.0], [0.99, 0.5, 1.0])}
    assert convolutions.relu_in_words(every) == (
        "Of 3 convolutional networks with a ReLU after each filter, 1 suppressed the signal after the jump (mean "
        "|error| 0.20), 1 kept it (mean |error| 0.50), 1 learned nothing (mean |error| 16.00); without "
        "a ReLU it is 0.35."
    )
    lengths = {3: _rectified([0.3], [0.0]), 7: _rectified([0.4], [0.0])._replace(smoothing_share=np.array([0.2, 1.0]))}
    assert convolutions.signs_in_words(lengths) == (
        "; here all filters have both signs (share below 1) at 3 taps, the error is least at 3"
    )
    assert "at no taps, the error is least at 7" in convolutions.signs_in_words({7: lengths[7]})
    alive = convolutions.relu_in_words({"A, linear": linear, "A, ReLU": _rectified([0.2], [0.99])})
    assert "kept it" not in alive
    assert "learned nothing" not in alive
