"""JSON files: strict, readable, written in one step."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp_jax._files import write_text


def write_record(path: Path, record: dict[str, Any], sort_keys: bool = False) -> None:
    """Write a JSON object: indented, ending in a newline, equal objects giving equal bytes.

    Args:
        path: the file; its folder exists.
        record: what :func:`interp_jax.reports.values.to_json` made.
        sort_keys: order keys by name instead of as given.

    Raises:
        ValueError: the record holds NaN or infinity.
    """
    text = json.dumps(record, indent=2, sort_keys=sort_keys, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def read_record(path: Path, keys: Mapping[str, type] | None = None) -> dict[str, Any]:
    """Read a JSON object back.

    Args:
        path: the file.
        keys: the keys it must hold, and the types of their values.

    Returns:
        The object, keys in the order of the file.

    Raises:
        ValueError: the file is no strict JSON object, or lacks a key or has another type there; the message names it.
    """
    try:
        record = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except ValueError as error:
        raise ValueError(f"{path} is damaged, wanted a JSON object: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} is damaged, wanted a JSON object, found {type(record).__name__}")
    for key, kind in (keys or {}).items():
        if not isinstance(record.get(key), kind):
            raise ValueError(f"{path} is damaged, wanted {key!r} as {kind.__name__}, found {record.get(key)!r}")
    return record


def _refuse(constant: str) -> None:
    raise ValueError(f"found {constant}, which is not JSON")
