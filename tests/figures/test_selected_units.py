import io
import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from interp_jax.figures.selected_units import CHOSEN, EMPTY, by_class, positions


def masks(generator, classes, runs, units):
    drawn = generator.random((classes, runs, units)) < 0.2
    drawn[:, :, :3] = True
    return {f"class {index}": mask for index, mask in enumerate(drawn)}


def blocks(axes):
    """Of each class the numbers of its colors, and where its rows begin and end."""
    found = []
    for mesh in axes.collections:
        places = mesh.get_coordinates()
        found.append((mesh.get_array().reshape(places.shape[0] - 1, -1), places[0, 0, 1], places[-1, 0, 1]))
    return found


@pytest.mark.parametrize(
    ("classes", "runs", "units"), [(10, 5, 64), (3, 2, 32), (2, 5, 1024), (1, 2, 1), (4, 5, 20_000)]
)
def test_units_of_every_run_have_a_color_of_their_own(generator, frozen, panels, check_readable, classes, runs, units):
    given = {name: frozen(mask) for name, mask in masks(generator, classes, runs, units).items()}
    (axes,) = panels(check_readable(positions(given, x_label="unit of max2")))
    found = blocks(axes)
    for (numbers, top, bottom), mask in zip(found, given.values(), strict=True):
        np.testing.assert_array_equal(numbers > 0, mask)
        np.testing.assert_array_equal(numbers == 2, np.broadcast_to(mask.all(axis=0), mask.shape))
        assert bottom - top == runs
    edges = [edge for _, top, bottom in found for edge in (top, bottom)]
    assert np.all(np.diff(edges) > 0)  # the classes lie below one another, with gaps
    assert axes.get_ylim() == (edges[-1], edges[0])
    assert axes.get_xlim() == (-0.5, units - 0.5)
    assert axes.get_xlabel() == "unit of max2"


def test_names_and_numbers_stand_beside_their_class(panels, legend_texts, check_readable):
    given = {"cat": [[1, 1, 0, 0], [1, 0, 0, 0]], "dog": jnp.array([[True, False, True, True]]), "frog": [[0] * 4] * 2}
    figure = check_readable(positions(given))
    (axes,) = panels(figure)
    rows = {}
    for text in axes.texts:
        rows.setdefault(text.xy[1], []).append(text.get_text())
    centers = [(top + bottom) / 2 for _, top, bottom in blocks(axes)]
    assert [rows[center] for center in centers] == [["cat", "1–2", "1"], ["dog", "3"], ["frog", "0", "0"]]
    np.testing.assert_array_equal(blocks(axes)[1][0], [[1, 0, 1, 1]])  # a single run is no repetition
    assert legend_texts(figure) == ["chosen", "chosen in every run of the class"]
    single = positions({"cat": [[1, 0]]})
    assert legend_texts(single) == ["chosen"]
    assert [text.get_text() for text in panels(single)[0].texts] == ["cat", "1", "a run"]


@pytest.mark.parametrize("units", [1, 32, 64, 100, 1024])
def test_numbers_of_units_never_touch(generator, panels, units):
    figure = positions(masks(generator, 1, 2, units))
    figure.draw_without_rendering()
    (axes,) = panels(figure)
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    assert axes.get_xticks()[0] == 0
    assert len(boxes) >= min(units, 8)


@pytest.mark.parametrize(
    ("units", "chosen", "dpi"),
    [
        (2000, [50, 500, 777, 1500, 1999], 110),
        (2000, [1234], 72),
        (1000, range(0, 1000, 37), 110),
        (130, range(0, 130, 2), 110),
    ],
)
def test_each_chosen_unit_is_a_bar_of_strong_color_in_the_picture(units, chosen, dpi):
    mask = np.zeros((1, units), int)
    mask[0, chosen] = 1
    figure, buffer = positions({"kept": mask}), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    buffer.seek(0)
    place = figure.axes[0].get_position()
    picture = imread(buffer)[..., :3]
    left, right = (round(end * picture.shape[1]) for end in (place.x0, place.x1))
    middle = picture[int((1 - (place.y0 + place.y1) / 2) * len(picture)), max(left - 2, 0) : right + 2]
    color, empty = (np.array(to_rgb(each)) for each in (CHOSEN, EMPTY))
    strong = (middle - empty) @ (color - empty) > 0.6 * np.sum((color - empty) ** 2)
    assert np.sum(np.diff(strong.astype(int), prepend=0) == 1) == len(chosen)


def test_positions_name_what_is_wrong():
    with pytest.raises(ValueError, match="masks: found .*, wanted a .* at least one entry"):
        positions({})
    with pytest.raises(ValueError, match=r"masks\['a'\]: found shape \[3\], wanted \[runs, units\]"):
        positions({"a": [1, 0, 1]})
    with pytest.raises(ValueError, match=r"masks\['b'\]: found shape \[1, 2\], wanted \[runs, 3\]"):
        positions({"a": [[1, 0, 1]], "b": [[1, 0]]})
    for value in (0.5, np.nan):
        with pytest.raises(ValueError, match=rf"masks\['a'\]: found {value:g}, wanted 0 or 1"):
            positions({"a": [[1, value]]})


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


@pytest.mark.parametrize("count", [1, 2, 10])
def test_means_and_repeats_stand_in_the_slot_of_their_class(
    generator, frozen, panels, legend_texts, check_readable, count
):
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    values = {f"method {index}": frozen(generator.integers(9, 40, 10)) for index in range(count)}
    values["method 0"] = frozen(generator.integers(9, 17, (10, 5)))
    paper = np.array([45, 41, np.nan, 48, 48, 46, 43, 42, 41, 42])
    options = {"y_label": "units of max1", "repeat_name": "network"}
    figure = check_readable(by_class(classes, values, {"paper": paper}, **options))
    (axes,) = panels(figure)
    means = lines(axes, "mean")
    for line, numbers in zip(means, values.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), numbers.reshape(10, -1).mean(axis=1))
        np.testing.assert_array_equal(np.round(line.get_xdata()), np.arange(10))
    across = np.stack([line.get_xdata() for line in means])
    assert np.all(np.diff(across, axis=0) > 0)
    assert len({(line.get_color(), line.get_marker()) for line in means}) == count
    (dots,) = lines(axes, "repeats")
    np.testing.assert_array_equal(dots.get_ydata(), values["method 0"].ravel())
    np.testing.assert_array_equal(dots.get_xdata(), np.repeat(means[0].get_xdata(), 5))
    (bars,) = axes.collections
    heights = np.array([segment[0, 1] for segment in bars.get_segments() if len(segment)])
    np.testing.assert_array_equal(heights, paper[np.isfinite(paper)])
    assert legend_texts(figure) == [*values, "one network", "paper"]
    assert [label.get_text() for label in axes.get_xticklabels()] == classes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("class", "units of max1")
    assert axes.get_ylim()[0] == 0


def test_missing_numbers_are_not_drawn(panels, legend_texts, check_readable):
    values = {"ours": [[1, 3], [np.nan, 4], [np.nan, np.nan]], "greedy": [np.nan, 2, 3]}
    figure = check_readable(by_class(["0", "1", "8"], values, y_range=(0.5, 5)))
    (axes,) = panels(figure)
    ours, greedy = lines(axes, "mean")
    np.testing.assert_array_equal(ours.get_ydata(), [2, 4, np.nan])
    np.testing.assert_array_equal(greedy.get_ydata(), [np.nan, 2, 3])
    assert axes.get_ylim() == (0.5, 5)
    assert "one repeat" not in legend_texts(by_class(["0", "1", "8"], {"greedy": values["greedy"]}))


def test_by_class_names_what_is_wrong():
    with pytest.raises(ValueError, match="classes: found .*, wanted a .* at least one entry"):
        by_class([], {"a": []})
    with pytest.raises(ValueError, match="values: found .*, wanted a .* at least one entry"):
        by_class(["0"], {})
    with pytest.raises(ValueError, match=r"values\['a'\]: found shape \[3, 2\], wanted \[2, seeds\]"):
        by_class(["0", "1"], {"a": np.ones((3, 2))})
    with pytest.raises(ValueError, match=r"references\['p'\]: found shape \[1\], wanted \[2\]"):
        by_class(["0", "1"], {"a": [1, 2]}, {"p": [1]})
    with pytest.raises(ValueError, match="values: found no finite number"):
        by_class(["0"], {"a": [np.nan]})
