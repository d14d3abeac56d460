from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.networks.models._convolution import convolution


def _flatten(x):
    return x.reshape(len(x), -1)


def _chain(**stages):
    rngs = nnx.Rngs(0)
    made = {name: make(rngs) if name.startswith(("conv", "dense")) else make for name, make in stages.items()}
    return networks.Chain(**made)


def _dense(inputs, outputs, **options):
    return lambda rngs: nnx.Linear(inputs, outputs, bias_init=nnx.initializers.normal(), rngs=rngs, **options)


def _conv(*sizes, **options):
    return lambda rngs: nnx.Conv(*sizes, bias_init=nnx.initializers.normal(), rngs=rngs, **options)


TAILS = {
    "dense": (_chain(dense1=_dense(5, 4), relu=nnx.relu, dense2=_dense(4, 2)), (5,)),
    "without bias": (_chain(dense=_dense(5, 4, use_bias=False)), (5,)),
    "flattened": (_chain(drop=nnx.Dropout(0.5), flatten=_flatten, dense1=_dense(30, 4), relu=nnx.relu), (2, 3, 5)),
    "dense at every place": (_chain(dense=_dense(5, 4), tanh=nnx.tanh), (2, 3, 5)),
    "same": (_chain(conv=_conv(5, 4, (3, 3)), relu=nnx.relu, flatten=_flatten, dense=_dense(24, 2)), (2, 3, 5)),
    "as in image_cnn": (_chain(conv=_conv(5, 4, (3, 3), conv_general_dilated=convolution)), (4, 3, 5)),
    "valid, no bias": (_chain(conv=_conv(5, 4, (2, 3), padding="VALID", use_bias=False), tanh=nnx.tanh), (4, 3, 5)),
    "strides and gaps": (_chain(conv=_conv(5, 4, (3, 2), strides=2, kernel_dilation=2)), (6, 5, 5)),
    "masked": (
        _chain(conv=_conv(5, 4, (3, 3), mask=jnp.arange(180).reshape(3, 3, 5, 4) % 3 > 0), tanh=nnx.tanh),
        (4, 3, 5),
    ),
    "signal": (_chain(conv=_conv(5, 4, (3,))), (6, 5)),
}


@pytest.mark.parametrize("name", TAILS)
def test_gates_of_lifted_units_are_gates_of_the_hidden_layer(name):
    chain, shape = networks.freeze(TAILS[name][0]), TAILS[name][1]
    tail = networks.lift(chain, shape)
    hidden = jax.random.normal(jax.random.key(1), (3, *shape))
    uniform = np.random.default_rng(0).random((3, 5), np.float32)
    gates = jnp.stack([uniform[0], uniform[1] < 0.5, uniform[2] < 0])
    wanted = jax.jit(jax.vmap(lambda gates: chain(hidden * gates.reshape((1,) * len(shape) + (5,)))))(gates)
    found = jax.jit(lambda tail: jax.vmap(partial(tail.combine_units, tail.lift_units(hidden)))(gates))(tail)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    np.testing.assert_array_equal(tail(hidden), chain(hidden))


@pytest.mark.parametrize("name", TAILS)
def test_units_that_are_left_give_the_scores_of_a_mask(name):
    chain, shape = networks.freeze(TAILS[name][0]), TAILS[name][1]
    tail = networks.lift(chain, shape)
    hidden = jax.random.normal(jax.random.key(1), (3, *shape))
    for gates in ([0, 0.5, 0, 0, 2.0], [1.0, 1, 1, 1, 1], [0.0, 0, 0, 0, 0]):
        gates = np.array(gates, np.float32)
        units = np.append(np.flatnonzero(gates), 3)  # to fill up: closed where it stands a second time
        used = np.append(gates[gates > 0], 0).astype(np.float32)
        wanted = chain(hidden * gates.reshape((1,) * len(shape) + (5,)))
        found = jax.jit(lambda tail, units, used: tail.scores_of_units(hidden, units, used))(tail, units, used)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["flattened", "same"])
def test_gradients_are_those_of_the_tail(name):
    chain, shape = networks.freeze(TAILS[name][0]), TAILS[name][1]
    tail = networks.lift(chain, shape)
    hidden = jax.random.normal(jax.random.key(1), (3, *shape))
    gates = jax.random.uniform(jax.random.key(2), (2, 5))

    def lifted(gates, hidden):
        return jnp.sum(jax.vmap(partial(tail.combine_units, tail.lift_units(hidden)))(gates) ** 2)

    def plain(gates, hidden):
        return jnp.sum(jax.vmap(lambda gates: chain(hidden * gates.reshape(1, 1, 1, 5)))(gates) ** 2)

    found, wanted = (jax.jit(jax.grad(loss, argnums=(0, 1)))(gates, hidden) for loss in (lifted, plain))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="a limit that XLA's CPU compiler needs help to keep")
def test_all_lanes_read_one_copy_of_the_lifted_units(assert_temp_bytes):
    tail = networks.lift(networks.freeze(_chain(dense=_dense(16, 256), relu=nnx.relu)), (16,))
    lifted, gates = jnp.ones((64, 16, 256)), jnp.ones((3, 16))
    lanes_outputs = 3 * 64 * 256 * 4

    def gradient(tail, lifted, gates):
        return jax.grad(lambda gates: jnp.sum(jax.vmap(partial(tail.combine_units, lifted))(gates)))(gates)

    assert lifted.nbytes > 4 * lanes_outputs
    assert_temp_bytes(3 * lanes_outputs, gradient, tail, lifted, gates)


def _tail(key):
    rngs = nnx.Rngs(key)
    return networks.Chain(flatten=_flatten, dense1=nnx.Linear(8, 3, rngs=rngs), relu=nnx.relu)


def test_tails_of_one_shape_share_a_compilation_and_rows_are_independent(assert_compiles):
    first, second = (networks.lift(_tail(jax.random.key(seed)), (2, 4)) for seed in (0, 1))
    hidden, gates = jnp.ones((3, 2, 4)).at[1].set(2), jnp.ones(4)
    scores = jax.jit(lambda tail, hidden: tail.combine_units(tail.lift_units(hidden), gates))
    by_row = jax.jit(jax.vmap(lambda row: scores(first, row[None])[0]))(hidden)
    np.testing.assert_allclose(by_row, scores(first, hidden), rtol=1e-5, atol=1e-6)
    with assert_compiles(0):
        jax.block_until_ready(scores(second, hidden))


def test_it_can_be_made_while_a_stacked_network_is_traced():
    def scores(key, hidden):
        tail = _tail(key)
        lifted = networks.lift(tail, (2, 4))
        return lifted.combine_units(lifted.lift_units(hidden), jnp.ones(4)), tail(hidden)

    keys = jax.random.split(jax.random.key(0), 2)
    found, wanted = jax.jit(jax.vmap(scores, (0, None)))(keys, jnp.ones((3, 2, 4)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("stages", "shape", "message"),
    [
        ({"norm1": networks.local_response_norm, "dense": _dense(5, 4)}, (5,), "tail: found stage 'norm1' first"),
        ({"relu": nnx.relu, "dense": _dense(5, 4)}, (5,), "stage 'relu' first, which is not linear"),
        ({"max": partial(nnx.max_pool, window_shape=(2, 2)), "dense": _dense(5, 4)}, (2, 2, 5), "stage 'max' first"),
        ({"turn": partial(jnp.flip, axis=-1), "dense": _dense(5, 4)}, (5,), "stage 'turn' first"),
        ({"six": nnx.relu6, "dense": _dense(5, 4)}, (5,), "stage 'six' first"),
        ({"round": jnp.round, "dense": _dense(5, 4)}, (5,), "stage 'round' first"),
        ({"drop": nnx.Dropout(0.5), "dense": _dense(5, 4)}, (5,), "stage 'drop' first"),
        ({"conv": _conv(4, 4, (3,), feature_group_count=2)}, (6, 4), "stage 'conv' first"),
        ({"flatten": _flatten}, (5,), "tail: found no layer"),
        ({"dense": _dense(5, 4)}, (6,), r"shape: found \(6,\), wanted 5 values for stage 'dense'"),
        ({"flatten": _flatten, "dense": _dense(30, 4)}, (3, 2, 4), "wanted 30 values for stage 'dense'"),
        ({"conv": _conv(5, 4, (3,))}, (6, 4), r"wanted \(…, 5\) for stage 'conv'"),
        ({"conv": _conv(5, 4, (3, 3))}, (5,), r"shape: found \(5,\), wanted \(…, …, 5\) for stage 'conv'"),
        ({"dense": _dense(5, 4)}, (0,), "shape: found 0, wanted a whole number of at least 1"),
        ({"dense": _dense(5, 4)}, (), r"shape: found \(\), wanted sizes of one row"),
    ],
)
def test_refusals_name_the_stage(stages, shape, message):
    with pytest.raises(ValueError, match=message):
        networks.lift(_chain(**stages), shape)


def test_a_tail_that_is_no_chain_is_refused():
    with pytest.raises(ValueError, match="tail: found function, wanted a Chain"):
        networks.lift(_flatten, (5,))
