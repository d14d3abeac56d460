"""Networks of two inputs: what works from their hidden layer on, and what asks for one array by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.interpreting._budgets import BUDGETS
from interp_jax.interpreting._subject import make_subject
from interp_jax.methods import ablation, ascent, attribution, averages, cnn_inte, core_units, hierarchy


class _Two(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(3, 4, rngs=rngs)
        self.second = nnx.Linear(3, 4, rngs=rngs)
        self.joined = nnx.Linear(8, 6, rngs=rngs)
        self.out = nnx.Linear(6, 2, rngs=rngs)

    def __call__(self, inputs):
        one, other = inputs
        hidden = jnp.concatenate([jnp.tanh(self.first(one)), jnp.tanh(self.second(other))], axis=-1)
        return self.out(jnp.tanh(self.joined(hidden)))


MODEL = _Two(nnx.Rngs(0))
RANDOM = np.random.default_rng(0)
INPUTS = tuple(RANDOM.normal(size=(60, 3)).astype(np.float32) for _ in range(2))
JOINED = np.concatenate(INPUTS, axis=1)
NETWORK = networks.freeze(MODEL)
HEAD, TAIL = networks.split(MODEL, at="joined", inputs=INPUTS)
LABELS = np.asarray(NETWORK(INPUTS)).argmax(1)


def apart(x):
    return NETWORK((x[:, :3], x[:, 3:]))


@pytest.mark.slow
def test_hidden_units_of_two_inputs_are_those_of_one():
    hidden, outputs = networks.apply(HEAD, INPUTS), networks.apply(NETWORK, INPUTS)
    np.testing.assert_allclose(networks.apply(TAIL, hidden), outputs, atol=1e-6)
    found = hierarchy.feature_vectors(JOINED, hidden, outputs).vectors
    of_one = hierarchy.network_vectors((lambda x: HEAD((x[:, :3], x[:, 3:])), TAIL), JOINED).vectors
    np.testing.assert_allclose(found, of_one, atol=1e-5)
    rate = core_units.holding_rate(TAIL, hidden, LABELS, 1, np.ones(6, bool))
    assert rate == 1


def test_joined_inputs_serve_gradients():
    slopes = attribution.gradient_times_input(apart, JOINED, 0)
    wanted = jax.grad(lambda inputs: NETWORK(inputs)[:, 0].sum())(INPUTS)
    np.testing.assert_allclose(slopes, JOINED * np.concatenate(wanted, axis=1), atol=1e-5)


_OTHERS = {"scores": "logits", "class_names": None, "input_shape": None, "seed": 0}
_ASKED = {
    "gradient_times_input": lambda x: attribution.gradient_times_input(NETWORK, x, 0),
    "removal_curves": lambda x: attribution.removal_curves(NETWORK, x, JOINED, 0),
    "network_vectors": lambda x: hierarchy.network_vectors((HEAD, TAIL), x),
    "feature_vectors": lambda x: hierarchy.feature_vectors(x, np.ones((60, 2)), np.ones((60, 2))),
    "input_effects": lambda x: hierarchy.input_effects(HEAD, x),
    "intact_layers": lambda x: ablation.ablate_mean((HEAD, TAIL), x, [np.ones(6, bool)]),
    "layer_averages": lambda x: averages.layer_averages(HEAD, x, LABELS, classes=2),
    "cnn_inte.fit": lambda x: cnn_inte.fit(x, np.ones((60, 2)), LABELS, key=jax.random.key(0)),
    "interpret": lambda x: make_subject(NETWORK, x, LABELS, BUDGETS["seconds"], layer="joined", **_OTHERS),
}


@pytest.mark.parametrize("method", _ASKED)
def test_two_inputs_are_refused_with_the_remedy_and_not_stacked(method):
    with pytest.raises(ValueError, match=r"^inputs: found a tuple of 2.*wanted one array \[rows, …\]: join them"):
        _ASKED[method](INPUTS)


def test_ascent_asks_for_one_array():
    with pytest.raises(ValueError, match=r"^start: found a dict of 2 arrays, wanted one array"):
        ascent.maximize(NETWORK, dict(zip("ab", INPUTS, strict=True)), 0)


def test_a_tuple_of_rows_stays_rows():
    rows = tuple(np.ones(3, np.float32) for _ in range(4))
    assert attribution.gradient_times_input(lambda x: x, np.stack(rows), 0).shape == (4, 3)
    assert ablation.unit_means(rows).shape == (3,)
