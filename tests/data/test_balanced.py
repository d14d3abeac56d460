import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp_jax import data


@given(st.lists(st.integers(-2, 3), min_size=1, max_size=40), st.integers(1, 4))
def test_classes_take_turns_with_their_first_rows(labels, count):
    labels = np.array(labels)
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < count:
        with pytest.raises(ValueError, match=f"found {sizes.min()} rows of class {classes[sizes.argmin()]}, wanted"):
            data.first_per_class(labels, count)
        return
    indices = data.first_per_class(labels, count)
    np.testing.assert_array_equal(labels[indices], np.tile(classes, count))
    for label, rows in zip(classes, indices.reshape(count, len(classes)).T, strict=True):
        np.testing.assert_array_equal(rows, np.flatnonzero(labels == label)[:count])


def test_classes_may_have_any_whole_number():
    for labels in (
        [2**40, -5, 2**40, -5],
        np.array([255, 0, 255, 0], np.uint8),
        np.array([2**63 + 1, 0, 2**63 + 1, 0], np.uint64),
    ):
        np.testing.assert_array_equal(data.first_per_class(labels, 2), [1, 0, 3, 2])


@pytest.mark.parametrize(
    ("labels", "count", "message"),
    [
        ([0, 0, 7], 2, "count: found 1 rows of class 7, wanted 2"),
        ([0, 1], 0, "count: found 0, wanted"),
        ([0, 1], 1.5, "count: found 1.5, wanted"),
        ([0, 1], True, "count: found True, wanted"),
        ([0, 1], np.nan, "count: found nan, wanted"),
        (["a", "b"], 1, "labels: found <U1"),
        ([True, False], 1, "labels: found bool"),
        ([[0], [0, 1]], 1, "labels: found"),
        ([], 1, "labels: found float64 \\[0\\]"),
        ([0.0, 1.0], 1, "labels: found float64"),
        ([[0, 1]], 1, "labels: found int64 \\[1, 2\\]"),
    ],
)
def test_bad_arguments_are_named(labels, count, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.first_per_class(labels, count)
