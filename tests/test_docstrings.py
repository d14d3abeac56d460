"""Every public function is described in one form: what it returns, its kind, its arguments, errors and an example."""

import inspect
import re

import pytest

from tests.surface import kind_of, public_functions, public_names

SECTIONS = ["Args", "Returns", "Raises", "Example", "Source"]
FUNCTIONS = public_functions()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_described_in_the_common_form(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function)
    assert text, "no docstring"
    first = text.partition("\n")[0]
    assert first.endswith((".", "?")), f"the first line is no sentence: {first}"
    assert kind_of(function)
    sections = re.findall(r"^(\w+):$|^(Source):", text, re.MULTILINE)
    sections = [plain or source for plain, source in sections if (plain or source) in SECTIONS]
    assert sections == sorted(sections, key=SECTIONS.index), f"sections in another order: {sections}"
    assert ">>> " in text, "no example"
    parameters = [name for name in inspect.signature(function).parameters if not name.startswith("_")]
    entries = re.findall(r"^    ([\w, *]+):", text, re.MULTILINE)
    described = {each for entry in entries for each in re.findall(r"\w+", entry)}
    missing = [name for name in parameters if name not in described]
    assert not missing, f"Args without {missing}"


@pytest.mark.parametrize("name", [name for name, value in public_names().items() if inspect.isclass(value)])
def test_a_public_class_is_described(name):
    value = public_names()[name]
    text = value.__dict__.get("__doc__") or ""
    assert text.strip(), "no docstring"
    # What a NamedTuple or dataclass has without one.
    assert not text.startswith(f"{value.__name__}("), "no docstring"
