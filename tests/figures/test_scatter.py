import numpy as np
import pytest

from interp_jax.figures import scatter


@pytest.fixture
def cloud(generator, frozen):
    labels = np.repeat(np.arange(21, 81), 5)
    return frozen(np.stack([labels, labels**2 / 80], axis=1) + generator.standard_normal((300, 2))), frozen(labels)


def test_points_are_colored_by_class(cloud, panels, check_readable):
    points, labels = cloud
    figure = check_readable(scatter.embedding(points, labels))
    (axes,) = panels(figure)
    (drawn,) = axes.collections
    np.testing.assert_array_equal(drawn.get_offsets(), points)
    np.testing.assert_array_equal(drawn.get_array(), labels)
    assert drawn.get_clim() == (21, 80)
    assert figure.axes[-1].get_ylabel() == "jump position"
    assert axes.get_aspect() == 1


def test_class_numbers_stand_at_the_medians(cloud, panels):
    points, labels = cloud
    (axes,) = panels(scatter.embedding(points, labels, named=3))
    assert [text.get_text() for text in axes.texts] == ["21", "51", "80"]
    for text in axes.texts:
        median = np.median(points[labels == int(text.get_text())], axis=0)
        np.testing.assert_allclose(text.get_position(), median)


def test_missing_points_are_left_out(panels):
    points = [[0.0, 0.0], [np.nan, 1.0], [2.0, 2.0], [3.0, 3.0]]
    (axes,) = panels(scatter.embedding(points, [1, 2, 3, np.nan], "class", equal=False))
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), [[0, 0], [2, 2]])
    assert [text.get_text() for text in axes.texts] == ["1", "3"]
    assert axes.get_aspect() == "auto"


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"points: found shape \[4, 3\], wanted \[n, 2\]"):
        scatter.embedding(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match=r"labels: found shape \[3\], wanted \[4\]"):
        scatter.embedding(np.zeros((4, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="points: found no row of finite numbers"):
        scatter.embedding(np.full((4, 2), np.nan), np.zeros(4))


def test_embeddings_share_one_scale(cloud, panels, check_readable):
    points, labels = cloud
    figure = check_readable(
        scatter.embeddings(
            {"a": (points, labels), "b": (-points, labels - 10), "c": (points, labels)}, "class", columns=2
        )
    )
    drawn = [axes for axes in panels(figure) if axes.axison]
    assert [axes.get_title(loc="left") for axes in drawn] == ["a", "b", "c"]
    assert {axes.collections[0].get_clim() for axes in drawn} == {(11, 80)}
    np.testing.assert_array_equal(drawn[1].collections[0].get_offsets(), -points)


def test_embeddings_name_what_is_wrong():
    with pytest.raises(ValueError, match="panels: found .*, wanted a .* at least one entry"):
        scatter.embeddings({}, "class")
    with pytest.raises(ValueError, match=r"points of panels\['a'\]: found shape \[4\], wanted \[n, 2\]"):
        scatter.embeddings({"a": (np.zeros(4), np.zeros(4))}, "class")


def test_labels_that_are_not_finite_do_not_spoil_the_scale():
    points, labels = np.arange(8.0).reshape(4, 2), [1, np.nan, 3, np.inf]
    figure = scatter.embeddings({"a": (points, labels)}, "class")
    (drawn,) = figure.axes[0].collections
    assert drawn.get_clim() == (1, 3)
    assert len(drawn.get_offsets()) == 2
