import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks


def _flatten(x):
    return x.reshape(len(x), -1)


def _network(seed=0):
    rngs = nnx.Rngs(seed)
    return networks.Chain(
        conv=nnx.Conv(2, 3, (2,), rngs=rngs),
        relu=nnx.relu,
        flatten=_flatten,
        dense1=nnx.Linear(12, 5, rngs=rngs),
        drop=nnx.Dropout(0.5),
        dense2=nnx.Linear(5, 2, rngs=rngs),
    )


INPUTS = jax.random.normal(jax.random.key(0), (6, 4, 2))
MASKS = {"dense1": np.array([True, False, True, True, False]), "relu": np.array([0.5, 0.0, 1.0])}


def test_masks_multiply_the_units_of_their_stages():
    net = networks.freeze(_network())
    gated = networks.gate(net, MASKS)
    assert gated.names == ("relu", "dense1")
    hidden = net.until("relu")(INPUTS) * MASKS["relu"].reshape(1, 1, 3).astype(np.float32)
    hidden = net.after("relu").until("dense1")(hidden) * MASKS["dense1"][None]
    found = jax.jit(lambda gated, masks: gated(INPUTS, masks))(gated, MASKS)
    np.testing.assert_allclose(found, net.after("dense1")(hidden), rtol=1e-5, atol=1e-6)


def test_shapes_are_those_of_masks_that_change_nothing():
    net = networks.freeze(_network())
    gated = networks.gate(net, ["dense1", "relu"])
    shapes = gated.mask_shapes(INPUTS.shape[1:])
    assert shapes == {"relu": (3,), "dense1": (5,)}
    open_gates = {name: jnp.ones(shape, bool) for name, shape in shapes.items()}
    np.testing.assert_array_equal(gated(INPUTS, open_gates), net(INPUTS))


def test_lanes_of_masks_share_a_compilation_with_another_network(assert_compiles):
    first, second = (networks.gate(networks.freeze(_network(seed)), ("relu",)) for seed in (0, 1))
    scores = jax.jit(jax.vmap(lambda gated, gates: gated(INPUTS, {"relu": gates}), (None, 0)))
    lanes = jnp.stack([jnp.zeros(3), jnp.ones(3)])
    closed, opened = scores(first, lanes)
    assert np.ptp(closed, axis=0).max() < 1e-6 < np.ptp(opened, axis=0).min()
    with assert_compiles(0):
        jax.block_until_ready(scores(second, lanes))


@pytest.mark.parametrize(
    ("names", "masks", "message"),
    [
        (["relu7"], {}, r"names: found \['relu7'\], wanted some of the stages 'conv', 'relu'"),
        ([], {}, "names: found none"),
        (["relu"], {}, r"masks: found \[\], wanted one for each of \['relu'\]"),
        ("relu", {"relu": jnp.ones(3), "conv": jnp.ones(3)}, r"masks: found \['conv', 'relu'\], wanted"),
        (["relu"], {"relu": jnp.ones(4)}, r"masks\['relu'\]: found shape \[4\], wanted \[3\]"),
        (["relu"], {"relu": jnp.ones(3) * 1j}, r"masks\['relu'\]: found complex64"),
        ([3], {}, r"names: found \[3\], wanted names of stages"),
        (["relu"], {"relu": jnp.ones((4, 3))}, r"masks\['relu'\]: found shape \[4, 3\], wanted \[3\]"),
    ],
)
def test_refusals_name_the_stage(names, masks, message):
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(networks.gate)(networks.freeze(_network()), names)(INPUTS, masks)


def test_what_is_no_chain_is_refused():
    with pytest.raises(ValueError, match="chain: found function, wanted a Chain"):
        networks.gate(_flatten, ["relu"])
