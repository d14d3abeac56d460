import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks
from interp_jax.methods import _accept
from interp_jax.methods.averages import class_means, layer_averages
from tests import reference

_class_means = jax.jit(class_means, static_argnames="classes")


@given(
    # Few shapes, because each is compiled.
    labels=st.sampled_from([1, 2, 30]).flatmap(lambda rows: st.lists(st.integers(0, 4), min_size=rows, max_size=rows)),
    units=st.sampled_from([(1,), (2, 3)]),
    seed=st.integers(0, 9),
)
@settings(max_examples=30, deadline=None)
def test_class_means_are_the_thesis_formula(labels, units, seed):
    activations = np.random.default_rng(seed).normal(3, 2, (len(labels), *units)).astype(np.float32)
    found = _class_means(jnp.asarray(activations), jnp.asarray(labels), classes=5)
    np.testing.assert_allclose(found.means, reference.class_means(activations, labels, 5), atol=1e-5)
    np.testing.assert_array_equal(found.counts, np.bincount(labels, minlength=5))


def test_class_means_agree_under_jit_and_vmap():
    activations, labels = jax.random.normal(jax.random.key(0), (2, 20, 3)), jnp.arange(20) % 4
    eager = class_means(activations[0], labels, classes=4)
    lanes = jax.jit(jax.vmap(lambda rows: class_means(rows, labels, classes=4)))(activations)
    np.testing.assert_allclose(lanes.means[0], eager.means, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_layer_averages_do_not_depend_on_the_batch_size(batch_size):
    net = networks.perceptron(jax.random.key(0), (6, 5, 4))
    inputs, labels = jax.random.normal(jax.random.key(1), (23, 6)), np.arange(23) % 4
    found = layer_averages(net.activations, inputs, labels, classes=4, batch_size=batch_size)
    assert tuple(found) == net.stage_names
    for name, layer in net.activations(inputs).items():
        np.testing.assert_allclose(found[name].means, reference.class_means(layer, labels, 4), atol=1e-5)


def test_a_second_network_does_not_recompile(assert_compiles):
    first, second = (networks.perceptron(jax.random.key(seed), (6, 5, 4)) for seed in (0, 1))
    inputs, labels = jax.random.normal(jax.random.key(1), (23, 6)), np.arange(23) % 4
    layer_averages(first.activations, inputs, labels, classes=4)
    with assert_compiles(0):
        layer_averages(second.activations, inputs, labels, classes=4)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_added_up_in_full(dtype):
    found = class_means(jnp.ones((1001, 1), dtype), jnp.zeros(1001, jnp.int32), classes=1)
    assert int(found.counts[0]) == 1001
    assert float(found.means[0, 0]) == 1.0
    large = class_means(jnp.full((70_000, 1), 2, dtype), jnp.zeros(70_000, jnp.int32), classes=1)
    assert float(large.means[0, 0]) == 2.0


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([0, 1, 5], {}, "labels: found 0 to 5, wanted whole numbers from 0 to 3"),
        ([0, -1, 1], {}, "labels: found -1 to 1"),
        ([0, 1], {}, "labels: found"),
        ([0.0, 1.0, 2.0], {}, "labels: found float64"),
        ([[0], [1], [2]], {}, r"labels: found shape \[3, 1\]"),
        (["a", "b", "c"], {}, "labels: found"),
        ([0, 1, 2**32], {}, "labels: found 0 to 4294967296"),
        ([0, 1, 2], {"batch_size": 0}, "batch_size: found 0"),
    ],
)
def test_bad_arguments_are_named(labels, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        layer_averages(lambda x: x, jnp.ones((3, 2)), np.array(labels), classes=4, **options)


def test_no_rows_and_no_network_are_refused():
    with pytest.raises(ValueError, match="^inputs: found shape"):
        layer_averages(lambda x: x, jnp.ones((0, 2)), np.zeros(0, int), classes=4)
    with pytest.raises(TypeError, match="^network: found 'net'"):
        _accept.accept_network("net", jnp.ones((3, 2)))


def test_means_far_from_zero_keep_their_digits():
    activations = 1e9 + np.array([[0.25], [0.75], [2.0]])
    found = class_means(activations - 1e9, np.array([0, 0, 2]), classes=3)
    far = class_means(activations, np.array([0, 0, 2]), classes=3)
    np.testing.assert_allclose(found.means[:, 0], [0.5, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(far.means[:, 0], [1e9, 0, 1e9], rtol=1e-6)
    huge = class_means(np.array([[2**40], [2**40 + 2]]), np.zeros(2, int), classes=1)
    assert float(huge.means[0, 0]) == 2.0**40


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_whole_numbers_are_averaged(dtype):
    found = class_means(np.array([[1], [0], [1], [1]]).astype(dtype), np.array([0, 0, 1, 5]), classes=2)
    np.testing.assert_array_equal(found.means[:, 0], [0.5, 1])
    layers = layer_averages(lambda x: x > 0, np.ones((3, 2)), np.zeros(3, int), classes=1)
    np.testing.assert_array_equal(layers.means, [[1, 1]])


def test_a_vocabulary_that_ends_is_not_left_and_nan_is_refused():
    table = jnp.arange(10.0).reshape(5, 2)

    def network(tokens):
        return table.at[tokens].get(mode="fill", fill_value=jnp.nan).sum(axis=1)

    tokens = np.array([[0, 4], [3, 1], [4, 4]])
    found = layer_averages(network, tokens, np.array([0, 0, 1]), classes=2)
    np.testing.assert_array_equal(found.means, [[8, 10], [16, 18]])
    with pytest.raises(ValueError, match="^network: found NaN in its outputs for the given inputs"):
        layer_averages(network, tokens + 1, np.array([0, 0, 1]), classes=2)


def test_rows_of_whole_numbers_that_depend_on_each_other_are_refused():
    for rows in (np.arange(12).reshape(4, 3), np.array([[1, 2, 3]] * 4)):
        with pytest.raises(ValueError, match="^network: found scores of a row that change with the other rows"):
            layer_averages(lambda x: x - 1.0 * x.mean(0, keepdims=True), rows, np.zeros(4, int), classes=1)
