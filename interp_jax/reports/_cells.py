"""Table cells as text, and which columns are numbers."""

import re
from collections.abc import Sequence

import numpy as np

Cell = str | int | float | np.number | np.bool_ | None

_NUMBER = r"[<>≤≥≈~]?\s*[+\-−]?(\d[\d,\u00a0\u202f]*\.?\d*|\.\d+)(e[+\-−]?\d+)?"
_NUMERIC = re.compile(rf"{_NUMBER}(\s*(±|\+/-)\s*{_NUMBER})?\s*(%|×|[a-zµ]{{1,3}}(/[a-z]+)?)?|nan|[+\-−]?inf", re.I)
_EMPTY = "–"


def show(cell: Cell) -> str:
    """Write a cell as text.

    >>> [show(cell) for cell in ("0.50", 3, 0.123456789, None, True)]
    ['0.50', '3', '0.123457', '–', 'yes']

    Args:
        cell: a string is kept as it is, a float gets six significant digits.

    Returns:
        The text.
    """
    if cell is None:
        return _EMPTY
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating):
        return f"{float(cell):.6g}"
    return str(cell)


def show_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Write all cells as text.

    Args:
        header: the column names.
        rows: the cells, a row as long as the header.

    Returns:
        The rows as text.

    Raises:
        ValueError: there is no column, or a row has another length than the header.
    """
    if not header:
        raise ValueError("header must name at least one column, found none")
    for index, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f"rows[{index}] must have {len(header)} cells, as many as header, found {len(row)}")
    return [[show(cell) for cell in row] for row in rows]


def numeric_columns(rows: Sequence[Sequence[str]], columns: int) -> list[bool]:
    """Tell which columns are numbers, to be set flush right.

    >>> numeric_columns([["VGG", "0.91 ± 0.02", "12 %"], ["ResNet", "–", "7 %"]], 3)
    [False, True, True]

    Args:
        rows: the cells as text.
        columns: how many columns there are.

    Returns:
        A truth value a column; an empty cell decides nothing.
    """
    cells = [[row[column] for row in rows if row[column] not in ("", _EMPTY)] for column in range(columns)]
    return [bool(column) and all(_NUMERIC.fullmatch(cell.strip()) for cell in column) for column in cells]
