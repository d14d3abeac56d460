"""The runner of slow tests keeps what passed and what failed, and goes on where it was stopped."""

import json

from tests import slow


def test_failed_files_run_again_and_passed_ones_do_not(tmp_path, monkeypatch):
    ran, passes = [], {"a": True, "b": False}
    monkeypatch.setattr(slow, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(slow, "files", lambda folder: ["a", "b"])
    outcome = {"date": "2000-01-01", "counts": "1 of 1", "failed": []}
    monkeypatch.setattr(slow, "run", lambda file: ran.append(file) or outcome | {"passed": passes[file]})
    assert slow.main([]) == 1
    assert slow.main([]) == 1
    passes["b"] = True
    assert slow.main([]) == 0
    assert ran == ["a", "b", "b", "b"]
    assert slow.main(["--again"]) == 0
    assert ran[-2:] == ["a", "b"]
    assert json.loads(slow.RESULTS.read_text())["b"] == outcome | {"passed": True}


def test_files_with_slow_tests_are_found():
    assert "tests/networks/models/test_identity_perceptron.py" not in slow.files(slow.ROOT / "tests" / "methods")
    assert "tests/methods/cnn_inte/test_cnn_inte.py" in slow.files()
    assert "tests/test_words.py" not in slow.files()


def test_a_failing_file_names_its_tests(tmp_path, monkeypatch):
    monkeypatch.setattr(slow, "ROOT", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import pytest\npytestmark = pytest.mark.slow\ndef test_good(): pass\ndef test_bad(): assert 0\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    found = slow.run("test_it.py")
    assert (found["passed"], found["counts"], found["failed"]) == (
        False,
        "1 failed, 1 passed",
        ["test_it.py::test_bad"],
    )
