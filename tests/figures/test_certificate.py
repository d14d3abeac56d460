"""The figure of a certificate: rates and bounds by size, and what is certified, in words."""

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.core_units import Certificate, ClassData


def _certificate(bounds=(0.99, 0.96, 0.94, np.nan), *, target=3, joint=False):
    bounds = np.array(bounds)
    place = int(np.cumprod(bounds >= 0.95).sum()) - 1
    sizes = np.array([8, 4, 2, 1])
    mask = np.arange(8) < sizes[max(place, 0)]
    return Certificate(
        mask=mask if place >= 0 else None,
        units=int(sizes[place]) if place >= 0 else None,
        certified=place >= 0,
        lower_bound=bounds[max(place, 0)],
        holding_rate=bounds[max(place, 0)] + 0.005,
        place=place,
        sizes=sizes,
        holding_rates=bounds + 0.005,
        lower_bounds=bounds,
        rows=ClassData(np.arange(100), np.arange(100, 200)),
        target=target,
        holding=0.95,
        confidence=0.9,
        level=0.1,
        joint=joint,
    )


def _texts(figure):
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return [text.replace("\n", " ") for text in texts if text]


def test_rates_and_bounds_are_drawn_by_size_and_the_certified_set_is_marked(check_readable):
    figure = check_readable(figures.certificate(_certificate(), unit_name="hidden unit"))
    title = "4 hidden units keep at least 95% of the decisions for class 3 on new rows, with 90% confidence"
    assert title in _texts(figure)
    (axes,) = figure.axes
    rates, bounds, required, ring = axes.lines
    np.testing.assert_allclose(rates.get_xydata(), [[2, 0.945], [4, 0.965], [8, 0.995]])
    np.testing.assert_allclose(bounds.get_xydata(), [[2, 0.94], [4, 0.96], [8, 0.99]])
    assert required.get_ydata()[0] == 0.95
    np.testing.assert_allclose(ring.get_xydata(), [[4, 0.96]])


def test_nothing_certified_has_no_mark(check_readable):
    figure = check_readable(figures.certificate(_certificate((0.9, np.nan, np.nan, np.nan), target=None, joint=True)))
    assert len(figure.axes[0].lines) == 3
    title = "No set is certified to keep at least 95% of the decisions for all classes on new rows, with 90% confidence"
    assert f"{title} for all classes together" in _texts(figure)
    assert any(text.startswith("1 unit keeps") for text in _texts(figures.certificate(_certificate((0.96,) * 4))))


def test_what_is_no_certificate_is_refused():
    with pytest.raises(ValueError, match=r"^certificate: found float64 \[3\], wanted a Certificate"):
        figures.certificate(np.ones(3))


def test_a_notebook_shows_the_figure_with_the_finding():
    page = _certificate()._repr_html_()
    assert "4 of 8 units (0, 1, 2, 3) hold at least 95% of class 3" in page
    assert "data:image/png;base64," in page
