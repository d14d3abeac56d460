import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import methods
from interp_jax.methods import identity

ROWS, FEATURES, CLASSES, DEPTH = 5, 4, 3, 6
LABELS = np.arange(ROWS) % CLASSES


def _layers(seed=0):
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    return inputs, random.normal(size=(DEPTH, ROWS, FEATURES + CLASSES)).astype(np.float32)


def test_the_parts_are_the_formulas():
    inputs, layers = _layers()
    found = methods.identity.contributions(inputs, layers)
    for layer in range(DEPTH):
        before = layers[layer - 1, :, :FEATURES] if layer else inputs
        scores = layers[layer, :, FEATURES:].astype(np.float64)
        wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_array_equal(found.maps[layer], layers[layer, :, :FEATURES] - inputs)
        np.testing.assert_array_equal(found.increments[layer], layers[layer, :, :FEATURES] - before)
        np.testing.assert_allclose(found.likelihood[layer], wanted, rtol=1e-5)
    right = layers[:, :, FEATURES:].argmax(axis=2) == LABELS
    np.testing.assert_allclose(found.accuracy(LABELS), right.mean(axis=1), rtol=1e-6)


@given(st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_increments_add_up_to_the_map_and_likelihoods_to_one(seed):
    found = identity.contributions(*_layers(seed))
    np.testing.assert_allclose(np.cumsum(found.increments, axis=0), found.maps, atol=1e-5)
    np.testing.assert_allclose(found.likelihood.sum(axis=2), 1, rtol=1e-5)
    assert np.all((found.accuracy(LABELS) >= 0) & (found.accuracy(LABELS) <= 1))


def test_layers_that_change_nothing_have_empty_maps_and_guess():
    inputs, _ = _layers()
    still = np.broadcast_to(np.pad(inputs, ((0, 0), (0, CLASSES))), (DEPTH, ROWS, FEATURES + CLASSES))
    found = identity.contributions(inputs, still)
    assert not np.any(found.maps)
    assert not np.any(found.increments)
    np.testing.assert_allclose(found.accuracy(LABELS), 1 / CLASSES, rtol=1e-6)


def test_accuracy_counts_ties_as_guesses_and_what_is_not_finite_as_wrong():
    scores = np.array([[[1, 1, 0], [0, 2, 1], [np.nan, 1, 0], [1, np.nan, 0], [-np.inf, -np.inf, 0], [np.inf, 0, 0]]])
    scores = scores.astype(np.float32)
    found = [float(identity.layer_accuracy(scores[:, row : row + 1], np.array([0]))[0]) for row in range(6)]
    assert found == [0.5, 0, 0, 0, 0, 0]
    outside = identity.layer_accuracy(scores[:, :2], np.array([-1, 3]))
    assert float(outside[0]) == 0, "a label that is no class is never right"


def test_eager_traced_lanes_and_spread_rows_are_the_same():
    inputs, layers = _layers()
    wanted = identity.contributions(inputs, layers)

    def read(inputs, layers):
        found = identity.contributions(inputs, layers)
        return found, found.accuracy(jnp.asarray(LABELS))

    found, accuracy = jax.jit(read)(inputs, layers)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, wanted)
    lanes, of_lanes = jax.vmap(read)(np.stack([inputs, 2 * inputs]), np.stack([layers, layers]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[0], b, atol=1e-6), lanes, wanted)
    np.testing.assert_allclose(of_lanes[0], accuracy)
    mesh = jax.make_mesh((2,), ("rows",), (jax.sharding.AxisType.Auto,), devices=jax.devices("cpu")[:2])
    spread = jax.device_put(layers[:, :4], jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(None, "rows")))
    found = jax.jit(identity.contributions)(inputs[:4], spread)
    np.testing.assert_allclose(found.maps, wanted.maps[:, :4], atol=1e-6)


def test_half_precision_and_whole_numbers_are_read_in_full():
    inputs, layers = _layers()
    half = identity.contributions(inputs.astype(jnp.bfloat16), layers.astype(jnp.bfloat16))
    assert half.maps.dtype == jnp.float32
    whole = identity.contributions(np.ones((ROWS, FEATURES), int), layers)
    np.testing.assert_allclose(whole.maps, layers[..., :FEATURES] - 1, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, h: (x[0], h), r"inputs: found shape \[4\], wanted \[rows, features\]"),
        (lambda x, h: (x, h[0]), r"layers: found shape \[5, 7\], wanted \[layers, 5, width"),
        (lambda x, h: (x, h[:0]), r"layers: found shape \[0, 5, 7\]"),
        (lambda x, h: (x[:3], h), r"layers: found shape \[6, 5, 7\], wanted \[layers, 3, width"),
        (lambda x, h: (x, h[..., :3]), r"layers: found float32 \[6, 5, 3\], wanted the 4 features of inputs"),
        (
            lambda x, h: (x, h[..., :4]),
            r"layers: found float32 \[6, 5, 4\], wanted the 4 features of inputs and class units, at least 2",
        ),
        (lambda x, h: (x, h[..., :5]), r"layers: found float32 \[6, 5, 5\], wanted .* class units, at least 2"),
        (lambda x, h: (x * 1j, h), "inputs: found complex"),
        (
            lambda x, h: (lambda rows: rows, x),
            r"inputs: found a function, wanted an array .*, and network.layers\(inputs\)",
        ),
        (lambda x, h: (x, lambda rows: rows), r"layers: found a function, wanted an array, network.layers\(inputs\)"),
    ],
)
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        identity.contributions(*change(*_layers()))


@pytest.mark.parametrize("labels", [LABELS[:-1], LABELS * 1.0, LABELS[None]])
def test_labels_that_do_not_fit_are_named(labels):
    with pytest.raises(ValueError, match=r"^labels: found .* wanted whole numbers \[5\]"):
        identity.contributions(*_layers()).accuracy(labels)


def test_layers_of_another_network_are_refused_where_the_classes_are_known():
    inputs, layers = _layers()
    np.testing.assert_array_equal(identity.contributions(inputs, layers, classes=CLASSES).maps.shape, (6, 5, 4))
    with pytest.raises(ValueError, match=r"^layers: found float32 \[6, 5, 7\], wanted .* and 5 class units"):
        identity.contributions(inputs, layers, classes=5)


def test_small_changes_of_large_float64_inputs_are_not_lost():
    inputs, layers = _layers()
    wide = layers.astype(np.float64)
    wide[..., :FEATURES] += 1e9
    found = identity.contributions(inputs.astype(np.float64) + 1e9, wide)
    np.testing.assert_allclose(found.maps, layers[..., :FEATURES] - inputs, atol=1e-5)
    np.testing.assert_allclose(found.increments[1:], np.diff(layers[..., :FEATURES], axis=0), atol=1e-5)
    np.testing.assert_array_equal(found.scores, layers[..., FEATURES:])
    whole = identity.contributions(np.full((1, 1), 2**40, np.int64), np.array([[[2**40 + 3, 0, 0]]], np.int64))
    assert float(whole.maps[0, 0, 0]) == 3
