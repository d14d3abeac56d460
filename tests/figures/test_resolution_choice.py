import itertools

import numpy as np
import pytest

from interp_jax.figures.resolution_choice import choice


@pytest.fixture
def resolutions(generator, frozen):
    counts = np.arange(1, 161)
    lifetimes = generator.gamma(0.3, size=160) / np.sqrt(counts)
    lifetimes[0] = np.nan
    lifetimes[-1] = np.inf
    return frozen(counts), frozen(lifetimes), frozen(1000 / counts - 1000 / 160)


def test_the_chosen_resolutions_are_marked_and_named(resolutions, panels, check_readable):
    counts, lifetimes, ess = resolutions
    figure = check_readable(choice(counts, lifetimes, ess, (4, 8, 16)))
    upper, lower = panels(figure)
    curve, marks = upper.get_lines()[:2]
    np.testing.assert_array_equal(curve.get_xdata(), counts)
    np.testing.assert_array_equal(curve.get_ydata(), ess)
    np.testing.assert_array_equal(marks.get_xdata(), [4, 8, 16])
    np.testing.assert_array_equal(marks.get_ydata(), ess[[3, 7, 15]])
    np.testing.assert_array_equal(lower.get_lines()[0].get_ydata(), lifetimes[[3, 7, 15]])
    assert [text.get_text() for text in upper.texts] == ["c = 4", "c = 8", "c = 16"]
    assert [text.get_text() for text in lower.texts] == [f"{lifetimes[count - 1]:.2f}" for count in (4, 8, 16)]
    stems = [segment[1, 1] for segment in lower.collections[0].get_segments()]
    np.testing.assert_array_equal(stems[:-1], lifetimes[1:-1])
    assert max(lifetimes[1:-1]) < stems[-1] < lower.get_ylim()[1]
    assert upper.get_xscale() == lower.get_xscale() == "log"
    assert lower.get_xlabel() == "number of clusters"


def test_names_of_neighbors_do_not_touch(resolutions, panels):
    figure = choice(*resolutions, np.array([159, 60, 158, 61, 160]))
    figure.draw_without_rendering()
    for axes in panels(figure):
        boxes = [text.get_window_extent() for text in axes.texts]
        assert all(box.width > 1 for box in boxes)
        assert len(boxes) == 5
        assert not any(box.overlaps(other) for box, other in itertools.combinations(boxes, 2))


def test_unknown_and_infinite_lifetimes_say_so(resolutions, panels, check_readable):
    lower = panels(check_readable(choice(*resolutions, [1, 160])))[1]
    assert [text.get_text() for text in lower.texts] == ["?", "∞"]
    assert np.isfinite(lower.get_ylim()).all()


def test_counts_may_come_in_any_order(resolutions, panels):
    counts, lifetimes, ess = (values[::-1] for values in resolutions)
    upper = panels(choice(counts, lifetimes, ess, [4]))[0]
    np.testing.assert_array_equal(upper.get_lines()[0].get_xdata(), np.arange(1, 161))
    np.testing.assert_array_equal(upper.get_lines()[0].get_ydata(), ess[::-1])


def test_what_is_wrong_is_named(resolutions):
    counts, lifetimes, ess = resolutions
    with pytest.raises(ValueError, match=r"lifetimes: found shape \[159\], wanted \[160\]"):
        choice(counts, lifetimes[1:], ess, [4])
    with pytest.raises(ValueError, match=r"ess: found shape \[159\], wanted \[160\]"):
        choice(counts, lifetimes, ess[1:], [4])
    with pytest.raises(ValueError, match="counts: found 0, wanted a whole number from 1"):
        choice(counts - 1, lifetimes, ess, [4])
    with pytest.raises(ValueError, match=r"chosen: found 0 entries, wanted a sequence of at least one"):
        choice(counts, lifetimes, ess, [])
    with pytest.raises(ValueError, match="chosen: found 200, wanted some of the counts 1…160"):
        choice(counts, lifetimes, ess, [4, 200])
