"""Monthly price series from a CSV file, and windows of them for a forecaster."""

import csv
import io
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from interp_jax._checks import Count, Given, as_count, as_numpy, describe
from interp_jax._readable import readable

LARGEST = float(np.finfo(np.float32).max)  # windows are stored in float32
LARGEST_FILE = 2**26  # bytes
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@readable()
class PriceSeries(NamedTuple):
    """Consecutive months ("1970-01", …), the price of every item in each of them, and the items' names."""

    months: tuple[str, ...]
    values: Float64[np.ndarray, "rows items"]
    items: tuple[str, ...]

    def _finding(self) -> str | None:
        if not self.months:
            return None
        return f"{len(self.months)} months, {self.months[0]} to {self.months[-1]}, of {len(self.items)} items"


@readable()
class PriceWindows(NamedTuple):
    """Windows of ``months`` months, one per row, and the prices of the month after each.

    A row of ``inputs`` holds the first item's months, oldest first, then the second item's:
    ``inputs.reshape(-1, len(items), months)`` is one series per item.
    """

    inputs: Float32[np.ndarray, "windows items*months"]
    targets: Float32[np.ndarray, "windows items"]
    target_months: tuple[str, ...]
    items: tuple[str, ...]
    months: int

    def _finding(self) -> str | None:
        if not self.target_months:
            return None
        return (
            f"{len(self.inputs)} windows of {self.months} months of {len(self.items)} items, "
            f"before {self.target_months[0]} to {self.target_months[-1]}"
        )


def price_windows(csv: Given[str | Path | PriceSeries, "path or prices"], months: Count = 36) -> PriceWindows:
    """Every window of consecutive months with the prices of the month that follows it.

        inputs[i] = (p₁(i), …, p₁(i + m − 1), p₂(i), …),   targets[i] = (p₁(i + m), p₂(i + m), …)

    Host-level; memory 4·windows·items·(months + 1) bytes. Prices are in the file's unit, not scaled.

    Args:
        csv: the path of a monthly CSV file as `read_prices` takes it, or a `PriceSeries`.
        months: length m of a window, at least 1 and less than the number of rows.

    Returns:
        `PriceWindows` with rows − m windows, oldest first.

    Raises:
        ValueError: months that are not an integer in this range; a file that `read_prices` refuses; a series whose
            parts do not fit each other, whose months are not consecutive, or that holds NaN, infinity or numbers beyond
            float32.
        OSError: no such file, or one that cannot be read.

    Example:
        >>> import numpy as np
        >>> months = ("1970-01", "1970-02", "1970-03")
        >>> series = PriceSeries(months, np.array([[1.0, 5], [2, 6], [3, 7]]), ("yam", "leek"))
        >>> windows = price_windows(series, months=2)
        >>> windows.inputs, windows.targets, windows.target_months
        (array([[1., 2., 5., 6.]], dtype=float32), array([[3., 7.]], dtype=float32), ('1970-03',))

    Source: Watanabe 2018, section 4.2 (36 months of three prices, the next month's as targets).
    """
    if not isinstance(csv, PriceSeries | str | os.PathLike):
        raise ValueError(f"csv: found {describe(csv)}, wanted the path of a CSV file or a PriceSeries")
    series = _checked(csv) if isinstance(csv, PriceSeries) else read_prices(csv)
    rows = len(series.months)
    if rows < 2:
        raise ValueError(f"csv: found a series of {rows} month, wanted at least 2")
    months = as_count("months", months, most=rows - 1)
    values = series.values.astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(values[:-1], months, axis=0)
    inputs = windows.reshape(len(windows), -1).copy()
    return PriceWindows(inputs, values[months:], series.months[months:], series.items, months)


def read_prices(path: str | os.PathLike[str]) -> PriceSeries:
    r"""The prices in a CSV file with one row per month.

        month,taro,radish
        1970-01,13.6,25.9

    Host-level. UTF-8 with or without a byte order mark, any line ends; blank lines only at the end.

    Args:
        path: the path of the file.

    Returns:
        `PriceSeries`: ``.months``, ``.values`` float64 [rows, items] as written, ``.items``.

    Raises:
        ValueError: naming the file and the line (counted from 1): no header, no or repeated items, no rows, a wrong
            number of cells, a month that does not follow the one above it, an empty cell, a cell that is not a number
            within float32, a blank line between rows, bytes that are not UTF-8, or more than 64 MiB.
        OSError: no such file, or one that cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = pathlib.Path(folder.name, "prices.csv")
        >>> _ = path.write_text("month,taro,radish\n1970-01,13.6,25.9\n1970-02,13.9,28.5\n")
        >>> read_prices(path).values
        array([[13.6, 25.9],
               [13.9, 28.5]])
        >>> folder.cleanup()
    """
    if not isinstance(path, str | os.PathLike) or "\0" in os.fsdecode(path):
        raise ValueError(f"path: found {describe(path)}, wanted the path of a CSV file")
    path = Path(path)
    (header_line, header), *rows = _lines(path)
    items = _items(f"{path}, line {header_line}", header)
    if not rows:
        raise ValueError(f"{path}, line {header_line}: found a header and no rows, wanted a row for every month")
    months, values = [], []
    for line, cells in rows:
        place = f"{path}, line {line}"
        if len(cells) != 1 + len(items):
            raise ValueError(f"{place}: found {len(cells)} cells, wanted {1 + len(items)} as in the header")
        _check_month(place, cells[0], months[-1] if months else None)
        months.append(cells[0])
        values.append([_number(place, item, cell) for item, cell in zip(items, cells[1:], strict=True)])
    return PriceSeries(tuple(months), np.array(values, np.float64), items)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"{path}: found more than {LARGEST_FILE:,} bytes, wanted a table with a row for every month")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise ValueError(f"{path}, line {line}: found bytes that are not UTF-8, wanted UTF-8 text") from failure
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines, start = [], 1
    try:
        for cells in reader:
            # A quoted cell may hold line ends; the line named is that on which its row starts.
            lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as failure:
        raise ValueError(
            f"{path}, line {start}: found text that is no CSV ({failure}), wanted comma-separated"
        ) from None
    while lines and _is_blank(lines[-1][1]):
        lines.pop()
    if not lines:
        raise ValueError(f"{path}, line 1: found an empty file, wanted the header month,<item>,…")
    for line, cells in lines:
        if _is_blank(cells):
            raise ValueError(f"{path}, line {line}: found a blank line, wanted them only after the last row")
    return lines


def _is_blank(cells: list[str]) -> bool:
    return cells in ([], [""])


def _items(place: str, header: list[str]) -> tuple[str, ...]:
    if header[0] != "month":
        raise ValueError(f"{place}: found {','.join(header)!r}, wanted the header month,<item>,…")
    _check_items(place, header[1:])
    return tuple(header[1:])


def _check_items(place: str, items) -> None:
    if not items:
        raise ValueError(f"{place}: found no item columns, wanted at least one")
    for number, item in enumerate(items, 1):
        if not item:
            raise ValueError(f"{place}: found no name for item {number}, wanted one")
        if item in items[: number - 1]:
            raise ValueError(f"{place}: found item {item!r} twice, wanted each once")


def _check_month(place: str, month, previous: str | None) -> None:
    if not (isinstance(month, str) and MONTH.fullmatch(month)):
        raise ValueError(f"{place}: found month {month!r}, wanted YYYY-MM")
    if previous is None:
        return
    wanted = month_name(month_number(previous) + 1)
    if month == wanted:
        return
    kind = "repeated" if month == previous else "out of order" if month < previous else "after a gap"
    raise ValueError(f"{place}: found month {month!r} {kind}, wanted {wanted!r} after {previous!r}")


def _number(place: str, item: str, cell: str) -> float:
    if not cell:
        raise ValueError(f"{place}: found an empty cell for {item!r}, wanted a number")
    try:
        # Python's own spellings, 1_000 and other scripts' digits, are not numbers in a data file.
        value = float(cell if cell.isascii() and "_" not in cell else "")
    except ValueError:
        raise ValueError(f"{place}: found {cell!r} for {item!r}, wanted a number") from None
    if not abs(value) <= LARGEST:
        raise ValueError(f"{place}: found {cell!r} for {item!r}, wanted a finite number")
    return value


def _checked(series: PriceSeries) -> PriceSeries:
    for name in ("months", "items"):
        if not isinstance(getattr(series, name), tuple | list):
            raise ValueError(f"csv.{name}: found {describe(getattr(series, name))}, wanted a tuple of names")
    months, items = tuple(series.months), tuple(series.items)
    values = as_numpy("csv.values", series.values).astype(np.float64)
    _check_items("csv.items", items)
    if not months or values.shape != (len(months), len(items)):
        wanted = f"[{len(months)}, {len(items)}], a row a month and a column an item"
        raise ValueError(f"csv.values: found shape {list(values.shape)}, wanted {wanted}")
    for row, month in enumerate(months):
        _check_month(f"csv.months, row {row}", month, months[row - 1] if row else None)
    finite = np.abs(values) <= LARGEST
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"csv.values, row {row}: found {values[row, column]} for {items[column]!r}, wanted a finite number"
        )
    return PriceSeries(months, values, items)


def month_number(month: str) -> int:
    """Months since the year 0: "1970-01" is 23640.

    Example:
        >>> month_number("1970-02") - month_number("1969-12")
        2
    """
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_name(number: int) -> str:
    """The inverse of `month_number`.

    Example:
        >>> month_name(23640)
        '1970-01'
    """
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
