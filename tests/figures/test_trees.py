import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgba_array
from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage

from interp_jax.figures import trees

COUNTS, NUMBERS = (4, 8, 16), (1, 5, 13)


def cut(tree, order, count):
    """The labels of a cut, counted from left to right."""
    labels = cut_tree(tree, n_clusters=count)[:, 0]
    first = np.unique(labels[order], return_index=True)[1]
    return np.argsort(np.argsort(first))[labels]


@pytest.fixture
def tree(generator, frozen):
    vectors = generator.standard_normal((12, 9))[generator.integers(12, size=100)]
    vectors = vectors + 0.3 * generator.standard_normal((100, 9))
    vectors[::25] *= 6  # clusters of one unit
    found = linkage(vectors, "ward")
    order = leaves_list(found)
    return frozen(found), frozen(order), [frozen(cut(found, order, count)) for count in COUNTS]


def links(axes):
    return np.array(axes.collections[0].get_segments())


@pytest.mark.parametrize("units", [2, 300])
def test_dendrograms_share_their_height_axis(generator, frozen, panels, check_readable, units):
    vectors = generator.standard_normal((units, 5))
    linkages = {"before": frozen(linkage(2 * vectors, "ward")), "after": frozen(linkage(vectors, "ward"))}
    figure = check_readable(trees.dendrograms(linkages))
    for axes, (name, matrix) in zip(panels(figure), linkages.items(), strict=True):
        drawn = links(axes)
        assert drawn.shape == (units - 1, 4, 2)
        np.testing.assert_allclose(drawn[:, 1:3, 1], np.repeat(matrix[:, 2:3], 2, axis=1))
        assert np.all(drawn[:, 0, 0] < drawn[:, 3, 0])
        leaves = drawn[:, [0, 3]][drawn[:, [0, 3], 1] == 0]
        np.testing.assert_array_equal(np.sort(leaves[:, 0]), np.arange(1, units + 1))
        assert axes.get_title(loc="left") == f"{name}: top at {matrix[-1, 2]:.3g}"
        assert not any(label.get_visible() for label in axes.get_xticklabels())
    low, high = (axes.get_ylim() for axes in panels(figure))
    assert low == high
    assert low[1] > linkages["before"][-1, 2]
    assert figure.get_supylabel() == "merge height √(2ΔESS)"


def test_dendrograms_name_what_is_wrong(tree):
    with pytest.raises(ValueError, match="linkages: found .*, wanted a .* at least one entry"):
        trees.dendrograms({})
    with pytest.raises(ValueError, match=r"linkages\['a'\]: found shape \[3, 3\], wanted \[n − 1, 4\]"):
        trees.dendrograms({"a": np.ones((3, 3))})
    for row, column, value in ((0, 2, -1), (0, 2, np.nan), (3, 0, 0)):
        broken = tree[0].copy()
        broken[row, column] = value
        broken[3, 1] = 0
        with pytest.raises(ValueError, match=r"linkages\['a'\]: found no tree, wanted SciPy's linkage matrix"):
            trees.dendrograms({"a": broken})
    with pytest.raises(ValueError, match="found no tree"):
        trees.dendrograms({"a": [[1, 3, 0.5, 2]]})  # a node that is not there


def blocks(axes):
    return sorted(
        ((round(-patch.get_y()), patch.get_x(), patch) for patch in axes.patches), key=lambda found: found[:2]
    )


def test_blocks_stand_over_their_units(tree, panels, check_readable):
    matrix, order, levels = tree
    figure = check_readable(trees.resolutions(matrix, order, levels, numbers=NUMBERS))
    above, below = panels(figure)
    assert above.get_xlim() == below.get_xlim() == (0.5, 100.5)
    drawn = blocks(below)
    assert len(drawn) == sum(COUNTS)
    for row, (labels, colors) in enumerate(zip(levels, trees.cluster_colors(levels), strict=True)):
        widths = [patch.get_width() for level, _, patch in drawn if level == row]
        np.testing.assert_array_equal(widths, np.bincount(labels))  # clusters are counted from left to right
        starts = [start for level, start, _ in drawn if level == row]
        np.testing.assert_allclose(starts, 0.5 + np.cumsum([0, *widths[:-1]]))
        faces = [patch.get_facecolor() for level, _, patch in drawn if level == row]
        np.testing.assert_allclose(faces, colors)
    assert [label.get_text() for label in below.get_yticklabels()] == [f"{count} clusters" for count in COUNTS]
    assert below.get_xlabel() == "100 hidden units in the order of the tree"


def test_every_cluster_has_its_number_and_no_texts_touch(tree, panels):
    matrix, order, levels = tree
    support = [np.full(count, 1.0) for count in COUNTS]
    figure = trees.resolutions(matrix, order, levels, numbers=NUMBERS, support=support)
    figure.draw_without_rendering()
    below = panels(figure)[1]
    numbers = [int(text.get_text()) for text in below.texts if "%" not in text.get_text()]
    assert sorted(numbers) == list(range(1, 29))
    notes = [text for text in below.texts if "%" in text.get_text()]
    assert {text.get_text() for text in notes} == {"100%"}
    assert 0 < len(notes) < sum(COUNTS)  # none in blocks too narrow for it
    boxes = [text.get_window_extent() for text in below.texts]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
    edges = np.array([(patch.get_x(), patch.get_x() + patch.get_width()) for patch in below.patches])
    edges = below.transData.transform(np.stack([edges.ravel(), np.zeros(edges.size)], axis=1))[:, 0].reshape(-1, 2)
    for text in notes:
        box = text.get_window_extent()
        assert np.any((edges[:, 0] <= box.x0) & (box.x1 <= edges[:, 1]))
    assert below.get_xlabel().endswith("percentages: support of the cluster")


def test_unknown_support_is_left_out(tree, panels):
    matrix, order, levels = tree
    known = np.full(4, np.nan)
    widest = np.argmax(np.bincount(levels[0]))
    known[widest] = 0.256
    below = panels(trees.resolutions(matrix, order, levels[:1], numbers=(1,), support=[known]))[1]
    assert [text.get_text() for text in below.texts if "%" in text.get_text()] == ["26%"]


def test_connectors_lead_to_the_parts_of_a_cluster(tree, panels):
    matrix, order, levels = tree
    below = panels(trees.resolutions(matrix, order, levels, numbers=NUMBERS))[1]
    centers = {
        (row, label): np.flatnonzero(labels[order] == label).mean() + 1
        for row, labels in enumerate(levels)
        for label in range(labels.max() + 1)
    }
    wanted = sorted(
        (row, centers[row, parent], centers[row + 1, child])
        for row in range(2)
        for parent, child in set(zip(levels[row], levels[row + 1], strict=True))
    )
    found = sorted((row, ends[0, 0], ends[1, 0]) for row in range(2) for ends in below.collections[row].get_segments())
    np.testing.assert_allclose(found, wanted)


def test_the_tree_is_cut_between_merges(tree, panels):
    matrix, order, levels = tree
    above = panels(trees.resolutions(matrix, order, levels, numbers=NUMBERS))[0]
    cuts = [line.get_ydata()[0] for line in above.get_lines()]
    for height, count in zip(cuts, COUNTS, strict=True):
        assert 100 - np.sum(matrix[:, 2] < height) == count
    assert [text.get_text() for text in above.texts] == ["c = 4", "c = 8", "c = 16"]


def test_branches_have_the_color_of_their_cluster(tree, panels):
    matrix, order, levels = tree
    above = panels(trees.resolutions(matrix, order, levels, numbers=NUMBERS))[0]
    shades = to_rgba_array(above.collections[0].get_colors())
    coarse = trees.cluster_colors(levels)[0]
    for (left, *_, right), shade, height in zip(links(above)[:, :, 0], shades, matrix[:, 2], strict=True):
        labels = set(levels[0][order[int(np.ceil(left)) - 1 : int(right)]])
        assert (len(labels) == 1) == (height < matrix[-3, 2])
        assert any(same_color(shade, coarse[label]) for label in labels) == (len(labels) == 1)


@pytest.mark.parametrize("counts", [(1, 100), (1,), (100,), (2, 3)])
def test_extreme_resolutions(tree, panels, check_readable, counts):
    matrix, order, _ = tree
    levels = [cut(matrix, order, count) for count in counts]
    figure = trees.resolutions(matrix, order, levels, numbers=np.cumsum([1, *counts[:-1]]))
    if max(counts) < 100:  # a hundred numbers need more room than a page has
        check_readable(figure)
    above, below = panels(figure)
    assert len(below.patches) == sum(counts)
    assert all(0 < line.get_ydata()[0] < above.get_ylim()[1] for line in above.get_lines())


def test_numbers_of_many_small_clusters_stay_in_the_figure_or_are_left_out(generator, check_readable, panels):
    matrix = linkage(generator.standard_normal((300, 20)), "ward")
    order = leaves_list(matrix)
    levels = [cut(matrix, order, count) for count in (20, 60, 150)]
    figure = check_readable(trees.resolutions(matrix, order, levels, numbers=(1, 21, 81)))
    numbers = {text.get_text() for text in panels(figure)[1].texts}
    assert {str(number) for number in range(1, 21)} <= numbers
    assert "100" not in numbers


def test_few_units_have_whole_numbers_and_one_cluster_is_singular(panels):
    figure = trees.resolutions([[0, 1, 0.5, 2]], [0, 1], [[0, 0], [0, 1]], numbers=(1, 2))
    figure.draw_without_rendering()
    below = panels(figure)[1]
    assert np.all(below.get_xticks() == np.round(below.get_xticks()))
    assert [label.get_text() for label in below.get_yticklabels()] == ["1 cluster", "2 clusters"]


def test_resolutions_name_what_is_wrong(tree):
    matrix, order, levels = tree

    def draw(linkage=matrix, order=order, levels=levels, numbers=NUMBERS, **options):
        return trees.resolutions(linkage, order, levels, numbers=numbers, **options)

    with pytest.raises(ValueError, match=r"linkage: found shape \[4\], wanted \[n − 1, 4\]"):
        draw(matrix[0])
    with pytest.raises(ValueError, match=r"order: found shape \[99\], wanted \[100\]"):
        draw(order=order[1:])
    with pytest.raises(ValueError, match=r"order: found .*, wanted each unit 0…99 once"):
        draw(order=np.zeros(100))
    with pytest.raises(ValueError, match=r"order: found units of other clusters between those of one in levels\[0\]"):
        draw(order=np.argsort(levels[0] % 2, kind="stable"), levels=[cut(matrix, order, 2), *levels])
    with pytest.raises(ValueError, match=r"levels\[0\]: found no cut of the linkage, wanted .* its first 98 merges"):
        draw(levels=[(np.argsort(order) > 49).astype(int)], numbers=(1,))
    with pytest.raises(ValueError, match=r"levels\[1\]: found clusters across those of levels\[0\]"):
        draw(levels=levels[::-1])
    with pytest.raises(ValueError, match=r"numbers: found 2 entries, wanted a sequence of 3"):
        draw(numbers=(1, 5))
    with pytest.raises(ValueError, match="support: found 1 entries, wanted a sequence of 3"):
        draw(support=[np.ones(4)])
    with pytest.raises(ValueError, match=r"support\[1\]: found shape \[4\], wanted \[8\]"):
        draw(support=[np.ones(4), np.ones(4), np.ones(16)])
    with pytest.raises(ValueError, match=r"support\[0\]: found values from 90 to 90, wanted 0 to 1"):
        draw(support=[np.full(4, 90), np.ones(8), np.ones(16)])
