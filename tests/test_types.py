"""What type checkers and editors see of the package, and that every public function says what it takes and returns."""

import importlib.util
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import interp_jax
from experiments.example import README, cells
from tests.surface import public_functions, public_names

FUNCTIONS = public_functions()
CLASSES = {path: value for path, value in public_names().items() if inspect.isclass(value)}
WRONG = ("interp_jax.methods.hierarchy.build()", 'interp_jax.data.load("mnist", split=3)')
SCRIPT = ["import interp_jax", *(f"reveal_type(interp_jax.{path})" for path in FUNCTIONS), *WRONG]


def _bare(function):
    """What of a function has no type: arguments, and what it returns."""
    signature = inspect.signature(inspect.unwrap(function))
    empty = inspect.Parameter.empty
    bare = [name for name, each in signature.parameters.items() if each.annotation is empty]
    return bare + ["what it returns"] * (signature.return_annotation is empty)


@pytest.mark.parametrize("path", FUNCTIONS)
def test_every_public_function_is_annotated(path):
    assert not _bare(FUNCTIONS[path])


@pytest.mark.parametrize("path", CLASSES)
def test_every_public_method_is_annotated(path):
    for name, value in vars(CLASSES[path]).items():
        method = getattr(value, "__func__", getattr(value, "fget", value))
        if inspect.isfunction(method) and not name.startswith("_") and method.__module__.startswith("interp_jax"):
            assert set(_bare(method)) <= {"self", "cls"}, name


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What pyright finds in a user's script, by line: severity, rule and message."""
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    folder = tmp_path_factory.mktemp("script")
    (folder / "script.py").write_text("\n".join(SCRIPT))
    (folder / "readme.py").write_text("\n".join(cells(README.read_text(encoding="utf-8"))))
    settings = {"extraPaths": [str(Path(interp_jax.__file__).parents[1])], "typeCheckingMode": "basic"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    messages = {}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        written = Path(each["file"]).name == "readme.py"
        line = "README" if written else SCRIPT[each["range"]["start"]["line"]]
        messages.setdefault(line, []).append((each["severity"], each.get("rule"), each["message"]))
    return messages


def test_type_checkers_see_every_public_function_with_its_types(found):
    for path in FUNCTIONS:
        [(severity, _, message)] = found[f"reveal_type(interp_jax.{path})"]
        shown = message.partition(" is ")[2]
        assert severity == "information", message
        assert shown.startswith('"('), message
        assert ") -> " in shown, message
        assert "Unknown" not in shown, message


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("networks.fit", ("(network: Module", "inputs: ", "labels: ", "key: Array", "epochs: int", ") -> Fit")),
        ("methods.hierarchy.build", ("(vectors: ", "| FeatureVectors", "key: Array", ") -> Hierarchy")),
        ("methods.core_units.select", ("(tail: (...) -> Any", "hidden: Array", "target: int", ") -> Selection")),
    ],
)
def test_type_checkers_see_arguments_and_results(found, path, parts):
    [(_, _, message)] = found[f"reveal_type(interp_jax.{path})"]
    for part in parts:
        assert part in message, message


def test_type_checkers_find_no_error_in_the_readme(found):
    assert "README" not in found


def test_type_checkers_refuse_wrong_calls(found):
    assert [[rule for _, rule, _ in found[line]] for line in WRONG] == [["reportCallIssue"], ["reportArgumentType"]]
