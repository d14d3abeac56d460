"""The study with small settings: sections, an interrupted run, tables, and refused settings."""

import dataclasses
import json
import re

import jax
import numpy as np
import pytest

from experiments.core_units import __main__ as study_main
from experiments.core_units import published
from experiments.core_units.core_study import CoreStudy
from experiments.core_units.positions import jaccard
from experiments.core_units.settings import PRESETS
from experiments.core_units.table import file_name, results_table
from experiments.core_units.tasks import task
from tests.real_data import REAL_DATA

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    layers=("max2",),
    classes=(0, 1),
    joint_classes=(0, 1),
    holding=0.95,
    epochs=3,
    repeats=2,
    position_runs=2,
    steps=30,
    starts=1,
    search_rows=128,
    greedy_rows=100,
    baseline_rows=200,
    random_sets=2,
    sweep_steps=20,
    pixel_steps=10,
    inputs=2,
    disjoint=2,
    disjoint_rows=200,
    joint_rows=200,
    shrunken_rows=200,
    control_rows=300,
    shuffled_rows=200,
    shuffled_epochs=1,
)
CHEAP = ("training", "cores", "positions", "curve")


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs" / "core_units" / "small"


def test_an_interrupted_run_continues_and_sections_are_written(in_empty_folder, monkeypatch):
    def stop(study, section):
        raise KeyboardInterrupt

    some = dataclasses.replace(SMALL, sections=CHEAP)
    with monkeypatch.context() as patch:
        patch.setitem(study_main.SECTIONS, "positions", ("Stopped", stop))
        with pytest.raises(KeyboardInterrupt):
            study_main.main(some)
    core = in_empty_folder / "checkpoints" / "core-max2-0-0" / "_METADATA"
    written = core.stat().st_mtime_ns
    assert {path.stem for path in in_empty_folder.glob("sections/*")} == {"training", "cores"}

    report = study_main.main(some)
    assert core.stat().st_mtime_ns == written, "a stored selection is not repeated"
    metrics = json.loads((in_empty_folder / "metrics.json").read_text())
    assert set(metrics) == set(CHEAP)
    cores = metrics["cores"]["max2"]
    assert np.min(cores["holding"]) >= 0.95
    assert np.max(cores["units"]) < cores["of"]
    words = re.sub(r"data:image/png;base64,[^\"]*", "", report.read_text())
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)
    row = next(line for line in _table(in_empty_folder).splitlines() if line.startswith("| digits, max2"))
    assert row.split(" | ")[4] == "–", "baselines, a section that this run does not have"


@pytest.mark.slow
def test_every_section_of_both_layers_and_the_table(in_empty_folder):
    study_main.main(dataclasses.replace(SMALL, layers=("max1", "max2")))
    metrics = json.loads((in_empty_folder / "metrics.json").read_text())
    assert set(metrics) == set(study_main.SECTIONS)
    assert np.mean(metrics["sanity_controls"]["planted"]["others"]) < 0.5
    for name in ("cores of all classes together", "one set for all classes"):
        assert metrics["shrunken"][name]["apart"] < 1e-5
    masks = list(in_empty_folder.glob("*.npz"))
    assert len(masks) == 2
    assert _table(in_empty_folder).count("\n| digits, ") == 2


def _table(folder):
    record = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("config", "metrics")}
    record["environment"] = {"platform": "a machine", "versions": {"jax": "1"}, "date": "today"}
    return results_table({folder / "core_units_digits.json": record})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": ()}, r"layers: found \(\), wanted some of max1, max2, in that order"),
        ({"layers": ("max1", "max1")}, "layers: found"),
        ({"holding": 0.4}, "holding: found 0.4, wanted a share above 0.5"),
        ({"classes": (1, 1)}, r"classes: found \(1, 1\), wanted different numbers"),
        ({"classes": (10,)}, r"classes: found \(10,\), wanted different numbers from 0 to 9"),
        ({"repeats": 0}, "repeats: found 0, wanted a whole number of at least 1"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **options)


def test_unknown_sections_are_refused_before_a_folder_is_made(in_empty_folder):
    with pytest.raises(ValueError, match="sections: found kores, wanted some of training, cores, "):
        study_main.main(dataclasses.replace(SMALL, sections=("training", "kores")))
    assert not in_empty_folder.exists()


def test_files_of_runs_of_some_layers_have_their_names():
    def name(preset, **changed):
        return file_name(dataclasses.asdict(dataclasses.replace(PRESETS[preset], **changed)))

    assert name("quick") == "core_units_digits"
    assert name("two-cores", data="mnist") == "core_units_mnist"
    assert name("two-cores", data="cifar10", layers=("max1",)) == "core_units_cifar10_max1"


def test_published_numbers_are_those_of_the_paper():
    np.testing.assert_allclose(published.units("mnist", "max2").mean(axis=1)[[0, 8]], [37 / 3, 17])
    np.testing.assert_allclose(published.holding("cifar10", "max1")[3], [0.940, 0.930, 0.955])
    assert published.units("digits", "max1") is None


def test_jaccard_index():
    first, second = np.array([True, True, False]), np.array([False, True, True])
    assert jaccard(first, second) == 1 / 3
    assert jaccard(first, first) == 1
    assert jaccard(first & second & ~first, ~first & first) == 1


def test_a_control_is_trained_on_inputs_of_the_network():
    learned = task(SMALL)
    larger = np.pad(learned.inputs, ((0, 0), (4, 4), (4, 4), (0, 0)))
    study = CoreStudy(SMALL, None, None, task=dataclasses.replace(learned, augmented=larger))
    inputs, _ = study.shuffled()
    assert learned.network(jax.random.key(0))(inputs[:2]).shape == (2, 10)


@pytest.mark.skipif(not (REAL_DATA / "mnist").is_dir(), reason=f"MNIST is not in {REAL_DATA}")
def test_mnist_is_trained_as_in_the_paper(monkeypatch):
    monkeypatch.setenv("INTERP_JAX_DATA", str(REAL_DATA))
    mnist = task(dataclasses.replace(PRESETS["two-cores"], data="mnist"))
    steps = mnist.epochs * (len(mnist.learned[0]) // mnist.training["minibatch_size"])
    assert 20_000 <= steps <= 20_500
