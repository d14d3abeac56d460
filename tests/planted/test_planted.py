"""The list of planted faults fits the sources, and the driver tells a noticed fault from one that is not."""

import ast
import json
from pathlib import Path

import pytest

import interp_jax
from tests.planted.__main__ import FAULTS, ROOT, main
from tests.planted.driver import try_all
from tests.planted.fault import Fault

PACKAGES = Path(interp_jax.__file__).parents[1]  # the checkout, or where it is installed
_SOURCE = "def larger(a, b):\n    # The larger one.\n    return max(a, b)\n"
_TEST = "from interp_jax.small import larger\n\ndef test_larger():\n    assert larger(1, 2) == 2\n"


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault.source.removeprefix('interp_jax/')}: {fault.breaks}"
)
def test_a_fault_fits_its_source_and_its_tests(fault):
    source = (PACKAGES / fault.source).read_text()
    planted = fault.plant(source)
    assert planted != source
    compile(planted, fault.source, "exec")  # what no test could even import is no fault that tests notice
    mirrored = "/".join(["tests", *fault.source.split("/")[1:-1][:1]])
    assert fault.tests.startswith(mirrored), f"{fault.tests}: wanted a path below {mirrored}"
    assert (ROOT / fault.tests).exists()
    if fault.names:
        nodes = ast.walk(ast.parse((ROOT / fault.tests).read_text()))
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        assert set(fault.names) <= defined


def test_no_fault_is_listed_twice():
    assert len({fault[:3] for fault in FAULTS}) == len(FAULTS)


@pytest.fixture
def checkout(tmp_path):
    """A package of one function, and its test."""
    for name, text in (("interp_jax/__init__", ""), ("interp_jax/small", _SOURCE), ("tests/test_small", _TEST)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).with_suffix(".py").write_text(text)
    return tmp_path


def _fault(old, new):
    return Fault("interp_jax/small.py", old, new, "a trial", "tests/test_small.py")


def test_a_fault_in_code_is_caught_and_one_in_a_comment_survives(checkout):
    results = checkout / "results.json"
    wrong, comment = _fault("max(a, b)", "min(a, b)"), _fault("The larger", "The smaller")
    assert try_all([wrong, comment], checkout, results) == [comment]
    caught, survived = json.loads(results.read_text()).values()
    if not caught["caught"]:
        caught, survived = survived, caught
    assert caught["test"] == "tests/test_small.py::test_larger"
    assert (survived["caught"], survived["test"]) == (False, None)
    assert (checkout / "interp_jax/small.py").read_text() == _SOURCE


def test_a_caught_fault_is_not_tried_again_until_its_source_changes(checkout):
    results, wrong = checkout / "results.json", _fault("max(a, b)", "min(a, b)")
    try_all([wrong], checkout, results)
    (checkout / "tests/test_small.py").write_text("def test_nothing():\n    pass\n")
    assert try_all([wrong], checkout, results) == []
    (checkout / "interp_jax/small.py").write_text(_SOURCE + "\n")
    assert try_all([wrong], checkout, results) == [wrong]


@pytest.mark.parametrize("text", ["def test_nothing():\n    assert False\n", "import absent\n"])
def test_tests_that_fail_anyway_notice_nothing(checkout, text):
    (checkout / "tests/test_small.py").write_text(text)
    with pytest.raises(RuntimeError, match="fails without the fault too"):
        try_all([_fault("max(a, b)", "min(a, b)")], checkout, checkout / "results.json")


def test_tests_of_another_package_than_the_copy_are_refused(checkout):
    elsewhere = f"import sys\nsys.path.insert(0, {str(PACKAGES)!r})\nimport interp_jax\n"
    (checkout / "tests/test_small.py").write_text(elsewhere + "def test_nothing():\n    pass\n")
    with pytest.raises(RuntimeError, match=f"AssertionError: {PACKAGES}"):
        try_all([_fault("max(a, b)", "min(a, b)")], checkout, checkout / "results.json")


def test_text_that_stands_twice_or_never_is_refused(checkout):
    for old, times in (("a, b", 2), ("absent", 0)):
        with pytest.raises(ValueError, match=f"found '{old}' {times} times, wanted it once"):
            try_all([_fault(old, "")], checkout, checkout / "results.json")


@pytest.mark.slow
def test_every_planted_fault_is_caught():
    assert main([]) == 0
