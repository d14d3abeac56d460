from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks
from interp_jax.networks.models.response_norm import local_response_norm
from tests import reference

SMALL = {"channels": (4, 6), "hidden": (40, 30)}


def _small(seed):
    return networks.cifar_cnn(jax.random.key(seed), (9, 7, 3), **SMALL)


def test_stages_and_feature_maps_are_the_papers():
    shapes = jax.eval_shape(
        lambda key: networks.cifar_cnn(key).activations(jnp.zeros((2, 24, 24, 3))), jax.random.key(0)
    )
    assert {name: value.shape[1:] for name, value in shapes.items()} == {
        "conv1": (24, 24, 64),
        "relu1": (24, 24, 64),
        "max1": (12, 12, 64),
        "norm1": (12, 12, 64),
        "conv2": (12, 12, 64),
        "relu2": (12, 12, 64),
        "norm2": (12, 12, 64),
        "max2": (6, 6, 64),
        "flatten": (2304,),
        "dense1": (384,),
        "relu3": (384,),
        "dense2": (192,),
        "relu4": (192,),
        "dense3": (10,),
    }
    assert list(shapes) == list(_small(0).stage_names), "in this order"


def test_starting_values_are_the_papers():
    net = networks.cifar_cnn(jax.random.key(0), (4, 4, 3))
    biases = {"conv1": 0.0, "conv2": 0.1, "dense1": 0.1, "dense2": 0.1, "dense3": 0.0}
    deviations = {"conv1": 0.05, "conv2": 0.05, "dense1": 0.04, "dense2": 0.04, "dense3": 1 / 192}
    for name, deviation in deviations.items():
        layer = getattr(net, name)
        np.testing.assert_allclose(layer.bias[...], biases[name])
        # A normal distribution cut off at two deviations, which narrows it.
        np.testing.assert_allclose(np.std(layer.kernel[...]), 0.8796 * deviation, rtol=0.05)
        assert np.abs(layer.kernel[...]).max() <= 2 * deviation


@pytest.mark.slow
def test_sides_that_pools_do_not_divide_are_rounded_up():
    scores = _small(0)(jnp.ones((2, 9, 7, 3)))
    assert scores.shape == (2, 10)
    assert _small(0).dense1.kernel.shape == (3 * 2 * 6, 40)


def test_networks_of_one_shape_share_a_compilation():
    first, second = nnx.graphdef(_small(0)), nnx.graphdef(_small(1))
    assert first == second
    assert hash(first) == hash(second)


def test_a_closed_map_of_the_first_pool_reaches_its_neighbors_through_the_norm_alone():
    # Why the paper's gates stand before the norm: there a closed map leaves the sums of the others.
    net = _small(0)
    maps = 30 * jnp.abs(net.until("max1")(jax.random.uniform(jax.random.key(1), (2, 9, 7, 3))))
    gates = jnp.array([0.0, 1, 1, 1]).reshape(1, 1, 1, 4)
    before, after = net.norm1(maps * gates), net.norm1(maps) * gates
    assert (before[..., 1:] >= after[..., 1:]).all()
    assert (before[..., 1:] > after[..., 1:]).any()


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1, 4, 12]),
    st.integers(0, 13),
    st.sampled_from([(1.0, 0.001 / 9, 0.75), (2.0, 0.5, 0.5), (1.0, 0.0, 0.75)]),
)
def test_local_response_norm_is_the_formula(channels, radius, constants):
    x = np.random.default_rng(channels).normal(scale=3, size=(2, 2, channels))
    found = local_response_norm(x, radius=radius, bias=constants[0], alpha=constants[1], beta=constants[2])
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, reference.local_response_norm(x, radius, *constants), rtol=1e-5)


@pytest.mark.parametrize("kind", [jnp.float16, jnp.bfloat16])
def test_local_response_norm_of_half_precision_sums_in_float32(kind):
    x = (300 * jax.random.normal(jax.random.key(0), (3, 40))).astype(kind)  # squares beyond float16
    found = local_response_norm(x, radius=20, alpha=0.5)
    assert found.dtype == kind
    wanted = reference.local_response_norm(np.asarray(x, np.float64), 20, 1.0, 0.5, 0.75)
    np.testing.assert_allclose(np.asarray(found, np.float64), wanted, rtol=0.005)


def test_places_of_unsigned_whole_numbers_do_not_wrap():
    x, places = np.ones((1, 3), np.float32), [0, 1, 9]
    wanted = local_response_norm(x, radius=2, alpha=0.5, places=places)
    for unsigned in (np.array(places, np.uint8), jnp.array(places, jnp.uint8)):
        np.testing.assert_array_equal(local_response_norm(x, radius=2, alpha=0.5, places=unsigned), wanted)
    np.testing.assert_allclose(wanted, [[2**-0.75, 2**-0.75, 1.5**-0.75]], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": -1}, "radius: found -1"),
        ({"radius": 1.0}, "radius: found 1.0"),
        ({"bias": 0.0}, "bias: found 0.0"),
        ({"alpha": np.nan}, "alpha: found nan"),
        ({"beta": "1"}, "beta: found '1'"),
        ({"places": [0, 1]}, "places: found 2 numbers, wanted 3"),
        ({"outputs": [0, 5]}, r"outputs: found \[0, 5\], wanted some of the places"),
        ({"outputs": [1, 0]}, r"outputs: found \[1, 0\]"),
    ],
)
def test_a_response_norm_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        unwrap(local_response_norm)(jnp.ones((2, 3)), **options)


def test_local_response_norm_of_nothing_is_nothing():
    np.testing.assert_array_equal(local_response_norm(jnp.zeros((1, 5))), 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (24, 24)}, "shape: found 2 numbers, wanted 3"),
        ({"shape": (24, 0, 3)}, "shape: found 0, wanted a whole number of at least 1"),
        ({"channels": (64,)}, "channels: found 1 number, wanted 2"),
        ({"channels": (64, 0)}, "channels: found 0, wanted a whole number of at least 1"),
        ({"hidden": (3, 2, 1)}, "hidden: found 3 numbers, wanted 2"),
        ({"classes": 0}, "classes: found 0, wanted a whole number of at least 1"),
    ],
)
def test_refusals_name_the_argument(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        networks.cifar_cnn(jax.random.key(0), **options)
