"""What the battery calls: every public function, and every public method of the public classes."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from flax import nnx

from tests.surface import public_names

# What no user calls: JAX does, or, of tails, the search for units in the middle of compiled code, with its own arrays.
_CALLED_BY_OTHERS = {"tree_flatten", "tree_unflatten", "layer_of_units", "scores_after_layer"}
# What measures times and runs most of the others, which are tried themselves: tests/test_interpret.py has its refusals.
_RUNS_THE_OTHERS = {"interpret", "plan"}


@dataclass(frozen=True)
class Subject:
    """One function, method or constructor; ``owner`` is the class of a method that wants an instance."""

    path: str
    function: Callable
    owner: type | None = None

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The named parameters, without self."""
        # Flax shows no signature of its modules' constructors.
        constructor = inspect.isclass(self.function)
        found = inspect.signature(self.function.__init__ if constructor else self.function).parameters.values()
        named = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        return {p.name: p for p in (named[1:] if self.owner or constructor else named)}

    @property
    def takes_more(self) -> bool:
        """Whether it passes further named arguments on, such as the options of another function."""
        parameters = inspect.signature(self.function).parameters.values()
        return any(each.kind is each.VAR_KEYWORD for each in parameters)

    @property
    def text(self) -> str:
        """Its docstring, and its class's, without the section of errors."""
        parts = [inspect.getdoc(self.function) or "", inspect.getdoc(self.owner) or "" if self.owner else ""]
        return " ".join(re.sub(r"Raises:\n(?:[ ]+.*\n?|\n)*", "", "\n".join(parts)).split())

    @property
    def traceable(self) -> bool:
        """Whether the docstring says that it can be traced; what says nothing counts as run on the host."""
        return "Traceable" in self.text


def subjects() -> dict[str, Subject]:
    """All of them by path, found by walking the package."""
    found = {}
    names = public_names()
    protocols = [value for value in names.values() if getattr(value, "_is_protocol", False)]
    within = _CALLED_BY_OTHERS.union(*(vars(protocol) for protocol in protocols)) - {"__call__"}
    for path, value in names.items():
        if path in _RUNS_THE_OTHERS:
            continue
        if inspect.isfunction(value):
            found[path] = Subject(path, value)
        elif value not in protocols:
            found.update((subject.path, subject) for subject in _of_class(path, value, within))
    return found


def _of_class(path, cls, within):
    for name, member in vars(cls).items():
        if name == "__init__" and issubclass(cls, nnx.Module):
            yield Subject(f"{path}.new", cls)
        if name in within or (name.startswith("_") and name != "__call__"):
            continue
        label = f"{path}.{'call' if name == '__call__' else name}"
        if isinstance(member, classmethod | staticmethod):
            yield Subject(label, getattr(cls, name))
        elif inspect.isfunction(member):
            yield Subject(label, member, cls)
