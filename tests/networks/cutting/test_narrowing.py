from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.networks import local_response_norm
from tests.networks.cutting.test_lifting import TAILS, _chain, _conv, _dense


def _after_norm(name):
    chain, shape = TAILS[name]
    norm = partial(local_response_norm, radius=1, alpha=0.5)
    return networks.freeze(networks.Chain(norm=norm, **chain.stages)), shape


@pytest.mark.parametrize("name", ["dense", "flattened", "dense at every place", "same", "masked", "signal"])
def test_units_that_are_left_give_the_scores_of_a_mask(name):
    chain, shape = _after_norm(name)
    tail = networks.narrow(chain, shape)
    hidden = jax.random.normal(jax.random.key(1), (3, *shape))
    np.testing.assert_array_equal(tail(hidden), chain(hidden))
    found_of = jax.jit(lambda tail, units, used: tail.scores_of_units(hidden, units, used))
    # Neighbors are told by their numbers, whatever their order.
    for gates in ([0, 0.5, 0, 0, 2.0], [1.0, 1, 1, 1, 1], [0.0, 0, 0, 0, 0]):
        gates = np.array(gates, np.float32)
        units = np.append(np.flatnonzero(gates)[::-1], 3)  # to fill up: closed where it stands a second time
        used = np.append(gates[gates > 0][::-1], 0).astype(np.float32)
        wanted = chain(hidden * gates.reshape((1,) * len(shape) + (5,)))
        np.testing.assert_allclose(
            found_of(tail, units, used), wanted, rtol=1e-5, atol=1e-5 * max(np.abs(wanted).max(), 1e-3)
        )


def test_many_gates_of_the_same_units():
    chain, shape = _after_norm("same")
    tail = networks.narrow(chain, shape)
    hidden, units = jax.random.normal(jax.random.key(1), (3, *shape)), np.array([1, 2, 4])
    gates = np.array([[1, 0, 1], [0, 1, 1]], np.float32)
    found = jax.jit(jax.vmap(lambda gates: tail.scores_of_units(hidden, units, gates)))(gates)
    whole = np.zeros((2, 5), np.float32)
    whole[:, units] = gates
    for one, mask in zip(found, whole, strict=True):
        np.testing.assert_allclose(one, chain(hidden * mask[None, None, None]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["dense", "flattened", "dense at every place", "same", "signal"])
@pytest.mark.parametrize("units", [[0], [4], [2], [1, 3], [4, 3], [0, 4], [3, 1, 2]])
def test_units_that_are_moved_give_the_scores_of_all_gates(name, units):
    chain, shape = _after_norm(name)
    tail = networks.narrow(chain, shape)
    hidden = jax.random.normal(jax.random.key(1), (3, *shape))
    moved = jax.jit(
        lambda tail, gates, units, others: tail.scores_with_changed_units(
            tail.under_gates(hidden, gates), units, others
        )
    )
    for gates in ([0.0, 1, 1, 0, 1], [1.0, 1, 1, 1, 1], [0.0, 0, 0, 0, 0], [0.5, 1, 0, 2, 1]):
        others = np.array([1 - gates[unit] for unit in units[:2]] + [gates[unit] for unit in units[2:]], np.float32)
        whole = np.array(gates, np.float32)
        whole[units] = others
        wanted = chain(hidden * whole.reshape((1,) * len(shape) + (5,)))
        found = moved(tail, np.array(gates, np.float32), np.array(units), others)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * max(np.abs(wanted).max(), 1))


def test_a_reach_wider_than_the_layer():
    chain = networks.freeze(_chain(norm=partial(local_response_norm, alpha=0.5), dense=_dense(5, 2)))
    tail, hidden = networks.narrow(chain, (5,)), jax.random.normal(jax.random.key(1), (3, 5))
    for unit in range(5):
        found = tail.scores_with_changed_units(
            tail.under_gates(hidden, np.ones(5, np.float32)), np.array([unit]), np.zeros(1, np.float32)
        )
        wanted = chain(hidden * (np.arange(5) != unit)[None])
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("tail", "shape", "message"),
    [
        (jnp.tanh, (5,), "tail: found .*, wanted a Chain"),
        (networks.Chain(), (5,), "tail: found no stages"),
        (TAILS["dense"][0], (5,), "tail: found stage 'dense1' first, wanted local_response_norm"),
        (_chain(norm=local_response_norm, relu=nnx.relu), (5,), "tail: found stage 'relu' first, which is not linear"),
        (_chain(norm=local_response_norm, conv=_conv(5, 4, (3, 3))), (2, 3, 6), "shape: found"),
    ],
)
def test_refusals(tail, shape, message):
    with pytest.raises(ValueError, match=message):
        networks.narrow(tail, shape)


def test_a_norm_that_was_cut_is_refused():
    net = networks.cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(6, 4), hidden=(4, 4))
    smaller = networks.shrink(net, {"max1": np.array([True, False, True, True, True, True])})
    with pytest.raises(ValueError, match="cut already"):
        networks.narrow(smaller.after("max1"), (4, 4, 5))
