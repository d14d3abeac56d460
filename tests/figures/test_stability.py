import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import same_color

from interp_jax.figures import _style as style
from interp_jax.figures import stability

GROUPS = ["4 clusters", "8 clusters", "16 clusters"]


@pytest.fixture
def values(generator, frozen):
    def draw(mean):
        return {group: frozen(np.clip(mean + 0.1 * generator.standard_normal(45), -0.3, 1)) for group in GROUPS}

    found = {"trained": draw(0.5), "re-drawn weights": draw(0.1), "shuffled labels": draw(0.0)}
    found["planted"] = {"8 clusters": jnp.array([1.0, jnp.nan, 0.9])}
    return found


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


def test_values_and_medians_stand_in_their_groups(values, panels, legend_texts, check_readable):
    figure = check_readable(stability.agreement(values, x_label="resolution"))
    (axes,) = panels(figure)
    wanted = [(name, group, np.asarray(values[name][group])) for name in values for group in values[name]]
    drawn, medians = lines(axes, "values"), lines(axes, "median")
    for (name, group, numbers), dots, median, box in zip(wanted, drawn, medians, axes.patches, strict=True):
        finite = numbers[np.isfinite(numbers)]
        np.testing.assert_allclose(dots.get_ydata(), finite)
        np.testing.assert_allclose(median.get_ydata(), np.median(finite))
        quartiles = np.percentile(finite, (25, 75))
        np.testing.assert_allclose([box.get_y(), box.get_y() + box.get_height()], quartiles)
        assert np.all(np.abs(dots.get_xdata() - GROUPS.index(group)) < 0.5)
        left, right = median.get_xdata()
        assert left < dots.get_xdata().min() <= dots.get_xdata().max() < right
        assert same_color(dots.get_color(), style.PALETTE[list(values).index(name)])
    assert [label.get_text() for label in axes.get_xticklabels()] == GROUPS
    assert legend_texts(figure) == list(values)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("resolution", "adjusted Rand index")


def test_the_axis_ends_at_one_and_holds_all_values(values, panels):
    low, high = panels(stability.agreement(values))[0].get_ylim()
    assert 1 <= high < 1.05
    assert low < min(float(np.nanmin(numbers)) for entries in values.values() for numbers in entries.values())
    low, high = panels(stability.agreement({"a": {"b": [0.9]}}))[0].get_ylim()
    assert -0.1 < low < 0


def test_agreement_names_what_is_wrong():
    with pytest.raises(ValueError, match="values: found .*, wanted a .* at least one entry"):
        stability.agreement({})
    with pytest.raises(ValueError, match=r"values\['a'\]: found .*, wanted a .* at least one entry"):
        stability.agreement({"a": {}})
    with pytest.raises(ValueError, match=r"values\['a'\]\['b'\]: found shape \[1, 2\], wanted \[pairs\]"):
        stability.agreement({"a": {"b": [[1, 2]]}})
    with pytest.raises(ValueError, match=r"values\['a'\]\['b'\]: found values from 0.5 to 55, wanted at most 1"):
        stability.agreement({"a": {"b": [0.5, 55]}})
    with pytest.raises(ValueError, match="values: found no finite number"):
        stability.agreement({"a": {"b": [np.nan]}})


PREDICTED = np.array([[0.5, -0.4, 0.1], [-0.2, 0.3, 0.0]])
MEASURED = np.array([[0.2, -0.1, -0.1], [-0.3, np.nan, 0.2]])


def test_points_compare_prediction_and_measurement(frozen, panels, legend_texts, check_readable):
    colors = frozen([[1, 0, 0, 1], [0, 0, 1, 1]])
    measured = {"mean": frozen(MEASURED), "resample": jnp.asarray(-MEASURED)}
    options = {"names": ["Cluster 1", "Cluster 2"], "colors": colors}
    figure = check_readable(stability.causal_check(frozen(PREDICTED), measured, **options))
    drawn = panels(figure)
    assert [axes.get_title(loc="left") for axes in drawn] == [
        "mean: 75% of 4 signs agree",  # neither the zero nor the missing one counts
        "resample: 25% of 4 signs agree",
    ]
    for axes, values in zip(drawn, measured.values(), strict=True):
        for line, x, y, shade in zip(axes.get_lines(), PREDICTED, values, colors, strict=False):
            np.testing.assert_array_equal(line.get_xdata(), x)
            np.testing.assert_allclose(line.get_ydata(), y)
            assert same_color(line.get_color(), shade)
        for low, high in (axes.get_xlim(), axes.get_ylim()):
            assert -low == high
    assert drawn[0].get_ylim() == drawn[1].get_ylim()
    assert legend_texts(figure) == ["Cluster 1", "Cluster 2"]


def test_quadrants_of_equal_sign_are_shaded(panels):
    (axes,) = panels(stability.causal_check(PREDICTED, MEASURED))
    assert axes.get_title(loc="left") == "75% of 4 signs agree"
    assert len(axes.patches) == 2
    for patch in axes.patches:
        assert patch.get_width() * patch.get_height() > 0
        assert (patch.get_x(), patch.get_y()) == (0, 0)


def test_nothing_measured_can_be_drawn(panels, check_readable):
    (axes,) = panels(check_readable(stability.causal_check(PREDICTED, np.full((2, 3), np.nan))))
    assert axes.get_title(loc="left") == "no sign known"


def test_causal_check_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"predicted: found shape \[3\], wanted \[modules, outputs\]"):
        stability.causal_check(PREDICTED[0], MEASURED)
    with pytest.raises(ValueError, match=r"measured: found shape \[3, 2\], wanted \[2, 3\]"):
        stability.causal_check(PREDICTED, MEASURED.T)
    with pytest.raises(ValueError, match=r"measured\['mean'\]: found shape \[3, 2\], wanted \[2, 3\]"):
        stability.causal_check(PREDICTED, {"mean": MEASURED.T})
    with pytest.raises(ValueError, match="measured: found .*, wanted a .* at least one entry"):
        stability.causal_check(PREDICTED, {})
    with pytest.raises(ValueError, match="names: found 1 entries, wanted a sequence of 2"):
        stability.causal_check(PREDICTED, MEASURED, names=["a"])
    with pytest.raises(ValueError, match=r"colors: found shape \[1, 4\], wanted \[2, 4\]"):
        stability.causal_check(PREDICTED, MEASURED, colors=np.ones((1, 4)))
