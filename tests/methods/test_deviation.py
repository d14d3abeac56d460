from collections import OrderedDict

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.methods.deviation import profile
from tests import reference

CASES = [("euclidean", "adjacent"), ("normalized euclidean", "all"), ("cosine", "all"), ("correlation", "adjacent")]


def _layers(seed=0):
    random = np.random.default_rng(seed)
    shapes = {"input": (6,), "conv": (3, 2)}  # not in alphabetical order
    return OrderedDict((name, random.normal(1, 1, (12, *shape)).astype(np.float32)) for name, shape in shapes.items())


def _profile(layers, labels, metric="euclidean"):
    """One compiled program a metric for all tests."""
    return profile(layers, labels, metric=metric, pairs=dict(CASES)[metric], classes=4, batch_size=5)


@st.composite
def _labeled_layers(draw):
    layers, random = _layers(draw(st.integers(0, 999))), np.random.default_rng(draw(st.integers(0, 999)))
    for name, scale, shift in (("input", 1e-3, 0), ("conv", 1, draw(st.sampled_from([0, 1000.1])))):
        layers[name] = layers[name] * np.float32(scale) + np.float32(shift)
        if draw(st.booleans()):
            layers[name] = np.maximum(np.round(layers[name]), 0)  # ties, and rows of zeros
        layers[name][random.random(12) < draw(st.sampled_from([0, 0.4]))] = draw(st.sampled_from([0.0, 0.1]))
        layers[name][..., 0] = draw(st.sampled_from([0.0, 0.3]))
    return layers, np.array(draw(st.lists(st.integers(-1, 4), min_size=12, max_size=12)))


def _mean(values):
    values = [value for value in values if not np.isnan(value)]
    return np.mean(values) if values else np.nan


@pytest.mark.parametrize(("metric", "pairs"), CASES)
@given(_labeled_layers())
@settings(max_examples=40, deadline=None)
def test_deviations_are_the_thesis_formulas(metric, pairs, drawn):
    layers, labels = drawn
    found = _profile(layers, labels, metric)
    for number, layer in enumerate(layers.values()):
        inner, inter, level = reference.deviation(layer, labels, metric, 4, pairs == "adjacent")
        np.testing.assert_allclose(found.level[number], level, rtol=1e-5)
        of_layer = found.inner_by_class[number], found.inner[number], found.inter_by_pair[number], found.inter[number]
        wanted = inner, _mean(inner), inter, _mean(inter)
        if "euclidean" in metric:
            # Averages are known to the digits of the rows about the layer's mean.
            rows = np.reshape(layer[(labels >= 0) & (labels < 4)], (-1, layer[0].size)).astype(np.float64)
            spread = np.abs(rows - rows.mean(0)).max() / (level if "normalized" in metric and level else 1)
            bounds = [1e-5 * np.array(value) for value in wanted[:2]]
            bounds += [1e-5 * np.array(value) + 1e-6 * spread for value in wanted[2:]]
        else:
            bounds = [1e-5 * np.array(value) + 2e-6 * np.sqrt(value) + 1e-12 for value in wanted]
        for one, other, bound in zip(of_layer, wanted, bounds, strict=True):
            np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
            assert np.all(np.isnan(other) | (np.abs(np.float64(one) - other) <= bound)), (one, other, bound)
    np.testing.assert_array_equal(found.counts, [np.sum(labels == c) for c in range(4)])


def test_a_scaled_layer_deviates_in_proportion_and_a_shifted_one_the_same():
    x, labels = _layers()["input"], np.arange(12) % 3
    for factor, shift in ((2, 0), (1, 1)):
        layers = [x, (factor * x + shift).reshape(12, 3, 2)]
        plain, normalized = (_profile(layers, labels, metric) for metric in ("euclidean", "normalized euclidean"))
        for values in (plain.inner, plain.inter):
            np.testing.assert_allclose(values[1], factor * values[0], rtol=1e-5)
        np.testing.assert_allclose(normalized.inner, plain.inner / plain.level, rtol=1e-5)


@pytest.mark.parametrize("metric", ["normalized euclidean", "cosine", "correlation"])
def test_learning_is_told_from_memorizing(metric):
    """Planted: a layer that pulls classes together, and one that spreads all rows."""
    labels, random = np.arange(12) % 3, np.random.default_rng(0)
    x = random.normal(size=(12, 6)) + random.normal(size=(3, 6))[labels]
    centers = np.stack([x[labels == c].mean(0) for c in range(3)])[labels]
    learning, memorizing = centers + 0.2 * (x - centers), random.normal(size=(12, 6))
    (before, learned), (_, memorized) = (
        _profile([x, layer.reshape(12, 3, 2)], labels, metric).inner for layer in (learning, memorizing)
    )
    assert learned < 0.5 * before < 0.5 * memorized


def test_layers_come_in_the_order_given():
    layers, labels = _layers(), np.arange(12) % 3
    found, listed = _profile(layers, labels), _profile(list(layers.values()), labels)
    jax.tree.map(np.testing.assert_array_equal, found, listed)
    _, _, level = reference.deviation(layers["conv"], labels, "euclidean", 4, True)
    np.testing.assert_allclose(found.level[1], level, rtol=1e-5)
    assert found.inter_by_pair.shape == (2, 3)


@pytest.mark.parametrize("metric", ["normalized euclidean", "correlation"])
def test_an_ensemble_is_its_lanes(metric):
    labels, seeds = np.arange(12) % 3, [_layers(seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *layers: np.stack(layers), *seeds)
    lanes = jax.jit(jax.vmap(lambda layers: _profile(layers, labels, metric)))(stacked)
    wanted = _profile(seeds[2], labels, metric)
    jax.tree.map(lambda lane, one: np.testing.assert_allclose(lane[2], one, rtol=1e-5), lanes, wanted)


def test_classes_without_pairs_are_left_out_of_the_means():
    labels = np.array([0] * 5 + [2] * 6 + [3])  # no row of 1, one of 3
    for metric, _ in CASES:
        found = _profile(_layers(), labels, metric)
        np.testing.assert_array_equal(found.counts, [5, 0, 6, 1])
        np.testing.assert_array_equal(np.isnan(found.inner_by_class), [[False, True, False, True]] * 2)
        np.testing.assert_allclose(found.inner, np.nanmean(found.inner_by_class, axis=1), rtol=1e-6)
        np.testing.assert_allclose(found.inter, np.nanmean(found.inter_by_pair, axis=1), rtol=1e-6)
    nothing = _profile(_layers(), np.full(12, 7))
    assert all(np.isnan(value).all() for value in nothing[:5])
    assert not nothing.counts.any()


def test_constant_layers():
    layers, labels = [np.zeros((12, 6)), np.full((12, 3, 2), 0.1)], np.arange(12) % 4
    deviations = {"euclidean": [0, 0], "normalized euclidean": [0, 0], "cosine": [1, 0], "correlation": [1, 1]}
    for metric, wanted in deviations.items():
        found = _profile(layers, labels, metric)
        np.testing.assert_array_equal(found.inner, wanted)
        np.testing.assert_allclose(found.inter, wanted, atol=1e-12)
        np.testing.assert_allclose(found.level, [0, 0.6], rtol=1e-6)
        np.testing.assert_array_equal(found.degenerate, [[3 * share] * 4 for share in wanted])


def test_rows_left_out_may_hold_anything_and_others_may_not():
    layers, labels = _layers(), np.arange(12) % 5
    labels[labels == 4] = -1
    wanted = _profile(layers, labels)
    for layer in layers.values():
        layer[labels < 0] = np.nan
    jax.tree.map(np.testing.assert_array_equal, _profile(layers, labels), wanted)
    layers["conv"][labels == 1] = np.inf
    found = _profile(layers, labels)
    for values in (found.inner, found.inter, found.level):
        np.testing.assert_array_equal(np.isfinite(values), [True, False])
    np.testing.assert_array_equal(np.isnan(found.inner_by_class[1]), np.arange(4) == 1)


def test_the_number_of_classes_is_the_largest_label_and_one():
    layers, labels = list(_layers().values())[:1], np.arange(12) % 3
    found = profile(layers, labels, metric="cosine", pairs="all")
    wanted = profile(layers, labels, metric="cosine", pairs="all", classes=3)
    jax.tree.map(np.testing.assert_array_equal, found, wanted)
    assert found.inter_by_pair.shape == (1, 3)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_computed_in_full(dtype):
    layers, labels = jax.tree.map(lambda layer: jnp.asarray(layer, dtype), _layers()), np.arange(12) % 3
    found, wanted = (
        _profile(of, labels) for of in (layers, jax.tree.map(lambda layer: layer.astype("float32"), layers))
    )
    jax.tree.map(np.testing.assert_array_equal, found, wanted)
    assert found.inner.dtype == jnp.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, labels: profile(x, labels), r"activations: found float32 \[12, 6\], wanted a mapping or sequence"),
        (
            lambda x, labels: profile(lambda rows: rows, labels),
            r"activations: found function, wanted .*, such as network.activations\(inputs\)",
        ),
        (lambda x, labels: profile({}, labels), "activations: found no layers"),
        (lambda x, labels: profile([x], labels[1:]), r"activations\[0\]: found shape \[12, 6\], wanted \[11, "),
        (lambda x, labels: profile({"a": x[:, 0]}, labels), r"activations\['a'\]: found shape \[12\]"),
        (lambda x, labels: profile([x * 1j], labels), r"activations\[0\]: found complex"),
        (lambda x, labels: profile([x], labels * 1.0), "labels: found float"),
        (lambda x, labels: profile([x], labels[:0]), r"labels: found shape \[0\]"),
        (lambda x, labels: profile([x], 0 * labels), "classes: found 1, wanted a whole number of at least 2"),
        (lambda x, labels: jax.jit(lambda y: profile([x], y))(labels), "classes: found None in a traced call"),
        (lambda x, labels: profile([x], labels, metric="normalized cosine"), "metric: found 'normalized cosine'"),
        (lambda x, labels: profile([x], labels, pairs="each"), "pairs: found 'each', wanted one of 'adjacent', 'all'"),
        (lambda x, labels: profile([x], labels, batch_size=0), "batch_size: found 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_layers()["input"], np.arange(12) % 3)


def test_layers_far_from_zero_have_the_deviations_of_those_at_zero():
    layer, labels = np.random.default_rng(5).normal(size=(12, 4)), np.arange(12) % 3
    near, far = profile([layer], labels, pairs="all"), profile([1e9 + layer], labels, pairs="all")
    for name in ("inner", "inter"):
        np.testing.assert_allclose(getattr(far, name), getattr(near, name), rtol=1e-5)
    np.testing.assert_allclose(far.level, 4e9, rtol=1e-6)
