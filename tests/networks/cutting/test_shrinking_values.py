"""Networks shrunk where closed units are constants: the scores of the masked network, whatever layer comes next."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.networks.models._convolution import convolution


def _mask(units, *kept):
    return np.isin(np.arange(units), kept)


def _flatten(x):
    return x.reshape(len(x), -1)


def _mean(x):
    return x.mean((1, 2))


def _constants(units, *places, seed=0):
    return np.random.default_rng(seed).normal(size=(*places, units)).astype(np.float32)


def _assert_equal_to_masked(net, masks, values, inputs):
    small = networks.shrink(net, masks, values)
    found = small(inputs)
    masked = networks.gate(net, masks, values)(inputs, masks)
    np.testing.assert_allclose(found, masked, rtol=1e-5, atol=1e-5 * np.abs(masked).max())
    # Not what zeros would give.
    assert np.abs(masked - networks.gate(net, masks)(inputs, masks)).max() > 1e-3
    return small


def _chain(padding="SAME", norm=False, use_bias=True):
    rngs = nnx.Rngs(0)
    options = {"conv_general_dilated": convolution, "use_bias": use_bias, "rngs": rngs}
    between = {"norm": nnx.BatchNorm(5, rngs=rngs)} if norm else {}
    if norm:
        between["norm"].mean[...], between["norm"].var[...] = jnp.arange(5.0) / 5, jnp.arange(1.0, 6)
        between["norm"].bias[...] = jnp.ones(5)
    return networks.freeze(
        networks.Chain(
            conv1=nnx.Conv(2, 5, (3, 3), **options),
            **between,
            relu1=nnx.relu,
            conv2=nnx.Conv(5, 4, (3, 3), padding=padding, **options),
            relu2=nnx.relu,
            flatten=_flatten,
            dense1=nnx.Linear(36 * 4 if padding == "SAME" else 16 * 4, 6, use_bias=use_bias, rngs=rngs),
            relu3=nnx.relu,
            dense2=nnx.Linear(6, 3, use_bias=use_bias, rngs=rngs),
        )
    )


INPUTS = jax.random.normal(jax.random.key(1), (3, 6, 6, 2))


@pytest.mark.parametrize("use_bias", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_constants_before_a_dense_layer_are_part_of_its_bias(use_bias):
    net = _chain(use_bias=use_bias)
    masks = {"relu2": _mask(4, 1, 2), "dense1": _mask(6, 0, 3, 5)}
    values = {"relu2": np.abs(_constants(4)), "dense1": _constants(6)}
    small = _assert_equal_to_masked(net, masks, values, INPUTS)
    assert small.conv2.kernel.shape[-1] == 2
    assert small.dense2.kernel.shape == (3, 3)
    # Constants by place too.
    by_place = _constants(4, 6, 6)
    _assert_equal_to_masked(net, {"relu2": masks["relu2"]}, {"relu2": by_place}, INPUTS)


@pytest.mark.parametrize("norm", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_constants_before_a_convolution_without_zeros_around_are_part_of_its_bias(norm):
    net = _chain("VALID", norm)
    small = _assert_equal_to_masked(net, {"conv1": _mask(5, 0, 3)}, {"conv1": _constants(5)}, INPUTS)
    assert small.conv1.kernel.shape[-1] == 2
    assert small.stage_names == net.stage_names


@pytest.mark.parametrize(
    ("gate", "norm"),
    [
        ("relu1", True),
        pytest.param("conv1", False, marks=pytest.mark.slow),
        pytest.param("conv1", True, marks=pytest.mark.slow),
        pytest.param("relu1", False, marks=pytest.mark.slow),
    ],
)
def test_one_more_unit_brings_constants_to_a_convolution_with_zeros_around(norm, gate):
    net = _chain("SAME", norm)
    small = _assert_equal_to_masked(net, {gate: _mask(5, 0, 3)}, {gate: _constants(5)}, INPUTS)
    assert small.conv1.kernel.shape[-1] == small.conv2.kernel.shape[-2] == 3
    again = networks.shrink(small, {"relu2": _mask(4, 1)})
    np.testing.assert_allclose(
        again(INPUTS), networks.gate(small, ["relu2"])(INPUTS, {"relu2": _mask(4, 1)}), rtol=1e-5, atol=1e-5
    )


def test_a_batch_normalization_after_the_gate_is_cut_where_values_are_given():
    net = _chain("VALID", norm=True)
    masks = {"conv1": _mask(5, 1, 4)}
    with pytest.raises(ValueError, match=r"^stage 'norm': found that it makes something of zeros, .* or values"):
        networks.shrink(net, masks)
    zeros = {"conv1": np.zeros(5)}
    found, wanted = networks.shrink(net, masks, zeros)(INPUTS), networks.gate(net, masks)(INPUTS, masks)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_mean_over_places_and_two_gates_in_a_row():
    rngs = nnx.Rngs(0)
    conv = nnx.Conv(2, 4, (3, 3), strides=2, conv_general_dilated=convolution, rngs=rngs)
    net = networks.Chain(conv=conv, relu=nnx.relu, mean=_mean, dense=nnx.Linear(4, 2, rngs=rngs))
    masks = {"relu": _mask(4, 0, 1, 3), "mean": _mask(4, 0, 1, 2)}
    values = {"relu": _constants(4), "mean": _constants(4, seed=1)}
    small = _assert_equal_to_masked(net, masks, values, INPUTS)
    assert small.conv.kernel.shape[-1] == 2


@pytest.mark.slow
def test_a_core_whose_other_units_are_means_is_cut_out_exactly():
    net = networks.freeze(networks.image_cnn(jax.random.key(0), (8, 8, 1), channels=(5, 6), taps=3, hidden=7))
    inputs = jax.random.normal(jax.random.key(1), (20, 8, 8, 1))
    for layer, units in (("max1", 5), ("max2", 6)):
        hidden, tail, mask = net.until(layer)(inputs), net.after(layer), _mask(units, 0, 2)
        means = core_units.replacement(hidden, "mean")
        small = networks.shrink(net, {layer: mask}, {layer: means.constants})
        wanted = tail(core_units.masked(hidden, mask, means))
        np.testing.assert_allclose(small(inputs), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("gate", "values", "message"),
    [
        ("relu2", {"relu2": "mean"}, r"values\['relu2'\]: found 'mean', wanted constants"),
        ("relu2", {"relu1": np.ones(5)}, "values: found 'relu1', wanted stages with masks"),
        ("relu2", {"relu2": np.ones(5)}, r"values\['relu2'\]: found float32 \[5\], wanted constants \[4\]"),
        ("relu2", {"relu2": np.full(4, np.nan)}, r"values\['relu2'\]: found"),
        ("relu2", 3.0, "values: found 3.0, wanted a mapping"),
        ("relu1", {"relu1": _constants(5, 6, 6)}, "stage 'conv2': found closed units that differ from place to place"),
        ("relu2", {"relu2": _constants(4, 5, 5)}, "stage 'dense1': found closed units of 25 places, wanted 36"),
    ],
)
def test_values_that_cannot_be_cut_are_refused(gate, values, message):
    net = _chain()
    units = {"relu1": 5, "relu2": 4}[gate]
    with pytest.raises(ValueError, match=f"^{message}"):
        networks.shrink(net, {gate: _mask(units, 0, 1)}, values)


def test_units_from_other_rows_cannot_be_cut():
    resampled = core_units.replacement(jnp.ones((4, 6, 6, 4)), "resample", key=jax.random.key(0))
    with pytest.raises(ValueError, match="^replacement: found units taken from other rows, wanted constants"):
        networks.shrink(_chain(), {"relu2": _mask(4, 0)}, {"relu2": resampled.constants})
    with pytest.raises(ValueError, match=r"^values\['relu2'\]: found .* from other rows, .* cannot be cut"):
        networks.shrink(_chain(), {"relu2": _mask(4, 0)}, {"relu2": resampled})
