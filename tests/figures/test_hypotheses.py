import numpy as np
import pytest
from matplotlib.colors import to_rgba

from interp_jax.figures import hypotheses
from interp_jax.figures.hypotheses import Panel


def _panel(generator, score, ruled_out, rows=20):
    return Panel(generator.standard_normal((30, 2)), generator.standard_normal((rows, 2)), score, ruled_out)


def test_a_column_ends_with_the_level_that_rules_its_hypothesis_out(generator, panels, legend_texts, check_readable):
    columns = {
        "3": [_panel(generator, 0.4, False), _panel(generator, 1.0, True, rows=0)],
        "8": [_panel(generator, 0.5, False), _panel(generator, 0.6, False), _panel(generator, np.nan, False)],
    }
    levels = ["f0 ∈ {1, 2}", "f3 ∈ {0}", "f1 ∈ {4, 5, 6}"]
    figure = check_readable(hypotheses.grid(columns, levels, mine="label 5"))
    drawn = np.array(panels(figure)).reshape(3, 2)
    assert [[axes.axison for axes in row] for row in drawn] == [[True, True], [True, True], [False, True]]
    frames = {axes.spines["left"].get_edgecolor() for axes in drawn.flat if axes.axison}
    assert len(frames) == 2
    assert not frames & {to_rgba(color) for color in (hypotheses.MINE, hypotheses.OTHER)}
    assert drawn[1, 0].spines["left"].get_edgecolor() != drawn[1, 1].spines["left"].get_edgecolor()
    assert drawn[1, 0].get_title(loc="center") == "1.00"
    assert drawn[2, 1].get_title(loc="center") == "–"
    assert [len(points.get_offsets()) for points in drawn[1, 0].collections] == [30]
    assert legend_texts(figure) == ["label 5", "hypothesis", "ruled out", "not yet"]


def test_what_is_wrong_is_named(generator):
    with pytest.raises(ValueError, match="columns: found .*, wanted a .* at least one entry"):
        hypotheses.grid({}, ["a"], mine="5")
    with pytest.raises(ValueError, match=r"columns\['3'\]: found 2 panels, wanted 1 to 1, one a level"):
        hypotheses.grid({"3": [_panel(generator, 0.4, False)] * 2}, ["a"], mine="5")
    with pytest.raises(ValueError, match=r"columns\['3'\]\[0\]: found shape \[4, 3\], wanted \[n, 2\]"):
        hypotheses.grid({"3": [Panel(np.zeros((4, 3)), [], 1.0, False)]}, ["a"], mine="5")
