import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import same_color

from interp_jax.figures import _style as style
from interp_jax.figures import roles

DIGITS = [str(digit) for digit in range(10)]
ITEMS = ["taro", "radish", "carrot"]


def titles(count):
    return [f"Cluster {index} (23 units, support 94%)" for index in range(1, count + 1)]


@pytest.fixture
def images(generator, frozen):
    inputs = 0.3 * generator.standard_normal((5, 14, 12))
    inputs[:, 0] = np.nan
    return frozen(inputs), frozen(0.2 * generator.standard_normal((5, 10)))


@pytest.fixture
def series(generator, frozen):
    return frozen(0.3 * generator.standard_normal((3, 3, 36))), frozen(0.2 * generator.standard_normal((3, 3)))


def pairs(panels, figure, count):
    return np.reshape(panels(figure)[: 2 * count], (count, 2))


def test_pictures_have_one_scale_about_zero(images, panels, check_readable):
    inputs, outputs = images
    figure = check_readable(roles.image_roles(inputs, outputs, titles=titles(5), output_names=DIGITS))
    largest = np.nanmax(np.abs(inputs))
    for (left, _), picture, title in zip(pairs(panels, figure, 5), inputs, titles(5), strict=True):
        (drawn,) = left.get_images()
        np.testing.assert_array_equal(drawn.get_array().filled(np.nan), picture)
        assert drawn.get_clim() == (-largest, largest)
        assert drawn.origin == "upper"
        assert left.get_aspect() == 1
        assert left.get_title(loc="left") == title
        red, green, blue, _ = drawn.cmap(drawn.norm(drawn.get_array()))[0, 0]
        assert red == green == blue < 0.8  # the constant inputs
    assert len(figure.axes) == len(panels(figure)) + 1
    assert figure.axes[-1].get_xlabel() == "correlation with the input"


def test_bars_have_the_color_of_their_sign_and_one_range(images, panels):
    inputs, outputs = images
    figure = roles.image_roles(inputs, outputs, titles=titles(5), output_names=DIGITS)
    ranges = set()
    for (_, right), values in zip(pairs(panels, figure, 5), outputs, strict=True):
        np.testing.assert_array_equal([bar.get_height() for bar in right.patches], values)
        for bar in right.patches:
            red, _, blue, _ = bar.get_facecolor()
            assert (red > blue) == (bar.get_height() > 0)
        assert [label.get_text() for label in right.get_xticklabels()] == DIGITS
        assert right.get_ylabel() == "correlation with\nthe output"
        ranges.add(right.get_ylim())
    ((low, high),) = ranges
    assert -low == high > np.abs(outputs).max()


def test_magnitudes_are_drawn_from_zero(images, panels, check_readable):
    inputs, outputs = np.abs(images[0]), jnp.abs(images[1])
    names = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]
    labels = {"input_label": "effect of the input", "output_label": "effect on the output"}
    figure = check_readable(roles.image_roles(inputs, outputs, titles=titles(5), output_names=names, **labels))
    left, right = pairs(panels, figure, 5)[0]
    assert left.get_images()[0].get_clim() == (0, np.nanmax(inputs))
    assert right.get_ylim()[0] == 0
    assert {label.get_rotation() for label in right.get_xticklabels()} == {90}
    assert figure.axes[-1].get_xlabel() == "effect of the input"


@pytest.mark.parametrize("count", [1, 2, pytest.param(16, marks=pytest.mark.slow)])
def test_any_number_of_clusters(generator, panels, check_readable, count):
    inputs, outputs = generator.standard_normal((count, 14, 14)), generator.standard_normal((count, 10))
    figure = check_readable(roles.image_roles(inputs, outputs, titles=titles(count), output_names=DIGITS))
    assert len(panels(figure)) == 2 * count


def test_nothing_known_can_be_drawn(panels, check_readable):
    inputs, outputs = np.full((1, 4, 4), np.nan), np.zeros((1, 2))
    figure = check_readable(roles.image_roles(inputs, outputs, titles=["none"], output_names=["a", "b"]))
    assert panels(figure)[0].get_images()[0].get_clim() == (0, 1)


def test_image_roles_name_what_is_wrong(images):
    inputs, outputs = images
    with pytest.raises(ValueError, match=r"inputs: found shape \[14, 12\], wanted \[clusters, height, width\]"):
        roles.image_roles(inputs[0], outputs, titles=titles(5), output_names=DIGITS)
    with pytest.raises(ValueError, match=r"outputs: found shape \[4, 10\], wanted \[5, classes\]"):
        roles.image_roles(inputs, outputs[:4], titles=titles(5), output_names=DIGITS)
    with pytest.raises(ValueError, match="titles: found 4 entries, wanted a sequence of 5"):
        roles.image_roles(inputs, outputs, titles=titles(4), output_names=DIGITS)
    with pytest.raises(ValueError, match="output_names: found 9 entries, wanted a sequence of 10"):
        roles.image_roles(inputs, outputs, titles=titles(5), output_names=DIGITS[1:])


def test_series_run_towards_the_target(series, panels, legend_texts, check_readable):
    inputs, outputs = series
    figure = check_readable(roles.series_roles(inputs, outputs, titles=titles(3), item_names=ITEMS))
    limits = set()
    for (left, right), lines, values in zip(pairs(panels, figure, 3), inputs, outputs, strict=True):
        curves = left.get_lines()[:3]
        np.testing.assert_array_equal([line.get_ydata() for line in curves], lines)
        np.testing.assert_array_equal(curves[0].get_xdata(), np.arange(36, 0, -1))
        first, last = left.get_xlim()
        assert first > last
        np.testing.assert_array_equal(left.get_xticks(), [12, 24, 36, 1])
        np.testing.assert_array_equal([bar.get_height() for bar in right.patches], values)
        for line, bar in zip(curves, right.patches, strict=True):
            assert same_color(line.get_color(), bar.get_facecolor())
        limits.add((left.get_ylim(), right.get_ylim()))
    (((low, high), (least, most)),) = limits
    assert -low == high > np.abs(inputs).max()
    assert -least == most > np.abs(outputs).max()
    assert legend_texts(figure) == ITEMS
    assert [left.get_xlabel() for left, _ in pairs(panels, figure, 3)] == ["", *["months before the target"] * 2]


def test_few_months_have_a_tick_each(series, panels, check_readable):
    inputs, outputs = series
    figure = roles.series_roles(np.abs(inputs[..., :6]), outputs, titles=titles(3), item_names=ITEMS)
    left = panels(check_readable(figure))[0]
    np.testing.assert_array_equal(left.get_xticks(), np.arange(6, 0, -1))
    assert left.get_ylim()[0] == 0
    assert same_color(left.get_lines()[0].get_color(), style.PALETTE[0])


def test_series_roles_name_what_is_wrong(series):
    inputs, outputs = series
    with pytest.raises(ValueError, match=r"inputs: found shape \[3, 36\], wanted \[clusters, items, months\]"):
        roles.series_roles(inputs[0], outputs, titles=titles(3), item_names=ITEMS)
    with pytest.raises(ValueError, match=r"outputs: found shape \[3, 2\], wanted \[3, 3\]"):
        roles.series_roles(inputs, outputs[:, :2], titles=titles(3), item_names=ITEMS)
    with pytest.raises(ValueError, match="titles: found 1 entries, wanted a sequence of 3"):
        roles.series_roles(inputs, outputs, titles=titles(1), item_names=ITEMS)
    with pytest.raises(ValueError, match="item_names: found 2 entries, wanted a sequence of 3"):
        roles.series_roles(inputs, outputs, titles=titles(3), item_names=ITEMS[1:])
