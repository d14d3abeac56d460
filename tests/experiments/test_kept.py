"""Kept results: stored with a run, shown again without it, and drawn in the gallery."""

import dataclasses
import importlib
import json
import time

import numpy as np
import pytest

from experiments import gallery, kept, stored, studies
from interp_jax import data, networks
from tests.experiments import template
from tests.real_data import REAL_DATA

SETTINGS = dataclasses.replace(template.PRESETS["quick"], show=True)
RESULT = template.Accuracy.Result(np.array([0.5, 0.25]), 9)


@pytest.fixture
def kept_run(tmp_path, monkeypatch):
    """The template as a kept run of the study "experiments", which is how its settings' folder is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "RESULTS", tmp_path / "kept")
    monkeypatch.setattr(kept, "names", lambda: ["experiments"])
    config = dataclasses.asdict(SETTINGS)
    for field in ("name", "overwrite", "show", "devices"):
        del config[field]
    (tmp_path / "run" / "results").mkdir(parents=True)
    stored.save(tmp_path / "run" / "results" / "accuracy.npz", RESULT)
    kept.store(tmp_path / "run", "experiments_first")
    (tmp_path / "kept" / "experiments_first.json").write_text(json.dumps({"config": config}))
    return tmp_path


def test_the_page_of_a_kept_run_is_shown_where_it_was_never_run(kept_run):
    assert "The error falls: 50.0% after one epoch, 25.0% at the end." in template.main(SETTINGS).read_text()


def test_kept_results_of_other_settings_are_not_shown(kept_run):
    with pytest.raises(ValueError, match="show: found no"):
        template.main(dataclasses.replace(SETTINGS, seed=1))


@pytest.mark.parametrize("run", kept.folders(), ids=lambda folder: folder.name)
def test_kept_results_are_restored_where_no_images_are_read(run, tmp_path):
    config = json.loads(run.with_suffix(".json").read_text())["config"]
    config.pop(kept.IMAGES, None)
    kept.restore(kept.study_of(run.name), config, tmp_path / "results")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {path.name for path in run.iterdir()}


def test_kept_results_of_other_images_are_not_restored(kept_run):
    record = kept_run / "kept/experiments_first.json"
    config = json.loads(record.read_text())["config"]
    record.write_text(json.dumps({"config": config | {kept.IMAGES: "one"}}))
    kept.restore("experiments", config | {kept.IMAGES: "another"}, kept_run / "other")
    assert not (kept_run / "other").exists()
    kept.restore("experiments", config | {kept.IMAGES: "one"}, kept_run / "same")
    assert (kept_run / "same").is_dir()


def _settings(run):
    """The settings of a kept run, whose record names a file of prices by its contents."""
    config = json.loads(run.with_suffix(".json").read_text())["config"]
    if config.get("csv"):
        config["csv"] = REAL_DATA / "food_cpi" / config["csv"].split(",")[0]
        if not config["csv"].is_file():
            pytest.skip(f"the price series is not at {config['csv']}")
    settings = importlib.import_module(f"experiments.{kept.study_of(run.name)}.settings").Settings
    names = {field.name for field in dataclasses.fields(settings)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    return settings(**{name: values[name] for name in names & set(values)}, show=True)


@pytest.mark.slow
@pytest.mark.parametrize("run", kept.folders(), ids=lambda folder: folder.name)
def test_the_page_of_each_kept_run_is_shown_in_little_time_without_a_network(run, tmp_path, monkeypatch):
    settings = _settings(run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(networks.Chain, "__call__", lambda *_, **__: pytest.fail("a network was evaluated"))
    began = time.monotonic()
    report = studies.load(kept.study_of(run.name)).main(settings)
    assert time.monotonic() - began < 20
    assert report.stat().st_size > 10_000


def test_own_results_come_before_kept_ones(kept_run):
    folder = kept_run / "own"
    folder.mkdir()
    stored.save(folder / "accuracy.npz", RESULT._replace(rows=1))
    kept.restore("experiments", json.loads((kept_run / "kept/experiments_first.json").read_text())["config"], folder)
    assert stored.load(folder / "accuracy.npz", template.Accuracy).rows == 1


def test_more_than_a_repository_should_hold_is_refused(kept_run, monkeypatch):
    monkeypatch.setattr(kept, "LARGEST", 10)
    with pytest.raises(ValueError, match=r"run: found [\d,]+ bytes in .*results, wanted at most 10"):
        kept.store(kept_run / "run", "experiments_second")


def test_every_folder_with_a_study_is_one():
    assert "cnn_inte" in studies.names()
    assert "results" not in studies.names()
    assert all(studies.load(name).SECTIONS and callable(studies.load(name).main) for name in studies.names())


def test_the_gallery_takes_figures_that_a_paper_has(kept_run, monkeypatch):
    class Drawn(template.Accuracy):
        @staticmethod
        def show(result, page):
            def figure():
                return template.figures.curves.against(np.arange(2), {"a": result.error}, "x", "y")

            with page.folded("more", mark="some"):
                page.figure("one", figure(), "A curve (Fig. 3.1 of a paper).")
            page.figure("two", figure(), "A curve of ours.")
            page.text("text")
            page.finding("finding")

    module = type("Module", (), {"SECTIONS": {"accuracy": ("Accuracy", Drawn)}})
    monkeypatch.setattr(gallery, "load", lambda name: module)
    monkeypatch.setattr(gallery, "heading", lambda name: f"What {name} is about")
    report = gallery.write()
    assert "What experiments_first is about" in report.read_text()
    assert [path.stem for path in (report.parent / "figures").glob("*.png")] == ["experiments_first_one"]
    assert "Fig. 3.1 of a paper" in report.read_text()


@pytest.mark.parametrize(
    ("caption", "taken"),
    [
        ("Errors (Fig. 3.7).", True),
        ("Roles (as Figs 4 and 6 of the paper).", True),
        ("As Table I of the paper.", True),
        ("A configuration 3.", False),
    ],
)
def test_captions_name_figures_of_a_paper(caption, taken):
    page = gallery.Pictures(every=False)
    page.figure("one", None, caption)
    assert bool(page.taken) is taken


def test_a_gallerys_heading_is_what_a_study_is_about():
    assert (
        gallery.heading("hierarchical_modules_mnist_lnn")
        == "Clusters of hidden units with the same role, as a tree: mnist"
    )
    assert (
        gallery.heading("jump_detection")
        == "Networks that locate a jump in a noisy signal, compared with the exact optimum"
    )


@pytest.mark.parametrize("name", studies.names())
def test_a_page_that_is_only_shown_reads_no_data(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "RESULTS", tmp_path / "none")
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("data were read"))
    presets = importlib.import_module(f"experiments.{name}.settings").PRESETS
    with pytest.raises(ValueError, match=r"show: found no .*\.npz, wanted a stored result"):
        studies.load(name).main(dataclasses.replace(presets["quick"], show=True))
