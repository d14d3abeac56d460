import json
import os
import re
import shutil

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

from interp_jax.reports import Run
from interp_jax.reports._records import read_record

SECTIONS = ("first", "second", "third")


def open_run(root, *, config=None, sections=SECTIONS, name="run", **options):
    config = {"seed": 0, "optimizer": {"rate": 0.1}} if config is None else config
    return Run.open("study", name, config, title="Title", lead="Lead.", sections=sections, root=root, **options)


def draw(slope=1.0):
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [0, slope])
    return figure


def fill(run, id):
    with run.section(id, id.title()) as section:
        section.text(f"About {id}.")
        section.table(["name", "value"], [["a", 1], ["b", None]], "Values.")
        section.figure(id, draw(), "A line.")
        section.metrics({"value": 1 / 3})


def fill_then(run, act, *arguments):
    """A section with two figures, whose last statement is ``act(*arguments)``."""
    with run.section("second", "Second") as section:
        section.figure("a", draw(), "A line.")
        section.figure("b", draw(), "A line.")
        section.metrics({"value": 1})
        act(*arguments)


def stop_at(end, exception):
    """An ``os.replace`` that is stopped before it replaces a file with this end of its name."""
    replace = os.replace

    def stopped(source, target):
        if os.fspath(target).endswith(end):
            raise exception
        replace(source, target)

    return stopped


def stop(*arguments):
    raise KeyboardInterrupt


def snapshot(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_time(html):
    return re.sub(r"<dt>total time</dt><dd>.*?</dd>", "", html)


@pytest.fixture
def run(tmp_path):
    run = open_run(tmp_path)
    fill(run, "first")
    return run


def test_pages_drawn_again_elsewhere_do_not_claim_a_time(tmp_path):
    run = open_run(tmp_path, sections=["first"])
    with run.section("first", "First", again=True) as section:
        section.text("Drawn from stored results.")
    assert "total time" not in run.report.read_text()
    measured = open_run(tmp_path, sections=["first"], name="measured")
    fill(measured, "first")
    with measured.section("first", "First", again=True) as section:
        section.text("Drawn again.")
    assert "total time" in measured.report.read_text()


def check_only_first(run, before):
    """The files are those after the first section, byte for byte, and the run goes on from there."""
    assert snapshot(run.folder) == before
    again = open_run(run.folder.parent.parent)
    assert again.finished("first")
    assert not again.finished("second")
    assert snapshot(run.folder) == before
    fill(again, "second")
    assert set(read_record(run.folder / "metrics.json")) == {"first", "second"}


def test_layout(run):
    names = {path.name for path in run.folder.iterdir()}
    assert names == {"config.json", "metrics.json", "timing.json", "report.html", "figures", "sections"}
    assert run.report == run.folder / "report.html"
    assert (run.folder / "figures" / "first.png").read_bytes().startswith(b"\x89PNG")
    assert read_record(run.folder / "config.json") == {"optimizer": {"rate": 0.1}, "seed": 0}
    assert run.finished("first")
    assert not run.finished("second")


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_exception_inside_a_section_changes_nothing(run, exception):
    def fail():
        raise exception

    before = snapshot(run.folder)
    with pytest.raises(exception):
        fill_then(run, fail)
    check_only_first(run, before)


@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("end", ["a.png", "b.png", "second.json"])
def test_stop_while_a_section_is_written(run, monkeypatch, end, exception):
    before = snapshot(run.folder)
    with pytest.raises(exception):
        fill_then(run, monkeypatch.setattr, os, "replace", stop_at(end, exception))
    monkeypatch.undo()
    check_only_first(run, before)


def test_full_disk_while_a_section_is_written(run, monkeypatch):
    before = snapshot(run.folder)

    def full(descriptor):
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        fill_then(run, monkeypatch.setattr, os, "fsync", full)
    monkeypatch.undo()
    check_only_first(run, before)


@pytest.mark.parametrize("end", ["metrics.json", "timing.json", "report.html"])
def test_stop_after_a_section_is_finished_is_made_good_on_resume(run, tmp_path, monkeypatch, end):
    before = snapshot(run.folder)
    monkeypatch.setattr(os, "replace", stop_at(end, KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        fill(run, "second")
    monkeypatch.undo()
    after = snapshot(run.folder)
    assert after[end] == before[end]
    assert not [name for name in after if name.endswith(".tmp")]
    again = open_run(tmp_path)
    assert again.finished("second")
    assert set(read_record(run.folder / "metrics.json")) == {"first", "second"}
    assert "About second." in run.report.read_text()


def test_stop_right_after_the_last_step_keeps_the_figures(run, tmp_path, monkeypatch):
    replace = os.replace

    def stopped(source, target):
        replace(source, target)
        if os.fspath(target).endswith("second.json"):
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        fill(run, "second")
    monkeypatch.undo()
    assert open_run(tmp_path).finished("second")


def test_leftovers_of_a_killed_writer_are_removed_on_resume(run, tmp_path):
    left = [run.folder / ".metrics.json.0123abcd.tmp", run.folder / "figures" / ".a.png.0123abcd.tmp"]
    foreign = run.folder / ".notes.tmp"
    for path in [*left, foreign]:
        path.write_text("half")
        os.utime(path, (0, 0))
    open_run(tmp_path)
    assert not any(path.exists() for path in left)
    assert foreign.exists()


def test_a_run_is_opened_again_in_its_process(tmp_path, monkeypatch):
    """In the midst of writing a file."""
    first, flush, others = open_run(tmp_path), os.fsync, []

    def start_another(descriptor):
        flush(descriptor)
        if not others:
            others.append(None)
            others.append(open_run(tmp_path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", start_another)
        fill(first, "first")
    second = others[-1]
    fill(second, "second")
    fill(first, "third")
    assert set(read_record(first.folder / "metrics.json")) == set(SECTIONS)
    assert read_record(first.folder / "timing.json")["unfinished"] == []
    assert second.folder == first.folder
    assert not second.finished("third"), "it has not looked since"


def test_checkpoints_of_a_run_opened_twice_are_all_known(tmp_path):
    first, second = open_run(tmp_path), open_run(tmp_path)
    first.checkpoint("a").mkdir()
    second.checkpoint("b").mkdir()
    first.environment({})
    assert read_record(first.folder / "timing.json")["checkpoints"] == ["a", "b"]
    open_run(tmp_path, overwrite=True)
    assert not (first.folder / "checkpoints").exists()


def test_resumed_page_equals_the_page_made_in_one_go(tmp_path):
    environment = {"device": "cpu", "date": "2020-01-01"}
    whole = open_run(tmp_path / "whole")
    whole.environment(environment)
    for id in SECTIONS:
        fill(whole, id)
    for id in SECTIONS:
        part = open_run(tmp_path / "parts")
        part.environment(environment)
        fill(part, id)
    assert without_time(part.report.read_text()) == without_time(whole.report.read_text())
    assert (part.folder / "metrics.json").read_bytes() == (whole.folder / "metrics.json").read_bytes()
    for id in SECTIONS:
        figure = f"figures/{id}.png"
        assert (part.folder / figure).read_bytes() == (whole.folder / figure).read_bytes()


def test_page_order_is_the_declared_one(tmp_path):
    run = open_run(tmp_path)
    for id in reversed(SECTIONS):
        fill(run, id)
    html = run.report.read_text()
    places = [html.index(f'<section id="{id}">') for id in SECTIONS]
    assert places == sorted(places)
    assert list(read_record(run.folder / "timing.json")["sections"]) == list(SECTIONS)


def test_environment_survives_a_resume(run, tmp_path):
    run.environment({"device": "two of them"})
    fill(open_run(tmp_path), "second")
    timing = read_record(run.folder / "timing.json")
    assert timing["environment"] == {"device": "two of them"}
    assert list(timing["sections"]) == ["first", "second"]
    assert timing["unfinished"] == ["third"]
    assert timing["total"] == pytest.approx(sum(timing["sections"].values()), abs=2e-3)
    assert "two of them" in run.report.read_text()


def test_metrics_are_strict_sorted_and_rounded(tmp_path):
    run = open_run(tmp_path)
    with run.section("second", "Second") as section:
        section.metrics({"z": np.float32(1 / 3), "a": {"nan": float("nan"), "inf": -np.inf, "none": None}})
        section.metrics({"array": jnp.array([[1.0, jnp.nan]]), "scalar": jnp.float32(2.5), "count": np.int64(3)})
        section.metrics({"half": jnp.bfloat16(0.5), "flag": np.bool_(True), "text": "µ", "zero": -0.0, 1: [1, 2.0]})
    with run.section("first", "First"):
        pass
    text = (run.folder / "metrics.json").read_text("utf-8")
    found = json.loads(text, parse_constant=pytest.fail)
    assert found == {
        "first": {},
        "second": {
            "z": 0.333333,
            "a": {"nan": None, "inf": None, "none": None},
            "array": [[1.0, None]],
            "scalar": 2.5,
            "count": 3,
            "half": 0.5,
            "flag": True,
            "text": "µ",
            "zero": 0.0,
            "1": [1, 2.0],
        },
    }
    assert "-0.0" not in text
    assert text == json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_metrics_of_an_unknown_type_are_refused_by_name(tmp_path):
    run = open_run(tmp_path)
    with run.section("first", "") as section:
        with pytest.raises(TypeError, match=r"metrics\['a'\]\[1\]: found set, wanted a mapping"):
            section.metrics({"a": [1, {2}]})
        with pytest.raises(TypeError, match="real numbers"):
            section.metrics({"a": np.array(1j)})
        with pytest.raises(ValueError, match="found the key '1' twice"):
            section.metrics({"1": 1, 1: 1})


def test_other_settings_are_listed(run, tmp_path):
    config = {"seed": 1, "optimizer": {"rate": 0.1, "name": "adam"}}
    before = snapshot(run.folder)
    with pytest.raises(ValueError, match="other settings") as caught:
        open_run(tmp_path, config=config)
    message = str(caught.value)
    assert str(run.folder) in message
    assert "seed: found 0, wanted 1\n" in message
    assert "optimizer.name: found nothing, wanted 'adam'\n" in message
    assert "optimizer.rate" not in message
    assert "--name" in message
    assert "--overwrite" in message
    assert snapshot(run.folder) == before


def test_equal_settings_of_other_types_are_equal(tmp_path):
    open_run(tmp_path, config={"widths": (1, 2), "rate": np.float64(0.1)})
    open_run(tmp_path, config={"rate": 0.1, "widths": [1, 2]})


def test_settings_that_json_cannot_tell_apart_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"config\['clip'\]: found inf, wanted a finite number"):
        open_run(tmp_path, config={"clip": float("inf")})


def test_overwrite_removes_what_the_run_wrote_and_nothing_else(run, tmp_path):
    checkpoint = run.checkpoint("net")
    checkpoint.mkdir()
    (checkpoint / "weights").write_text("1")
    for end in (".unfinished", ".orbax-checkpoint-tmp-0"):
        checkpoint.with_name("net" + end).mkdir()
    mine = ["notes.txt", "figures/mine.png", "checkpoints/notes.txt", "checkpoints/net2/weights", "sections/mine.json"]
    for name in mine:
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_text("mine")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (run.folder / "figures" / "link").symlink_to(outside)
    again = open_run(tmp_path, config={"seed": 5}, overwrite=True)
    assert not again.finished("first")
    assert set(snapshot(run.folder)) == {"config.json", *mine}
    assert [path.name for path in run.folder.glob("checkpoints/*/")] == ["net2"]
    assert (outside / "kept").exists()
    assert read_record(run.folder / "config.json") == {"seed": 5}


def test_overwrite_leaves_a_folder_that_no_run_wrote(tmp_path):
    folder = tmp_path / "study" / "run"
    mine = ["figures/drawing.svg", "figures/first.png", "checkpoints/notes.txt", "checkpoints/net/weights"]
    for name in mine:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    run = open_run(tmp_path, overwrite=True)
    assert set(snapshot(folder)) == {"config.json", *mine}
    fill(run, "second")
    assert (folder / "figures" / "drawing.svg").read_text() == "mine"


@pytest.mark.parametrize("name", ["config.json", "report.html", "metrics.json", "timing.json", "results/first.npz"])
def test_overwrite_refuses_files_that_no_run_wrote(tmp_path, name):
    folder = tmp_path / "study" / "run"
    for each in (name, "notes.txt"):
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).write_text('{"mine": 1}')
    before = snapshot(folder)
    with pytest.raises(ValueError, match=f"{name}: found a file that no run wrote, wanted .* another --name"):
        open_run(tmp_path, overwrite=True)
    assert snapshot(folder) == before


def test_overwrite_replaces_a_run_that_was_stopped_at_its_settings(tmp_path):
    (open_run(tmp_path).folder / "timing.json").unlink(missing_ok=True)
    config = {"seed": 1, "optimizer": {"rate": 0.1}}
    assert read_record(open_run(tmp_path, config=config, overwrite=True).folder / "config.json") == config


def test_overwrite_leaves_sections_that_the_index_does_not_name(run, tmp_path):
    copied = run.folder / "sections" / "first-of-yesterday.json"
    shutil.copyfile(run.folder / "sections" / "first.json", copied)
    before = copied.read_bytes()
    again = open_run(tmp_path, overwrite=True)
    fill(again, "second")
    assert copied.read_bytes() == before


def test_checkpoints_of_an_old_run_that_orbax_did_not_write_stay(run, tmp_path):
    for name in ("net/_METADATA", "net/d/0a", "mine/notes.txt"):
        path = run.folder / "checkpoints" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    timing = read_record(run.folder / "timing.json")
    del timing["checkpoints"]
    (run.folder / "timing.json").write_text(json.dumps(timing))
    open_run(tmp_path, overwrite=True)
    assert [path.name for path in (run.folder / "checkpoints").iterdir()] == ["mine"]


def test_a_truncated_figure_is_named(run, tmp_path):
    path = run.folder / "figures" / "first.png"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: found a truncated file.*Remove the file of"):
        open_run(tmp_path)
    (run.folder / "sections" / "first.json").unlink()
    fill(open_run(tmp_path), "first")


def test_overwrite_mends_damaged_files(run, tmp_path):
    for name in ("config.json", "timing.json", "sections/first.json"):
        (run.folder / name).write_text("{")
    again = open_run(tmp_path, overwrite=True)
    for id in SECTIONS:
        fill(again, id)
    assert open_run(tmp_path).finished("third")


def test_checkpoints_of_a_run_that_stored_no_names_are_removed(run, tmp_path):
    run.checkpoint("net").mkdir()
    path = run.folder / "timing.json"
    timing = read_record(path)
    del timing["checkpoints"]
    path.write_text(json.dumps(timing))
    open_run(tmp_path, overwrite=True)
    assert not (run.folder / "checkpoints").exists()


def test_overwrite_follows_no_link(run, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (run.folder / "checkpoints").symlink_to(outside)
    open_run(tmp_path, overwrite=True)
    assert (outside / "kept").exists()
    assert not (run.folder / "checkpoints").exists()
    (run.folder.parent / "linked").symlink_to(run.folder)
    with pytest.raises(ValueError, match="symbolic link"):
        open_run(tmp_path, name="linked", overwrite=True)


def test_stopped_overwrite_leaves_a_run_that_resumes(run, tmp_path, monkeypatch):
    run.checkpoint("net").mkdir()
    monkeypatch.setattr(shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        open_run(tmp_path, overwrite=True)
    monkeypatch.undo()
    again = open_run(tmp_path)
    assert not again.finished("first")
    fill(again, "first")


TEXTS = ("config", "title", "lead", "section", "text", "cell", "caption", "metric", "environment")


@pytest.mark.parametrize("where", TEXTS)
def test_text_that_is_not_utf8_is_stored_escaped(tmp_path, where):
    """A file name of another encoding, as Python reads it from the command line."""
    odd = b"caf\xe9.csv".decode("utf-8", "surrogateescape")
    texts = {each: odd if each == where else "plain" for each in TEXTS}
    options = {"title": texts["title"], "lead": texts["lead"], "sections": ["a"], "root": tmp_path}
    for _ in range(2):
        run = Run.open("study", "run", {"csv": texts["config"]}, **options)
        run.environment({texts["environment"]: texts["environment"]})
        if not run.finished("a"):
            with run.section("a", texts["section"]) as section:
                section.text(texts["text"])
                section.table([texts["cell"]], [[texts["cell"]]], texts["caption"], note=texts["caption"])
                section.figure("a", draw(), texts["caption"])
                section.metrics({texts["metric"]: texts["metric"]})
                with section.folded(texts["caption"]):
                    pass
    metrics = (run.folder / "metrics.json").read_text("utf-8").replace("\\\\", "\\")
    assert "caf\\udce9.csv" in run.report.read_text("utf-8") + metrics


@pytest.mark.parametrize("config", [{"a": {1, 2}}, {"a": float("nan")}, {"a": [1, {None: 2}]}, {"a": 1j}])
def test_settings_that_cannot_be_stored_make_no_folder(tmp_path, config):
    with pytest.raises((TypeError, ValueError), match="^config.*: found"):
        Run.open("study", "run", config, title="t", lead="l", sections=["a"], root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_results_without_settings_are_not_taken_over(run, tmp_path):
    (run.folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"no config\.json"):
        open_run(tmp_path)
    open_run(tmp_path, overwrite=True)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "/a", "a b", "a\n", "a\0", "-a", "caf\udce9", 201 * "a"]
)
def test_names_that_are_no_folder_names(tmp_path, name):
    with pytest.raises(ValueError, match="^name: found .*, wanted a plain name"):
        open_run(tmp_path, name=name)
    with pytest.raises(ValueError, match="^study: found .*, wanted a plain name"):
        Run.open(name, "run", {}, title="", lead="", sections=[], root=tmp_path)
    with pytest.raises(ValueError, match="^sections: found .*, wanted a plain name"):
        open_run(tmp_path, sections=[name])
    assert not list(tmp_path.iterdir())
    run = open_run(tmp_path)
    with pytest.raises(ValueError, match="^name: found .*, wanted a plain name"):
        run.checkpoint(name)
    with pytest.raises(ValueError, match="^name: found .*, wanted a plain name"), run.section("first", "") as section:
        section.figure(name, draw(), "")


def test_section_identifiers(run, tmp_path):
    with pytest.raises(ValueError, match="^id: found 'fourth', wanted one of the run's sections, first, second, third"):
        run.finished("fourth")
    with pytest.raises(ValueError, match="found 'fourth'"), run.section("fourth", ""):
        pass
    with pytest.raises(ValueError, match=r"^id: found 'first', which .* has finished"), run.section("first", ""):
        pass
    with pytest.raises(ValueError, match="^sections: found a, A, wanted names that differ"):
        open_run(tmp_path, name="other", sections=["a", "A"])
    with pytest.raises(ValueError, match="found a section that this study does not have"):
        open_run(tmp_path, sections=["second"])


def test_figure_of_another_section_is_not_replaced(run):
    before = snapshot(run.folder)
    with (
        pytest.raises(ValueError, match="^name: found the figure 'first' in 'first' too, wanted new names in 'second'"),
        run.section("second", "Second") as section,
    ):
        section.figure("first", draw(-1.0), "Another line.")
    check_only_first(run, before)


def test_names_given_twice(tmp_path):
    run = open_run(tmp_path)
    with run.section("first", "First") as section:
        section.figure("a", draw(), "")
        section.metrics({"a": 1})
        with pytest.raises(ValueError, match="found 'a' twice"):
            section.figure("a", draw(), "")
        with pytest.raises(ValueError, match="found 'a' in the section already"):
            section.metrics({"a": 1})


def test_tables_that_do_not_fit(tmp_path):
    run = open_run(tmp_path)
    with run.section("first", "First") as section:
        with pytest.raises(ValueError, match=r"^rows\[1\]: found 1 cells, wanted 2 as in header"):
            section.table(["a", "b"], [[1, 2], [3]], "")
        with pytest.raises(ValueError, match="at least one column"):
            section.table([], [], "")
        for highlight in (1, -1, (0, 2), (0, -1)):
            with pytest.raises(ValueError, match="inside a table of 1 rows and 2 columns"):
                section.table(["a", "b"], [[1, 2]], "", highlight=[highlight])


OBJECTS = ("{}", '{"environment": 1, "title": 1}')


@pytest.mark.parametrize("text", ['{"a": ', "[]", '{"a": NaN}', "\udcff", *OBJECTS])
@pytest.mark.parametrize("name", ["config.json", "timing.json", "sections/first.json"])
def test_damaged_files_are_named(run, tmp_path, name, text):
    path = run.folder / name
    path.write_bytes(text.encode(errors="surrogateescape"))
    message = "other settings" if name == "config.json" and text in OBJECTS else f"^{re.escape(str(path))}: found"
    with pytest.raises(ValueError, match=message):
        open_run(tmp_path)


def test_missing_figure_is_named(run, tmp_path):
    path = run.folder / "figures" / "first.png"
    path.unlink()
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: found no such file"):
        open_run(tmp_path)


def test_checkpoint_makes_only_the_parent(run):
    assert not (run.folder / "checkpoints").exists()
    path = run.checkpoint("net")
    assert path == run.folder / "checkpoints" / "net"
    assert path.parent.is_dir()
    assert not path.exists()


@pytest.mark.parametrize(
    "block", [1, {"kind": "text"}, {"kind": "script", "text": "a"}, {"kind": ["text"], "text": "a"}]
)
def test_blocks_that_no_section_wrote_are_named(run, tmp_path, block):
    path = run.folder / "sections" / "first.json"
    path.write_text(json.dumps(read_record(path) | {"blocks": [block]}))
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: found the block"):
        open_run(tmp_path)


def test_a_record_shows_no_file_outside_its_folder(run, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    path = run.folder / "sections" / "first.json"
    path.write_text(path.read_text().replace('"name": "first"', '"name": "../../../secret"'))
    with pytest.raises(ValueError, match=r"name: found '\.\./\.\./\.\./secret', wanted a plain name"):
        open_run(tmp_path)


def test_cells_and_highlights_may_be_numbers_of_any_sort(run):
    cells = [jnp.float32(1 / 3), jnp.bfloat16(0.5), np.bool_(True), np.int64(2**62), np.float16(0.25), np.str_("a")]
    with run.section("second", "Second") as section:
        section.table([*"abcdef"], [cells], "Numbers.", highlight=[np.int64(0), (np.int64(0), 1)])
    block = read_record(run.folder / "sections" / "second.json")["blocks"][0]
    assert block["rows"] == [["0.333333", "0.5", "yes", str(2**62), "0.25", "a"]]
    assert block["highlight"] == [[0, column] for column in range(6)]


def test_a_run_without_its_index_can_be_overwritten(tmp_path):
    def opened(**options):
        return Run.open("s", "n", {"a": 1}, title="t", lead="l", sections=["x"], root=tmp_path, **options)

    first = opened()
    with first.section("x", "X") as section:
        section.text("hello")
    first.close()
    (tmp_path / "s" / "n" / "timing.json").unlink()
    second = opened(overwrite=True)
    assert not second.finished("x")
    second.close()


def test_a_note_of_something_else_does_not_keep_a_run(tmp_path):
    def opened():
        return Run.open("s", "n", {"a": 1}, title="t", lead="l", sections=["x"], root=tmp_path)

    run = opened()
    (tmp_path / "s" / ".n.holder.json").write_text("[]")
    run.close()
    opened().close()
