import inspect
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.networks.models._convolution import convolution

CIFAR = {"channels": (12, 14), "hidden": (7, 6)}


@pytest.fixture(scope="module")
def cnn():
    made = jax.jit(lambda key: networks.image_cnn(key, (8, 8, 1), channels=(5, 6), taps=3, hidden=7))(jax.random.key(0))
    return networks.freeze(made)


@pytest.fixture(scope="module")
def cifar():
    made = networks.freeze(jax.jit(lambda key: networks.cifar_cnn(key, (8, 8, 3), **CIFAR))(jax.random.key(0)))
    # Scores that are not all but constant, and energies that count.
    return jax.tree.map(lambda leaf: leaf * 8, made)


def _mask(units, *kept):
    return np.isin(np.arange(units), kept)


def _assert_equal_to_masked(net, masks, inputs):
    small = networks.shrink(net, masks)
    assert small.stage_names == net.stage_names
    found = jax.jit(lambda net: net(inputs))(small)
    masked = jax.jit(networks.gate(net, masks).__call__)(inputs, masks)
    assert np.abs(masked).max() > 1e-3
    np.testing.assert_allclose(found, masked, rtol=1e-5, atol=1e-5 * np.abs(masked).max())
    return small


@pytest.mark.parametrize(
    "masks",
    [
        {"max1": _mask(5, 1, 2, 4)},
        {"max2": _mask(6, 0, 5)},
        {"relu1": _mask(5, 0, 3), "max2": _mask(6, 1, 2)},
        {"conv1": _mask(5, 0, 3), "relu1": _mask(5, 0, 2, 3), "dense1": _mask(7, 0, 3, 6)},
    ],
)
def test_scores_are_those_of_the_masked_network(cnn, masks):
    _assert_equal_to_masked(cnn, masks, jax.random.normal(jax.random.key(1), (4, 8, 8, 1)))


def test_both_sides_of_a_gate_lose_its_units(cnn):
    small = networks.shrink(cnn, {"max1": _mask(5, 1, 2), "max2": _mask(6, 0, 3, 5)})
    shapes = {name: getattr(small, name).kernel.shape for name in ("conv1", "conv2", "dense1", "dense2")}
    assert shapes == {"conv1": (3, 3, 1, 2), "conv2": (3, 3, 2, 3), "dense1": (12, 7), "dense2": (7, 10)}
    assert (small.dense1.in_features, small.conv2.in_features, small.conv2.out_features) == (12, 2, 3)
    np.testing.assert_array_equal(small.conv1.bias[...], cnn.conv1.bias[...][1:3])
    assert cnn.conv2.kernel.shape == (3, 3, 5, 6)


@pytest.mark.parametrize(
    "masks",
    [
        {"max1": _mask(12, 0, 1, 6, 11)},
        {"max2": _mask(14, 0, 1, 13)},
        {"relu1": _mask(12, 0, 6, 7), "norm2": _mask(14, 2, 3), "max2": _mask(14, 2, 9), "relu3": _mask(7, 1)},
    ],
)
def test_response_normalization_counts_old_places(cifar, masks):
    inputs = 30 * jax.random.normal(jax.random.key(1), (3, 8, 8, 3))
    small = _assert_equal_to_masked(cifar, masks, inputs)
    if set(masks) == {"max2"}:
        # Maps 5 to 8 are more than four places from a kept one: 0 to 5 and 9 to 13 are not.
        assert small.conv2.kernel.shape[-1] == 6 + 5
        assert small.dense1.kernel.shape[0] == 3 * 2 * 2


def test_what_was_shrunk_is_shrunk_again_and_saved(cifar, tmp_path, assert_compiles):
    inputs = 30 * jax.random.normal(jax.random.key(1), (3, 8, 8, 3))
    once = {"max1": _mask(12, 0, 1, 6, 11), "max2": _mask(14, 0, 1, 9, 13)}
    small = networks.shrink(cifar, once)
    smaller = _assert_equal_to_masked(small, {"max1": _mask(4, 0, 2, 3), "max2": _mask(4, 0, 3)}, inputs)
    at_once = networks.shrink(cifar, {"max1": _mask(12, 0, 6, 11), "max2": _mask(14, 0, 13)})
    scores = jax.jit(lambda net: net(inputs))
    first = scores(smaller)
    with assert_compiles(0):
        second = scores(at_once)
    np.testing.assert_array_equal(first, second)
    networks.save_arrays(tmp_path / "net", smaller)
    np.testing.assert_array_equal(scores(networks.load_arrays(tmp_path / "net", at_once)), first)


def _chain(**stages):
    rngs = nnx.Rngs(0)
    conv = nnx.Conv(2, 4, (3, 3), strides=2, conv_general_dilated=convolution, rngs=rngs)
    return networks.Chain(conv=conv, **stages, dense=nnx.Linear(4, 2, rngs=rngs))


def _mean(x):
    return x.mean((1, 2))


def test_batch_norm_and_a_mean_over_places_are_cut():
    norm = nnx.BatchNorm(4, rngs=nnx.Rngs(0))
    norm.mean[...], norm.var[...], norm.bias[...] = jnp.arange(4.0), jnp.arange(1.0, 5), jnp.ones(4)
    net = networks.freeze(_chain(norm=norm, relu=nnx.relu, drop=nnx.Dropout(0.5), mean=_mean))
    small = _assert_equal_to_masked(net, {"relu": _mask(4, 1, 3)}, jax.random.normal(jax.random.key(0), (2, 6, 6, 2)))
    assert small.norm.num_features == 2


@pytest.mark.parametrize("masked", ["conv1", "conv2"])
def test_masks_on_the_weights_of_a_convolution_are_cut_too(masked):
    rngs, sizes = nnx.Rngs(0), {"conv1": (2, 4), "conv2": (4, 3)}
    masks = {name: np.random.default_rng(1).integers(0, 2, (3, 3, *size)) for name, size in sizes.items()}
    convs = {
        name: nnx.Conv(*size, (3, 3), mask=jnp.asarray(masks[name], jnp.float32) if name == masked else None, rngs=rngs)
        for name, size in sizes.items()
    }
    net = networks.Chain(conv1=convs["conv1"], relu=nnx.relu, conv2=convs["conv2"], mean=_mean)
    small = _assert_equal_to_masked(net, {"relu": _mask(4, 0, 3)}, jax.random.normal(jax.random.key(0), (2, 6, 6, 2)))
    assert getattr(small, masked).mask.shape == getattr(small, masked).kernel.shape


def test_nothing_masked_is_nothing_changed(cnn):
    same = networks.shrink(cnn, {"max1": np.ones(5, bool)})
    assert jax.tree.structure(same) == jax.tree.structure(cnn)
    for one, other in zip(jax.tree.leaves(same), jax.tree.leaves(cnn), strict=True):
        np.testing.assert_array_equal(one, other)


def _softmax(x):
    return jax.nn.softmax(x, axis=-1)


def _channels_first(x):
    return x.mean(1, keepdims=True).transpose(0, 3, 1, 2).reshape(len(x), -1)


@pytest.mark.parametrize(
    ("stages", "masks", "message"),
    [
        ({"soft": _softmax, "mean": _mean}, {"soft": _mask(4, 1)}, "stage 'soft': found that units are mixed"),
        ({"mean": _mean, "soft": _softmax}, {"mean": _mask(4, 1)}, "stage 'soft': found that units are mixed"),
        ({"turned": _channels_first}, {"conv": _mask(4, 1)}, "stage 'turned': found that units are mixed"),
        ({"mean": _mean, "cos": jnp.cos}, {"mean": _mask(4, 1)}, "stage 'cos': found that it makes something of zeros"),
        (
            {"pool": partial(nnx.avg_pool, window_shape=(99, 99))},
            {"pool": _mask(4, 1)},
            "stage 'pool': it leaves nothing",
        ),
        ({"mean": _mean}, {"mean": _mask(4)}, "masks: found no unit kept at 'mean', wanted at least one"),
        ({"mean": _mean}, {"conv": _mask(4, 1), "mean": _mask(4, 2)}, "found no unit kept at 'conv' and 'mean'"),
        ({"mean": _mean}, {"mean": _mask(5, 1)}, r"masks\['mean'\]: found 5 units, wanted 4"),
        ({"mean": _mean}, [_mask(4, 1)], "masks: found .*, wanted a mapping of masks"),
        ({"mean": _mean}, {"mean": np.full(4, np.nan)}, r"masks\['mean'\]: found float64 \[4\], wanted a bool vector"),
        ({"mean": _mean}, {"mean": np.ones(4)}, r"masks\['mean'\]: found float64 \[4\], wanted a bool vector"),
        ({"mean": _mean}, {"dense": _mask(2, 1)}, r"masks\['dense'\]: found no layer on one side"),
        ({"mean": _mean}, {"max": _mask(4, 1)}, "masks: found 'max', wanted stages among 'conv', 'mean', 'dense'"),
        ({"grouped": nnx.Conv(4, 4, (3, 3), feature_group_count=2, rngs=nnx.Rngs(0))}, {"conv": _mask(4, 1)}, "groups"),
        (
            {"flat": lambda x: x[:, :2, :2].reshape(len(x), -1)},
            {"flat": _mask(4, 1)},
            r"masks\['flat'\]: found a gate where units lie side by side",
        ),
    ],
)
def test_refusals_name_the_stage(stages, masks, message):
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(networks.shrink)(_chain(**stages), masks)


def test_the_input_has_no_units_to_cut():
    net = networks.Chain(flat=_mean, dense1=nnx.Linear(4, 2, rngs=nnx.Rngs(0)))
    with pytest.raises(ValueError, match=r"masks\['flat'\]: found no layer on one side"):
        networks.shrink(net, {"flat": _mask(4, 1)})
    with pytest.raises(ValueError, match="network: found function, wanted a Chain"):
        networks.shrink(_mean, {})
    with pytest.raises(TypeError, match="net: found an argument of this name, wanted network"):
        networks.shrink(net=net, masks={})
