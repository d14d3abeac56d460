"""The figures of how stable a core is: frequencies of units, and likeness of sets."""

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.core_units import Likeness, Resampled, SharedContributions


def _resampled(shares, *, varied="rows"):
    shares = np.array(shares)
    core = shares >= 0.9
    kinds = {"core": core, "interchangeable": (shares > 0) & ~core, "never": shares == 0}
    rates = np.full(4, 0.97)
    numbers = {"units": np.array([3, 3, 3, 2]), "holding_rates": rates, "held_out_rates": rates}
    masks = np.zeros((4, len(shares)), bool)
    return Resampled(masks, shares, **kinds, **numbers, core_share=0.9, varied=varied, target=3)


def _texts(figure):
    return [text.get_text().replace("\n", " ") for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def test_units_stand_by_frequency_and_the_core_has_its_color(check_readable):
    figure = check_readable(figures.unit_frequencies(_resampled([0.25, 1.0, 0.0, 1.0, 0.75]), unit_name="hidden unit"))
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [1.0, 1.0, 0.75, 0.25, 0.0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "3", "4", "0", "2"]
    shades = [bar.get_facecolor() for bar in axes.patches]
    assert shades[0] == shades[1] != shades[2] == shades[4]
    assert axes.lines[0].get_ydata()[0] == 0.9
    title = "Of 5 hidden units 2 are core for class 3 and 1 in no set, of 4 resamples of rows"
    assert title in _texts(figure)
    assert any("of 4 starts" in text for text in _texts(figures.unit_frequencies(_resampled([0.5], varied="starts"))))


def test_wide_layers_number_some_units_and_layers_have_a_panel_each(check_readable):
    figure = check_readable(figures.unit_frequencies(_resampled(np.linspace(0, 1, 200))))
    assert len(figure.axes[0].get_xticks()) == 40
    layers = _resampled([0.5, 1.0])
    layers = layers._replace(frequency={"first": layers.frequency, "second": layers.frequency[:1]})
    figure = check_readable(figures.unit_frequencies(layers))
    assert [axes.get_xlabel() for axes in figure.axes] == ["unit of first", "unit of second"]


def test_likeness_is_drawn_by_measure_beside_random_sets(check_readable, legend_texts):
    each = [Likeness(*np.full((3, *shape), value)) for shape, value in (((3,), 0.9), ((3, 4), 0.5), ((3, 4), 0.4))]
    each[0].cka[1] = np.nan
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    shared = SharedContributions(pairs, each[0], np.zeros((3, 2)), each[1], each[2], np.array([2, 2, 2]))
    figure = check_readable(figures.shared_contributions(shared))
    assert legend_texts(figure) == ["pairs of the sets", "random, as many shared units", "random sets"]
    dots = [len(line.get_ydata()) for line in figure.axes[0].lines if line.get_label() == "values"]
    assert dots == [3, 2, 3] + [12] * 6


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.unit_frequencies(np.ones(3)), "resampled: found float64"),
        (lambda: figures.unit_frequencies(_resampled([0.5, 2.0])), "resampled.frequency: found values from 0.5 to 2"),
        (lambda: figures.unit_frequencies(_resampled([[0.5], [1.0]])), "resampled.frequency: found shape"),
        (lambda: figures.shared_contributions(3), "shared: found 3"),
    ],
)
def test_bad_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        draw()
