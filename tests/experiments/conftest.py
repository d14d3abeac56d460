"""Runs of studies in an empty folder."""

import json

import pytest

from experiments.claims.claim import kept_records


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run(study_main, settings)`` runs all sections and returns the path of the report and the metrics."""
    monkeypatch.chdir(tmp_path)

    def of(study_main, settings):
        report = study_main.main(settings)
        return report, json.loads((report.parent / "metrics.json").read_text())

    return of


@pytest.fixture(scope="session")
def records():
    """The records of all kept runs."""
    return kept_records()
