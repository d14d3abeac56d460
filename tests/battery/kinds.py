"""What kind of argument it is, from its name, its annotation and the value that the valid call gives it."""

import inspect
import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from tests.battery.arguments import ORDINARY, Fresh
from tests.battery.structure import first_array, is_array, taken

# Whole numbers of which 0 is a good one.
FROM_ZERO = {"index", "target", "unit", "first", "label", "decimals", "start", "split", "units", "class", "c"}
# Class numbers, other than any whole numbers.
LABELS = {"labels", "predictions", "targets"}
# Callables that are called at once.
NETWORKS = {"network", "net", "head", "tail"}
# Strings that are shown, not chosen from a few.
TEXTS = {
    "label",
    "title",
    "name",
    "lead",
    "study",
    "paragraph",
    "sentence",
    "caption",
    "note",
    "alt",
    "x_label",
    "size_label",
    "y_label",
    "id",
    "mine",
    "rows",
    "columns",
    "zero_name",
    "label_name",
    "loss_label",
    "error_label",
    "ess_label",
    "lifetime_label",
    "input_label",
    "output_label",
    "month_label",
    "unit_name",
    "class_name",
}


def kind(name: str, parameter: inspect.Parameter | None, given: dict[str, Any]) -> str:
    """One of the kinds that `variants` has a list for, or "other" for what has none."""
    default = parameter.default if parameter and parameter.default is not inspect.Parameter.empty else None
    value = given.get(name, default)
    if name in ("key", "dtype"):
        return name
    if isinstance(value, Fresh):
        value = value.make()
    if value is None:
        return _kind_by_annotation(name, parameter)
    return _kind_of_value(name, value)


def _kind_of_value(name, value):
    if is_array(value):
        return _kind_of_array(name, value)
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | np.integer):
        return "index" if name in FROM_ZERO else "count"
    if isinstance(value, float | np.floating):
        return "number"
    if isinstance(value, Path):
        return "path"
    if isinstance(value, str):
        return "text" if name in TEXTS else "choice"
    if isinstance(value, nnx.Module) or (callable(value) and not hasattr(value, "_fields")):
        return "network" if name in NETWORKS else "callable"
    path = first_array(value)
    if path is not None:
        return "arrays of " + _kind_of_array(name, taken(value, path))
    if isinstance(value, tuple | list) and value and not hasattr(value, "_fields"):
        if all(isinstance(part, int) and not isinstance(part, bool) for part in value):
            return "indices" if name in {"path", "units", "targets"} else "counts"
        if all(isinstance(part, float | int) for part in value):
            return "numbers"
        if all(isinstance(part, str) for part in value):
            return "names"
        if all(callable(part) for part in value):
            return "callables"
    return "object"


def _kind_of_array(name, value):
    if value.dtype == bool:
        return "mask"
    if jax.dtypes.issubdtype(value.dtype, np.integer):
        return "labels" if name in LABELS else "whole"
    return "floats"


def _kind_by_annotation(name, parameter):
    """Of an argument that is left at None: by the ordinary value of its name, or by what it says it takes."""
    text = str(parameter.annotation) if parameter else ""
    if "str |" in text or text == "str | None":
        return "text" if name in TEXTS else "other"
    if "Array" in text or "ndarray" in text:
        return "other" if name not in ORDINARY else _kind_of_value(name, ORDINARY[name])
    if re.match(r"(typing\.)?(int|SupportsIndex)\b", text):
        return "optional count"
    if re.match(r"(typing\.)?(float|SupportsFloat)\b", text):
        return "optional number"
    return "other"
