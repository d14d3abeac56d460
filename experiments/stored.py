"""What a section measured, as one compressed file: named tuples, mappings, lists and numbers as text, and arrays.

Nothing is unpickled: named tuples are made of the classes that the reader names.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from interp_jax._files import read_arrays, write_arrays

TEXT = "text"  # the entry that holds all but the arrays


def save(path: Path, result: Any) -> None:
    """Stores a result.

    Raises:
        TypeError: a value that is none of those above, or an array of objects.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_encoded(result, arrays), ensure_ascii=True)
    write_arrays(path, {TEXT: np.array(text), **arrays})


def load(path: Path, module: ModuleType) -> Any:
    """The result that `save` stored, its named tuples of the classes that a module has by their names.

    Raises:
        ValueError: a damaged file, or one of another version of the module.
    """
    arrays = read_arrays(path)
    try:
        return _decoded(json.loads(str(arrays[TEXT])), arrays, module)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        wanted = "what this version of the study measures; --overwrite computes it anew"
        raise ValueError(f"{path}: found another result ({error}), wanted {wanted}") from error


def _encoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = {name: _encoded(getattr(value, name), arrays) for name in value._fields}
        return {"named": type(value).__name__, "fields": fields}
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
    raise TypeError(f"result: found {type(value).__name__}, wanted named tuples, mappings, lists, numbers or arrays")


def _decoded(value: Any, arrays: Mapping[str, np.ndarray], module: ModuleType) -> Any:
    if not isinstance(value, dict):
        return value
    if "named" in value:
        kind = getattr(module, value["named"])
        if not (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")):
            raise TypeError(f"{value['named']} is no named tuple of {module.__name__}")
        return kind(**{name: _decoded(entry, arrays, module) for name, entry in value["fields"].items()})
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "pairs":
        return {_decoded(key, arrays, module): _decoded(entry, arrays, module) for key, entry in content}
    entries = [_decoded(entry, arrays, module) for entry in content]
    return entries if kind == "list" else tuple(entries)
