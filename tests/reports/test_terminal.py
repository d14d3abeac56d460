import io
import sys

import pytest

from interp_jax.reports import progress, summary


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_without_a_terminal_a_finished_task_is_one_plain_line(capsys):
    with progress("Study") as bars:
        task = bars.task("training [1/2]", 3)
        for step in range(3):
            task.advance(note=f"loss {step}")
        task.finish()
        task.finish()
        early = bars.task("early", 3, unit="epoch")
        early.advance(2)
        early.finish()
        bars.task("never finished", None).advance()
    title, line, early_line = capsys.readouterr().out.splitlines()
    assert title == "Study"
    assert line == "training [1/2]: 3 in 0.0 s, loss 2"
    assert early_line.startswith("early: stopped early at epoch 2 of 3 in ")


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with progress("Study") as bars:
        task = bars.task("training", 2)
        task.advance(2, note="loss [0.5]")
        task.finish()
        unknown = bars.task("searching", None)
        unknown.advance()
        unknown.finish()
    text = terminal.getvalue()
    for part in ("Study", "training: 2 in 0.0 s, loss [0.5]", "searching: 1 in"):
        assert part in text


def test_on_a_terminal_a_finished_bar_makes_room(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with progress("Study") as bars:
        whole = bars.task("sections", 9)
        for number in range(9):
            bars.task(f"training {number}", 1).finish()
            assert [task.description for task in bars._bar.tasks] == ["sections"]
            whole.advance()


def test_exception_ends_the_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")

    def stop():
        with progress("Study") as bars:
            bars.task("training", 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert terminal.getvalue().rindex(show) > terminal.getvalue().rindex(hide)


def test_summary_cuts_nothing_and_reads_no_markup(capsys):
    header = [f"column {index}" for index in range(20)]
    summary(header, [[f"[bold]{index}" for index in range(20)], [None] * 20], "Result [x]")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert all(name in out for name in [*header, "[bold]19", "Result [x]"])
    assert max(map(len, out.splitlines())) < 1000
    with pytest.raises(ValueError, match=r"^rows\[0\]: found 1 cells, wanted 2"):
        summary(["a", "b"], [[1]], "")
