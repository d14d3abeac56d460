"""Feature maps projected to the input: on nets small enough to write out, and on one with planted edge detectors."""

from collections import OrderedDict
from functools import partial

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods.attribution import deconvnet
from interp_jax.networks.models._convolution import convolution
from interp_jax.networks.models.pooling import max_pool
from tests import reference

# The first of equal values has the switch here, as in the transcription.
FIRST_OF_EQUAL = partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2))
IMAGES = jax.random.normal(jax.random.key(0), (3, 8, 8, 2))


def _two_layers(pool=FIRST_OF_EQUAL, seed=0):
    rngs = nnx.Rngs(seed)
    layer = partial(nnx.Conv, conv_general_dilated=convolution, bias_init=jax.nn.initializers.uniform(0.3), rngs=rngs)
    return networks.Chain(
        conv1=layer(2, 3, (3, 3)), relu1=nnx.relu, max1=pool, conv2=layer(3, 4, (2, 3)), relu2=nnx.relu, max2=pool
    )


NET = _two_layers()
CNN = networks.freeze(networks.image_cnn(jax.random.key(0), (8, 8, 2), channels=(3, 4), taps=3, hidden=6, classes=5))


@pytest.mark.parametrize(("unit", "strongest"), [(0, False), (1, True), (3, False)])
def test_projections_agree_with_the_transcription(unit, strongest):
    layers = [(np.asarray(conv.kernel[...]), np.asarray(conv.bias[...])) for conv in (NET.conv1, NET.conv2)]
    found = deconvnet(NET.stages, IMAGES, stage="max2", unit=unit, strongest=strongest)
    wanted = [reference.deconvnet(image, layers, unit, strongest) for image in np.asarray(IMAGES)]
    assert np.abs(wanted).max() > 0.05
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def _square():
    """A bright square in rows and columns 5 to 10, its left edge between columns 4 and 5."""
    image = np.zeros((1, 16, 16, 1), np.float32)
    image[0, 5:11, 5:11] = 1
    return image


def _edge_network(planted):
    """Two convolutions; the first maps find edges to the left and at the top, the second takes one map each."""
    start = {"use_bias": False, "kernel_init": jax.nn.initializers.uniform(1.0), "rngs": nnx.Rngs(0)}
    layer = partial(nnx.Conv, conv_general_dilated=convolution, **start)
    net = networks.Chain(
        conv1=layer(1, 2, (3, 3)), relu1=nnx.relu, max1=max_pool, conv2=layer(2, 2, (3, 3)), relu2=nnx.relu
    )
    if planted:
        left = jnp.zeros((3, 3)).at[1].set(jnp.array([-1.0, 1.0, 0.0]))
        net.conv1.kernel[...] = jnp.stack([left, left.T], axis=-1)[:, :, None]
        net.conv2.kernel[...] = jnp.zeros((3, 3, 2, 2)).at[1, 1].set(jnp.eye(2))
    return net


@pytest.mark.parametrize("stage", ["relu1", "max1", "relu2"])
def test_a_planted_edge_detector_puts_its_energy_on_its_edge(stage):
    """… and filters that only blur do not."""

    def share_on(unit, net):
        energy = np.square(deconvnet(net.stages, _square(), stage=stage, unit=unit))[0, :, :, 0]
        # The columns, or rows, on both sides of the edge.
        on_edge = energy[5:11, 4:6] if unit == 0 else energy[4:6, 5:11]
        return on_edge.sum() / energy.sum()

    for unit in (0, 1):
        assert share_on(unit, _edge_network(planted=True)) == pytest.approx(1)
        assert share_on(unit, _edge_network(planted=False)) < 0.5


@pytest.mark.parametrize(
    ("stage", "unit", "strongest"), [("dense2", 3, False), ("max1", 1, True), ("conv2", None, True)]
)
def test_the_gradient_rule_is_jax_grad(stage, unit, strongest):
    def chosen(x):
        maps = CNN.until(stage)(x)[..., slice(None) if unit is None else [unit]].reshape(len(x), -1)
        return jnp.sum(maps.max(axis=1) if strongest else maps)

    found = deconvnet(CNN.stages, IMAGES, stage=stage, unit=unit, strongest=strongest, rule="gradient")
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(found, jax.grad(chosen)(IMAGES), atol=1e-5)


def _one_rectifier(rectifier):
    weights = jnp.array([[1.0, -1.0, 1.0]])
    # Sorted by name the stages would be in another order.
    return {"same": lambda x: x, "positive": rectifier, "dense": lambda x: x @ weights.T}


# The second value gets a negative signal, the third was negative on the way up.
ROW = jnp.array([[5.0, 3.0, -4.0]])
RULES = {"deconvnet": [2, 0, 2], "guided": [1, 0, 0], "gradient": [1, -1, 0]}


@pytest.mark.parametrize("rule", RULES)
def test_rules_at_one_rectifier(rule):
    found = deconvnet(_one_rectifier(nnx.relu), ROW, stage="dense", unit=0, rule=rule)
    np.testing.assert_array_equal(found, [RULES[rule]])
    written_out = _one_rectifier(lambda x: jnp.maximum(x, 0))
    found = deconvnet(written_out, ROW, stage="dense", unit=0, rule=rule, rectifiers=["positive"])
    np.testing.assert_array_equal(found, [RULES[rule]])
    if rule != "gradient":  # what a rectifier is cannot be seen from outside
        found = deconvnet(written_out, ROW, stage="dense", unit=0, rule=rule)
        scale = 2 if rule == "deconvnet" else 1
        np.testing.assert_array_equal(found, [scale * np.array(RULES["gradient"])])


def test_the_strongest_activation_is_projected_alone():
    maps = np.asarray(NET(IMAGES))[..., 1]
    alone = np.where(maps == maps.max(axis=(1, 2), keepdims=True), maps, 0)
    found = deconvnet(NET.stages, IMAGES, stage="max2", unit=1, strongest=True)

    # The others set to zero by a stage of their own.
    stages = OrderedDict(NET.stages, chosen=lambda x: x * jnp.asarray(alone > 0)[..., None])
    np.testing.assert_allclose(found, deconvnet(stages, IMAGES, stage="chosen", unit=1), atol=1e-6)
    tied = deconvnet({"same": lambda x: x}, jnp.array([[2.0, 2.0, 1.0]]), stage="same", strongest=True)
    np.testing.assert_array_equal(tied, [[1, 1, 0]])


@pytest.mark.parametrize(("pool", "wanted"), [(FIRST_OF_EQUAL, [1, 0, 0, 0]), (max_pool, [0.25, 0.25, 0.25, 0.25])])
def test_the_signal_of_a_window_of_equal_values_is_kept(pool, wanted):
    stages = {"relu": nnx.relu, "pool": pool, "one": lambda x: x + 1}
    found = deconvnet(stages, -jnp.ones((1, 2, 2, 1)), stage="one", unit=0)
    np.testing.assert_array_equal(found.reshape(4), wanted)


def test_rows_are_independent_and_units_are_lanes():
    arguments = {"stage": "max2", "strongest": True}
    lanes = jax.vmap(lambda unit: deconvnet(NET.stages, IMAGES, unit=unit, **arguments))(jnp.arange(5))
    for unit in (0, 3):
        rows = [deconvnet(NET.stages, IMAGES[row : row + 1], unit=unit, **arguments) for row in range(3)]
        np.testing.assert_allclose(lanes[unit], jnp.concatenate(rows), atol=1e-6)
    np.testing.assert_array_equal(lanes[4], 0)


def test_another_unit_or_network_compiles_nothing(assert_compiles):
    other = _two_layers(seed=1)
    first = deconvnet(NET.stages, np.asarray(IMAGES), stage="max2", unit=0)
    with assert_compiles(0):
        second = deconvnet(NET.stages, IMAGES, stage="max2", unit=np.int64(1))
        third = deconvnet(other.stages, IMAGES, stage="max2", unit=0)
    assert not np.allclose(first, second)
    assert not np.allclose(first, third)


def test_stages_of_another_library():
    layer = equinox.nn.Linear(3, 2, key=jax.random.key(0))
    dense = networks.freeze(layer, batched=False)
    x = jax.random.normal(jax.random.key(1), (4, 3))
    found = deconvnet({"dense": dense, "relu": jax.nn.relu}, np.asarray(x), stage="relu", unit=1)
    np.testing.assert_allclose(found, jax.nn.relu(dense(x))[:, 1:] * layer.weight[1:], atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stages": NET}, "stages: found a Chain, wanted a mapping"),
        ({"stages": {"max2": 3}}, r"stages\['max2'\]: found 3, wanted something callable"),
        ({"stage": "max3"}, "stage: found 'max3', wanted one of 'conv1', 'relu1'"),
        ({"stages": {"max2": lambda x: x.sum((1, 2, 3))}}, r"stage: found 'max2' with outputs of shape \(3,\)"),
        ({"unit": 4}, "unit: found 4, wanted a whole number from 0 to 3"),
        ({"unit": -1}, "unit: found -1, wanted a whole number from 0 to 3"),
        ({"unit": 0.5}, "unit: found 0.5, wanted a whole number from 0 to 3"),
        ({"rule": "relevance"}, "rule: found 'relevance', wanted one of 'deconvnet', 'guided', 'gradient'"),
        ({"rectifiers": ["relu9"]}, "rectifiers: found 'relu9', wanted one of 'conv1'"),
        ({"rectifiers": ["conv1"]}, r"rectifiers: found 'conv1', which makes \(3, 8, 8, 3\) of \(3, 8, 8, 2\)"),
        ({"rectifiers": "relu1"}, "rectifiers: found 'relu1', wanted names of stages"),
        ({"inputs": np.ones((2, 8, 8, 5), np.float32)}, r"stages: found a failure on inputs float32 \[2, 8, 8, 5\]"),
        ({"inputs": IMAGES[:0]}, r"inputs: found shape \[0, 8, 8, 2\]"),
    ],
)
def test_bad_arguments_are_named(changed, message):
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        deconvnet(**{"stages": NET.stages, "inputs": IMAGES, "stage": "max2", "unit": 0} | changed)
