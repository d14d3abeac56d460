"""The README's numbers are those of the stored results, its commands are tested, and its example runs."""

import re
from pathlib import Path

import pytest

from experiments import keep_results

ROOT = Path(__file__).parents[1]
README, DETAILS = keep_results.README, keep_results.DETAILS
TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", keep_results.TABLES, ids=lambda path: path.parent.name)
def test_tables_are_generated_from_the_stored_results(path):
    assert keep_results.with_tables(path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("folder", "page"), [(keep_results.RESULTS, DETAILS), (keep_results.BENCHMARKS, README)])
def test_every_stored_file_is_linked_and_every_link_exists(folder, page):
    text = page.read_text(encoding="utf-8")
    links = {(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)\)", text)}
    assert all(link.exists() for link in links), links
    assert set(folder.glob("*.json")) <= links


def test_the_test_command_is_the_one_that_ci_runs():
    commands = re.findall(r"^    (pip install .*)$", TEXT, re.MULTILINE)
    assert len(commands) == 2
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert command.split(" && ")[1] in script


def test_the_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["filters"].shape == (100, 60)
    assert names["hidden"].shape == (2_000, 30)
    assert list(names["averages"]) == ["dense1", "relu1", "dense2"]
    assert set(names["clusters"]) == {0, 1, 2, 3}
    assert names["roles"].shape == (4, 160)
    assert names["core"].reached
    assert names["importance"].shape == (64, 100)
    assert names["contributions"].maps.shape == (10, *names["images"].shape)
    assert names["accuracies"].shape == (10,)
    decided = names["deep"](names["images"]).argmax(axis=1)
    assert names["explainer"].fidelity(names["images"], decided) > 0.8
    assert names["explanation"].prediction == decided[0]
    assert names["small"].dense2.kernel.shape == (names["core"].units, 60)


def test_a_table_without_its_marks_is_an_error(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("no marks", encoding="utf-8")
    monkeypatch.setitem(keep_results.TABLES, page, {"jump_detection": str})
    with pytest.raises(ValueError, match="page.md: found no marks, wanted <!-- jump_detection -->"):
        keep_results.with_tables(page)


def test_only_finished_runs_are_stored(tmp_path):
    run = tmp_path / "core_units" / "digits"
    with pytest.raises(ValueError, match=r"run: found .* without config\.json, wanted a finished run"):
        keep_results.keep(run)
    run.mkdir(parents=True)
    for name in ("config", "metrics"):
        (run / f"{name}.json").write_text("{}", encoding="utf-8")
    (run / "timing.json").write_text('{"unfinished": ["cores", "baselines"]}', encoding="utf-8")
    with pytest.raises(ValueError, match="run: found .* without section cores, wanted a finished run"):
        keep_results.keep(run)
    with pytest.raises(ValueError, match="run: found .* in no_study, wanted a finished run"):
        keep_results.keep(run.parent.rename(tmp_path / "no_study") / "digits")
