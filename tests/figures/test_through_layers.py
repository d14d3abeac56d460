import numpy as np
import pytest

from interp_jax.figures.through_layers import likelihood_paths, shares, signed_maps


@pytest.fixture
def paths(generator, frozen):
    scores = np.cumsum(generator.normal(size=(5, 12, 4)), axis=1)
    return frozen(np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True))


def test_networks_of_any_depth_share_an_axis(generator, frozen, check_readable, legend_texts):
    deep, shallow = frozen(generator.random((30, 3))), frozen(generator.random(5))
    figure = check_readable(shares({"30 layers": deep, "5 layers": shallow}, "accuracy", references={"chance": 0.1}))
    axes = figure.axes[0]
    first, second, chance = axes.get_lines()
    np.testing.assert_allclose(first.get_xdata(), np.arange(1, 31) / 30)
    np.testing.assert_allclose(first.get_ydata(), deep.mean(axis=1))
    np.testing.assert_allclose(second.get_xdata(), [0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_array_equal(second.get_ydata(), shallow)
    assert second.get_marker() == "o"
    assert set(chance.get_ydata()) == {0.1}
    (band,) = axes.collections
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.min() == deep.min()
    assert edges.max() == deep.max()
    assert legend_texts(figure) == ["30 layers", "5 layers", "chance"]
    assert axes.get_ylim()[0] == 0


def test_quantities_that_are_no_shares(check_readable):
    axes = check_readable(shares({"one": [3.0, 2.0, 7.0]}, "distance", percent=False)).axes[0]
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 7
    assert "%" not in axes.yaxis.get_major_formatter()(3.0)


@pytest.mark.parametrize("percent", [True, False])
def test_nothing_below_zero_is_hidden(percent, check_readable):
    axes = check_readable(shares({"one": [0.3, -0.2, 0.7], "other": [0.1, 0.2]}, "share", percent=percent)).axes[0]
    assert axes.get_ylim()[0] < -0.2
    assert axes.get_ylim()[1] > 0.7


def test_a_row_an_image_and_a_column_a_layer(generator, frozen, panels, check_readable):
    images, maps = frozen(generator.random((2, 6, 5))), generator.normal(size=(2, 3, 6, 5))
    maps[1, 2] = 0
    figure = check_readable(signed_maps(images, frozen(maps), ["layer 1", 5, 9], ["four", "nine"]))
    drawn = np.reshape(panels(figure), (2, 4))
    for row in range(2):
        np.testing.assert_array_equal(drawn[row, 0].get_images()[0].get_array(), images[row])
        for layer in range(3):
            picture = drawn[row, 1 + layer].get_images()[0]
            assert picture.get_clim() == (-1, 1)
            limit = np.abs(maps[row, layer]).max()
            np.testing.assert_allclose(picture.get_array(), maps[row, layer] / (limit or 1))
            assert drawn[row, 1 + layer].get_xlabel() == f"±{limit:.2g}"
    assert [axes.get_title() for axes in drawn[0]] == ["image", "layer 1", "5", "9"]
    assert [axes.get_ylabel() for axes in drawn[:, 0]] == ["four", "nine"]


def test_likely_classes_have_a_color_and_a_name(paths, frozen, panels, check_readable, legend_texts):
    images, names = frozen(np.zeros((5, 4, 4))), ("a", "b", "c", "d")
    figure = check_readable(likelihood_paths(paths, names, list("vwxyz"), images=images, named=2))
    drawn = [axes for axes in panels(figure) if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in drawn] == list("vwxyz")
    shown = set()
    for axes, path in zip(drawn, paths, strict=True):
        lines = axes.get_lines()
        np.testing.assert_allclose([line.get_ydata() for line in lines], path.T)
        bold = {index for index, line in enumerate(lines) if line.get_linewidth() > 1}
        assert bold == set(np.argsort(-path.max(axis=0))[:2]) & set(np.flatnonzero(path.max(axis=0) > 0.15))
        shown |= bold
    assert legend_texts(figure) == [names[index] for index in sorted(shown)]


def test_what_is_wrong_is_named(paths, generator):
    with pytest.raises(ValueError, match="layers: found .*, wanted a .* at least one entry"):
        shares({}, "accuracy")
    with pytest.raises(ValueError, match=r"maps: found shape \[2, 3, 6, 5\], wanted \[2, 2, 6, 5\]"):
        signed_maps(np.zeros((2, 6, 5)), np.zeros((2, 3, 6, 5)), [1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="names: found 1 entries, wanted a sequence of 2"):
        signed_maps(np.zeros((2, 6, 5)), np.zeros((2, 3, 6, 5)), [1, 2, 3], ["a"])
    with pytest.raises(ValueError, match="likelihood: found values from 0 to 2"):
        likelihood_paths(np.full((1, 2, 2), [0.0, 2.0]), ("a", "b"), ["t"])
    with pytest.raises(ValueError, match="titles: found 1 entries, wanted a sequence of 5"):
        likelihood_paths(paths, ("a", "b", "c", "d"), ["t"])
    with pytest.raises(ValueError, match=r"likelihood: found shape \[5, 12, 4\], wanted \[n, layers, 2\]"):
        likelihood_paths(paths, ("a", "b"), list("vwxyz"))


def test_classes_that_are_never_likely_have_no_legend(legend_texts):
    figure = likelihood_paths(np.zeros((1, 3, 2)), ["a", "b"], ["an image"])
    assert legend_texts(figure) == []


def test_layers_without_a_number_are_left_out(panels):
    (axes,) = panels(shares({"a": [[0.5, np.inf], [np.nan, np.nan], [0.25, 0.75]]}, "share"))
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [0.5, np.nan, 0.5])
