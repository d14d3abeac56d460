"""Runs of studies in an empty folder."""

import json
import weakref

import pytest

from experiments.claims.claim import kept_records
from interp_jax.reports import terminal

BARS = 5  # on a terminal at the same time


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run(study_main, settings)`` runs all sections and returns the path of the report and the metrics."""
    monkeypatch.chdir(tmp_path)

    def of(study_main, settings):
        report = study_main.main(settings)
        return report, json.loads((report.parent / "metrics.json").read_text())

    return of


@pytest.fixture(scope="session", autouse=True)
def _few_bars():
    """No study shows more bars than can be read at a glance."""
    shown, begin, end = weakref.WeakSet(), terminal.Progress.task, terminal.Task.finish

    def task(*args, **options):
        shown.add(made := begin(*args, **options))
        assert len(shown) <= BARS, "too many bars at the same time"
        return made

    def finish(self):
        shown.discard(self)
        end(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal.Progress, "task", task)
        patch.setattr(terminal.Task, "finish", finish)
        yield


@pytest.fixture(scope="session")
def records():
    """The records of all kept runs."""
    return kept_records()
