import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

from interp_jax.figures import _style as style


@pytest.fixture
def axes():
    return Figure().subplots()


def test_signed_image_is_symmetric_about_zero(axes, frozen):
    matrix = frozen([[-1.0, 0.5, 0.25], [2.0, 0.0, np.nan]])
    drawn = style.image(axes, matrix, signed=True, label="weight")
    np.testing.assert_array_equal(drawn.get_array().filled(np.nan), matrix)
    assert drawn.get_clim() == (-2, 2)
    assert drawn.get_extent() == [0.5, 3.5, 0.5, 2.5]
    np.testing.assert_allclose(drawn.to_rgba(np.array([[0.0]]))[0, 0, :3], 0.967, atol=0.01)  # white at zero
    bar = next(panel for panel in axes.figure.axes if panel is not axes)
    assert bar.get_ylabel() == "weight"


def test_missing_pixels_are_gray(axes):
    drawn = style.image(axes, [[np.nan, 1.0]], signed=True)
    red, green, blue, _ = drawn.cmap(drawn.norm(drawn.get_array()))[0, 0]
    assert red == green == blue < 0.8


def test_limits_beyond_the_data_and_within(axes):
    assert style.image(axes, [[1.0, -3.0]], signed=True, limit=5).get_clim() == (-5, 5)
    clipped = style.image(axes, [[1.0, -3.0]], signed=True, limit=np.float32(2))
    assert clipped.get_clim() == (-2, 2)
    assert clipped.colorbar.extend == "both"
    assert style.image(axes, [[1.0, 3.0]], signed=False, limit=2).colorbar.extend == "max"


def test_image_begins_at_zero_and_refuses_negative_values(axes):
    assert style.image(axes, [[0.5, 3.0]], signed=False).get_clim() == (0, 3)
    with pytest.raises(ValueError, match=r"matrix: found -0.5, wanted values ≥ 0"):
        style.image(axes, [[-0.5, 3.0]], signed=False)


@pytest.mark.parametrize("matrix", [np.zeros((2, 2)), np.full((2, 2), np.nan)])
def test_an_image_without_range_can_be_drawn(axes, matrix, check_readable):
    assert style.image(axes, matrix, signed=True).get_clim() == (-1, 1)
    assert style.image(axes, matrix).get_clim() == (0, 1)


def test_fitting_image_takes_the_scale_from_the_signs(axes):
    assert style.image(axes, jnp.array([[1.0, 4.0]])).get_clim() == (0, 4)
    assert style.image(axes, jnp.array([[-1.0, 4.0]])).get_clim() == (-4, 4)


def test_pixels_lie_at_their_places(axes):
    drawn = style.image(axes, np.ones((3, 60)), x=np.arange(21, 81), y=[0, 10, 20])
    assert drawn.get_extent() == [20.5, 80.5, -5, 25]
    with pytest.raises(ValueError, match=r"x: found .*, wanted numbers that rise in equal steps"):
        style.image(axes, np.ones((1, 3)), x=[1, 2, 4])
    with pytest.raises(ValueError, match=r"y: found shape \[2\], wanted \[1\]"):
        style.image(axes, np.ones((1, 3)), y=[1, 2])


@pytest.mark.parametrize("matrix", [np.ones(3), np.ones((2, 0)), np.ones((1, 2, 3))])
@pytest.mark.parametrize("signed", [True, False, None])
def test_images_want_matrices(axes, signed, matrix):
    with pytest.raises(ValueError, match=r"matrix: found shape .*, wanted \[rows, columns\]"):
        style.image(axes, matrix, signed=signed)


def test_series_differ_in_more_than_color():
    looks = {(style.color(index), style.line_style(index)) for index in range(21)}
    assert len(looks) == 21
    assert len({(style.color(index), style.marker(index)) for index in range(49)}) == 49


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(2.2, 16, "3"), (1, 64, "20"), (0.5, 3000, "1000"), (1e-6, 100, "10⁻⁴"), (1, 1e12, "10⁸")],
)
def test_log_axis_writes_plain_numbers(axes, low, high, wanted):
    style.log_axis(axes, "x", low, high)
    assert axes.get_xlim() == (low, high)
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert wanted in shown
    assert axes.get_yscale() == "linear"


def test_look_outlives_the_call_in_the_figure_alone(check_readable):
    @style.styled
    def draw():
        figure = style.new_figure(5, 3)
        figure.subplots().plot([0, 1], [0, 1])
        return figure

    figure = check_readable(draw())
    (axes,) = figure.axes
    axes.set_xlim(0, 1e-3)  # new ticks
    figure.draw_without_rendering()
    assert {label.get_fontsize() for label in axes.get_xticklabels()} == {10}
    assert {line.get_color() for line in axes.get_xgridlines()} == {style.LIGHT}
    assert draw.__name__ == "draw"


def test_small_multiples_name_their_axes_once():
    figure = style.new_figure(8, 4)
    panels = style.small_multiples(figure, 5, 3, "across", "up")
    assert len(panels) == 5
    assert not figure.axes[5].axison
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("across", "up")


def test_no_figure_needs_pyplot():
    code = """
import sys
from pathlib import Path
from interp_jax import figures
for name in figures.__all__:
    getattr(figures, name)
figures.histograms.absolute_errors([1, 2, 3])
modules = {path.stem for path in Path(figures.__file__).parent.glob("[!_]*.py")}
assert modules <= set(figures.__all__), modules.difference(figures.__all__)
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
