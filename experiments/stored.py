"""What a section measured, as one compressed file, its named tuples by the names of their classes."""

from pathlib import Path
from types import ModuleType
from typing import Any

from interp_jax.reports import stored


def save(path: Path, result: Any) -> None:
    """Stores a result.

    Raises:
        TypeError: a value that is no named tuple, mapping, list, number, text or array, or an array of objects.
    """
    stored.save(path, result, lambda kind: kind.__name__)


def load(path: Path, module: ModuleType | None) -> Any:
    """The result that `save` stored, its named tuples of the classes that a module has by their names.

    Fields that a class no longer has are left out; those that it has since must have a default.

    Raises:
        ValueError: a damaged file, or one of another version of the module.
    """

    def class_of(name):
        kind = getattr(module, name)
        if not (isinstance(kind, type) and issubclass(kind, tuple) and stored.fields_of(kind)):
            raise TypeError(f"{name} is no named tuple of {module.__name__}")
        return lambda **given: kind(**{name: given[name] for name in given if name in stored.fields_of(kind)})

    return stored.load(path, class_of, "what this version of the study measures")
