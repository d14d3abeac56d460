"""The README's numbers are those of the stored results, its commands are tested, and its example runs."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments import example, keep_results
from interp_jax import networks

README, DETAILS = keep_results.README, keep_results.DETAILS
TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", keep_results.TABLES, ids=lambda path: path.parent.name)
def test_tables_are_generated_from_the_stored_results(path):
    assert keep_results.with_tables(path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("folder", "page"), [(keep_results.RESULTS, DETAILS), (keep_results.BENCHMARKS, README)])
def test_every_stored_file_is_linked_and_every_link_exists(repository, folder, page):
    text = page.read_text(encoding="utf-8")
    links = {(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)\)", text)}
    assert all(link.exists() for link in links), links
    assert set(folder.glob("*.json")) <= links


def test_the_test_command_is_the_one_that_ci_runs(repository):
    commands = re.findall(r"^    (pip install .*)$", TEXT, re.MULTILINE)
    assert len(commands) == 2
    script = (repository / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert command.split(" && ")[1] in script


def test_the_example_finds_what_the_readme_says():
    """Printed numbers are those of one machine; here it is what they say that has to hold."""
    names: dict = {}
    code = example.cells(TEXT)
    assert len(code) == 5
    assert sum(len(cell.splitlines()) for cell in code) < 35
    results = [example.run(cell, names) for cell in code]
    openings = "Hierarchy: a Ward tree", "Selection: ", "Selection: ", "Explainer: ", "Ascent: "
    for result, opening in zip(results, openings, strict=True):
        assert result.printed.startswith(opening)
        assert isinstance(result.shown, Figure)
    right = names["predictions"] == names["digits"].labels
    assert right.mean() > 0.95
    core = names["core"]
    assert core.reached
    assert core.units < 15
    certified = names["certified"]
    assert certified.certified
    assert core.units <= certified.units < 40
    small = networks.shrink(names["net"], {"relu1": core.mask})
    assert small.dense2.kernel.shape == (core.units, 10)
    held = (small(names["images"]).argmax(axis=1) == 3) == (names["predictions"] == 3)
    assert held.mean() > 0.9
    assert names["explainer"].fidelity(names["images"], names["predictions"]) > 0.8
    assert np.all(names["net"](names["ascent"].inputs).argmax(axis=1) == np.arange(10))


def test_what_a_cell_shows_is_its_last_expression():
    names: dict = {}
    assert example.run("a = 1\nprint(a)", names)[:2] == ("1\n", None)
    assert example.run("a += 1\na + 1", names)[:2] == ("", 3)


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


@pytest.mark.parametrize("study", keep_results.STUDIES)
def test_tables_have_the_lines_of_every_kept_run_of_a_study(study):
    module, files = keep_results.STUDIES[study], keep_results._files(keep_results.RESULTS, study)
    twice = {**files, **{path.with_stem(f"{path.stem}_again"): record for path, record in files.items()}}
    assert sorted(map(str, module.lines(twice))) == sorted(2 * [str(line) for line in module.lines(files)])
    assert module.lines({}) == []
    assert all(path.name in module.results_table(twice) for path in twice) or not files


def test_a_study_without_a_kept_run_has_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(keep_results, "RESULTS", tmp_path)
    assert keep_results.results_table("bottleneck") == "No run of this study is kept yet."
