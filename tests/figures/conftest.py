"""What every figure keeps to: no global state, letters that can be read, nothing cut off."""

import io

import matplotlib
import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.text import Text


@pytest.fixture(autouse=True)
def _no_global_state():
    before = settings()
    yield
    assert not Gcf.figs
    assert settings() == before


def settings():
    """All global settings but the backend, which reading would choose."""
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def frozen():
    """An array that cannot be written to: a figure that changed its input would fail."""

    def freeze(values):
        array = np.array(values)
        array.flags.writeable = False
        return array

    return freeze


@pytest.fixture
def positions(frozen):
    return frozen(np.arange(21, 81))


@pytest.fixture
def panels():
    """The axes of a figure without its color bars."""
    return lambda figure: [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.fixture
def legend_texts():
    return lambda figure: [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.fixture
def check_readable():
    """Renders a figure; its letters must be large enough and lie inside it."""

    def check(figure):
        figure.savefig(io.BytesIO(), format="png", dpi="figure")
        assert figure.get_figwidth() <= 9
        axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
        ticks = {id(text) for axis in axes for which in ("major", "minor") for text in axis.get_ticklabels(which=which)}
        frame = figure.bbox.padded(1)
        for text in figure.findobj(Text):
            if not (text.get_visible() and text.get_text().strip()) or not text.get_window_extent().width:
                continue
            assert text.get_fontsize() >= 9, text
            if id(text) not in ticks and (text.axes is None or text.axes.axison):
                box = text.get_window_extent()
                assert frame.containsx(box.x0), text
                assert frame.containsx(box.x1), text
                assert frame.containsy(box.y0), text
                assert frame.containsy(box.y1), text
        return figure

    return check
