"""What all studies say of a number before and after, and of several numbers, from made-up values."""

import numpy as np
import pytest

from experiments.study import from_to, mean_and_spread


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.1, 0.2, "rises from 0.10 to 0.20"),
        (0.2, 0.1, "falls from 0.20 to 0.10"),
        (0.1, 0.1, "stays at 0.10"),
        (0.101, 0.104, "stays at 0.10"),
        (0.104, 0.101, "stays at 0.10"),
        (0.104, 0.106, "rises from 0.10 to 0.11"),
    ],
)
def test_a_number_rises_falls_or_stays_as_far_as_its_digits_tell(before, after, words):
    assert from_to(before, after) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, 3.0], "2.00 ± 1.41"),
        ([2.0], "2.00"),
        (2.0, "2.00"),
        ([2.0, np.nan], "2.00"),
        ([1, 3, np.nan], "2.00 ± 1"),
    ],
)
def test_a_single_number_stands_without_a_spread(values, words):
    shown = mean_and_spread(values, 2).replace("\u00a0", " ")
    assert shown.startswith(words)
    assert ("±" in shown) == ("±" in words)
