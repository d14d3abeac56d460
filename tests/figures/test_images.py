import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures.images import learned, pixel_gates, strongest_inputs

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((16, 8, 28, 28), range(10)),
        ((16, 8, 32, 32, 3), None),
        ((16, 8, 8, 8, 3), NAMES),
        ((3, 8, 9, 9, 1), NAMES),
        ((1, 1, 4, 6), None),
        ((5, 20, 8, 8), range(10)),
    ],
)
def test_images_stand_in_rows_by_unit(generator, frozen, panels, check_readable, shape, names):
    images = frozen(generator.random(shape))
    rows, k = shape[:2]
    units = generator.permutation(200)[:rows]
    labels = None if names is None else np.array(names)[generator.integers(10, size=(rows, k))]
    figure = check_readable(strongest_inputs(images, units, labels=labels))
    (axes,) = panels(figure)
    drawn = axes.get_images()
    assert len(drawn) == rows * k
    numbers = [text for text in axes.texts if text.get_weight() == "bold"]
    assert [text.get_text() for text in numbers] == [f"{unit}" for unit in units]
    for index, image in enumerate(drawn):
        row, column = divmod(index, k)
        np.testing.assert_array_equal(image.get_array(), images[row, column].squeeze())
        assert image.get_clim() == (0, 1)
        left, _, bottom, top = image.get_extent()
        assert top < numbers[row].get_position()[1] < bottom
        assert left > numbers[row].get_position()[0]
        assert column == 0 or left > drawn[index - 1].get_extent()[1]
    assert [text.get_text() for text in axes.texts if text not in numbers] == (
        [] if labels is None else [f"{label}" for label in labels.ravel()]
    )


@pytest.mark.parametrize("labels", ["5", "automobile"])
def test_nothing_overlaps(generator, panels, labels):
    images = generator.random((16, 8, 10, 10))
    figure = strongest_inputs(images, [f"unit {row}" for row in range(16)], labels=[[labels] * 8] * 16)
    figure.draw_without_rendering()
    (axes,) = panels(figure)
    boxes = [item.get_window_extent() for item in (*axes.get_images(), *axes.texts)]
    for index, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_missing_images_are_left_out(panels):
    images = np.ones((2, 3, 4, 4))
    images[1, 1:] = np.nan
    (axes,) = panels(strongest_inputs(jnp.asarray(images), [3, 7], labels=np.arange(6).reshape(2, 3)))
    assert len(axes.get_images()) == 4
    assert [text.get_text() for text in axes.texts] == ["3", "0", "1", "2", "7", "3"]


def test_strongest_inputs_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"images: found shape \[4, 4\], wanted \[units, k, height, width, channels\]"):
        strongest_inputs(np.ones((4, 4)), [1])
    with pytest.raises(ValueError, match="images: found 2 channels, wanted 1 or 3"):
        strongest_inputs(np.ones((1, 1, 4, 4, 2)), [1])
    with pytest.raises(ValueError, match=r"images: found values from 0 to 255, wanted 0 to 1"):
        strongest_inputs([[[[0, 255], [1, 2]]]], [1])
    with pytest.raises(ValueError, match="units: found 2 entries, wanted a sequence of 1"):
        strongest_inputs(np.ones((1, 1, 4, 4)), [1, 2])
    with pytest.raises(ValueError, match="labels: found 2 entries, wanted a sequence of 1"):
        strongest_inputs(np.ones((1, 2, 4, 4)), [1], labels=["a", "b"])


@pytest.mark.parametrize(("count", "channels"), [(10, None), (10, ()), (6, (3,)), (3, None), (3, (1,)), (1, ())])
def test_gates_have_one_scale_and_stand_below_their_images(generator, frozen, panels, check_readable, count, channels):
    gates = {name: frozen(0.5 * generator.random((28, 28))) for name in NAMES[:count]}
    images = None
    if channels is not None:
        images = {name: frozen(generator.random((28, 28, *channels))) for name in reversed(gates)}
    figure = check_readable(pixel_gates(gates, images, label="gate of the pixel"))
    drawn = [axes for axes in panels(figure) if axes.get_images()]
    maps = [axes for axes in drawn if axes.get_images()[0].cmap.name == "positive"]
    pictures = [axes for axes in drawn if axes not in maps]
    titled = pictures or maps
    assert [axes.get_title() for axes in titled] == list(gates)
    for axes, values in zip(maps, gates.values(), strict=True):
        (image,) = axes.get_images()
        np.testing.assert_array_equal(image.get_array(), values)
        assert image.get_clim() == (0, 1)
    for above, below, name in zip(pictures, maps, gates if pictures else (), strict=False):
        np.testing.assert_array_equal(above.get_images()[0].get_array(), images[name].squeeze())
        np.testing.assert_allclose(above.get_position().intervalx, below.get_position().intervalx)
        assert above.get_position().y0 > below.get_position().y1
    assert len(pictures) == (0 if images is None else count)
    (bar,) = set(figure.axes) - set(panels(figure))
    assert bar.get_ylabel() == "gate of the pixel"
    assert len({round(axes.get_position().y0, 6) for axes in maps}) == -(-count // 5)


def test_pixels_without_a_gate_are_gray(panels):
    (axes,) = panels(pixel_gates({"0": [[0, np.nan], [1, 0.5]]}))
    (image,) = axes.get_images()
    red, green, blue, _ = image.cmap(image.norm(image.get_array()))[0, 1]
    assert red == green == blue < 0.8


def test_pixel_gates_name_what_is_wrong():
    with pytest.raises(ValueError, match="gates: found .*, wanted a .* at least one entry"):
        pixel_gates({})
    with pytest.raises(ValueError, match=r"gates\['0'\]: found shape \[3\], wanted \[height, width\]"):
        pixel_gates({"0": [1, 0, 1]})
    with pytest.raises(ValueError, match=r"gates\['0'\]: found values from -0.5 to 1, wanted 0 to 1"):
        pixel_gates({"0": [[-0.5, 1]]})
    with pytest.raises(ValueError, match=r"images: found the names \['1'\], wanted those of gates, \['0'\]"):
        pixel_gates({"0": [[1]]}, {"1": [[1]]})
    with pytest.raises(ValueError, match=r"images\['0'\]: found values from 0 to 2, wanted 0 to 1"):
        pixel_gates({"0": [[1, 0]]}, {"0": [[0, 2]]})


def test_learned_images_have_a_scale_a_row_centered_at_zero(generator, panels, check_readable):
    images = {"none": 40 * generator.normal(size=(10, 8, 8)), "small contribution to 0": np.zeros((10, 8, 8))}
    figure = check_readable(learned(images, range(10)))
    axes = [each for each in panels(figure) if each.get_images()]
    assert len(axes) == 20
    shown = np.stack([each.get_images()[0].get_array() for each in axes[:10]])
    np.testing.assert_allclose(shown, images["none"] / np.abs(images["none"]).max())
    assert {each.get_images()[0].get_clim() for each in axes} == {(-1, 1)}
    assert [each.get_title() for each in axes[:10]] == [f"{number}" for number in range(10)]


def test_learned_images_name_what_is_wrong():
    with pytest.raises(ValueError, match="images: found .*, wanted a .* at least one entry"):
        learned({}, ["a"])
    with pytest.raises(ValueError, match="none"):
        learned({"none": np.ones((3, 4, 4))}, ["a", "b"])
