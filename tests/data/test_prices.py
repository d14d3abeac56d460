"""Prices read from a file: the real one, round trips, and every kind of damage with the line it is on."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import data
from interp_jax.data import prices
from tests.real_data import REAL_DATA

PRICES = REAL_DATA / "food_cpi" / "taro_radish_carrot_1970-01_2018-01.csv"
GOOD = ["month,taro,radish", "1970-11,13.6,25.9", "1970-12,13.9,28.5", "1971-01,14.9,38.2", "1971-02,16.7,49.3"]


def consecutive_months(count, first=1970 * 12):
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, first + count))


@st.composite
def price_series(draw):
    rows, items = draw(st.integers(1, 15)), draw(st.integers(1, 3))
    names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=5)
    values = st.lists(st.floats(-1e9, 1e9), min_size=rows * items, max_size=rows * items)
    return data.PriceSeries(
        consecutive_months(rows, draw(st.integers(0, 9980 * 12))),
        np.array(draw(values)).reshape(rows, items),
        tuple(draw(st.lists(names, min_size=items, max_size=items, unique=True))),
    )


def written(series, line_end="\n"):
    quoted = ['"' + item.replace('"', '""') + '"' for item in series.items]
    rows = [[month, *map(repr, row)] for month, row in zip(series.months, series.values.tolist(), strict=True)]
    return line_end.join(",".join(cells) for cells in [["month", *quoted], *rows])


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("prices") / "prices.csv"

    def read(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return data.read_prices(path)

    return read


@settings(max_examples=60)
@given(
    price_series(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "\n", "\r\n\r\n", "\n  \n"]),
)
def test_what_is_written_is_read_back(read, series, line_end, mark, ending):
    back = read(mark + written(series, line_end) + ending)
    assert back.months == series.months
    assert back.items == series.items
    assert back.values.dtype == np.float64
    np.testing.assert_array_equal(back.values, series.values)


@given(price_series(), st.data())
def test_windows_hold_one_series_an_item_and_the_next_month(series, choices):
    rows = len(series.months)
    if rows < 2:
        with pytest.raises(ValueError, match="^csv: found a series of 1 month, wanted at least 2"):
            data.price_windows(series, 1)
        return
    months = choices.draw(st.integers(1, rows - 1))
    windows = data.price_windows(series, months)
    count = rows - months
    assert (windows.months, windows.items, windows.target_months) == (months, series.items, series.months[months:])
    assert (windows.inputs.dtype, windows.targets.dtype) == (np.float32, np.float32)
    by_item = windows.inputs.reshape(count, len(series.items), months)
    for window in range(count):
        expected = series.values[window : window + months].T.astype(np.float32)
        np.testing.assert_array_equal(by_item[window], expected)
        np.testing.assert_array_equal(windows.targets[window], series.values[window + months].astype(np.float32))


@pytest.mark.skipif(not PRICES.is_file(), reason="needs the consumer price index file")
def test_the_real_file():
    windows = data.price_windows(PRICES)
    assert windows.inputs.shape == (541, 108)
    assert windows.targets.shape == (541, 3)
    assert windows.items == ("taro", "radish", "carrot")
    assert (windows.target_months[0], windows.target_months[-1]) == ("1973-01", "2018-01")
    np.testing.assert_array_equal(windows.inputs[0, [0, 36, 72]], np.float32([13.6, 25.9, 19.0]))
    np.testing.assert_array_equal(windows.targets[-1], np.float32([89.4, 174.7, 89.6]))
    lines = PRICES.read_text().splitlines()[1:]
    plain = np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines])
    assert plain.shape == (577, 3)
    np.testing.assert_array_equal(data.read_prices(str(PRICES)).values, plain)


def test_a_path_and_what_was_read_give_the_same(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(GOOD))
    from_path, from_series = (data.price_windows(csv, np.int64(2)) for csv in (path, data.read_prices(path)))
    np.testing.assert_array_equal(from_path.inputs, from_series.inputs)
    np.testing.assert_array_equal(from_path.inputs[0], np.float32([13.6, 13.9, 25.9, 28.5]))
    assert from_path.target_months == ("1971-01", "1971-02")


CELLS = {
    "": "an empty cell for 'taro'",
    "  ": "an empty cell for 'taro'",
    "dear": "'dear' for 'taro', wanted a number",
    "1_000": "'1_000' for 'taro', wanted a number",
    "١٣": "'١٣' for 'taro', wanted a number",
    "nan": "'nan' for 'taro', wanted a finite number",
    "-Inf": "'-Inf' for 'taro', wanted a finite number",
    "1e999": "'1e999' for 'taro', wanted a finite number",
    "1e39": "'1e39' for 'taro', wanted a finite number",
}
ROWS = {
    "{month}": "1 cells, wanted 3",
    "{month},1.0": "2 cells, wanted 3",
    "{month},1.0,2.0,3.0": "4 cells, wanted 3",
    "1970-13,1.0,2.0": "month '1970-13', wanted YYYY-MM",
    "1970-00,1.0,2.0": "month '1970-00', wanted YYYY-MM",
    "1970-1,1.0,2.0": "month '1970-1', wanted YYYY-MM",
    "1970-01-01,1.0,2.0": "month '1970-01-01', wanted YYYY-MM",
    ",1.0,2.0": "month '', wanted YYYY-MM",
    '{month},"1.0"x,2.0': "text that is no CSV",
}


@pytest.mark.parametrize("line", [2, 3, 5])
@pytest.mark.parametrize(
    ("row", "message"),
    [(f"{{month}},{cell},2.0", message) for cell, message in CELLS.items()] + list(ROWS.items()),
)
def test_every_damaged_row_is_refused_with_its_line(read, line, row, message):
    lines = list(GOOD)
    lines[line - 1] = row.format(month=lines[line - 1][:7])
    with pytest.raises(ValueError, match=rf"prices\.csv, line {line}: found {re.escape(message)}"):
        read("\n".join(lines))


@settings(max_examples=40)
@given(st.integers(3, 40), st.data())
def test_months_that_do_not_follow_are_refused_with_their_line(read, count, choices):
    months = consecutive_months(count)
    lines = ["month,taro", *(f"{month},1.0" for month in months)]
    at = choices.draw(st.integers(2, count - 1))  # index in lines: not the first row, and not the last
    damage = choices.draw(st.sampled_from(["gap", "repeat", "swap"]))
    if damage == "gap":
        del lines[at]
        found, line = f"'{months[at]}' after a gap, wanted '{months[at - 1]}'", at + 1
    elif damage == "repeat":
        lines.insert(at, lines[at - 1])
        found, line = f"'{months[at - 2]}' repeated", at + 1
    else:
        lines[at - 1], lines[at] = lines[at], lines[at - 1]
        # A swap of the first two rows shows at the second, a later one as a gap at the first of the two.
        found, line = (f"'{months[0]}' out of order", 3) if at == 2 else (f"'{months[at - 1]}' after a gap", at)
    with pytest.raises(ValueError, match=rf"line {line}: found month {found}"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: found an empty file"),
        ("\n \n", "line 1: found an empty file"),
        ("\ufeff", "line 1: found an empty file"),
        ("\n".join(GOOD[1:]), "line 1: found '1970-11,13.6,25.9', wanted the header"),
        ("\n".join(["", *GOOD]), "line 1: found a blank line"),
        ("\n".join([*GOOD[:3], "", *GOOD[3:]]), "line 4: found a blank line"),
        ("month\n1970-01", "line 1: found no item columns"),
        ("month,taro,taro\n1970-01,1,2", "line 1: found item 'taro' twice"),
        ("month,taro,\n1970-01,1,2", "line 1: found no name for item 2"),
        ("month,taro\n\n", "line 1: found a header and no rows"),
        (b"month,taro\n1970-01,1\n1970-02,\xff\n", "line 3: found bytes that are not UTF-8"),
        ('month,"ta\nro"\n1970-01,1\n1970-02,x\n', r"line 4: found 'x' for 'ta\\nro'"),
    ],
)
def test_damaged_files_are_refused(read, content, message):
    with pytest.raises(ValueError, match=rf"prices\.csv, {message}"):
        read(content)


def test_a_missing_file_is_named(tmp_path):
    for take in (data.read_prices, data.price_windows):
        with pytest.raises(FileNotFoundError, match="nowhere.csv"):
            take(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("path", ["a\0b", "\0"])
def test_what_is_no_path_is_named(path):
    with pytest.raises(ValueError, match="^path: found .*, wanted the path of a CSV file"):
        data.read_prices(path)


@pytest.mark.parametrize("months", [0, -1, 5, 6, 2.0, True, "2", None])
def test_window_lengths_that_do_not_fit_are_refused(months):
    series = data.PriceSeries(consecutive_months(5), np.ones((5, 2)), ("taro", "radish"))
    with pytest.raises(ValueError, match=f"^months: found {months!r}, wanted a whole number from 1 to 4"):
        data.price_windows(series, months)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"values": np.ones((2, 2))},
            r"values: found shape \[2, 2\], wanted \[3, 2\], a row a month and a column an item",
        ),
        ({"values": np.ones(3)}, r"values: found shape \[3\]"),
        ({"months": (), "values": np.ones((0, 2))}, r"values: found shape \[0, 2\]"),
        ({"items": ()}, "found no item columns"),
        ({"items": ("a", "a")}, "found item 'a' twice"),
        ({"months": ("1970-01", "1970-03", "1970-04")}, "row 1: found month '1970-03' after a gap"),
        ({"months": (1, 2, 3)}, "row 0: found month 1, wanted YYYY-MM"),
        ({"values": np.array([[1, 2], [3, np.nan], [1, 1]])}, "row 1: found nan for 'b'"),
        ({"values": np.full((3, 2), 1e39)}, "row 0: found 1e\\+39 for 'a'"),
        ({"values": np.ones((3, 2), complex)}, "values: found complex128"),
        ({"months": None}, "months: found None, wanted a tuple of names"),
        ({"items": "ab"}, "items: found 'ab', wanted a tuple of names"),
    ],
)
def test_a_series_made_by_hand_is_checked(change, message):
    series = data.PriceSeries(consecutive_months(3), np.ones((3, 2)), ("a", "b"))._replace(**change)
    with pytest.raises(ValueError, match=f"^csv.*{message}"):
        data.price_windows(series, 1)


def test_a_file_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "LARGEST_FILE", 100)
    path = tmp_path / "prices.csv"
    path.write_text("month,taro\n" + 20 * "1970-01,1\n")
    with pytest.raises(ValueError, match=r"prices.csv: found more than 100 bytes, wanted a table"):
        prices.read_prices(path)
