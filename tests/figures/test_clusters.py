import itertools

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, same_color

from interp_jax.figures import _style as style
from interp_jax.figures._clusters import as_labels, ink_on, numbers_apart, points_per_unit
from interp_jax.figures.trees import cluster_colors

LEVELS = [[0, 0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 2, 3, 3], [0, 1, 2, 3, 4, 5, 5]]


def test_coarse_clusters_have_the_hues_of_the_palette():
    coarse = cluster_colors(LEVELS)[0]
    assert coarse.shape == (2, 4)
    assert same_color(coarse[0], style.PALETTE[0])
    assert same_color(coarse[1], style.PALETTE[1])


def test_parts_of_a_cluster_are_tints_of_its_hue():
    colors = cluster_colors(LEVELS)
    hues = [rgb_to_hsv(level[:, :3])[:, 0] for level in colors]
    for level, found in zip(LEVELS, hues, strict=True):
        parents = np.asarray(LEVELS[0])[np.unique(level, return_index=True)[1]]
        np.testing.assert_allclose(found, hues[0][parents], atol=1e-6)
    for level in colors:
        assert len(np.unique(level, axis=0)) == len(level)


def test_a_cluster_that_does_not_split_keeps_its_color():
    _, middle, fine = cluster_colors(LEVELS)
    np.testing.assert_allclose(fine[[4, 5]], middle[[2, 3]])
    np.testing.assert_allclose(middle[3], cluster_colors(LEVELS)[0][1])


def test_colors_follow_the_tree_and_not_the_numbers():
    relabeled = [LEVELS[0], LEVELS[1], [5, 4, 2, 3, 0, 1, 1]]
    fine, middle = cluster_colors(relabeled)[2], cluster_colors(relabeled)[1]
    light = fine[:, :3].sum(axis=1)
    # the parts of cluster 0 of the middle level are darker than those of its cluster 1, which are darker than cluster 2
    assert max(light[[5, 4]]) < min(light[[2, 3]]) < light[0]
    np.testing.assert_allclose(fine[0], middle[2])


@pytest.mark.parametrize("count", [5, 16, 25])
def test_many_clusters_of_one_level_differ(count):
    (colors,) = cluster_colors([np.arange(count)])
    gaps = np.abs(colors[:, None] - colors[None]).max(axis=2) + np.eye(count)
    assert gaps.min() > 0.05
    assert np.all((colors >= 0) & (colors <= 1))


@pytest.mark.parametrize("labels", [[0, 2, 2], [0.5, 1, 0], [-1, 0, 1], [np.nan, 0, 1]])
def test_labels_are_whole_and_used(labels):
    with pytest.raises(ValueError, match=r"levels\[0\]: found \[.*\], wanted labels 0…c − 1, each of them used"):
        cluster_colors([labels])


def test_levels_split_one_another():
    with pytest.raises(
        ValueError, match=r"levels\[1\]: found clusters across those of levels\[0\], wanted parts of them"
    ):
        cluster_colors([[0, 0, 1, 1], [0, 1, 1, 2]])
    with pytest.raises(ValueError, match=r"levels\[1\]: found shape \[3\], wanted \[4\]"):
        cluster_colors([[0, 0, 1, 1], [0, 1, 2]])
    with pytest.raises(ValueError, match="levels: found .*, wanted a .* at least one entry"):
        cluster_colors([])


def test_labels_within_a_number_of_clusters():
    np.testing.assert_array_equal(as_labels("labels", [3.0, 0.0], 2, 4), [3, 0])
    with pytest.raises(ValueError, match=r"labels: found \[0. 4.\], wanted labels 0…3"):
        as_labels("labels", [4, 0], 2, 4)


def test_letters_contrast_with_their_ground():
    assert ink_on(np.array([1, 1, 0.8, 1])) == style.INK
    assert ink_on(np.array([0, 0.2, 0.4, 1])) == "white"


def test_numbers_move_apart_and_keep_their_order():
    figure = style.new_figure(4, 2)
    axes = figure.subplots()
    axes.set(xlim=(0, 100), ylim=(0, 1))
    numbers_apart(axes, [50.0, 50.5, 51.0, 90.0], ["10", "11", "12", "13"], 0.8, 0.5, points_per_unit(axes))
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    for left, right in itertools.pairwise(boxes):
        assert left.x1 < right.x0
    assert [line.get_xdata()[0] for line in axes.get_lines()] == [50, 50.5, 51, 90]
    numbers_apart(axes, [], [], 0.8, 0.5, 1.0)
    assert len(axes.texts) == 4


def test_numbers_stay_within_their_axes_or_are_left_out():
    axes = style.new_figure(4, 2).subplots()
    axes.set(xlim=(0, 100), ylim=(0, 1))
    scale = points_per_unit(axes)
    numbers_apart(axes, [99.0, 99.5, 98.0], ["11", "12", "10"], 0.8, 0.5, scale)
    places = [text.get_position()[0] for text in axes.texts]
    assert max(places) == places[1] == 100
    assert places[2] < places[0] < places[1]
    numbers_apart(axes, list(map(float, range(60))), list(map(str, range(60))), 0.8, 0.5, scale)
    assert len(axes.texts) == 3
