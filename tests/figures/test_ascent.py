"""The figure of gradient ascent: the inputs of the lanes as images or lines, with activations and endings."""

import itertools

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.ascent import Ascent


def _found(lanes, *shape):
    inputs = np.random.default_rng(0).normal(size=(lanes, *shape))
    numbers = np.linspace(0.25, 1, lanes)
    places = np.arange(lanes)
    return Ascent(inputs, numbers, numbers, places + 5, places % 3 == 0, places % 3 == 1)


def _texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def test_lanes_tell_their_activation_and_why_they_stopped(check_readable):
    figure = check_readable(figures.ascent(_found(4, 9), names=["cat", "dog", "cow", "pig"]))
    texts = _texts(figure)
    assert {"cat: 0.25\npassed, 5 steps", "dog: 0.5\nstalled, 6 steps", "cow: 0.75\nnot done, 7 steps"} <= set(texts)
    assert "2 of 4 inputs passed the threshold" in texts


@pytest.mark.parametrize(
    ("shape", "input_shape"), [((12,), [3, 4]), ((3, 4), None), ((3, 4, 1), None), ((24,), [3, 4, 2])]
)
def test_images_are_drawn_relative_to_their_largest_value(shape, input_shape, check_readable, panels):
    found = _found(3, *shape)
    figure = check_readable(figures.ascent(found, input_shape=input_shape))
    for axes, values in zip([axes for axes in panels(figure) if axes.images], found.inputs, strict=True):
        image = values.reshape(3, 4, -1).mean(axis=2)
        np.testing.assert_allclose(axes.images[0].get_array(), image / np.abs(image).max())


def test_inputs_of_one_dimension_are_lines_at_their_positions(check_readable, panels):
    found = _found(2, 5)
    figure = check_readable(figures.ascent(found, positions=np.arange(5) - 2))
    for axes, values in zip(panels(figure), found.inputs, strict=True):
        line = axes.lines[-1]
        np.testing.assert_allclose(line.get_xydata(), np.stack([np.arange(5) - 2, values], axis=1))


def test_long_images_do_not_make_a_long_figure():
    assert figures.ascent(_found(5, 100, 2)).get_figheight() < 9


@pytest.mark.parametrize("shape", [(8, 8), (64,)])
@pytest.mark.parametrize("lanes", [1, 10])
def test_titles_of_long_names_keep_to_their_panel(shape, lanes, panels):
    names = [f"a class with a really very, very long name that goes on and on, number {lane}" for lane in range(lanes)]
    figure = figures.ascent(_found(lanes, *shape), names=names)
    figure.draw_without_rendering()
    drawn = [axes for axes in panels(figure) if axes.get_title(loc="left")]
    boxes = [axes._left_title.get_window_extent() for axes in drawn]
    assert all(not one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(axes.get_window_extent().width > 0.9 * figure.dpi for axes in drawn)
    assert all(f"number {lane}" in " ".join(axes.get_title(loc="left").split()) for lane, axes in enumerate(drawn))


@pytest.mark.slow
def test_many_lines_do_not_make_a_long_figure(check_readable):
    assert check_readable(figures.ascent(_found(100, 64), most=100)).get_figheight() < 32


def test_inputs_have_numbers_and_one_of_them_is_singular():
    found = Ascent(np.ones((1, 2, 2)), *np.ones((3, 1)), [True], [False])
    assert {"input 0: 1\npassed, 1 step", "1 of 1 input passed the threshold"} <= set(_texts(figures.ascent(found)))
    title = figures.ascent(_found(2, 2, 2), most=1).get_suptitle()
    assert " ".join(title.split()) == "1 of 2 inputs passed the threshold; the first is shown"


def test_only_the_first_lanes_are_drawn(panels, check_readable):
    figure = check_readable(figures.ascent(_found(9, 2, 2), most=5))
    assert sum(bool(axes.images) for axes in panels(figure)) == 5
    assert "3 of 9 inputs passed the threshold; the first 5 are shown" in _texts(figure)


@pytest.mark.parametrize(
    ("found", "arguments", "message"),
    [
        (np.ones((2, 3)), {}, r"lanes: found .*, wanted an Ascent"),
        (_found(0, 6), {}, r"lanes: found inputs of shape \(0, 6\) of 0 lanes, wanted .* at least one lane"),
        (_found(2, 6), {"input_shape": [2, 2]}, r"input_shape: found \(2, 2\), wanted 6 values in all"),
        (_found(2, 1, 2, 3, 4), {}, r"input_shape: found \(1, 2, 3, 4\), wanted that of lines or images"),
        (_found(2, 6), {"names": ["a"]}, r"names: found 1 entries, wanted a sequence of 2"),
        (_found(2, 2, 3), {"positions": [1, 2, 3]}, r"positions: found .*, wanted none for images"),
        (_found(2, 6), {"positions": [1, 2]}, r"positions: found shape \[2\], wanted \[6\]"),
    ],
)
def test_what_cannot_be_drawn_is_refused(found, arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.ascent(found, **arguments)


def test_a_notebook_shows_the_inputs_with_the_finding():
    page = _found(3, 2, 2)._repr_html_()
    assert "1 of 3 lanes passed the threshold" in page
    assert "data:image/png;base64," in page
