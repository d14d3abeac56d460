"""What a section measured, as one compressed file, its results by module and class: only those of this package."""

import importlib
from pathlib import Path
from typing import Any

from interp_jax.reports import stored

_PACKAGE = "interp_jax."


def save(path: Path, result: Any) -> None:
    """Stores a result.

    Raises:
        TypeError: a value of another kind, or an array of objects.
    """
    stored.save(path, result, lambda kind: f"{kind.__module__}:{kind.__qualname__}")


def load(path: Path) -> Any:
    """The result that `save` stored.

    Raises:
        ValueError: a damaged file, or one of another version of the package.
    """
    return stored.load(path, _class, "what this version of interpret stores")


def _class(name: str) -> Any:
    """The result class of this name; only those of this package."""
    module, _, path = name.partition(":")
    if not module.startswith(_PACKAGE) or "." in path:
        raise TypeError(f"{name} is no result of this package")
    kind = getattr(importlib.import_module(module), path)
    if not stored.fields_of(kind):
        raise TypeError(f"{name} is no result of this package")
    return kind
