import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import same_color

from interp_jax.figures import comparison
from interp_jax.figures.comparison import ErrorRow


@pytest.fixture
def rows(generator, frozen):
    return [
        ErrorRow("CUSUM", [4.9], None, "classical detectors"),
        ErrorRow("matched step", [3.6], 3.61, "classical detectors"),
        ErrorRow("dense", frozen(3.1 + 0.1 * generator.standard_normal(10)), 2.98, "networks"),
        ErrorRow("convolution", jnp.array([2.8, jnp.nan, 2.9]), None, "networks"),
        ErrorRow("recurrent", [], np.float32(3.0), "networks"),
    ]


LIMITS = {"posterior median": 2.62, "optimum (MAP)": 2.74, "always answers 50": 15}


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


@pytest.mark.parametrize("log_x", [False, True])
def test_rows_show_seeds_means_and_published_values(rows, panels, legend_texts, check_readable, log_x):
    figure = check_readable(comparison.errors(rows, LIMITS, "mean |error|", log_x=log_x))
    (axes,) = panels(figure)
    seeds = lines(axes, "seeds")
    np.testing.assert_array_equal(seeds[0].get_xdata(), rows[2].values)
    np.testing.assert_allclose(seeds[1].get_xdata(), [2.8, 2.9], rtol=1e-6)
    means = [line.get_xdata().item() for line in lines(axes, "mean")]
    np.testing.assert_allclose(means, [4.9, 3.6, np.mean(rows[2].values), 2.85], rtol=1e-6)
    np.testing.assert_allclose([line.get_xdata().item() for line in lines(axes, "published")], [3.61, 2.98, 3])
    bars = [line.get_xdata() for line in axes.get_lines() if line.get_linewidth() == 2.6]
    deviation = np.std(rows[2].values, ddof=1)
    np.testing.assert_allclose(bars[0], [means[2] - deviation, means[2] + deviation])
    assert len(bars) == 2
    assert [label.get_text() for label in axes.get_yticklabels()] == [row.name for row in rows]
    assert axes.get_xlabel() == "mean |error|"
    assert axes.get_xscale() == ("log" if log_x else "linear")
    assert legend_texts(figure) == ["one seed", "mean ± standard deviation", "published"]


def test_numbers_stand_beside_their_rows(rows, panels):
    (axes,) = panels(comparison.errors(rows, LIMITS))
    texts = [text.get_text() for text in axes.texts]
    assert "4.90" in texts
    assert f"{np.mean(rows[2].values):.2f} ± {np.std(rows[2].values, ddof=1):.2f}" in texts
    assert {"3.61", "2.98", "3.00", "mean ± s.d.", "published"} <= set(texts)


def test_numbers_have_minus_signs_and_zero_has_none(panels):
    (axes,) = panels(comparison.errors([ErrorRow("less", [-0.5, -0.5], -0.3), ErrorRow("none", [-0.001], None)]))
    texts = [text.get_text() for text in axes.texts]
    assert {"−0.50 ± 0.00", "−0.30", "0.00"} <= set(texts)


def test_groups_have_headers_and_colors(rows, panels):
    mixed = [rows[2], rows[0], rows[3], ErrorRow("alone", [5.0])]
    (axes,) = panels(comparison.errors(mixed))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["alone", "dense", "convolution", "CUSUM"]
    places = {text.get_text(): text.xy[1] for text in axes.texts if text.get_weight() == "bold"}
    assert places == {"networks": 1, "classical detectors": 4}
    np.testing.assert_array_equal(axes.get_yticks(), [0, 2, 3, 5])
    shades = [line.get_color() for line in lines(axes, "mean")]
    assert same_color(shades[1], shades[2])
    assert not same_color(shades[2], shades[3])


HIGH = {"a long name": 15, "another long name": 14}


@pytest.mark.parametrize("limits", [LIMITS, dict(reversed(LIMITS.items())), HIGH])
def test_limits_are_named_without_touching(rows, panels, limits):
    figure = comparison.errors(rows, limits)
    figure.draw_without_rendering()
    (axes,) = panels(figure)
    for name, limit in limits.items():
        (line,) = lines(axes, name)
        np.testing.assert_array_equal(line.get_xdata(), [limit, limit])
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text() in limits]
    assert len(boxes) == len(limits)
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
        # nor does the line of a limit cross the name of another one
        for limit in limits.values():
            place = axes.transData.transform((limit, 0))[0]
            crossed = box.x0 < place < box.x1
            own = next(other for other, name in zip(boxes, limits, strict=True) if limits[name] == limit)
            assert not (crossed and own.y0 > box.y0)


def test_a_plain_row_needs_nothing_else(panels, legend_texts, check_readable):
    figure = check_readable(comparison.errors([ErrorRow("only", [2.72])]))
    assert legend_texts(figure) == ["mean"]
    assert "published" not in [text.get_text() for text in panels(figure)[0].texts]


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="rows: found .*, wanted a .* at least one entry"):
        comparison.errors([])
    with pytest.raises(ValueError, match=r"values of a: found shape \[1, 2\], wanted \[seeds\]"):
        comparison.errors([ErrorRow("a", [[1, 2]])])
    with pytest.raises(ValueError, match="rows: found no finite number"):
        comparison.errors([ErrorRow("a", [np.nan])])
    with pytest.raises(ValueError, match="rows: found 0, wanted numbers > 0"):
        comparison.errors([ErrorRow("a", [0, 1])], log_x=True)


def test_by_position_has_a_line_a_detector(generator, positions, panels, legend_texts, check_readable):
    errors = {f"detector {index}": index + generator.random(60) for index in range(9)}
    errors["detector 0"][:5] = np.nan
    figure = check_readable(comparison.by_position(positions, errors, "L1 error"))
    (axes,) = panels(figure)
    for line, values in zip(axes.get_lines(), errors.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), positions)
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}) == 9
    assert legend_texts(figure) == list(errors)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("true jump position", "L1 error")
    assert axes.get_ylim()[0] == 0


def test_by_position_names_what_is_wrong(positions):
    with pytest.raises(ValueError, match=r"errors\['a'\]: found shape \[3\], wanted \[60\]"):
        comparison.by_position(positions, {"a": [1, 2, 3]})
    with pytest.raises(ValueError, match="errors: found .*, wanted a .* at least one entry"):
        comparison.by_position(positions, {})
