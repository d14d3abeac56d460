"""The studies: every folder here that has a ``study.py``."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent


def names() -> list[str]:
    """The names of all studies."""
    return [each.name for each in pkgutil.iter_modules([str(HERE)]) if (HERE / each.name / "study.py").is_file()]


def load(name: str) -> ModuleType:
    """A study's module: its ``SECTIONS`` and its ``main(settings)``."""
    return importlib.import_module(f"experiments.{name}.study")
