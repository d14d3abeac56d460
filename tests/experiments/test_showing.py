"""Sections measure once; their page is drawn from what is stored, as often as one likes, and computes nothing."""

import dataclasses
import json
from types import SimpleNamespace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from experiments import stored
from tests.experiments import template


class Inner(NamedTuple):
    curve: np.ndarray
    label: str | None


class Outer(NamedTuple):
    parts: dict
    pair: tuple
    number: float


HERE = SimpleNamespace(__name__="here", Inner=Inner, Outer=Outer)
RESULT = Outer(
    parts={(2, "a"): Inner(np.arange(3, dtype=np.int8), None), 0.5: [Inner(np.ones((2, 1)), "µ"), True]},
    pair=(1, float("inf"), ()),
    number=float("nan"),
)


def test_results_are_read_as_they_were_stored(tmp_path):
    stored.save(tmp_path / "result.npz", RESULT)
    read = stored.load(tmp_path / "result.npz", HERE)
    assert isinstance(read, Outer)
    assert list(read.parts) == [(2, "a"), 0.5]
    first, second = read.parts.values()
    assert first.curve.dtype == np.int8
    assert first.curve.tolist() == [0, 1, 2]
    assert first.label is None
    assert second[0].label == "µ"
    assert second[1] is True
    assert read.pair == (1, float("inf"), ())
    assert np.isnan(read.number)


def test_arrays_of_jax_and_numbers_of_numpy_are_arrays(tmp_path):
    stored.save(tmp_path / "result.npz", [jnp.ones(2), np.float32(3)])
    array, number = stored.load(tmp_path / "result.npz", HERE)
    assert array.tolist() == [1, 1]
    assert (number.dtype, number.item()) == (np.float32, 3)


@pytest.mark.parametrize("value", [object(), np.array([None]), {"a": {1, 2}}])
def test_other_values_are_refused(tmp_path, value):
    with pytest.raises(TypeError, match="result: found"):
        stored.save(tmp_path / "result.npz", value)


def test_a_result_of_another_version_is_refused_by_its_file(tmp_path):
    stored.save(tmp_path / "result.npz", RESULT)
    for module in (SimpleNamespace(__name__="empty"), SimpleNamespace(__name__="x", Outer=print, Inner=Inner)):
        with pytest.raises(ValueError, match=r"result.npz: found another result .* --overwrite computes it anew"):
            stored.load(tmp_path / "result.npz", module)


def test_stored_results_with_other_words_or_endless_text_are_refused(tmp_path):
    for text in ('{"set": [1]}', '{"array": "array 7"}', "[" * 100_000, '{"named": "Outer"}'):
        np.savez(tmp_path / "result.npz", text=np.array(text))
        with pytest.raises(ValueError, match=r"result.npz: found another result .*Remove the file"):
            stored.load(tmp_path / "result.npz", HERE)


def test_fields_that_a_result_no_longer_has_are_left_out(tmp_path):
    class Fewer(NamedTuple):
        number: float
        pair: tuple

    class More(NamedTuple):
        number: float
        new: float

    stored.save(tmp_path / "result.npz", RESULT)
    read = stored.load(tmp_path / "result.npz", SimpleNamespace(__name__="here", Inner=Inner, Outer=Fewer))
    assert isinstance(read, Fewer)
    assert read.pair == RESULT.pair
    with pytest.raises(ValueError, match=r"found another result .*'new'"):
        stored.load(tmp_path / "result.npz", SimpleNamespace(__name__="here", Inner=Inner, Outer=More))


def test_fields_that_a_result_has_since_take_their_defaults(tmp_path):
    class Since(NamedTuple):
        number: float
        new: float = 0.5

    stored.save(tmp_path / "result.npz", RESULT)
    read = stored.load(tmp_path / "result.npz", SimpleNamespace(__name__="here", Inner=Inner, Outer=Since))
    assert read.new == 0.5


def test_the_template_runs_and_its_page_is_drawn_again_from_its_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(template.PRESETS["quick"], epochs=2)
    report = template.main(settings)
    folder = report.parent
    assert "The error falls" in report.read_text()
    before = {name: (folder / name).read_bytes() for name in ("metrics.json", "figures/error.png")}
    seconds = json.loads((folder / "timing.json").read_text())["sections"]
    monkeypatch.setattr(template.Accuracy, "measure", lambda study: pytest.fail("measured again"))
    (folder / "figures" / "error.png").write_bytes(b"another")
    template.main(dataclasses.replace(settings, show=True))
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert json.loads((folder / "timing.json").read_text())["sections"] == seconds


def test_a_page_that_was_never_measured_cannot_be_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"show: found no .*accuracy\.npz, wanted a stored result"):
        template.main(dataclasses.replace(template.PRESETS["quick"], show=True))


def test_results_without_their_settings_are_not_taken_for_a_new_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "experiments" / "quick"
    (folder / "results").mkdir(parents=True)
    stored.save(folder / "results" / "accuracy.npz", template.Accuracy.Result(np.zeros(2), 9))
    with pytest.raises(ValueError, match="found results but no config.json, wanted the settings"):
        template.main(template.PRESETS["quick"])


def test_the_templates_sentence_follows_from_its_numbers():
    for error, verb in (([0.5, 0.1], "falls"), ([0.1, 0.5], "does not fall")):
        sentences = []
        page = SimpleNamespace(finding=sentences.append, figure=lambda *_: None, metrics=lambda _: None)
        template.Accuracy.show(template.Accuracy.Result(np.array(error), 9), page)
        assert sentences[0].startswith(f"The error {verb}:")
