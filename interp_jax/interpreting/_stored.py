"""What a section measured, as one compressed file: results of the package, mappings, lists, numbers, text and arrays.

Nothing is unpickled. A result is a named tuple or dataclass of this package, stored by its fields.
"""

import dataclasses
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from interp_jax._files import read_arrays, write_arrays

_PACKAGE, _TEXT = "interp_jax.", "text"


def save(path: Path, result: Any) -> None:
    """Stores a result.

    Raises:
        TypeError: a value of another kind, or an array of objects.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_encoded(result, arrays), ensure_ascii=True)
    write_arrays(path, {_TEXT: np.array(text), **arrays})


def load(path: Path) -> Any:
    """The result that `save` stored.

    Raises:
        ValueError: a damaged file, or one of another version of the package.
    """
    arrays = read_arrays(path)
    try:
        return _decoded(json.loads(str(arrays[_TEXT])), arrays)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, ImportError) as error:
        wanted = "what this version of interpret stores; overwrite=True computes it anew"
        raise ValueError(f"{path}: found another result ({error}), wanted {wanted}") from error


def _encoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if fields := _fields(type(value)):
        name = f"{type(value).__module__}:{type(value).__qualname__}"
        return {"result": name, "fields": {each: _encoded(getattr(value, each), arrays) for each in fields}}
    if isinstance(value, Mapping):
        return {"pairs": [[_encoded(key, arrays), _encoded(entry, arrays)] for key, entry in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_encoded(entry, arrays) for entry in value]}
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcSU":
            raise TypeError(f"result: found an array of {array.dtype}, wanted numbers or text")
        name = f"array {len(arrays)}"
        arrays[name] = array
        return {"array": name}
    raise TypeError(f"result: found {type(value).__name__}, wanted results, mappings, lists, numbers or arrays")


def _decoded(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if "result" in value:
        fields = {name: _decoded(entry, arrays) for name, entry in value["fields"].items()}
        return _class(value["result"])(**fields)
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "pairs":
        return {_decoded(key, arrays): _decoded(entry, arrays) for key, entry in content}
    entries = [_decoded(entry, arrays) for entry in content]
    return entries if kind == "list" else tuple(entries)


def _class(name: str) -> Any:
    """The result class of this name; only those of this package."""
    module, _, path = name.partition(":")
    if not module.startswith(_PACKAGE) or "." in path:
        raise TypeError(f"{name} is no result of this package")
    kind = getattr(importlib.import_module(module), path)
    if not _fields(kind):
        raise TypeError(f"{name} is no result of this package")
    return kind


def _fields(kind: Any) -> tuple[str, ...]:
    """The fields of a named tuple or dataclass; none for other classes."""
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return getattr(kind, "_fields")  # noqa: B009
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return ()
