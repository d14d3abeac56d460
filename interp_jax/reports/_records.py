"""JSON files: strict, readable, written in one step."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp_jax._files import write_text


def write_record(path: Path, record: dict[str, Any], sort_keys: bool = False) -> None:
    """Writes a JSON object: indented, ending in a newline; equal objects give equal bytes.

    Args:
        path: the file; its folder exists.
        record: the output of `to_json`.
        sort_keys: whether keys are ordered by name instead of as given.

    Raises:
        ValueError: the record holds NaN or infinity.
    """
    text = json.dumps(record, indent=2, sort_keys=sort_keys, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def read_record(path: Path, keys: Mapping[str, type] | None = None) -> dict[str, Any]:
    """The JSON object of a file, its keys in the order of the file.

    Args:
        path: the file.
        keys: the keys that it must hold, and the types of their values.

    Raises:
        ValueError: a file, named, that is not a strict JSON object, lacks a key or has another type there.
    """
    try:
        record = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: found a damaged file ({error}), wanted a JSON object") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path}: found {type(record).__name__}, wanted a JSON object")
    for key, kind in (keys or {}).items():
        if not isinstance(record.get(key), kind):
            raise ValueError(f"{path}: found {key!r} as {record.get(key)!r}, wanted {kind.__name__}")
    return record


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
