"""Table cells as text, and which columns are numeric."""

import re
from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np

from interp_jax._files import escaped
from interp_jax.reports._values import plain

Cell = str | SupportsFloat | None

_NUMBER = r"[<>≤≥≈~]?\s*[+\-−]?(\d[\d,\u00a0\u202f]*\.?\d*|\.\d+)(e[+\-−]?\d+)?"
_NUMERIC = re.compile(rf"{_NUMBER}(\s*(±|\+/-)\s*{_NUMBER})?\s*(%|×|[a-zµ]{{1,3}}(/[a-z]+)?)?|nan|[+\-−]?inf", re.I)
_EMPTY = "–"


def show(cell: Cell) -> str:
    """A cell as text: a string stays as it is, a float gets six significant digits.

    Example:
        >>> [show(cell) for cell in ("0.50", 3, 0.123456789, None, True)]
        ['0.50', '3', '0.123457', '–', 'yes']
    """
    if hasattr(cell, "__array__"):
        cell = plain(np.asarray(cell), "cell")
    if cell is None:
        return _EMPTY
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:.6g}" if isinstance(cell, float) else escaped(str(cell))


def show_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """The rows as text, each as long as the header.

    Raises:
        ValueError: there is no column, or a row's length differs from the header's.
    """
    if isinstance(rows, str) or not hasattr(rows, "__len__"):
        raise ValueError(f"rows: found {type(rows).__name__}, wanted a sequence")
    for name, cells in {"header": header, **{f"rows[{i}]": row for i, row in enumerate(rows)}}.items():
        if isinstance(cells, str) or not hasattr(cells, "__len__"):
            raise ValueError(f"{name}: found {type(cells).__name__}, wanted a sequence")
    if len(header) == 0:
        raise ValueError("header: found no name, wanted at least one column")
    for index, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f"rows[{index}]: found {len(row)} cells, wanted {len(header)} as in header")
    return [[show(cell) for cell in row] for row in rows]


def numeric_columns(rows: Sequence[Sequence[str]], columns: int) -> list[bool]:
    """Whether each column is numeric, to be right-aligned; an empty cell does not matter.

    Example:
        >>> numeric_columns([["VGG", "0.91 ± 0.02", "12%"], ["ResNet", "–", "7%"]], 3)
        [False, True, True]
    """
    cells = [[row[column] for row in rows if row[column] not in ("", _EMPTY)] for column in range(columns)]
    return [bool(column) and all(_NUMERIC.fullmatch(cell.strip()) for cell in column) for column in cells]
