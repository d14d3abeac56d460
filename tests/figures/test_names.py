"""Names from users are drawn as they are written, in every figure: dollar signs, bytes of other encodings."""

import io

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

from interp_jax import figures
from interp_jax.figures.comparison import ErrorRow
from interp_jax.figures.hypotheses import Panel
from interp_jax.figures.layers import LayerRow
from interp_jax.methods.ascent import Ascent
from tests.battery.calls.figures import CALLS, SELECTION, TREE
from tests.surface import public_functions

ODD = b"caf\xe9".decode("utf-8", "surrogateescape")
A, B = f"US$ to A$ {ODD}", "x_1^2 $$ \\frac 100 %"
LINKAGE = [[0, 1, 0.5, 2], [2, 3, 1.5, 3]]
COLORS = [[0.2, 0.4, 0.6, 1.0], [0.8, 0.4, 0.1, 1.0]]


def _drawn(a, b):
    """Every figure with the names wherever it takes one."""
    labels = {"x_label": a, "y_label": b}
    yield figures.alignment.aligned_vectors([[1, 2]], [[1, 2]], [0, 1], split=1, label=a)
    rows = [ErrorRow(a, [1.0, 2.0], 3.0), ErrorRow(b, [2.0], None, a)]
    yield figures.comparison.errors(rows, {a: 1.0, b: 2.0}, x_label=a)
    yield figures.comparison.by_position([1, 2], {a: [1, 2], b: [2, 3]}, **labels)
    yield figures.curves.success_against_width([3, 5], [[0.2, 0.4]], [1.0], **labels)
    yield figures.curves.training([2, 1], [2, 1], [0.5, 0.2], [0.6, 0.4], loss_label=a, error_label=b)
    yield figures.curves.against([1, 2], {a: [1, 2], b: [2, 3]}, a, b, {a: 1.5}, x_names=[a, b])
    yield figures.decision_tree.tree({0: (1, 2)}, {0: a}, [[0.5, 0.5], [1, 0], [0, 1]], [a, b])
    yield figures.filters.profiles([1, 2], {a: [1, 2], b: [2, 1]}, zero=1, zero_name=a, **labels)
    yield figures.filters.composition({a: ([1, 2], [1, 1]), b: ([1, 2], [1, -1])}, [a], **labels)
    yield figures.filters.gallery([1, 2], {a: {b: [0, 1]}, b: {a: [1, 0]}}, jumps={a: 1}, **labels)
    yield figures.heatmaps.weights({a: ([[1, -1]], [0.1, 0.2])})
    yield figures.heatmaps.class_averages({a: [[0, 1], [1, 0]], b: [[0, 1], [1, 0]]}, [1, 2])
    yield figures.heatmaps.weights_and_averages([[1, -1]], [[0, 1], [1, 0]], [1, 2], titles=(a, b))
    yield figures.heatmaps.overlap(np.eye(2), [a, b], label=a)
    yield figures.heatmaps.confusion(np.eye(2), [a, b], a, b, label=a)
    yield figures.histograms.absolute_errors([0, 1, 3000], x_label=a)
    yield figures.hypotheses.grid({a: [Panel([[0, 0]], [[1, 1]], 0.5, True)]}, [b], mine=a)
    yield figures.images.strongest_inputs([[[[0, 1]]]], [a], labels=[[b]])
    yield figures.images.pixel_gates({a: [[0, 1]]}, {a: [[1, 0]]}, label=b)
    yield figures.images.learned({a: [[[0, 1]], [[1, 0]]]}, [a, b])
    yield figures.layers.grid([LayerRow(a, [1, 2], [[0, 1, 0], [1, 0, 1]])], [1, 2], 1)
    kernels = [[[1.0, -1.0]], [[0.5], [2.0]]]
    names = {"input_names": [a], "output_names": [b]}
    yield figures.networks.layered_network(kernels, [[0, 1]], threshold=0.6, colors=COLORS, **names)
    yield figures.rates.with_intervals([1, 2], {a: [[0.5, 0.4, 0.6], [1e-6, 1e-7, 1e-5]]}, a, b, log_y=True)
    yield figures.resolution_choice.choice([1, 2], [1, 2], [3, 0], [2], ess_label=a, lifetime_label=b)
    yield figures.contributions(**CALLS["figures.contributions"]() | {"class_names": [a, b, "c"]})
    yield figures.deviation({a: CALLS["figures.deviation"]()["profiles"]}, layer_names=[a, b], metric=b)
    named = {"class_names": [a, b, "c"], "feature_names": [a, b, "c", "d"]}
    yield figures.explanation(**CALLS["figures.explanation"]() | named)
    yield figures.hierarchy(TREE, clusters=[2], feature_names=[a, b, "c", "d"], unit_name=a)
    yield figures.core_units({a: SELECTION, b: SELECTION}, class_names=[a, b], unit_name=a)
    yield figures.unit_frequencies(**CALLS["figures.unit_frequencies"]() | {"unit_name": a})
    yield figures.shared_contributions(**CALLS["figures.shared_contributions"]())
    yield figures.certificate(**CALLS["figures.certificate"]() | {"unit_name": a})
    yield figures.necessity(**CALLS["figures.necessity"]() | {"class_name": a})
    yield figures.ngrams(**CALLS["figures.ngrams"]() | {"unit_name": a})
    lanes = Ascent([[0, 1], [2, 1]], [1, 2], [1, 2], [3, 4], [True, False], [False, True])
    yield figures.ascent(lanes, names=[a, b], feature_names=[a, b])
    names = {"titles": [a], "input_label": b, "output_label": a}
    yield figures.roles.image_roles([[[1, 0]]], [[1, -1]], output_names=[a, b], **names)
    yield figures.roles.series_roles([[[1, 0], [0, 1]]], [[1, -1]], item_names=[a, b], month_label=b, **names)
    yield figures.scatter.embedding([[0, 0], [1, 1]], [1, 2], a, **labels)
    yield figures.scatter.embeddings({a: ([[0, 0], [1, 1]], [1, 2])}, b)
    yield figures.selected_units.positions({a: [[1, 0]], b: [[0, 1]]}, x_label=a)
    yield figures.selected_units.by_class([a, b], {a: [1, 2], b: [2, 3]}, {f"{a} ": [1, 2]}, **labels)
    yield figures.signals.examples([[0, 1, 3]], [2], [a])
    yield figures.signals.filter_steps([0, 1], [0, 1], {a: [1]}, {a: [0, 1]})
    yield figures.stability.agreement({a: {b: [0.5]}}, **labels)
    yield figures.stability.causal_check([[0.5]], {a: [[0.4]]}, names=[b], **labels)
    yield figures.through_layers.shares({a: [0.5, 0.2]}, b, references={b: 0.1})
    yield figures.through_layers.signed_maps([[[0, 1]]], [[[[1, 0]], [[0, 1]]]], [a, b], [b], label=a)
    yield figures.through_layers.likelihood_paths([[[0.5, 0.5], [0.9, 0.1]]], [a, b], [a])
    yield figures.trees.dendrograms({a: LINKAGE}, y_label=b)
    yield figures.trees.resolutions(LINKAGE, [2, 0, 1], [[0, 0, 1]], numbers=[1], y_label=a, unit_name=b)


def _check(figure):
    """The texts of a figure, none of them read as mathematics or as TeX."""
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    for text in texts:
        assert "$" not in text.get_text() or not text.get_parse_math(), text
        assert not text.get_usetex(), text
        assert "mathdefault" not in text.get_text(), text
    return [text.get_text() for text in texts]


def test_no_figure_reads_names_as_mathematics():
    functions = [path for path in public_functions() if path.startswith("figures.")]
    every = list(_drawn(A, B))
    assert len(every) == len(functions), "a figure is missing here"
    for figure in every:
        _check(figure)


@pytest.mark.slow
def test_figures_of_names_with_dollar_signs_are_saved():
    for figure in _drawn(A, B):
        figure.savefig(io.BytesIO(), format="png")
        texts = "\n".join(_check(figure)).replace("\n", " ")
        assert any(name in texts for name in (A.replace(ODD, "caf\\udce9"), B))


def test_a_figure_of_names_with_dollar_signs_is_saved(monkeypatch):
    """Whatever the user's own settings are."""
    with matplotlib.rc_context({"axes.formatter.use_mathtext": True, "text.parse_math": True}):
        figure = figures.curves.against([0, 1e9], {A: [1e-9, 3e9]}, B, "$$", x_names=["US$", "A$"])
        figure.savefig(io.BytesIO(), format="png")
    assert {A.replace(ODD, "caf\\udce9"), B, "$$", "US$", "A$"} <= set(_check(figure))


def test_ticks_of_wide_logarithmic_axes_are_powers_of_ten(panels):
    figure = figures.curves.against([1, 2], {"a": [1e-4, 1e4]}, "x", "y", log_y=True)
    figure.savefig(io.BytesIO(), format="png")
    assert {"10⁻⁴", "10⁰", "10⁴"} <= {label.get_text() for label in panels(figure)[0].get_yticklabels()}
