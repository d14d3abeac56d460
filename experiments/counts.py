"""Counts among a study's settings."""

import dataclasses
from typing import Any


def check_counts(settings: Any, **least: int) -> None:
    """Raises ValueError for a whole number, alone or in a tuple, below what is named for its field, else below 1."""
    for field in dataclasses.fields(settings):
        values = getattr(settings, field.name)
        for value in values if isinstance(values, tuple) else (values,):
            if isinstance(value, int) and value < least.get(field.name, 1 - isinstance(value, bool)):
                raise ValueError(f"{field.name}: found {value}, wanted at least {least.get(field.name, 1)}")
