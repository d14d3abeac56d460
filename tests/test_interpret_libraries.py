"""Models of other libraries in interpret: taken, or refused with what to do instead."""

import functools
import os
import sys
import types

import equinox
import jax
import numpy as np
import pytest
from flax import linen, nnx

import interp_jax
from interp_jax import networks
from interp_jax.interpreting._budgets import BUDGETS
from interp_jax.interpreting._subject import make_subject
from interp_jax.interpreting._suitability import reasons_against

INPUTS = np.random.default_rng(0).normal(size=(160, 6)).astype(np.float32)
LABELS = INPUTS[:, :3].argmax(axis=1).astype(np.int32)
OPTIONS = {"layer": None, "scores": "logits", "class_names": None, "input_shape": None, "seed": 0}


def _subject(network, **options):
    return make_subject(network, INPUTS, LABELS, BUDGETS["seconds"], **OPTIONS | options)


class _Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = linen.Dense(8, name="hidden")(x)
        return linen.Dense(3, name="out")(linen.relu(x))


class _Residual(nnx.Module):
    def __init__(self, rngs):
        self.hidden = nnx.Linear(6, 6, rngs=rngs)
        self.out = nnx.Linear(6, 3, rngs=rngs)

    def __call__(self, x):
        return self.out(x + nnx.relu(self.hidden(x)))


def _linen():
    model = _Linen()
    return model, model.init(jax.random.key(0), INPUTS)


def _bound_linen():
    model, variables = _linen()
    return model.bind(variables), {"layer": "hidden"}


def _frozen_linen():
    model, variables = _linen()
    return networks.freeze(model, variables=variables), {"layer": "hidden"}


def _mlp():
    return equinox.nn.MLP(6, 3, 8, 1, use_final_bias=False, key=jax.random.key(1))


def _equinox():
    return networks.freeze(_mlp(), batched=False), {"layer": "layers/0"}


def _marked(model, x):
    first, last = model.layers
    return jax.vmap(last)(networks.mark("hidden", jax.nn.relu(jax.vmap(first)(x))))


def _equinox_by_a_mark():
    return functools.partial(_marked, _mlp()), {"layer": "hidden"}


def _keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason="Keras is not installed", exc_type=Exception)
    if keras.backend.backend() != "jax":
        pytest.skip(f"Keras runs on {keras.backend.backend()}, not on JAX")
    keras.utils.set_random_seed(0)
    parts = [keras.Input((6,)), keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dropout(0.5)]
    return keras.Sequential([*parts, keras.layers.Dense(3, name="out")])


def _keras_model():
    return _keras(), {"layer": "hidden"}


def _frozen_keras():
    return networks.freeze(_keras()), {"layer": "hidden"}


def _torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).eval()


def _by_torchax(module):
    torchax = pytest.importorskip("torchax", reason="torchax is not installed", exc_type=Exception)
    weights, function = torchax.extract_jax(module)
    return networks.freeze(functools.partial(lambda weights, x: function(weights, (x,)), weights))


def _parts_of_torch():
    module = _torch()
    return (_by_torchax(module[:2]), _by_torchax(module[2:])), {}


TAKEN = (_bound_linen, _frozen_linen, _equinox, _equinox_by_a_mark, _keras_model, _frozen_keras, _parts_of_torch)


@pytest.fixture
def rank_promotion():
    with jax.numpy_rank_promotion("allow"):  # PyTorch and Keras add biases of fewer axes
        yield


@pytest.mark.parametrize("make", TAKEN)
@pytest.mark.usefixtures("rank_promotion")
def test_a_model_of_another_library_is_taken_and_suits_every_method(make):
    network, options = make()
    subject = _subject(network, **options)
    assert subject.hidden.shape == (160, 8)
    assert not reasons_against(subject)
    whole = network if not isinstance(network, tuple) else lambda x: network[1](network[0](x))
    wanted = np.asarray(networks.freeze(whole)(subject.inputs))
    np.testing.assert_allclose(subject.scores, wanted, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("make", [_frozen_linen, _equinox, _keras_model, _parts_of_torch])
@pytest.mark.usefixtures("rank_promotion")
def test_a_model_of_another_library_has_a_whole_report(make, tmp_path):
    network, options = make()
    result = interp_jax.interpret(network, INPUTS, LABELS, budget="seconds", root=tmp_path, **options)
    assert not result.left_out
    assert result.report.stat().st_size > 100_000


REFUSED = {
    "a Linen module alone": (
        lambda: (_linen()[0], {"layer": "hidden"}),
        r"network: found a Linen module without variables, wanted networks.freeze\(model, variables=…\)$",
    ),
    "a Linen module without a layer": (
        lambda: (_frozen_linen()[0], {}),
        r"layer: found None for a FrozenNetwork, wanted one of 'hidden'; networks.layers lists them all$",
    ),
    "an Equinox model that takes single rows": (
        lambda: (_mlp(), {"layer": "layers/0"}),
        r"network: found a model that takes single rows, wanted networks.freeze\(model, batched=False\)$",
    ),
    "the same without a layer": (
        lambda: (_mlp(), {}),
        r"network: found a model that takes single rows, wanted networks.freeze\(model, batched=False\)$",
    ),
    "an Equinox model under vmap": (
        lambda: (jax.vmap(_mlp()), {"layer": "layers/0"}),
        r"layer: found 'layers/0', wanted a layer, but this model shows none: .*; or its two parts, \(head, tail\)$",
    ),
    "a layer inside a residual block": (
        lambda: (_Residual(nnx.Rngs(0)), {"layer": "hidden"}),
        r"layer: found 'hidden' \(values flow around it .*; networks.tap takes the layer for single methods, which",
    ),
    "a tapped network": (
        lambda: (networks.tap(_Residual(nnx.Rngs(0)), "hidden", INPUTS), {}),
        r"network: found one tapped at 'hidden', wanted .*; methods.hierarchy, .* take tapped networks$",
    ),
    "a Keras model without a layer": (
        lambda: (_keras(), {}),
        r"layer: found None for a Sequential, wanted one of 'hidden', .*; networks.layers lists them all$",
    ),
    "a module of PyTorch by torchax without its parts": (
        lambda: (_by_torchax(_torch()), {"layer": "0"}),
        r"layer: found '0', wanted a layer, but this model shows none: .*; or its two parts, \(head, tail\)$",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
@pytest.mark.usefixtures("rank_promotion")
def test_what_cannot_be_cut_is_refused_with_what_to_do(which):
    make, message = REFUSED[which]
    network, options = make()
    with pytest.raises(ValueError, match=f"^{message}"):
        _subject(network, **options)


def test_a_module_of_pytorch_is_refused_with_the_way_by_torchax(monkeypatch):
    class Module:
        def __call__(self, x):
            return x

    monkeypatch.setitem(sys.modules, "torch.nn", types.SimpleNamespace(Module=Module))
    with pytest.raises(TypeError, match=r"^model: found Module of PyTorch, wanted it by torchax: .*extract_jax"):
        _subject(Module(), layer="0")
