from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import ablation, hierarchy
from tests import reference
from tests.methods.test_ablation import IMAGES, INPUTS, LAYERS, LNN, RANDOM, _dense, _places


@cache
def _head(segments):
    return lambda x: tuple(ablation.intact_layers(segments, x)[0])


@pytest.mark.parametrize(("network", "inputs", "batch_size"), [(_dense, INPUTS, 3), (_places, IMAGES, 1)])
def test_effects_agree_with_the_transcription(network, inputs, batch_size):
    on_units = hierarchy.input_effects(_head(network(jnp)), inputs, batch_size=batch_size)
    np.testing.assert_allclose(on_units, reference.input_effects(network(np), inputs), atol=1e-5)
    on_outputs = hierarchy.output_effects(network(jnp), inputs, batch_size=batch_size)
    np.testing.assert_allclose(on_outputs, reference.output_effects(network(np), inputs), atol=1e-5)
    both = hierarchy.effect_magnitudes(network(jnp), inputs, batch_size=batch_size)
    np.testing.assert_allclose(both, np.concatenate([on_units.T, on_outputs], 1), atol=1e-6)


def test_a_linear_networks_effects_are_deviations_times_weights():
    first, last = LAYERS[0], RANDOM.normal(size=(4, 2)).astype(np.float32)
    network = (lambda x: jnp.matmul(x, first), lambda hidden: jnp.matmul(hidden, last))
    on_units = hierarchy.input_effects(network[0], INPUTS)
    np.testing.assert_allclose(on_units, INPUTS.std(0)[:, None] * np.abs(first), rtol=1e-4)
    on_outputs = hierarchy.output_effects(network, INPUTS)
    np.testing.assert_allclose(on_outputs, (INPUTS @ first).std(0)[:, None] * np.abs(last), rtol=1e-4)


@pytest.mark.parametrize("unit", range(7))
def test_output_effects_are_those_of_ablating_one_unit(unit):
    network = _dense(jnp)
    masks = np.split(np.arange(7) == unit, [4])
    moves = ablation.ablate_mean(network, INPUTS, masks) - ablation.intact_layers(network, INPUTS)[1]
    found = hierarchy.output_effects(network, INPUTS)[unit]
    np.testing.assert_allclose(found, np.sqrt(np.mean(np.square(moves), 0)), atol=1e-6)


def test_constant_inputs_dead_units_and_one_row_have_no_effect():
    def first(x):
        return jnp.concatenate([jnp.tanh(x), jnp.full((len(x), 1), 0.3)], 1)

    network = (first, lambda hidden: 2 * hidden[:, 1:])
    inputs = INPUTS.copy()
    inputs[:, 2] = 0.7
    on_units = hierarchy.input_effects(first, inputs)
    np.testing.assert_allclose(on_units[2], 0, atol=1e-6)
    np.testing.assert_allclose(on_units[:, 5], 0, atol=1e-6)
    assert (np.diag(on_units)[[0, 1, 3, 4]] > 0.1).all()
    on_outputs = np.asarray(hierarchy.output_effects(network, inputs))
    np.testing.assert_allclose(on_outputs[[0, 2, 5]], 0, atol=1e-6)
    assert (np.diag(on_outputs[1:])[[0, 2, 3]] > 0.1).all()
    np.testing.assert_allclose(hierarchy.effect_magnitudes(network, inputs[:1]), 0, atol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_small_effects_in_half_precision_are_not_lost(dtype):
    # Powers of two, exact in half precision; their squares, 6e-8 and less, are not in float16.
    inputs = 2.0**-12 * jnp.array([[1, 1], [-1, 3]], dtype)
    found = hierarchy.effect_magnitudes((lambda x: x, lambda hidden: hidden[:, :1]), inputs)
    assert found.dtype == jnp.float32
    np.testing.assert_array_equal(found, 2.0**-12 * np.array([[1, 0, 1], [0, 1, 0]]))


@pytest.mark.slow
def test_networks_are_lanes():
    weights = [jnp.stack([jnp.asarray(w), 2 * jnp.asarray(w)]) for w in LAYERS]
    segments = tuple(jax.tree_util.Partial(lambda w, x: jnp.tanh(x @ w), w) for w in weights)
    lanes = jax.jit(jax.vmap(lambda net: hierarchy.effect_magnitudes(net, INPUTS, batch_size=2)))(segments)
    single = hierarchy.effect_magnitudes(jax.tree.map(lambda leaf: leaf[1], segments), INPUTS)
    np.testing.assert_allclose(lanes[1], single, atol=1e-5)
    assert lanes.shape == (2, 7, 7)


def test_memory_is_that_of_a_batch_of_inputs(assert_temp_bytes):
    rows, features, units = 1000, 100, 50
    head = jax.tree_util.Partial(lambda w, x: jnp.tanh(x @ w), jnp.ones((features, units)))
    for batch_size in (1, 4):
        one = rows * (features + units) * 4
        assert_temp_bytes(
            (2 + 2 * batch_size) * one + 2**18,
            lambda head, x, batch_size=batch_size: hierarchy.input_effects(head, x, batch_size=batch_size),
            head,
            jnp.ones((rows, features)),
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: hierarchy.input_effects(net[0], INPUTS, batch_size=0), "batch_size: found 0"),
        (lambda net: hierarchy.output_effects(net, INPUTS, batch_size=0), "batch_size: found 0"),
        (lambda net: hierarchy.output_effects(net[:1], INPUTS), "segments: found 1"),
        (lambda net: hierarchy.effect_magnitudes(net, INPUTS[:0]), r"inputs: found shape \[0, 5\]"),
        (lambda _: hierarchy.output_effects(LNN, INPUTS), "segments: found a LNN"),
        (lambda _: hierarchy.effect_magnitudes(LNN, INPUTS), "segments: found a LNN"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_dense(jnp))
