import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interp_jax.kernels import ward
from interp_jax.methods import hierarchy
from tests import reference

RANDOM = np.random.default_rng(0)


def _with_heights(heights):
    """A linkage matrix of those heights; which clusters are merged does not matter to lifetimes."""
    merges = np.arange(len(heights))
    first = np.where(merges == 0, 0, len(heights) + merges)
    return np.column_stack([np.minimum(first, merges + 1), np.maximum(first, merges + 1), np.sort(heights), merges + 2])


def _groups(random, *levels):
    """Points in groups, each of so many subgroups, and so on, every level a tenth as wide as the last."""
    points = np.zeros((1, 20))
    for depth, parts in enumerate(levels):
        points = (points[:, None] + 0.1**depth * random.normal(size=(len(points), parts, 20))).reshape(-1, 20)
    return points


# Few different heights, so that there are ties, zeros and equal lifetimes.
TIED = st.lists(st.sampled_from([0.0, 1.0, 2.0, 4.0, 64.0]), min_size=1, max_size=13)
HEIGHTS = TIED | st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=13)


@settings(deadline=None)
@given(HEIGHTS)
def test_lifetimes_agree_with_the_transcription(heights):
    linkage = _with_heights(heights)
    found = hierarchy.lifetimes(linkage)
    np.testing.assert_allclose(found, reference.lifetimes(linkage.tolist()), atol=1e-12)
    assert found.shape == (len(heights) + 1,)
    assert found[0] == found[-1] == 0
    assert (found >= 0).all()


def test_lifetimes_add_up_to_the_trees_range_of_heights():
    linkage = ward.linkage(RANDOM.normal(size=(30, 4)))
    found = hierarchy.lifetimes(linkage)
    np.testing.assert_allclose(found.sum(), np.log(linkage[-1, 2] / linkage[0, 2]))


def test_what_comes_after_merges_of_equal_vectors_lives_forever():
    points = np.repeat(RANDOM.normal(size=(5, 3)), [3, 1, 2, 1, 1], axis=0)
    found = hierarchy.lifetimes(ward.linkage(points))
    np.testing.assert_array_equal(np.isinf(found), np.arange(1, 9) == 5)
    np.testing.assert_array_equal(found[5:], 0)
    np.testing.assert_array_equal(hierarchy.lifetimes(ward.linkage(np.ones((6, 2)))), np.zeros(6))


@settings(deadline=None)
@given(HEIGHTS, st.integers(1, 5), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.integers(2, 16))
def test_the_choice_is_the_best_of_all(heights, count, factor, largest):
    linkage = _with_heights(heights)
    life = hierarchy.lifetimes(linkage)  # the transcription rounds heights that hardly differ to equal ones
    found = hierarchy.representative_resolutions(linkage, count=count, factor=factor, largest=largest)
    choices = reference.resolution_choices(life, count, factor, largest)
    assert found in choices

    def value(choice):
        lives = [life[c - 1] for c in choice]
        return np.isinf(lives).sum(), sum(part for part in lives if np.isfinite(part))

    infinite, finite = value(found)
    others = [value(choice) for choice in choices]
    assert infinite == max(number for number, _ in others)
    assert np.isclose(finite, max(total for number, total in others if number == infinite), rtol=1e-12, atol=1e-12)


def test_heights_as_far_apart_as_numbers_can_be_do_not_warn():
    found = hierarchy.lifetimes(_with_heights([5e-324, 1e-200, 1e300]))
    np.testing.assert_array_equal(found > [0, 1000, 100, 0], [False, True, True, False])


@settings(deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=13), st.floats(1e-3, 1e3))
def test_the_choice_does_not_change_with_the_scale(heights, scale):
    linkage = _with_heights(heights)
    ratios = np.diff(np.log(linkage[:, 2]))
    # Lifetimes near zero or near each other may be ordered by rounding alone.
    assume((ratios > 1e-3).all())
    assume((np.abs(np.subtract.outer(ratios, ratios))[np.triu_indices(len(ratios), 1)] > 1e-3).all())
    scaled = linkage * [1, 1, scale, 1]
    np.testing.assert_allclose(hierarchy.lifetimes(scaled), hierarchy.lifetimes(linkage), atol=1e-9)
    assert hierarchy.representative_resolutions(scaled, count=1) == hierarchy.representative_resolutions(
        linkage, count=1
    )


@pytest.mark.parametrize("seed", range(5))
def test_planted_hierarchies_are_found(seed):
    random = np.random.default_rng(seed)
    assert hierarchy.representative_resolutions(ward.linkage(_groups(random, 4, 3, 4)), count=2) == [4, 12]
    assert hierarchy.representative_resolutions(ward.linkage(_groups(random, 5, 6)), count=1) == [5]
    three = hierarchy.representative_resolutions(ward.linkage(_groups(random, 2, 3, 3, 4)), largest=30)
    assert three == [2, 6, 18]


def test_of_equal_choices_the_coarser_is_taken():
    # Heights double with every merge, so that all resolutions live equally long.
    linkage = _with_heights(2.0 ** np.arange(15))
    assert hierarchy.representative_resolutions(linkage, count=1) == [2]
    assert hierarchy.representative_resolutions(linkage, factor=1.0) == [2, 3, 4]
    assert hierarchy.representative_resolutions(linkage, factor=2.0) == [2, 4, 8]
    assert hierarchy.representative_resolutions(linkage, factor=3.0) == [2, 6]


def test_an_infinite_lifetime_leaves_the_others_their_due():
    # Five different vectors: 4 clusters live short, 2 long, 5 forever.
    linkage = _with_heights([0, 0, 0, 1, 1.1, 1.2, 9])
    assert np.isinf(hierarchy.lifetimes(linkage)[4])
    assert hierarchy.representative_resolutions(linkage, count=2, factor=1.0) == [2, 5]
    linkage = _with_heights([0, 0, 0, 1, 1.1, 7.2, 9])
    assert hierarchy.representative_resolutions(linkage, count=2, factor=1.0) == [3, 5]


def test_nothing_finer_than_the_largest_is_chosen():
    # Every merge is higher than the last by a lesser factor, so that finer resolutions live longer.
    heights = np.exp(np.cumsum(np.linspace(5, 0.1, 199)))
    for largest, wanted in ((2, [2]), (50, [50]), (None, [33]), (1000, [199])):
        found = hierarchy.representative_resolutions(_with_heights(heights), count=1, largest=largest)
        assert found == wanted
    assert hierarchy.representative_resolutions(_with_heights(heights[:50]), count=1) == [16]
    assert hierarchy.representative_resolutions(_with_heights(heights[:10]), count=1) == [10]


def test_trees_without_room_give_fewer_resolutions():
    assert hierarchy.representative_resolutions(ward.linkage(np.array([[0.0], [1.0]]))) == []
    assert hierarchy.representative_resolutions(ward.linkage(np.array([[0.0], [1.0], [5.0]]))) == [2]
    assert hierarchy.representative_resolutions(ward.linkage(np.ones((9, 2)))) == []
    assert len(hierarchy.representative_resolutions(ward.linkage(RANDOM.normal(size=(6, 2))))) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count: found 0"),
        ({"factor": 0.9}, "factor: found 0.9"),
        ({"factor": float("nan")}, "factor: found nan"),
        ({"largest": 1}, "largest: found 1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}, wanted a .*at least"):
        hierarchy.representative_resolutions(_with_heights([1, 2, 3]), **arguments)


def test_heights_that_are_not_numbers_are_refused():
    linkage = _with_heights([1, 2, 3]) * [1, 1, np.nan, 1]
    for function in (hierarchy.lifetimes, hierarchy.representative_resolutions):
        with pytest.raises(ValueError, match="^linkage: found NaN or infinity among its heights"):
            function(linkage)


@pytest.mark.parametrize("linkage", [np.zeros((0, 4)), np.zeros((3, 3)), np.zeros(4)])
def test_what_is_no_linkage_matrix_is_refused(linkage):
    for function in (hierarchy.lifetimes, hierarchy.representative_resolutions):
        with pytest.raises(ValueError, match=r"^linkage: found shape .*, wanted \[units - 1, 4\]"):
            function(linkage)


@pytest.mark.parametrize("heights", [[1, 3, 2], [-1, 2, 3]])
def test_heights_that_are_negative_or_descend_are_refused(heights):
    with pytest.raises(ValueError, match="^linkage: found heights that are negative or descend"):
        hierarchy.lifetimes(np.column_stack([_with_heights([1, 2, 3])[:, :2], heights, [2, 3, 4]]))
