import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import same_color

from interp_jax.figures import filters

PLACES = np.arange(-20, 21)
OPTIMAL = -PLACES * np.exp(-(PLACES**2) / 60) / 8


def test_profiles_lie_over_one_another(generator, frozen, panels, legend_texts, check_readable):
    learned = frozen(OPTIMAL + 0.02 * generator.standard_normal(41))
    figure = filters.profiles(PLACES, {"learned": learned, "optimal": jnp.asarray(OPTIMAL)}, "place", "weight", zero=0)
    (axes,) = panels(check_readable(figure))
    _, first, second, jump = axes.get_lines()
    np.testing.assert_array_equal(first.get_ydata(), learned)
    np.testing.assert_allclose(second.get_ydata(), OPTIMAL, rtol=1e-6)
    np.testing.assert_array_equal(jump.get_xdata(), [0, 0])
    assert not same_color(first.get_color(), second.get_color())
    assert legend_texts(figure) == ["learned", "optimal", "jump"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("place", "weight")


def test_a_single_short_profile_has_stems(panels, legend_texts, check_readable):
    figure = check_readable(filters.profiles([1, 2, 3], {"learned": [1, np.nan, -1]}))
    (axes,) = panels(figure)
    np.testing.assert_array_equal(axes.containers[0].markerline.get_ydata(), [1, np.nan, -1])
    assert legend_texts(figure) == ["learned"]
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_profiles_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"filters\['a'\]: found shape \[2\], wanted \[3\]"):
        filters.profiles([1, 2, 3], {"a": [1, 2]})
    with pytest.raises(ValueError, match="filters: found .*, wanted a .* at least one entry"):
        filters.profiles([1, 2, 3], {})
    with pytest.raises(ValueError, match=r"positions: found shape \[1, 3\], wanted \[k\]"):
        filters.profiles([[1, 2, 3]], {"a": [1, 2, 3]})


def test_composition_shows_parts_and_whole(panels, check_readable):
    smooth, difference = np.array([1, 4, 6, 4, 1]) / 16, np.array([1, -1])
    whole = np.convolve(smooth, difference)
    parts = {
        "smoother": (np.arange(-2, 3), smooth),
        "difference": ([0, 1], difference),
        "both": (np.arange(-2, 4), whole),
    }
    drawn = panels(check_readable(filters.composition(parts)))
    assert [axes.get_title(loc="center") for axes in drawn] == list(parts)
    assert [axes.get_ylabel() for axes in drawn] == ["weight", "∗", "="]
    for axes, (places, taps) in zip(drawn, parts.values(), strict=True):
        np.testing.assert_array_equal(axes.containers[0].markerline.get_xdata(), places)
        np.testing.assert_array_equal(axes.containers[0].markerline.get_ydata(), taps)
    assert len({axes.get_xlim() for axes in drawn}) == 1


def test_composition_takes_other_numbers_of_parts(panels):
    parts = {"long": (np.arange(40), np.ones(40)), "short": ([0, 1], [1, 2])}
    drawn = panels(filters.composition(parts, ["+"]))
    np.testing.assert_array_equal(drawn[0].get_lines()[-1].get_ydata(), np.ones(40))
    assert drawn[1].get_ylabel() == "+"
    assert panels(filters.composition(parts))[1].get_ylabel() == ""


def test_composition_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"taps of parts\['a'\]: found shape \[3\], wanted \[2\]"):
        filters.composition({"a": ([0, 1], [1, 2, 3])})
    with pytest.raises(ValueError, match="signs: found 2 entries, wanted a sequence of 0"):
        filters.composition({"a": ([0, 1], [1, 2])}, ("∗", "="))


def test_gallery_has_a_panel_a_class_and_one_legend(panels, legend_texts, check_readable):
    rows = {f"jump at {at}": {"learned": OPTIMAL + at / 100, "optimal": OPTIMAL} for at in (21, 35, 50, 65)}
    rows["jump at 80"] = {"optimal": OPTIMAL}
    figure = check_readable(filters.gallery(PLACES, rows, jumps={"jump at 21": 0}))
    drawn = [axes for axes in panels(figure) if axes.axison]
    assert [axes.get_title(loc="left") for axes in drawn] == list(rows)
    for axes, entries in zip(drawn, rows.values(), strict=True):
        lines = axes.get_lines()[1 : len(entries) + 1]
        np.testing.assert_array_equal([line.get_ydata() for line in lines], list(entries.values()))
    colors = {axes.get_lines()[len(entries)].get_color() for axes, entries in zip(drawn, rows.values(), strict=True)}
    assert len(colors) == 1  # the optimal filter keeps its color
    assert legend_texts(figure) == ["learned", "optimal", "jump"]


def test_gallery_draws_seeds_as_a_mean_with_a_band(panels):
    values = np.stack([OPTIMAL, OPTIMAL + 2], axis=1)
    rows = {"high": {"a": 10 * values}, "low": {"a": values}}
    high, low = panels(filters.gallery(PLACES, rows, columns=1, scale_by_row=True))
    np.testing.assert_allclose(low.get_lines()[1].get_ydata(), OPTIMAL + 1)
    (band,) = low.collections
    np.testing.assert_allclose(band.get_paths()[0].get_extents().y0, (OPTIMAL + 1).min() - np.sqrt(2))
    assert high.get_ylim() != low.get_ylim()
    high, low = panels(filters.gallery(PLACES, rows, columns=1))
    assert high.get_ylim() == low.get_ylim()


def test_gallery_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"rows\['a'\]\['b'\]: found shape \[2\], wanted \[3\]"):
        filters.gallery([1, 2, 3], {"a": {"b": [1, 2]}})
    with pytest.raises(ValueError, match=r"rows\['a'\]: found .*, wanted a .* at least one entry"):
        filters.gallery([1, 2, 3], {"a": {}})
    with pytest.raises(ValueError, match=r"jumps: found the names \['z'\], wanted those of rows, \['a'\]"):
        filters.gallery([1, 2, 3], {"a": {"b": [1, 2, 3]}}, jumps={"z": 1})
