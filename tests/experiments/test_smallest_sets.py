"""The study with small settings, its problems, and what it counts."""

import dataclasses

import numpy as np
import pytest

from experiments.smallest_sets import minimum, problems
from experiments.smallest_sets import study as study_main
from experiments.smallest_sets.minimum import Minimum
from experiments.smallest_sets.settings import PRESETS

SMALL = dataclasses.replace(PRESETS["quick"], name="small", problems=30, rows=300, epochs=10)


@pytest.mark.slow
def test_the_search_finds_the_true_minimum_in_most_problems(run):
    """Of 200 problems it does in more than 95%; of 30, fewer than 26 would have a probability below 2%."""
    _, metrics = run(study_main, SMALL)
    every = metrics["minimum"]["all"]
    assert every["problems"] == 30
    assert every["found"] >= 26
    assert set(metrics["minimum"]) == {*problems.KINDS, "8 units", "12 units", "16 units", "all"}


def _result(missed):
    missed = np.array(missed)
    ones = np.ones_like(missed)
    return Minimum(ones, 8 * ones, 0.9 * ones, 3 + missed, 4 * ones, ones > 0, 3 * ones, 2 * ones)


def test_what_is_missed_is_counted_and_put_in_words():
    words = minimum.in_words(_result([0, 0, 2, 0]))
    assert "in 3 of 4 problems (75.0%; 95% interval 19.4% to 99.4%), the gates alone in 0.0%." in words
    assert words.endswith("In the remaining its set has 2 units too many.")
    assert minimum.in_words(_result([1, 2, 0])).endswith("In the remaining 2 its set has up to 2 units too many.")
    assert "In the remaining" not in minimum.in_words(_result([0, 0]))
    counts = minimum.metrics(_result([0, 3]))
    assert list(counts) == [problems.KINDS[1], "8 units", "all"]
    assert counts["all"]["found"] == 1
    assert counts["all"]["mean_missed"] == 1.5
    assert counts["all"]["most_missed"] == 3


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_problems_of_one_number_are_the_same_and_others_differ(number):
    class Study:
        config = SMALL

    first, again = problems.make(Study, number), problems.make(Study, number)
    np.testing.assert_array_equal(first.hidden, again.hidden)
    other = problems.make(Study, number + 9)
    assert first.hidden.shape == again.hidden.shape == other.hidden.shape
    assert np.abs(first.hidden - other.hidden).max() > 0.1
    assert (first.predictions == first.target).any()
    assert (first.predictions != first.target).any()
    assert problems.HOLDING.index(first.holding) == (number // 3) % 4
