import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures import heatmaps


def test_weights_show_kernels_and_biases(generator, frozen, panels, check_readable):
    first = frozen(generator.standard_normal((100, 60))), frozen(generator.standard_normal(60))
    second = generator.standard_normal((60, 200)), jnp.arange(200.0)
    figure = check_readable(heatmaps.weights({"dense": first, "wide": second}))
    above, below, wide_above, wide_below = panels(figure)
    (image,) = above.get_images()
    np.testing.assert_array_equal(image.get_array(), first[0])
    low, high = image.get_clim()
    assert -low == high == np.abs(first[0]).max()
    assert image.get_extent() == [0.5, 60.5, 0.5, 100.5]
    assert (above.get_title(loc="left"), above.get_ylabel()) == ("dense", "input unit")
    assert (below.get_xlabel(), below.get_ylabel()) == ("output unit", "bias")
    np.testing.assert_array_equal([bar.get_height() for bar in below.patches], first[1])
    np.testing.assert_array_equal(wide_below.get_lines()[0].get_ydata(), np.arange(200))
    assert below.get_xlim() == above.get_xlim()
    assert wide_above.get_images()[0].origin == "lower"


@pytest.mark.parametrize("shape", [(100, 1), (1, 3)])
def test_weights_of_narrow_layers(shape, panels, check_readable):
    figure = check_readable(heatmaps.weights({"narrow": (np.ones(shape), np.ones(shape[1]))}))
    assert len(panels(figure)) == 2


def test_weights_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"kernel of layers\['a'\]: found shape \[3\], wanted \[in, out\]"):
        heatmaps.weights({"a": (np.zeros(3), np.zeros(3))})
    with pytest.raises(ValueError, match=r"bias of layers\['a'\]: found shape \[3\], wanted \[4\]"):
        heatmaps.weights({"a": (np.zeros((3, 4)), np.zeros(3))})
    with pytest.raises(ValueError, match="layers: found .*, wanted a .* at least one entry"):
        heatmaps.weights({})


def test_class_averages_take_the_scale_from_the_signs(generator, frozen, positions, panels, check_readable):
    signed = frozen(generator.standard_normal((60, 100)))
    missing = np.maximum(signed, 0)
    missing[3, 5] = np.nan
    layers = {"linear": signed, "rectified": missing, "silent": np.zeros((60, 2))}
    figure = check_readable(heatmaps.class_averages(layers, positions))
    drawn = [axes for axes in panels(figure) if axes.axison]
    assert [axes.get_title(loc="left") for axes in drawn] == list(layers)
    linear, rectified, silent = (axes.get_images()[0] for axes in drawn)
    np.testing.assert_array_equal(linear.get_array(), signed.T)
    assert linear.get_clim() == (-np.abs(signed).max(), np.abs(signed).max())
    assert linear.get_extent() == [20.5, 80.5, 0.5, 100.5]
    assert rectified.get_clim() == (0, np.nanmax(missing))
    assert np.argwhere(np.ma.getmaskarray(rectified.get_array())).tolist() == [[5, 3]]
    assert silent.get_clim() == (0, 1)
    assert {(axes.get_xlabel(), axes.get_ylabel()) for axes in drawn} == {("true jump position", "unit")}
    assert panels(heatmaps.class_averages(layers, positions, x_label="digit"))[0].get_xlabel() == "digit"
    assert linear.cmap.name != rectified.cmap.name


def test_class_averages_name_what_is_wrong(positions):
    with pytest.raises(ValueError, match=r"layers\['a'\]: found shape \[100, 60\], wanted \[60, units\]"):
        heatmaps.class_averages({"a": np.zeros((100, 60))}, positions)
    with pytest.raises(ValueError, match=r"positions: found .*, wanted numbers that rise in equal steps"):
        heatmaps.class_averages({"a": np.zeros((3, 4))}, [1, 2, 5])


def test_weights_and_averages_stand_side_by_side(generator, positions, panels, check_readable):
    kernel, averages = generator.standard_normal((100, 40)), generator.random((60, 40))
    left, right = panels(check_readable(heatmaps.weights_and_averages(kernel, averages, positions)))
    np.testing.assert_array_equal(left.get_images()[0].get_array(), kernel)
    np.testing.assert_array_equal(right.get_images()[0].get_array(), averages.T)
    low, high = left.get_images()[0].get_clim()
    assert low == -high
    assert right.get_images()[0].get_clim() == (0, averages.max())
    with pytest.raises(ValueError, match=r"averages: found shape \[60, 40\], wanted \[60, 30\]"):
        heatmaps.weights_and_averages(kernel[:, :30], averages, positions)


def symmetric(generator, classes):
    matrix = generator.random((classes, classes))
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("names", [["cat", "dog", "frog"], [f"automobile {index}" for index in range(10)], ["only"]])
def test_overlaps_are_named_and_printed(generator, frozen, panels, check_readable, names):
    matrix = symmetric(generator, len(names))
    matrix[0, 0] = np.nan
    figure = check_readable(heatmaps.overlap(frozen(matrix), names))
    (axes,) = panels(figure)
    (image,) = axes.get_images()
    np.testing.assert_array_equal(image.get_array().filled(np.nan), matrix)
    assert image.get_clim() == (0, 1)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == names
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first class lies at the top
    printed = {text.get_position(): text.get_text() for text in axes.texts}
    wanted = {(column + 1, row + 1): f"{value:.2f}" for (row, column), value in np.ndenumerate(matrix)}
    del wanted[1, 1]
    assert printed == wanted
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(box.overlaps(other) for index, box in enumerate(boxes) for other in boxes[index + 1 :])
    assert [bar.get_ylabel() for bar in figure.axes if bar is not axes] == ["Jaccard index"]


def test_many_overlaps_are_colors_alone(generator, panels, check_readable):
    figure = check_readable(heatmaps.overlap(symmetric(generator, 30), [f"{index}" for index in range(30)]))
    assert not panels(figure)[0].texts


def test_a_confusion_says_who_calls(panels, check_readable):
    figure = check_readable(heatmaps.confusion([[0.9, 0.1], [0.3, 0.7]], ["a", "b"], "network", "tree"))
    (axes,) = panels(figure)
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("network", "tree")
    assert [text.get_text() for text in axes.texts] == ["0.90", "0.10", "0.30", "0.70"]
    with pytest.raises(ValueError, match="matrix: found values from 0.1 to 2, wanted 0 to 1"):
        heatmaps.confusion([[2, 0.1], [0.3, 0.7]], ["a", "b"], "network", "tree")


def test_overlap_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"matrix: found shape \[2, 2\], wanted \[3, 3\]"):
        heatmaps.overlap(np.eye(2), ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"matrix: found values from 0 to 3, wanted 0 to 1"):
        heatmaps.overlap(3 * np.eye(2), ["a", "b"])
    with pytest.raises(ValueError, match="matrix: found other values in its transpose, wanted the same on both sides"):
        heatmaps.overlap([[1, 0.5], [0.4, 1]], ["a", "b"])
