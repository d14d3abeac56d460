import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from interp_jax import data

MATRICES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-1e4, 1e4, width=32))
RANGES = st.sampled_from([(-1.0, 1.0), (0.01, 0.99), (0, 5)])


@given(MATRICES, RANGES)
def test_columns_fill_the_range_and_keep_their_order(values, bounds):
    low, high = bounds
    scaling = data.fit_scaling(values, low, high)
    scaled = scaling.apply(values)
    assert scaled.dtype == np.float32
    constant = np.ptp(values, axis=0) == 0
    np.testing.assert_array_equal(scaling.constant, constant)
    np.testing.assert_array_equal(scaled[:, constant], np.float32((low + high) / 2))
    np.testing.assert_array_equal(scaled[:, ~constant].min(axis=0), np.float32(low))
    np.testing.assert_array_equal(scaled[:, ~constant].max(axis=0), np.float32(high))
    for before, after in zip(values.T, scaled.T, strict=True):
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()


@given(MATRICES, RANGES)
def test_the_inverse_gives_the_values_back(values, bounds):
    scaling = data.fit_scaling(values, *bounds)
    back = scaling.invert(scaling.apply(values))
    assert back.dtype == np.float64
    # A scaled float32 is good to a few units in its last place: of the column's range, and of the value itself.
    tolerance = 1e-6 * np.ptp(values, axis=0) + 1e-6 * abs(values)
    assert (abs(back - values) <= tolerance).all()


def test_held_out_rows_use_the_training_range():
    scaling = data.fit_scaling(np.array([[0, 3], [4, 3]]), -1, 1)
    np.testing.assert_array_equal(scaling.apply([[2, 9], [8, 3], [-4, 3]]), [[0, 0], [3, 0], [-3, 0]])
    np.testing.assert_array_equal(scaling.invert([[0, 0.7], [3, 0]]), [[2, 3], [8, 3]])


@pytest.mark.parametrize(
    ("values", "low", "high", "message"),
    [
        ([[1.0, np.nan]], -1, 1, "values: found nan at row 0, column 1"),
        ([[1.0], [-np.inf]], -1, 1, "values: found -inf at row 1, column 0"),
        (np.zeros((0, 3)), -1, 1, r"values: found float64 \[0, 3\], wanted at least one row"),
        (np.zeros((3, 0)), -1, 1, r"values: found float64 \[3, 0\], wanted at least one row"),
        ([1.0, 2.0], -1, 1, r"values: found float64 \[2\], wanted \[rows, columns\]"),
        ([[1.0]], 1, 1, "low: found 1, wanted a number below high, 1"),
        ([[1.0]], 1, -1, "low: found 1, wanted a number below high, -1"),
        ([[1.0]], np.nan, 1, "low: found nan, wanted"),
        ([[1.0]], 0, np.inf, "high: found inf, wanted"),
        ([[1.0]], 0, 1e39, "high: found 1e\\+39, wanted"),
        ([[1j]], 0, 1, "values: found complex128"),
        ([["a"]], 0, 1, "values: found <U1"),
    ],
)
def test_bad_values_are_named(values, low, high, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.fit_scaling(values, low, high)


@pytest.mark.parametrize("direction", ["apply", "invert"])
def test_other_rows_must_fit_the_scaling(direction):
    scale = getattr(data.fit_scaling([[0.0, 1.0], [1.0, 3.0]]), direction)
    with pytest.raises(ValueError, match=r"^values: found float64 \[1, 3\], wanted \[rows, 2\] as fitted"):
        scale([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="^values: found nan at row 0, column 0"):
        scale([[np.nan, 2.0]])


@pytest.mark.parametrize(
    "ends", [(-1e308, 1e308), (0, 1.7e308), (-1.7e308, -1e308), (1e-300, 2e-300), (0, 5e-324), (5, 5)]
)
def test_ranges_of_any_size_are_mapped_to_their_ends_and_back(ends):
    column = np.array(ends, np.float64)[:, None]
    scaling = data.fit_scaling(column, -1, 1)
    wanted = [[-1], [1]] if ends[0] < ends[1] else [[0], [0]]
    np.testing.assert_array_equal(scaling.apply(column), wanted)
    np.testing.assert_array_equal(scaling.invert(wanted), column)


def test_one_huge_column_costs_another_no_digits():
    values = np.array([[-1e308, 5e-324], [1e308, 1e-323]])
    np.testing.assert_array_equal(data.fit_scaling(values, 0, 1).apply(values), [[0, 0], [1, 1]])


def test_a_large_offset_costs_no_digits():
    seconds = 1.7e9 + np.arange(5.0)[:, None] / 8
    scaling = data.fit_scaling(seconds, 0, 1)
    np.testing.assert_array_equal(scaling.apply(seconds).ravel(), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(scaling.invert(scaling.apply(seconds)), seconds)


def test_whole_numbers_of_64_bits_do_not_wrap():
    scaling = data.fit_scaling([[0], [2**40]], 0, 1)
    np.testing.assert_array_equal(scaling.apply(np.array([[2**39], [2**40]])), [[0.5], [1]])


def test_what_cannot_be_held_is_named():
    narrow = data.fit_scaling([[0.0], [1e-300]])
    with pytest.raises(ValueError, match="^values: found 1.0 at row 1, column 0, wanted a value that float32 holds"):
        narrow.apply([[1e-301], [1.0]])
    with pytest.raises(ValueError, match="^values: found 10.0 at row 0, column 0, wanted a value inside float64's"):
        data.fit_scaling([[-1e308], [1e308]]).invert([[10.0]])
