import numpy as np
import pytest

from interp_jax.figures import histograms


@pytest.fixture
def errors(generator, frozen):
    values = np.round(generator.laplace(0, 2, 1000))
    values[:5] = [-55, 40, 33, -29, 59]
    return frozen(values)


def heights(axes):
    return np.array([bar.get_height() for bar in axes.patches])


def test_bars_count_the_magnitudes(errors, panels, check_readable):
    figure = check_readable(histograms.absolute_errors(errors))
    every, best = panels(figure)
    np.testing.assert_array_equal(heights(every), np.bincount(np.abs(errors).astype(int)))
    np.testing.assert_allclose(every.patches[3].get_x() + every.patches[3].get_width() / 2, 3)
    best_errors = np.sort(np.abs(errors))[:990]
    np.testing.assert_array_equal(heights(best), np.bincount(best_errors.astype(int)))
    assert every.get_yscale() == best.get_yscale() == "log"
    assert every.get_ylim()[0] < 1
    assert every.get_ylim()[1] > heights(every).max()
    assert best.get_title(loc="left") == "best 99% of the rows"
    assert every.get_ylabel() == "number of rows"


def test_text_states_the_norms(errors, panels):
    every, best = panels(histograms.absolute_errors(errors, share=0.5))
    size = np.abs(errors)
    lines = every.texts[0].get_text().split("\n")
    assert lines[0] == "n = 1,000"
    assert float(lines[1].split("=")[1]) == pytest.approx(size.mean(), rel=5e-3)
    assert float(lines[2].split("=")[1]) == pytest.approx(np.sqrt((size**2).mean()), rel=5e-3)
    assert lines[3] == "max = 59"
    assert best.texts[0].get_text().startswith("n = 500\n")


def test_wide_and_fractional_errors_have_about_sixty_bins(generator, panels):
    for values in (np.arange(10_000), generator.standard_normal(5000)):
        every, _ = panels(histograms.absolute_errors(values, share=1))
        assert 40 <= len(every.patches) <= 61
        assert heights(every).sum() == len(values)


def test_missing_errors_are_counted(panels, check_readable):
    every, _ = panels(check_readable(histograms.absolute_errors([1, -2, np.nan, np.inf])))
    assert "n = 2\n" in every.texts[0].get_text()
    assert "left out, not finite: 2" in every.texts[0].get_text()


def test_no_error_at_all(panels):
    for zeros in (np.zeros(10), [0]):
        every, _ = panels(histograms.absolute_errors(zeros))
        np.testing.assert_array_equal(heights(every), [len(zeros)])


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"errors: found shape \[2, 2\], wanted \[n\]"):
        histograms.absolute_errors(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="errors: found no finite number"):
        histograms.absolute_errors([np.nan])
    with pytest.raises(ValueError, match="share: found 99, wanted a finite number, above 0 and at most 1"):
        histograms.absolute_errors([1.0], share=99)


def test_an_old_word_is_told_the_new_one():
    with pytest.raises(TypeError, match="kept: found an argument of this name, wanted share"):
        histograms.absolute_errors([1.0], kept=0.5)
