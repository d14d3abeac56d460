"""The figure of a tree of units: the tree, its clusters, and their roles as images or as a heat map."""

import dataclasses

import jax
import numpy as np
import pytest

from interp_jax import figures, methods


@pytest.fixture
def tree():
    """24 units whose features are 4 × 5 pixels, the first of them constant, and 3 outputs."""
    vectors = np.random.default_rng(0).normal(size=(24, 23))
    vectors[:, 0] = 0
    return methods.hierarchy.build(vectors)


def _texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def _images(figure):
    return [axes.images[0] for axes in figure.axes if axes.images]


def test_roles_are_a_heat_map_without_an_input_shape(tree, check_readable, panels):
    figure = check_readable(figures.hierarchy(tree))
    (drawn,) = _images(figure)
    np.testing.assert_allclose(drawn.get_array()[::-1], tree.roles(4), atol=1e-12)
    assert {"24 hidden units in the order of the tree", "4 clusters", "8 clusters", "16 clusters"} <= set(
        _texts(figure)
    )
    sizes = np.bincount(tree.cut(4))
    (roles,) = [axes for axes in panels(figure) if axes.images]
    names = [label.get_text() for label in roles.get_yticklabels()]
    assert names == [f"Cluster {k}: {size} unit{'' if size == 1 else 's'}" for k, size in enumerate(sizes, 1)]


def test_roles_of_images_leave_out_constant_pixels(tree, check_readable):
    figure = check_readable(figures.hierarchy(tree, clusters=[3], input_shape=[4, 5], output_names=["a", "b", "c"]))
    roles = tree.roles(3)
    for role, drawn in zip(roles, _images(figure), strict=True):
        pixels = drawn.get_array()
        assert pixels.mask[0, 0]
        assert pixels.mask.sum() == 1
        np.testing.assert_allclose(pixels.ravel()[1:], role[1:20], atol=1e-12)
    bars = [axes for axes in figure.axes if axes.get_ylabel() == "correlation with\nthe output"]
    heights = [[patch.get_height() for patch in axes.patches] for axes in bars]
    np.testing.assert_allclose(heights, roles[:, 20:], atol=1e-12)


def test_channels_are_averaged(tree):
    (first, *_) = _images(figures.hierarchy(tree, clusters=[2], input_shape=[2, 5, 2]))
    np.testing.assert_allclose(
        first.get_array().ravel()[1:], tree.roles(2)[0, :20].reshape(10, 2).mean(axis=1)[1:], atol=1e-12
    )


def test_counts_above_the_number_of_units_are_left_out(check_readable):
    small = methods.hierarchy.build(np.eye(3, 5) + 0.1)
    assert "3 clusters" in _texts(check_readable(figures.hierarchy(small, feature_names=list("abcde"))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clusters": [4, 4]}, r"clusters: found .*, wanted ascending numbers"),
        ({"input_shape": [4, 6]}, r"input_shape: found \(4, 6\), wanted .* of fewer than 23 features"),
        ({"input_shape": [20]}, r"input_shape: found \(20,\)"),
        ({"input_shape": [4, 5], "output_names": ["a"]}, r"output_names: found 1 entries, wanted a sequence of 3"),
        ({"input_shape": [4, 5], "feature_names": ["a"]}, r"feature_names: found .*, wanted none for images"),
        ({"feature_names": ["a"]}, r"feature_names: found 1 entries, wanted a sequence of 23"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tree, arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.hierarchy(tree, **arguments)


def test_the_title_says_how_many_signs_are_reversed():
    alike, opposite = np.array([[1.0, 0.1], [1.0, 0.2], [0.1, 1.0]]), np.array([[1.0, 0.1], [1.0, 0.2], [-0.1, -1.0]])
    titles = [figures.hierarchy(methods.hierarchy.build(each)).get_suptitle() for each in (alike, opposite)]
    assert [" ".join(title.split()) for title in titles] == [
        "3 hidden units in 3 clusters by their correlations, of 1 unit each",
        "3 hidden units in 3 clusters by their correlations, of 1 unit each; the sign of 1 unit is reversed",
    ]


def test_other_results_are_refused(tree):
    with pytest.raises(ValueError, match=r"tree: found .*, wanted a Hierarchy"):
        figures.hierarchy(tree.linkage)


def test_a_notebook_shows_the_tree_with_its_finding(tree):
    page = tree._repr_html_()
    assert "a Ward tree of 24 units" in page
    assert "data:image/png;base64," in page


def test_traced_and_device_vectors_draw_alike():
    vectors = jax.random.normal(jax.random.key(0), (6, 5))
    (drawn,) = _images(figures.hierarchy(methods.hierarchy.build(vectors)))
    assert drawn.get_array().shape == (4, 5)


def _size(axes):
    """Width and height of drawn axes, in inches."""
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


@pytest.mark.parametrize("count", [16, 30])
def test_long_feature_names_are_below_a_heat_map_of_full_size(count, check_readable, panels):
    names = [f"mean fractal dimension of a nucleus, number {index}" for index in range(count)]
    tree = methods.hierarchy.build(np.random.default_rng(0).normal(size=(12, count)))
    figure = check_readable(figures.hierarchy(tree, clusters=[3], feature_names=names))
    (roles,) = [axes for axes in panels(figure) if axes.images]
    width, height = _size(roles)
    assert width > 5
    assert height > 0.9
    for label in roles.get_xticklabels():
        assert label.get_window_extent().y0 >= 0


def test_of_many_features_one_of_several_is_named(check_readable, panels):
    tree = methods.hierarchy.build(np.random.default_rng(0).normal(size=(12, 74)))
    figure = check_readable(figures.hierarchy(tree, clusters=[3], feature_names=[f"f{k}" for k in range(74)]))
    (roles,) = [axes for axes in panels(figure) if axes.images]
    assert [label.get_text() for label in roles.get_xticklabels()] == [f"f{k}" for k in range(0, 74, 2)]
    assert roles.get_xlabel() == "feature; one of 2 is named"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"feature_names": [*"abcde"]}, [*"abcde"]),
        ({"feature_names": [*"abc"]}, [*"abc", "output 0", "output 1"]),
        ({"feature_names": [*"abc"], "output_names": [*"xy"]}, [*"abcxy"]),
        ({"output_names": [*"xy"]}, [*"xy"]),
    ],
)
def test_inputs_and_outputs_of_a_heat_map_have_names(arguments, names, panels):
    built = methods.hierarchy.build(np.eye(3, 5) + 0.1)
    tree = dataclasses.replace(built, outputs=2)
    (roles,) = [axes for axes in panels(figures.hierarchy(tree, **arguments)) if axes.images]
    assert [label.get_text() for label in roles.get_xticklabels()] == names
    assert roles.get_xlabel() == "feature; right of the line: 2 outputs"
    if "output_names" in arguments:  # of a tree that does not know its outputs
        (roles,) = [axes for axes in panels(figures.hierarchy(built, **arguments)) if axes.images]
        assert [label.get_text() for label in roles.get_xticklabels()] == names


@pytest.mark.parametrize("letters", [10, 60])
def test_images_beside_long_output_names_keep_their_size(letters, check_readable, panels):
    tree = methods.hierarchy.build(np.random.default_rng(0).normal(size=(12, 35)))
    names = [f"{'automobile' * 6}"[:letters] for _ in range(10)]
    figure = check_readable(figures.hierarchy(tree, clusters=[4], input_shape=[5, 5], output_names=names))
    drawn = [axes for axes in panels(figure) if axes.images]
    assert all(min(_size(axes)) > 1 for axes in drawn)
    bars = [axes for axes in panels(figure) if axes.get_ylabel().startswith("correlation with")]
    assert all(_size(axes)[1] > 1 for axes in bars)


def test_sizes_of_many_clusters_are_a_range():
    tree = methods.hierarchy.build(np.random.default_rng(0).normal(size=(40, 9)))
    sizes = np.bincount(tree.cut(12))
    title = " ".join(figures.hierarchy(tree, clusters=[12]).get_suptitle().split())
    assert f"in 12 clusters by their correlations, of {sizes.min()} to {sizes.max()} units" in title
