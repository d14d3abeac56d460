import numpy as np
import pytest

from interp_jax.figures import rates

X = [8, 4, 6]
SERIES = {
    "tight": [[0.0, 0.0, 1e-4], [0.3, 0.2, 0.45], [1e-3, 2e-4, 4e-3]],
    "wide": [[0.5, 0.4, 0.6], [np.nan] * 3, [0.9, 0.8, 0.95]],
}


def _bars(axes):
    """Every error bar's ends, by its place."""
    return [{path.vertices[0, 0]: path.vertices[:, 1] for path in bars.get_paths()} for bars in axes.collections]


@pytest.mark.parametrize("log_y", [False, True])
def test_rates_and_intervals_are_drawn(frozen, panels, legend_texts, check_readable, log_y):
    series = {name: frozen(numbers) for name, numbers in SERIES.items()}
    figure = check_readable(rates.with_intervals(frozen(X), series, "points", "success", log_y=log_y))
    (axes,) = panels(figure)
    tight, wide = [line for line in axes.get_lines() if line.get_label() in SERIES]
    np.testing.assert_array_equal(wide.get_xydata(), [[6, 0.9], [8, 0.5]])
    np.testing.assert_array_equal(tight.get_xydata(), [[4, 0.3], [6, 1e-3], [8, 0]][: 2 if log_y else 3])
    bars = _bars(axes)
    np.testing.assert_allclose(bars[0][4], [0.2, 0.45])
    np.testing.assert_allclose(bars[1][8], [0.4, 0.6])
    assert set(bars[0]) == ({4, 6} if log_y else {4, 6, 8})
    assert legend_texts(figure) == ["tight", "wide"]
    assert tight.get_color() != wide.get_color()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("points", "success")
    assert axes.get_yscale() == ("log" if log_y else "linear")


def test_a_rate_of_zero_on_a_logarithmic_axis_is_an_arrow_from_its_upper_end(panels):
    (axes,) = panels(rates.with_intervals(X, SERIES, "points", "success", log_y=True))
    (arrow,) = axes.texts
    assert arrow.xyann == (8, 1e-4)
    assert arrow.xy == (8, axes.get_ylim()[0])
    assert axes.get_ylim()[0] < 1e-4
    assert not panels(rates.with_intervals(X, SERIES, "points", "success"))[0].texts


def test_zero_rates_alone_can_be_drawn(check_readable):
    for log_y in (False, True):
        check_readable(rates.with_intervals([1], {"none": [[0, 0, 0.01]]}, "points", "success", log_y=log_y))


def test_bars_from_zero_end_at_the_axis(panels, check_readable):
    figure = check_readable(rates.with_intervals([1], {"some": [[0.1, 0, 0.2]]}, "points", "success", log_y=True))
    (axes,) = panels(figure)
    np.testing.assert_allclose(_bars(axes)[0][1], [axes.get_ylim()[0], 0.2])


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"rates\['a'\]: found shape \[3, 2\], wanted \[3, 3\]"):
        rates.with_intervals(X, {"a": np.zeros((3, 2))}, "x", "y")
    with pytest.raises(ValueError, match="rates: found .*, wanted a .* at least one entry"):
        rates.with_intervals(X, {}, "x", "y")
    with pytest.raises(ValueError, match="rates: found no finite number"):
        rates.with_intervals(X, {"a": np.full((3, 3), np.nan)}, "x", "y")
    for row in ([0.5, 0.6, 0.7], [0.5, 0.4, 0.45], [50, 40, 60], [0, 0, 0], [0.5, -0.1, 0.6]):
        with pytest.raises(ValueError, match=r"rates: found the row \[.*\], wanted 0 ≤ low ≤ rate ≤ high ≤ 1"):
            rates.with_intervals([1], {"a": [row]}, "x", "y")
