import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods import identity


def _result(depth=3, rows=6, features=12, classes=3):
    """Rows 0 and 3 keep class 0 from layer 1 on, rows 1 and 4 class 1 from layer 2, others class 2 from layer 3."""
    generator = np.random.default_rng(0)
    inputs = generator.uniform(size=(rows, features)).astype(np.float32)
    held = inputs + np.cumsum(0.1 * generator.normal(size=(depth, rows, features)), axis=0)
    scores = np.zeros((depth, rows, classes))
    for row in range(rows):
        scores[:, row, 0] = 1
        scores[row % 3 :, row, row % 3] = 2
    layers = np.concatenate([held, scores], axis=2).astype(np.float32)
    return inputs, identity.contributions(jnp.asarray(inputs), jnp.asarray(layers))


def test_flat_inputs_have_a_heat_map_for_each_row_and_likelihoods_below(panels, check_readable):
    _, result = _result()
    figure = check_readable(figures.contributions(result))
    above, below = figure.subfigs
    maps = panels(above)
    assert [axes.get_title(loc="left") for axes in maps] == ["row 0", "row 3", "row 1", "row 2"]
    drawn = maps[2].images[0].get_array()
    np.testing.assert_allclose(drawn, result.maps[:, 1], rtol=1e-6)
    assert maps[0].get_ylabel() == "layer"
    assert [axes.get_title(loc="left") for axes in panels(below)] == [
        "row 0\n0 from layer 1 on",
        "row 3\n0 from layer 1 on",
        "row 1\n1 from layer 2 on",
        "row 2\n2 from layer 3 on",
    ]
    heights = np.stack([line.get_ydata() for line in panels(below)[2].lines])
    np.testing.assert_allclose(np.sort(heights, axis=0), np.sort(result.likelihood[:, 1].T, axis=0), rtol=1e-6)
    title = figure.get_suptitle().replace("\n", " ")
    assert title == "From layer 3 of 3 on, at least 95% of the 6 rows have their final class; in layer 1, 33%"


def test_flat_inputs_are_lines_above_their_heat_maps(panels, check_readable):
    inputs, result = _result(features=30)
    figure = check_readable(figures.contributions(result, inputs=inputs, rows=[4]))
    drawn, line = panels(figure.subfigs[0])
    assert len(drawn.images) == 1
    np.testing.assert_allclose(line.lines[0].get_ydata(), inputs[4], rtol=1e-6)


def test_names_of_features_are_written_below(panels, check_readable):
    inputs, result = _result()
    names = [*"abcdefghijk", "a very long name of a feature"]
    figure = check_readable(figures.contributions(result, inputs=inputs, rows=[0], feature_names=names))
    drawn, bars = panels(figure.subfigs[0])
    texts = [label.get_text() for label in drawn.get_xticklabels()]
    assert texts == [*"abcdefghijk", "a very long …ature"]
    assert len(bars.patches) == 12


@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 3)])
def test_images_have_a_map_for_each_shown_layer(shape, panels, check_readable):
    inputs, result = _result()
    images = inputs.reshape(-1, *shape)
    figure = check_readable(figures.contributions(result, inputs=images, rows=[2, 5], layers=[1, 3]))
    grid = np.array(panels(figure.subfigs[0])).reshape(2, 3)
    assert [axes.get_title(loc="center") for axes in grid[0]] == ["image", "layer 1", "3"]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["row 2", "row 5"]
    image = images[2] if len(shape) == 2 else images[2].mean(axis=2)
    np.testing.assert_allclose(grid[0, 0].images[0].get_array(), image, rtol=1e-6)
    change = np.asarray(result.maps[2, 5]).reshape(shape)
    change = change if len(shape) == 2 else change.mean(axis=2)
    np.testing.assert_allclose(grid[1, 2].images[0].get_array(), change / np.abs(change).max(), rtol=1e-5)


def test_the_shape_alone_draws_maps_without_images(panels):
    _, result = _result()
    figure = figures.contributions(result, input_shape=(3, 4), rows=[0])
    assert [axes.get_title(loc="center") for axes in panels(figure.subfigs[0])] == ["layer 1", "2", "3"]


def test_images_outside_0_to_1_are_scaled(panels):
    inputs, result = _result()
    figure = figures.contributions(result, inputs=10 * inputs.reshape(-1, 3, 4) - 5, rows=[0])
    image = panels(figure.subfigs[0])[0].images[0].get_array()
    assert (image.min(), image.max()) == (0, 1)


def test_labels_are_stated_and_the_accuracy_is_in_the_title(panels):
    _, result = _result()
    figure = figures.contributions(result, labels=[0, 1, 1, 0, 1, 2], class_names=["cat", "dog", "hen"], rows=[2])
    (path,) = panels(figure.subfigs[1])
    assert path.get_title(loc="left") == "row 2, label dog\nhen from layer 3 on"
    assert "Accuracy: 33.3% in layer 1, 83.3% in the last" in figure.get_suptitle().replace("\n", " ")


def test_accuracy_in_the_title_shares_ties_as_the_result_does():
    inputs = np.random.default_rng(0).uniform(size=(4, 3)).astype(np.float32)
    layers = np.concatenate([inputs[None].repeat(2, axis=0), np.zeros((2, 4, 5), np.float32)], axis=2)
    layers[1, :, 3] = 1  # all classes tie in the first layer; the last one says class 0
    result = identity.contributions(inputs, layers)
    title = figures.contributions(result, labels=[0, 0, 0, 1]).get_suptitle().replace("\n", " ")
    assert "Accuracy: 20.0% in layer 1, 75.0% in the last" in title


def test_one_layer_and_one_row_are_singular():
    _, result = _result(depth=1, rows=1)
    title = figures.contributions(result, labels=[0]).get_suptitle()
    assert title == "1 row in one layer. Accuracy: 100.0%"
    assert repr(result) == "Contributions: 1 layer, 1 row"
    _, result = _result(depth=2, rows=1)
    assert "the row has its final class" in figures.contributions(result).get_suptitle()


def test_what_cannot_be_drawn_is_named():
    inputs, result = _result()
    stacked = jax.tree.map(lambda values: values[None], result)
    for wrong, message in (
        ({"contributions": 3}, "contributions: found .*, wanted Contributions"),
        ({"contributions": stacked}, r"contributions.maps: found shape \[1, 3, 6, 12\]"),
        ({"inputs": inputs[:2]}, r"inputs: found shape \[2, 12\], wanted 6 rows of 12 features"),
        ({"input_shape": (3, 5)}, r"input_shape: found \(3, 5\), wanted"),
        ({"rows": [6]}, "rows: found 6, wanted a whole number from 0 to 5"),
        ({"rows": []}, "rows: found 0 entries"),
        ({"layers": [0]}, "layers: found 0, wanted a whole number from 1 to 3"),
        ({"labels": [3] * 6}, "labels: found .*, wanted class numbers 0…2"),
        ({"class_names": ["a"]}, "class_names: found 1 entries, wanted a sequence of 3"),
        ({"feature_names": ["a"]}, "feature_names: found 1 entries, wanted a sequence of 12"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            figures.contributions(**{"contributions": result} | wrong)


def test_contributions_show_their_figure_in_a_notebook():
    assert "<img" in _result()[1]._repr_html_()
