"""The shared part of all studies: stored networks, interrupted trainings, seeds and settings."""

import dataclasses
import importlib
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from experiments import studies
from experiments.settings import JumpSettings
from experiments.study import Study
from interp_jax import networks
from interp_jax.networks.training import _resuming as resuming
from interp_jax.reports.terminal import Progress

ROWS = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32), np.arange(20) % 3


def _small(key):
    return networks.perceptron(key, (4, 3))


def _study(folder):
    run = SimpleNamespace(checkpoint=lambda name: folder / name)
    return Study(SimpleNamespace(seed=0, devices=1), run, Progress(None))


def test_one_network_is_the_first_lane_of_a_stack(tmp_path):
    study = _study(tmp_path)
    alone = study.fitted("one network", _small, ROWS, seeds=None, epochs=2, minibatch_size=10)
    stacked = study.fitted("two networks", _small, ROWS, seeds=2, epochs=2, minibatch_size=10)
    assert alone.network.dense1.kernel.shape == (4, 3)
    assert alone.history.loss.shape == (2,)
    np.testing.assert_allclose(alone.network.dense1.kernel[...], stacked.network.dense1.kernel[0], atol=1e-5)
    assert {path.name for path in tmp_path.iterdir()} == {"one-network", "two-networks"}


def test_a_killed_training_continues(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(resuming, "SECONDS", 0)
    options = {"seeds": None, "epochs": 4, "minibatch_size": 10}
    whole = _study(tmp_path / "whole").fitted("network", _small, ROWS, **options)
    save = networks.save_fit

    def kill(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(networks, "save_fit", kill)
        with pytest.raises(KeyboardInterrupt):
            _study(tmp_path / "killed").fitted("network", _small, ROWS, **options)
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["network.unfinished"], "nothing is lost"
    trained = []
    monkeypatch.setattr(networks, "save_fit", lambda *arguments: (trained.append(1), save(*arguments)))
    again = _study(tmp_path / "killed").fitted("network", _small, ROWS, **options)
    jax.tree.map(np.testing.assert_array_equal, tuple(again), tuple(whole))
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["network"]
    _study(tmp_path / "killed").fitted("network", _small, ROWS, **options)
    assert len(trained) == 1
    assert capsys.readouterr().out.count("training network: 4 in") == 2


def test_seeds_of_repetitions_stay_within_32_bits():
    study = Study(JumpSettings(seed=2**32 - 1), None, None)
    assert [study.with_seed(number).config.seed for number in (0, 1)] == [2**32 - 1, 999]


STUDIES = studies.names()


@pytest.mark.parametrize("study", STUDIES)
def test_every_setting_of_every_study_is_checked_by_its_type(study):
    settings = next(iter(importlib.import_module(f"experiments.{study}.settings").PRESETS.values()))
    for seed in (-1, 2**32, 1.0, True, "1", None):
        with pytest.raises(ValueError, match="seed: found .*, wanted a whole number from 0 to 4294967295"):
            dataclasses.replace(settings, seed=seed)
    assert dataclasses.replace(settings, seed=2**32 - 1).seed == 2**32 - 1
    for field in dataclasses.fields(settings):
        for value in (float("nan"), -1, -1.0, object()):
            with pytest.raises(ValueError, match=f"^{field.name}: found "):
                dataclasses.replace(settings, **{field.name: value})
        if field.type is int:
            with pytest.raises(ValueError, match=f"^{field.name}: found 2.0, wanted a whole number"):
                dataclasses.replace(settings, **{field.name: 2.0})
