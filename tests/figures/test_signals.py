import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures import signals

FILTERS = {"mixed": [1, 1, 1, 1, -1], "smoothing": [1, 1, 1, 0], "differentiating": [0, 0, 0, 1, -1]}


@pytest.fixture
def steps(generator, frozen):
    positions = np.array([25, 43, 61])
    clean = 3.0 * (np.arange(1, 101) >= positions[:, None])
    return frozen(positions), frozen(clean), frozen(clean + generator.standard_normal((3, 100)))


def test_examples_draw_the_signals_and_their_jumps(steps, panels, legend_texts, check_readable):
    positions, _, noisy = steps
    figure = check_readable(signals.examples(noisy, positions))
    drawn = [axes for axes in panels(figure) if axes.axison]
    assert len(drawn) == 3
    for axes, signal, position in zip(drawn, noisy, positions, strict=True):
        line, mark = axes.get_lines()
        np.testing.assert_array_equal(line.get_ydata(), signal)
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 101))
        np.testing.assert_array_equal(mark.get_xdata(), [position, position])
        assert axes.get_title(loc="left") == f"jump at {position}"
    assert figure.get_supxlabel() == "position in the signal"
    assert legend_texts(figure) == ["signal", "true jump"]


def test_examples_take_titles_and_jax_arrays(steps, panels):
    positions, _, noisy = steps
    figure = signals.examples(jnp.asarray(noisy), jnp.asarray(positions), ["a", "b", "c"], columns=3)
    assert [axes.get_title(loc="left") for axes in panels(figure)] == ["a", "b", "c"]


def test_examples_name_what_is_wrong(steps):
    positions, _, noisy = steps
    with pytest.raises(ValueError, match=r"signals: found shape \[100\], wanted \[k, n\]"):
        signals.examples(noisy[0], positions)
    with pytest.raises(ValueError, match=r"positions: found shape \[2\], wanted \[3\]"):
        signals.examples(noisy, positions[:2])
    with pytest.raises(ValueError, match="titles: found 1 entries, wanted a sequence of 3"):
        signals.examples(noisy, positions, ["a"])


def test_filter_steps_show_taps_and_responses(steps, panels, legend_texts, check_readable):
    _, clean, noisy = steps
    responses = {name: np.convolve(noisy[0], taps, "same") for name, taps in FILTERS.items()}
    responses["mixed"][:4] = np.nan
    figure = check_readable(signals.filter_steps(clean[0], noisy[0], FILTERS, responses))
    drawn = np.reshape(panels(figure), (3, 2))
    for (left, right), (name, taps) in zip(drawn, FILTERS.items(), strict=True):
        assert left.get_title(loc="left") == name
        np.testing.assert_array_equal(left.containers[0].markerline.get_ydata(), taps)
        noise_line, step_line, response_line = right.get_lines()
        np.testing.assert_array_equal(noise_line.get_ydata(), noisy[0])
        np.testing.assert_array_equal(step_line.get_ydata(), clean[0])
        np.testing.assert_array_equal(response_line.get_ydata(), responses[name])
        assert step_line.get_color() != response_line.get_color()
    assert legend_texts(figure) == ["noisy signal", "step", "filter response"]


def test_filter_steps_name_what_is_wrong(steps):
    _, clean, noisy = steps
    with pytest.raises(ValueError, match=r"noisy: found shape \[99\], wanted \[100\]"):
        signals.filter_steps(clean[0], noisy[0, 1:], FILTERS, FILTERS)
    with pytest.raises(ValueError, match=r"responses: found the names \['mixed'\], wanted those of filters"):
        signals.filter_steps(clean[0], noisy[0], FILTERS, {"mixed": noisy[0]})
    with pytest.raises(ValueError, match=r"responses\['mixed'\]: found shape \[3\], wanted \[100\]"):
        signals.filter_steps(clean[0], noisy[0], {"mixed": [1, -1]}, {"mixed": [1, 2, 3]})
    with pytest.raises(ValueError, match="filters: found .*, wanted a .* at least one entry"):
        signals.filter_steps(clean[0], noisy[0], {}, {})
