"""An ensemble made by vmapping a constructor goes through jax.vmap of every traceable function that takes a network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.kernels import jumps
from interp_jax.methods import averages, filters

SIGNALS = jax.random.normal(jax.random.key(0), (6, 100))
LABELS = jnp.array([0, 1, 2, 0, 1, 2])
KEYS = jax.random.split(jax.random.key(1), 3)

TRACEABLE = {
    "scores": lambda net: net(SIGNALS),
    "activations": lambda net: net.activations(SIGNALS),
    "head and tail": lambda net: net.after(net.stage_names[0])(net.until(net.stage_names[0])(SIGNALS)),
    "freeze": lambda net: networks.freeze(net)(SIGNALS),
    "effective_weights": lambda net: filters.effective_weights(net, SIGNALS),
    "agreement": lambda net: filters.agreement(
        filters.effective_weights(net, SIGNALS), jumps.posterior_network().weights
    ),
    "jump_profile": lambda net: filters.jump_profile(filters.effective_weights(net, SIGNALS))[1:],
    "class_means": lambda net: averages.class_means(net.until(net.stage_names[0])(SIGNALS), LABELS, classes=3),
    "estimates": lambda net: jumps.estimates(jax.nn.log_softmax(net(SIGNALS))),
}


@pytest.mark.parametrize("name", TRACEABLE)
@pytest.mark.parametrize("constructor", [networks.perceptron, networks.signal_cnn])
def test_lanes_are_the_single_networks(name, constructor):
    lanes = jax.jit(jax.vmap(TRACEABLE[name]))(jax.vmap(constructor)(KEYS))
    alone = TRACEABLE[name](constructor(KEYS[2]))
    assert jax.tree.structure(lanes) == jax.tree.structure(alone)
    for lane, wanted in zip(jax.tree.leaves(lanes), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(lane[2], wanted, atol=1e-4)
