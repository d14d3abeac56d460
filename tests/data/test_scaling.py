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
    assert back.dtype == np.float32
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
        (np.zeros((0, 3)), -1, 1, r"values: found shape \(0, 3\), wanted at least one row"),
        (np.zeros((3, 0)), -1, 1, r"values: found shape \(3, 0\), wanted at least one row"),
        ([1.0, 2.0], -1, 1, r"values: found shape \(2,\), wanted \[rows, columns\]"),
        ([[1.0]], 1, 1, "low, high: found 1, 1, wanted"),
        ([[1.0]], 1, -1, "low, high: found 1, -1, wanted"),
        ([[1.0]], np.nan, 1, "low, high: found nan, 1, wanted"),
        ([[1.0]], 0, np.inf, "low, high: found 0, inf, wanted"),
    ],
)
def test_bad_values_are_named(values, low, high, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.fit_scaling(values, low, high)


@pytest.mark.parametrize("direction", ["apply", "invert"])
def test_other_rows_must_fit_the_scaling(direction):
    scale = getattr(data.fit_scaling([[0.0, 1.0], [1.0, 3.0]]), direction)
    with pytest.raises(ValueError, match=r"^values: found shape \(1, 3\), wanted \[rows, 2\] as fitted"):
        scale([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="^values: found nan at row 0, column 0"):
        scale([[np.nan, 2.0]])
