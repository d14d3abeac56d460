import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures.layers import LayerRow, grid


@pytest.fixture
def rows(generator, frozen):
    taps, kernel = frozen([1.0, 1, 1, 1, -1]), frozen(generator.standard_normal((100, 60)))
    averages, softmax = frozen(generator.standard_normal((60, 100))), frozen(generator.random((60, 60)))
    return [
        LayerRow("convolution", taps, averages, frozen(generator.standard_normal(100))),
        LayerRow("ReLU", None, np.maximum(averages, 0)),
        LayerRow("softmax", kernel, softmax, jnp.ones(60)),
    ]


def test_grid_shows_a_layer_a_row(rows, positions, panels, check_readable):
    figure = check_readable(grid(rows, positions, at=np.int64(50)))
    drawn = np.reshape(panels(figure), (3, 4))
    np.testing.assert_array_equal(drawn[0, 0].containers[0].markerline.get_ydata(), rows[0].kernel)
    assert [text.get_text() for text in drawn[1, 0].texts] == ["no weights", "ReLU"]
    kernel = drawn[2, 0].get_images()[0]
    np.testing.assert_array_equal(kernel.get_array(), rows[2].kernel)
    low, high = kernel.get_clim()
    assert -low == high == np.abs(rows[2].kernel).max()
    for line, row in zip(drawn, rows, strict=True):
        assert row.name in [text.get_text() for text in line[0].texts]
        np.testing.assert_array_equal(line[1].get_images()[0].get_array(), np.asarray(row.averages).T)
        curve, jump = line[2].get_lines()
        np.testing.assert_array_equal(curve.get_ydata(), row.averages[29])
        np.testing.assert_array_equal(jump.get_xdata(), [50, 50])
    np.testing.assert_array_equal(drawn[0, 3].get_lines()[0].get_ydata(), rows[0].example)
    assert [axes.axison for axes in drawn[:, 3]] == [True, False, True]


def test_color_scales_follow_the_signs(rows, positions, panels):
    drawn = np.reshape(panels(grid(rows, positions, 50)), (3, 4))
    signed, rectified, softmax = (line[1].get_images()[0].get_clim() for line in drawn)
    assert -signed[0] == signed[1]
    assert rectified[0] == softmax[0] == 0


def test_units_lie_at_their_places(rows, positions, panels):
    shifted = rows[0]._replace(units=np.arange(3, 103), example=None)
    drawn = np.reshape(panels(grid([rows[0]._replace(example=None), shifted, rows[2]], positions, 80)), (3, 4))
    plain, shifted, softmax = (line[2].get_lines()[0].get_xdata() for line in drawn)
    np.testing.assert_array_equal(plain, np.arange(1, 101))
    np.testing.assert_array_equal(shifted, np.arange(3, 103))
    np.testing.assert_array_equal(softmax, positions)  # as many units as classes: a unit a class
    assert drawn[1, 1].get_images()[0].get_extent() == [20.5, 80.5, 2.5, 102.5]


def test_no_line_where_the_jump_is_outside(rows, positions, panels):
    narrow = LayerRow("code", np.ones((100, 2)), rows[0].averages[:, :2])
    drawn = panels(grid([narrow], positions, 21))
    assert len(drawn) == 3  # and no column for single signals
    assert len(drawn[2].get_lines()) == 1


def test_what_is_wrong_is_named(rows, positions):
    with pytest.raises(ValueError, match=r"at: found 20, wanted one of the positions 21…80"):
        grid(rows, positions, 20)
    with pytest.raises(ValueError, match="rows: found .*, wanted a .* at least one entry"):
        grid([], positions, 50)
    with pytest.raises(ValueError, match=r"averages of ReLU: found shape \[59, 100\], wanted \[60, units\]"):
        grid([rows[1]._replace(averages=np.zeros((59, 100)))], positions, 50)
    with pytest.raises(ValueError, match=r"example of ReLU: found shape \[7\], wanted \[100\]"):
        grid([rows[1]._replace(example=np.zeros(7))], positions, 50)
    with pytest.raises(ValueError, match=r"units of ReLU: found shape \[7\], wanted \[100\]"):
        grid([rows[1]._replace(units=np.zeros(7))], positions, 50)
    with pytest.raises(ValueError, match=r"kernel of ReLU: found shape \[1, 2, 3\], wanted \[in, out\]"):
        grid([rows[1]._replace(kernel=np.zeros((1, 2, 3)))], positions, 50)
