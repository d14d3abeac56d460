"""The study with small settings: sections, an interrupted run, and identical bytes for identical settings."""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.jump_detection import __main__ as study_main
from experiments.jump_detection.settings import PRESETS
from experiments.jumps import NETWORKS, by_position, died
from experiments.study import mean_and_spread

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
    def stop(study, section):
        section.text("never finished")
        section.figure("half", Figure(), "of a section that is not written")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(study_main.SECTIONS, "convolutions", ("Inside", stop))
        with pytest.raises(KeyboardInterrupt):
            study_main.main(SMALL)
    assert len(list(in_empty_folder.glob("figures/*"))) > 10, "finished sections stay"
    assert not list(in_empty_folder.rglob("*half*"))
    assert "never finished" not in (in_empty_folder / "report.html").read_text()
    checkpoint = in_empty_folder / "checkpoints" / "1-layer-perceptron" / "_METADATA"
    written = checkpoint.stat().st_mtime_ns

    report = study_main.main(SMALL)
    assert report.resolve() == in_empty_folder / "report.html"
    assert checkpoint.stat().st_mtime_ns == written, "a trained network is not trained again"
    assert not list(in_empty_folder.rglob("*.tmp"))
    metrics = (in_empty_folder / "metrics.json").read_bytes()
    assert set(json.loads(metrics)) == set(study_main.SECTIONS)
    assert set(json.loads(metrics)["networks"]["networks"]) == set(NETWORKS)
    figures = {path.stem for path in in_empty_folder.glob("figures/*.png")}
    wanted = [
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "09",
        "10",
        "11",
        "12",
        "14",
        "15",
        "16",
        "18",
        "19",
        "21",
        "23",
    ]
    for number in wanted:
        assert any(name.startswith(f"fig_3_{number}_") for name in figures), number
    page = report.read_text()
    assert page.count("data:image/png;base64") == len(figures)

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
    true = np.repeat(np.arange(21, 81), 2)
    np.testing.assert_allclose(by_position(true + np.tile([0, 3], 60), true), 1.5)
