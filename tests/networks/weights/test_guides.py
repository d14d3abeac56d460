"""Guides: a model of another library or weights of a file as a network of this package, each in a few lines."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import methods, networks
from tests.networks.weights import torch_networks

INPUTS = torch_networks.normal(9, 6, seed=30)


@pytest.fixture
def rank_promotion():
    with jax.numpy_rank_promotion("allow"):  # PyTorch and Keras add biases of fewer axes
        yield


def _perceptron():
    return networks.perceptron(jax.random.key(0), (6, 5, 3))


def _torch_state():
    """As PyTorch has it of ``torch.nn.Sequential(Linear(6, 5), ReLU(), Linear(5, 3))``."""
    return {
        "0.weight": torch_networks.normal(5, 6, seed=1),
        "0.bias": torch_networks.normal(5, seed=2),
        "2.weight": torch_networks.normal(3, 5, seed=3),
        "2.bias": torch_networks.normal(3, seed=4),
    }


def _torch_scores(state, x):
    hidden = torch_networks.relu(torch_networks.linear(x, state["0.weight"], state["0.bias"]))
    return torch_networks.linear(hidden, state["2.weight"], state["2.bias"])


def test_weights_of_an_npz_file(tmp_path):
    np.savez(tmp_path / "weights.npz", **_torch_state())

    with np.load(tmp_path / "weights.npz") as arrays:
        network = networks.load_state(_perceptron(), arrays, {"0": "dense1", "2": "dense2"})

    np.testing.assert_allclose(network(INPUTS), _torch_scores(_torch_state(), INPUTS), atol=1e-5)


def test_weights_of_a_safetensors_file(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    safetensors.save_file(_torch_state(), tmp_path / "weights.safetensors")

    arrays = safetensors.load_file(tmp_path / "weights.safetensors")
    network = networks.load_state(_perceptron(), arrays, {"0": "dense1", "2": "dense2"})

    np.testing.assert_allclose(network(INPUTS), _torch_scores(_torch_state(), INPUTS), atol=1e-5)


def test_a_function_with_a_dict_of_parameters():
    parameters = {name: jnp.asarray(array) for name, array in _torch_state().items()}

    def scores(parameters, x):
        hidden = nnx.relu(x @ parameters["0.weight"].T + parameters["0.bias"][None, :])
        return hidden @ parameters["2.weight"].T + parameters["2.bias"][None, :]

    network = networks.freeze(functools.partial(scores, parameters))

    np.testing.assert_allclose(network(INPUTS), _torch_scores(_torch_state(), INPUTS), atol=1e-5)
    assert len(jax.tree.leaves(network)) == 4


# --------------------------------------------------------------------------------------------------- PyTorch


def _torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(0)
    return torch


@pytest.mark.slow
def test_the_state_of_a_module_of_pytorch():
    torch = _torch()
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(24, 5),
    )
    images = torch.randn(8, 3, 4, 6)
    model(images)  # running averages of their own
    model.eval()

    rngs = nnx.Rngs(0)
    chain = networks.Chain(
        conv=nnx.Conv(3, 4, (3, 3), padding=1, rngs=rngs),
        norm=nnx.BatchNorm(4, rngs=rngs),
        relu=nnx.relu,
        pool=functools.partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2)),
        flat=lambda x: x.reshape(len(x), -1),
        dense=nnx.Linear(24, 5, rngs=rngs),
    )
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    names = {"0": "conv", "1": "norm", "5": "dense"}
    network = networks.freeze(networks.load_state(chain, arrays, names, flattened={"dense": (2, 3, 4)}))

    scores = network(np.moveaxis(images.numpy(), 1, -1))
    np.testing.assert_allclose(scores, model(images).detach().numpy(), atol=1e-5)


@pytest.mark.slow
def test_a_transposed_convolution_of_pytorch():
    torch = _torch()
    model = torch.nn.ConvTranspose2d(2, 3, (3, 5), stride=2)
    images = torch.randn(4, 2, 6, 7)

    layer = nnx.ConvTranspose(2, 3, (3, 5), strides=(2, 2), padding="VALID", rngs=nnx.Rngs(0))
    arrays = {f"up.{name}": tensor.numpy() for name, tensor in model.state_dict().items()}
    network = networks.load_state(networks.Chain(up=layer), arrays, layout="torch")

    scores = np.moveaxis(network(np.moveaxis(images.numpy(), 1, -1)), -1, 1)
    np.testing.assert_allclose(scores, model(images).detach().numpy(), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("rank_promotion")
def test_a_whole_module_of_pytorch_by_torchax():
    # Works with torch 2.9.1, torchax 0.0.13 and jax 0.10.2.
    torch = _torch()
    torchax = pytest.importorskip("torchax", reason="torchax is not installed", exc_type=Exception)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(5, 3))
    wanted = model.eval()(torch.from_numpy(INPUTS)).detach().numpy()

    weights, function = torchax.extract_jax(model)
    network = networks.freeze(functools.partial(lambda weights, x: function(weights, (x,)), weights))

    np.testing.assert_allclose(network(INPUTS), wanted, atol=1e-5)
    assert {leaf.shape for leaf in jax.tree.leaves(network)} == {(5, 6), (5,), (3, 5), (3,)}
    gradient = jax.grad(lambda x: network(x)[:, 0].sum())(jnp.asarray(INPUTS))
    assert float(jnp.abs(gradient).max()) > 0
    methods.averages.layer_averages(network, INPUTS, np.arange(9) % 3, classes=3)


# ----------------------------------------------------------------------------------------------------- Keras


def _keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    if keras.backend.backend() != "jax":
        pytest.skip(f"Keras runs on {keras.backend.backend()}, not on JAX")
    keras.utils.set_random_seed(0)
    return keras


def _keras_model(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("rank_promotion")
def test_a_model_of_keras_keeps_its_weights_while_the_model_is_trained_on():
    keras = _keras()
    model = _keras_model(keras)

    network = networks.freeze(model)

    wanted = np.asarray(model(INPUTS, training=False))
    np.testing.assert_allclose(network(INPUTS), wanted, atol=1e-6)
    np.testing.assert_array_equal(network(INPUTS), network(INPUTS))
    assert sum(leaf.size for leaf in jax.tree.leaves(network)) == model.count_params()
    assert all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(network))
    methods.averages.layer_averages(network, INPUTS, np.arange(9) % 3, classes=3)

    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    model.fit(INPUTS, np.arange(9) % 3, epochs=3, verbose=0)
    assert not np.allclose(model(INPUTS, training=False), wanted, atol=1e-3)
    np.testing.assert_allclose(network(INPUTS), wanted, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("rank_promotion")
def test_a_model_of_keras_trained_on_shares_its_compilation(assert_compiles):
    model = _keras_model(_keras())
    scores = jax.jit(lambda network, x: network(x))
    first, x = networks.freeze(model), jnp.asarray(INPUTS)
    before = scores(first, x)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    second = networks.freeze(model)
    with assert_compiles(0):
        after = scores(second, x)
    assert not np.allclose(before, after)


@pytest.mark.slow
def test_a_model_of_keras_without_weights_is_refused():
    keras = _keras()
    with pytest.raises(ValueError, match="^model: found 'unbuilt', not built, wanted weights"):
        networks.freeze(keras.Sequential([keras.layers.Dense(3)], name="unbuilt"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("rank_promotion")
def test_weights_of_keras_in_a_chain():
    model = _keras_model(_keras())
    model.set_weights(
        [np.abs(torch_networks.normal(*each.shape, seed=n)) for n, each in enumerate(model.get_weights())]
    )

    rngs = nnx.Rngs(0)
    chain = networks.Chain(
        dense1=nnx.Linear(6, 5, rngs=rngs),
        norm=nnx.BatchNorm(5, epsilon=1e-3, rngs=rngs),
        relu=nnx.relu,
        dense2=nnx.Linear(5, 3, rngs=rngs),
    )
    arrays = {f"{layer.name}/{each.name}": each.value for layer in model.layers for each in layer.variables}
    arrays = {name: array for name, array in arrays.items() if "seed" not in name}
    dense1, norm, dense2 = (layer.name for layer in model.layers if layer.weights and "dropout" not in layer.name)
    names = {dense1: "dense1", norm: "norm", dense2: "dense2"}
    network = networks.freeze(networks.load_state(chain, arrays, names))

    np.testing.assert_allclose(network(INPUTS), model(INPUTS, training=False), atol=1e-5)
