import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.deviation import Profile, profile


def _profile(inner=(4.0, 2.0, 1.0), inter=(2.0, 4.0, 8.0), level=(10.0, 12.0, 11.0)):
    inner, inter, level = (np.array(values) for values in (inner, inter, level))
    by_class = np.stack([inner - 0.5, inner + 0.5], axis=1)
    return Profile(inner, inter, level, by_class, inter[:, None], np.zeros((len(inner), 2), int), np.array([5, 5]))


def _heights(axes):
    return [line.get_ydata().tolist() for line in axes.lines if line.get_linestyle() == "-"]


def test_four_panels_show_both_deviations_their_ratio_and_the_level(panels, legend_texts, check_readable):
    figure = check_readable(figures.deviation(_profile()))
    inner, inter, ratio, level = panels(figure)
    assert _heights(inner) == [[4.0, 2.0, 1.0]]
    assert _heights(inter) == [[2.0, 4.0, 8.0]]
    assert _heights(ratio) == [[0.5, 2.0, 8.0]]
    assert _heights(level) == [[10.0, 12.0, 11.0]]
    assert inner.get_ylim() == inter.get_ylim()
    assert inner.get_ylim()[0] == 0
    assert inner.get_ylim()[1] > 8
    assert level.get_xlabel() == "layer"
    assert level.get_yscale() == "linear"
    title = figure.get_suptitle().replace("\n", " ")
    assert title.endswith("0.5 times as far apart as rows of one class in the first layer, 8 times in the last")
    (body,) = figure.subfigs
    assert legend_texts(body) == ["mean", "least to greatest class, or pair of classes"]
    assert [len(axes.collections) for axes in (inner, inter, ratio, level)] == [1, 1, 0, 0]
    outline = inner.collections[0].get_paths()[0].vertices
    assert (outline[:, 1].min(), outline[:, 1].max()) == (0.5, 4.5)


def test_several_profiles_are_named_in_the_legend_and_in_the_title(panels, legend_texts, check_readable):
    named = {"learning": _profile(), "memorizing": _profile(inter=(2.0, 1.0, 0.5), level=(100.0, 3000.0, 1.0))}
    figure = check_readable(figures.deviation(named, layer_names=["input", "relu1", "out"], metric="cosine distance"))
    inner, inter, _, level = panels(figure)
    assert legend_texts(figure.subfigs[0]) == ["learning", "memorizing"]
    assert _heights(inter) == [[2.0, 4.0, 8.0], [2.0, 1.0, 0.5]]
    assert "learning 0.5 → 8; memorizing 0.5 → 0.5" in figure.get_suptitle().replace("\n", " ")
    assert inner.get_ylabel() == "inner-class deviation\n(cosine distance)"
    assert [label.get_text() for label in level.get_xticklabels()] == ["input", "relu1", "out"]
    assert level.get_yscale() == "log"
    assert not inner.collections


def test_stacked_networks_are_a_line_of_means_with_a_dot_for_each(panels):
    hidden = np.random.default_rng(0).normal(size=(2, 3, 12, 4)).astype(np.float32)
    labels = np.arange(12, dtype=np.int32) % 3
    stacked = jax.vmap(lambda layers: profile(list(layers), jnp.asarray(labels), classes=3))(hidden)
    inner = panels(figures.deviation(stacked))[0]
    np.testing.assert_allclose(inner.lines[0].get_ydata(), np.mean(stacked.inner, axis=0), rtol=1e-6)
    dots = inner.lines[1].get_ydata()
    np.testing.assert_allclose(np.sort(dots), np.sort(np.ravel(stacked.inner)), rtol=1e-6)


def test_missing_numbers_leave_gaps(panels, check_readable):
    figure = check_readable(figures.deviation(_profile(inner=(np.nan, 2.0, 0.0), level=(0.0, 0.0, 0.0))))
    inner, _, ratio, _ = panels(figure)
    assert _heights(inner) == [[2.0, 0.0]]
    assert _heights(ratio) == [[2.0]]
    assert "– times" in figure.get_suptitle().replace("\n", " ")


def test_one_layer_has_its_own_sentence(panels, check_readable):
    name = "the first hidden layer with a long name"
    one = _profile((4.0,), (2.0,), (10.0,))
    figure = check_readable(figures.deviation(one, layer_names=[name]))
    assert figure.get_suptitle().replace("\n", " ") == (
        "Averages of two classes lie 0.5 times as far apart as rows of one class"
    )
    (label,) = panels(figure)[3].get_xticklabels()
    assert label.get_rotation() == 0
    assert repr(one) == "Profile: 1 layer, 2 classes\ninner-class deviation 4, inter-class 2"
    assert figures.deviation({"a": one, "b": one}).get_suptitle().endswith("within a class: a 0.5; b 0.5")


def test_long_names_of_layers_leave_most_of_the_height_to_the_panels(panels, check_readable):
    layers = np.arange(1.0, 21.0)
    names = [f"the convolution of stage number {number}" for number in layers]
    figure = check_readable(figures.deviation(_profile(layers, layers, layers), layer_names=names))
    drawn = panels(figure)
    assert all(len(label.get_text()) <= 20 for label in drawn[3].get_xticklabels())
    assert len({label.get_text() for label in drawn[3].get_xticklabels()}) == 20
    assert sum(axes.get_position().height for axes in drawn) / 2 > 0.45


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="^profiles: found .*, wanted a Profile"):
        figures.deviation(np.zeros(3))
    with pytest.raises(ValueError, match=r"^profiles\['a'\]: found .*, wanted a Profile"):
        figures.deviation({"a": 3})
    with pytest.raises(ValueError, match="^profiles: found .*, wanted a mapping with at least one entry"):
        figures.deviation({})
    with pytest.raises(ValueError, match=r"^profiles\['b'\].inner: found shape \[1, 2\], wanted \[networks, 3\]"):
        figures.deviation({"a": _profile(), "b": _profile((1, 2), (1, 2), (1, 2))})
    with pytest.raises(ValueError, match="^layer_names: found 2 entries, wanted a sequence of 3"):
        figures.deviation(_profile(), layer_names=["a", "b"])
    with pytest.raises(ValueError, match="^profiles: found no finite number"):
        figures.deviation(_profile(*[(np.nan, np.nan)] * 3))


def test_a_profile_shows_its_figure_in_a_notebook():
    assert "<img" in _profile()._repr_html_()
