"""The sentence of the study of specificity on paths, on both sides of what it depends on, from made-up results."""

import numpy as np
import pytest

from experiments.explained_cnns import HALF
from experiments.specificity import paths
from experiments.specificity.explained import WEIGHTED, WEIGHTED_COMPONENTS, Reading


def _words(precision, listed):
    def of(*values):
        return Reading(*(np.array([value]) for value in values))

    readings = {WEIGHTED: of(0.1, precision, 4.0, listed), WEIGHTED_COMPONENTS: of(0.2, 0.8, 6.0, 5.0)}
    return paths.in_words(paths.Paths({HALF: readings}))


@pytest.mark.parametrize(
    ("precision", "than"),
    [
        (0.81, "81.0% the class of the leaf: more precise than a path"),
        (0.79, "79.0% the class of the leaf: less precise than a path"),
        (0.804, "80.4% the class of the leaf: as precise as a path"),
        (0.796, "79.6% the class of the leaf: as precise as a path"),
    ],
)
def test_a_path_is_more_less_or_as_precise_beyond_half_a_point(precision, than):
    words = _words(precision, 9.0)
    assert than in words
    assert "through a tree on components (80.0%)" in words


@pytest.mark.parametrize(("listed", "amount"), [(9.0, "more"), (5.0, "no more"), (2.0, "no more")])
def test_there_is_more_to_read_only_if_more_clusters_are_named_than_thresholds(listed, amount):
    words = _words(0.9, listed)
    assert f"has 4.0 conditions that name {listed:.1f} clusters; it holds for 10.0% of" in words
    assert words.endswith(f", with {amount} to read (5.0 thresholds).")
