"""What was measured as one compressed file: results, mappings, lists and numbers as text, and arrays.

Nothing is unpickled: results, named tuples or dataclasses, are made of classes that the reader chooses by their names.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from interp_jax._files import read_arrays, write_arrays

TEXT = "text"  # the entry that holds all but the arrays


def save(path: Path, result: Any, name_of: Callable[[type], str]) -> None:
    """Stores a result; its parts of one class get the name ``name_of(class)``.

    Raises:
        TypeError: a value that is none of those above, or an array of objects.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_encoded(result, arrays, name_of), ensure_ascii=True)
    write_arrays(path, {TEXT: np.array(text), **arrays})


def load(path: Path, class_of: Callable[[str], Any], wanted: str) -> Any:
    """The result that `save` stored, its parts of the classes ``class_of(name)``.

    Raises:
        ValueError: a damaged file, or one of another version, with what is wanted.
    """
    remedy = "Remove the file and repeat the command; --overwrite computes it anew with the whole run."
    try:
        arrays = read_arrays(path)
    except ValueError as error:
        raise ValueError(f"{path}: found a damaged file ({error}), wanted {wanted}. {remedy}") from error
    try:
        return _decoded(json.loads(str(arrays[TEXT])), arrays, class_of)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, ImportError, RecursionError) as error:
        raise ValueError(f"{path}: found another result ({error}), wanted {wanted}. {remedy}") from error


def fields_of(kind: Any) -> tuple[str, ...]:
    """The fields of a named tuple or dataclass; none for other classes."""
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return getattr(kind, "_fields")  # noqa: B009
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return ()


def _encoded(value: Any, arrays: dict[str, np.ndarray], name_of: Callable[[type], str]) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return value
    if fields := fields_of(type(value)):
        entries = {name: _encoded(getattr(value, name), arrays, name_of) for name in fields}
        return {"named": name_of(type(value)), "fields": entries}
    if isinstance(value, Mapping):
        return {"pairs": [[_encoded(each, arrays, name_of) for each in pair] for pair in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_encoded(entry, arrays, name_of) for entry in value]}
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcSU":
            raise TypeError(f"result: found an array of {array.dtype}, wanted numbers or text")
        name = f"array {len(arrays)}"
        arrays[name] = array
        return {"array": name}
    raise TypeError(f"result: found {type(value).__name__}, wanted results, mappings, lists, numbers or arrays")


def _decoded(value: Any, arrays: Mapping[str, np.ndarray], class_of: Callable[[str], Any]) -> Any:
    if not isinstance(value, dict):
        return value
    if "named" in value:
        kind = class_of(value["named"])
        return kind(**{name: _decoded(entry, arrays, class_of) for name, entry in value["fields"].items()})
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "pairs":
        return {_decoded(key, arrays, class_of): _decoded(entry, arrays, class_of) for key, entry in content}
    entries = [_decoded(entry, arrays, class_of) for entry in content]
    return {"list": entries, "tuple": tuple(entries)}[kind]
