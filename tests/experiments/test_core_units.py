"""The study with small settings: sections, an interrupted run, tables, and refused settings."""

import dataclasses
import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import published_cores
from experiments.core_units import baselines, controls, cores, necessity, overlap, pixels, shrunken
from experiments.core_units import study as study_main
from experiments.core_units.core_study import CoreStudy
from experiments.core_units.overlap import jaccard
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
CHEAP = ("training", "cores", "overlap")


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs" / "core_units" / "small"


def test_an_interrupted_run_continues_and_its_page_is_drawn_again_from_its_results(in_empty_folder, monkeypatch):
    def stop(study):
        raise KeyboardInterrupt

    some = dataclasses.replace(SMALL, sections=CHEAP)
    with monkeypatch.context() as patch:
        patch.setattr(overlap, "measure", stop)
        with pytest.raises(KeyboardInterrupt):
            study_main.main(some)
    core = in_empty_folder / "checkpoints" / "core-max2-0-0" / "result.npz"
    written = core.stat().st_mtime_ns
    assert {path.stem for path in in_empty_folder.glob("sections/*")} == {"training", "cores"}

    report = study_main.main(some)
    assert core.stat().st_mtime_ns == written, "a stored selection is not repeated"
    before = (in_empty_folder / "metrics.json").read_bytes()
    metrics = json.loads(before)
    assert set(metrics) == set(CHEAP)
    of_layer = metrics["cores"]["max2"]
    assert np.min(of_layer["holding"]) >= 0.95
    assert np.max(of_layer["units"]) < of_layer["of"]
    words = re.sub(r"data:image/png;base64,[^\"]*", "", report.read_text())
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)
    row = next(line for line in _table(in_empty_folder).splitlines() if line.startswith("| digits, max2"))
    assert row.split(" | ")[4] == "–", "baselines, a section that this run does not have"

    monkeypatch.setattr(CoreStudy, "task", None)  # needs neither data nor a network
    study_main.main(dataclasses.replace(some, show=True))
    assert (in_empty_folder / "metrics.json").read_bytes() == before


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


def test_the_table_has_the_papers_numbers_where_it_has_the_data():
    units = [[11, 12, 13]] * 9 + [[40, 40, 40]]
    of_layer = {"of": 64, "units": units, "gates_units": units} | dict.fromkeys(
        ("holding", "held_out", "gates_holding"), [[0.995] * 3] * 10
    )
    config = {"data": "mnist", "data_note": "", "layers": ["max2"], "classes": None, "preset": "paper"}
    metrics = {"cores": {"max2": of_layer}, "training": {"accuracy": {"held out": 0.99}}}
    environment = {"platform": "a machine", "versions": {"jax": "1"}, "date": "today"}
    text = results_table(
        {Path("core_units_mnist.json"): {"config": config, "metrics": metrics, "environment": environment}}
    )
    paper = published_cores.tables("mnist", "max2")
    (row,) = (line for line in text.splitlines() if line.startswith("| MNIST, max2 (64)"))
    assert "| 13.9\u00a0±\u00a0" in row
    assert row.endswith(f"| {paper[1].mean():.1%} |")
    more = [str(label) for label in range(10) if np.mean(units[label]) > paper[0][label].mean()]
    assert "9" in more
    assert f"than in the paper: MNIST, max2: {', '.join(more)}." in text


def _selected(units, reached=True):
    units = np.array(units)
    rates = np.full(units.shape, 0.99)
    return cores.Selected(rates[:, 0], units, rates, np.full(units.shape, reached), rates - 0.01, units, rates)


def test_the_cores_are_compared_with_the_paper_where_it_has_the_data():
    own = cores.Cores(["a", "b"], {"max1": {"argmax": _selected([[3, 5], [8, 8]])}}, {"max1": 32}, {})
    assert cores.sufficient(own) == (
        "When all maps but the core of a class are set to zero, 6.0 of the 32 feature maps of layer max1 preserve "
        "99.0% (98.0% on held-out images) of the network's decisions whether an image is of this class; means over 2 "
        "classes."
    )
    paper = own._replace(paper={"max1": np.array([[4.0, 7.0], [0.99, 0.99]])})
    assert "; paper: 5.5 maps, and 1 of 2 classes need no more here)" in cores.sufficient(paper)
    missed = own._replace(selected={"max1": {"argmax": _selected([[3, 5], [8, 8]], reached=False)}})
    assert "; 4 of 4 selections miss the required rate)" in cores.sufficient(missed)


def _compared(ours, best):
    return baselines.Compared({"activation": 30, "greedy": best, "ours": ours}, np.array([0.99, 0.5, 0.6]), {}, 0.99)


def test_the_best_baseline_of_every_class_is_compared_with_our_selections():
    fewer = baselines.compared({"max1": {"a": _compared(5.0, 7), "b": _compared(6.0, 5)}})
    assert (
        "6.0 feature maps of max1, more than the 5.5 of the cores (and fewer than the core for 1 of 2 classes)" in fewer
    )
    assert "the cores reach the required rate for 2 of 2 classes" in fewer
    missed = {"a": _compared(5.0, 7)._replace(required=0.995), "b": _compared(6.0, 5)}
    assert "the cores reach the required rate for 1 of 2 classes" in baselines.compared({"max1": missed})
    assert fewer.endswith("random sets as large preserve 55% of the decisions (constant answers: 50%).")
    assert "needs 4.0 feature maps of max1, no more than" in baselines.compared({"max1": {"a": _compared(5.0, 4)}})


def test_the_verdict_on_necessity_counts_classes_with_another_sufficient_set():
    rates = {"max1": {name: [0.99, 0.9, kept, 0.7, 0.6, 0.55] for name, kept in (("a", 0.5), ("b", 0.54))}}
    several = necessity.verdict(necessity.Necessity(rates, {"max1": {"a": [5, 6], "b": [5]}}))
    assert "preserves 52.0% of the decisions in max1, fewer than all other units without it do, 55.0% (con" in several
    assert several.endswith("for 1 of 2 classes in max1: there the core is not necessary.")
    rates["max1"]["b"][2] = 0.7
    single = necessity.verdict(necessity.Necessity(rates, {"max1": {"a": [5], "b": [5]}}))
    assert "preserves 60.0% of the decisions in max1, more than all other units" in single
    assert single.endswith("No other set without any unit of the core was found to suffice.")


def test_selections_are_compared_with_random_sets_of_their_size():
    def masks(*runs):
        return np.array([[unit in run for unit in range(8)] for run in runs])

    words = overlap.agree({"a": masks((0, 1), (0, 1), (0, 2)), "b": masks((0, 1), (2, 3))})
    assert "both have: class a 56% (14%), class b 0% (14%)" in words
    assert words.endswith("which have less in common for 1 of 2 classes.")
    assert "class c 100% (100%)" in overlap.agree({"c": masks((), ())})


def _controls(trained, shuffled, untrained):
    sizes = {"trained": trained, "trained on shuffled labels": shuffled, "untrained": untrained}
    return {
        network: {"max1": {name: controls.Core(size, 1.0) for name, size in cores.items()}}
        for network, cores in sizes.items()
    }


def test_small_cores_are_evidence_of_learning_only_if_the_controls_need_more_units():
    learned = controls.verdict(_controls({"a": 4, "b": 30}, {"a": 9}, {"a": 8, "b": 1}))
    assert learned.startswith("Small cores result from learning")
    assert "has 4.0 units in the trained network. Networks that have not learned the classes need 9.0 (tr" in learned
    assert "8.0 (untrained), at least 2.0 times as many; means over the classes that all of" in learned
    none = controls.verdict(_controls({"a": 7}, {"a": 9}, {"a": 8}))
    assert "no evidence of learning" in none
    assert "8.0 (untrained), at least 1.1 times as many" in none
    assert "too few classes" in controls.verdict(_controls({"a": 7}, {"b": 9}, {"a": 8}))


def test_a_blank_image_without_open_gates_is_told_from_one_with_some():
    empty = pixels.Pixels({}, {}, {"a": 0, "b": 9}, {}, "a", {}, {})
    assert pixels.blank_in_words(empty).endswith(
        "class a for a blank image, so that this class needs no pixel; no gate is open for it."
    )
    assert pixels.blank_in_words(empty._replace(blank="b")).endswith("; 9 gates are still open for it.")


def test_the_shrunken_network_is_compared_with_the_whole_one():
    whole = shrunken.Network({"max1": (32, 32)}, 0.98, 1.0, 100, 10.0, 1.0, 0.0)
    small = whole._replace(units={"max1": (8, 32)}, accuracy=0.97, flops=4.0)

    def words(small):
        return shrunken.one_set(shrunken.Shrunken({shrunken.WHOLE: whole, shrunken.ONE: small}, 0.99))

    assert words(small) == (
        "A network with 8 of 32 feature maps of max1, one set for all classes, classifies 97.0% of held-out "
        "images correctly, 1.0 points less than the whole network, with 40% of its operations, in 1.0 times its time."
    )
    assert "98.0% of held-out images correctly, no less than the whole network" in words(small._replace(accuracy=0.98))


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
    np.testing.assert_allclose(published_cores.tables("mnist", "max2")[0].mean(axis=1)[[0, 8]], [37 / 3, 17])
    np.testing.assert_allclose(published_cores.tables("cifar10", "max1")[1][3], [0.940, 0.930, 0.955])
    assert published_cores.tables("digits", "max1") is None


def test_jaccard_index():
    first, second = np.array([True, True, False]), np.array([False, True, True])
    assert jaccard(first, second) == 1 / 3
    assert jaccard(first, first) == 1
    assert jaccard(first & second & ~first, ~first & first) == 1


def test_a_control_is_trained_on_inputs_of_the_network():
    learned = task(SMALL)
    larger = np.pad(learned.inputs, ((0, 0), (4, 4), (4, 4), (0, 0)))
    study = CoreStudy(SMALL, None, None)
    study.task = dataclasses.replace(learned, learned=(larger, learned.labels))
    inputs, _ = study.shuffled()
    assert learned.network(jax.random.key(0))(inputs[:2]).shape == (2, 10)


@pytest.mark.skipif(not (REAL_DATA / "mnist").is_dir(), reason=f"MNIST is not in {REAL_DATA}")
def test_mnist_is_trained_as_in_the_paper(monkeypatch):
    monkeypatch.setenv("INTERP_JAX_DATA", str(REAL_DATA))
    mnist = task(dataclasses.replace(PRESETS["two-cores"], data="mnist"))
    steps = mnist.training["epochs"] * (len(mnist.learned[0]) // mnist.training["minibatch_size"])
    assert 20_000 <= steps <= 20_500
