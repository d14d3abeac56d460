"""Models of six libraries to split, with the layers that can be cut at and the reasons why others cannot."""

import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox
import jax
import jax.numpy as jnp
import pytest
from flax import linen, nnx

from interp_jax import networks

AROUND = "values flow around it"
TWICE = "runs 2 times"
SCAN = r"runs inside jax\.lax\.scan"
IMAGES = jax.random.normal(jax.random.key(0), (6, 4, 4, 1))
ROWS = jax.random.normal(jax.random.key(1), (6, 4))
SEQUENCES = jax.random.normal(jax.random.key(2), (6, 5, 3))
TOKENS = jax.random.randint(jax.random.key(3), (6, 5), 0, 11)


class Case(NamedTuple):
    model: Any
    inputs: Any
    able: tuple[str, ...]  # layers to cut at
    refused: dict[str, str] = {}  # noqa: RUF012
    options: dict[str, Any] = {}  # noqa: RUF012


# ----------------------------------------------------------------------------------------------- Chain, NNX


def chain():
    rngs = nnx.Rngs(0)
    stages = {"conv": nnx.Conv(1, 3, (3, 3), rngs=rngs), "relu": nnx.relu, "drop": nnx.Dropout(0.5)}
    stages |= {"flat": lambda x: x.reshape(len(x), -1), "out": nnx.Linear(48, 3, rngs=rngs)}
    return Case(networks.Chain(**stages), IMAGES, ("relu", "drop", "flat"))


class _Residual(nnx.Module):
    def __init__(self, units, rngs):
        self.up = nnx.Linear(units, 2 * units, rngs=rngs)
        self.act = nnx.relu
        self.down = nnx.Linear(2 * units, units, rngs=rngs)

    def __call__(self, x):
        return x + self.down(self.act(self.up(x)))


def chain_of_blocks():
    rngs = nnx.Rngs(0)
    model = networks.Chain(block=_Residual(4, rngs), relu=nnx.relu, out=nnx.Linear(4, 3, rngs=rngs))
    return Case(model, ROWS, ("block", "relu"), {"block/down": AROUND})


class _CNN(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(1, 3, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.dense = nnx.Linear(48, 5, rngs=rngs)
        self.out = nnx.Linear(5, 3, rngs=rngs)

    def features(self, x):
        x = nnx.relu(self.norm(self.conv(x)))
        return self.dense(self.drop(x).reshape(len(x), -1))

    def __call__(self, x):
        return self.out(nnx.relu(self.features(x)))


def nnx_cnn():
    return Case(_CNN(nnx.Rngs(0)), IMAGES, ("conv", "norm", "drop", "dense", "out"))


def nnx_method():
    return Case(_CNN(nnx.Rngs(0)).features, IMAGES, ("norm", "dense"))


class _Transformer(nnx.Module):
    def __init__(self, rngs):
        self.embed = nnx.Embed(11, 8, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, 8, decode=False, rngs=rngs)
        self.blocks = nnx.List([_Residual(8, rngs), _Residual(8, rngs)])
        self.out = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, tokens):
        x = self.embed(tokens)
        x = networks.mark("attended", x + self.attention(x))
        for block in self.blocks:
            x = block(x)
        return self.out(x.mean(axis=1))


def nnx_transformer():
    refused = {"attention": AROUND, "blocks[0].act": AROUND, "attention.query": AROUND}
    return Case(_Transformer(nnx.Rngs(0)), TOKENS, ("embed", "attended", "blocks[0]", "blocks.1"), refused)


class _Shared(nnx.Module):
    def __init__(self, rngs):
        self.encode = nnx.Linear(4, 4, rngs=rngs)
        self.decode = self.encode
        self.parts = nnx.data({"out": nnx.Linear(4, 3, rngs=rngs)})
        self.scores = self.parts["out"]

    def __call__(self, x):
        return self.scores(nnx.relu(self.decode(jnp.tanh(self.encode(x)))))


def nnx_shared():
    return Case(_Shared(nnx.Rngs(0)), ROWS, ("parts/out", "scores"), {"encode": TWICE, "decode": TWICE})


class _Recurrent(nnx.Module):
    def __init__(self, rngs):
        self.rnn = nnx.RNN(nnx.GRUCell(3, 4, rngs=rngs))
        self.out = nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        return self.out(self.rnn(x)[:, -1])


def nnx_recurrent():
    return Case(_Recurrent(nnx.Rngs(0)), SEQUENCES, ("rnn",), {"rnn/cell": SCAN})


class _Stacked(nnx.Module):
    def __init__(self, rngs):
        @nnx.split_rngs(splits=3)
        @nnx.vmap(in_axes=0, out_axes=0)
        def stack(rngs):
            return nnx.Linear(4, 4, rngs=rngs)

        self.deep, self.wide = stack(rngs), stack(rngs)
        self.again = nnx.Linear(4, 4, rngs=rngs)
        self.last = nnx.Sequential(nnx.Linear(4, 4, rngs=rngs), nnx.relu, nnx.Linear(4, 3, rngs=rngs))

    def __call__(self, x):
        x = nnx.scan(lambda layer, x: nnx.relu(layer(x)), in_axes=(0, nnx.Carry), out_axes=nnx.Carry)(self.deep, x)
        x = nnx.vmap(lambda layer, x: layer(x), in_axes=(0, None))(self.wide, x).mean(axis=0)
        x = nnx.remat(lambda layer, x: layer(x))(self.again, x)
        return self.last(x)


def nnx_transforms():
    refused = {"deep": SCAN, "wide": r"the shape \[3, 6, 4\] for 6 rows"}
    return Case(_Stacked(nnx.Rngs(0)), ROWS, ("again", "last/layers/1"), refused)


# --------------------------------------------------------------------------------------------------- Linen


class _LinenBlock(linen.Module):
    @linen.compact
    def __call__(self, x):
        y = linen.relu(linen.Conv(3, (3, 3))(x))
        return x + linen.BatchNorm(use_running_average=True)(y)


class _LinenCNN(linen.Module):
    @linen.compact
    def __call__(self, x, train=False):
        x = linen.Conv(3, (3, 3))(x)
        for _ in range(2):
            x = _LinenBlock()(x)
        x = linen.jit(linen.Dense)(5)(x.reshape(len(x), -1))
        x = linen.remat(linen.Dense)(5)(linen.relu(x))
        return linen.Dense(3)(linen.Dropout(0.5, deterministic=not train)(x))


def _initialized(model, inputs):
    return model.init(jax.random.key(0), inputs)


def linen_cnn():
    model = _LinenCNN()
    refused = {"_LinenBlock_1/Conv_0": AROUND}
    able = ("Conv_0", "_LinenBlock_0", "_LinenBlock_1", "JitDense_0", "CheckpointDense_0", "Dropout_0")
    return Case(model, IMAGES, able, refused, {"variables": _initialized(model, IMAGES), "train": False})


class _LinenRecurrent(linen.Module):
    def setup(self):
        self.rnn = linen.RNN(linen.GRUCell(4))
        self.twice, self.out = linen.Dense(4), linen.Dense(3)

    def __call__(self, x):
        x = self.rnn(x)[:, -1]
        return self.out(self.twice(linen.relu(self.twice(x))))


def bound_linen_recurrent():
    model = _LinenRecurrent()
    return Case(model.bind(_initialized(model, SEQUENCES)), SEQUENCES, ("rnn", "out"), {"twice": TWICE})


# ------------------------------------------------------------------------------------------------- Equinox

_KEYS = jax.random.split(jax.random.key(4), 6)
SINGLE = {"batched": False}


def equinox_mlp():
    model = equinox.nn.MLP(4, 3, 6, 2, key=_KEYS[0])
    return Case(model, ROWS, ("layers/0", "layers[1]"), {"activation": TWICE}, SINGLE)


def equinox_sequential():
    layers = [equinox.nn.Linear(4, 5, key=_KEYS[0]), equinox.nn.Lambda(jax.nn.relu), equinox.nn.Dropout(0.5)]
    model = equinox.nn.Sequential([*layers, equinox.nn.Linear(5, 3, key=_KEYS[1])])
    return Case(model, ROWS, ("layers[0]", "layers[1]", "layers[2]"), {}, SINGLE)


class _Attention(equinox.Module):
    embed: equinox.nn.Embedding
    attention: equinox.nn.MultiheadAttention
    norm: equinox.nn.LayerNorm
    mlp: equinox.nn.MLP
    out: equinox.nn.Linear

    def __call__(self, tokens):
        x = jax.vmap(self.embed)(tokens)
        x = jax.vmap(self.norm)(x + self.attention(x, x, x))
        return self.out(jax.vmap(self.mlp)(x).mean(axis=0))


def equinox_attention():
    model = _Attention(
        equinox.nn.Embedding(11, 8, key=_KEYS[0]),
        equinox.nn.MultiheadAttention(2, 8, key=_KEYS[1]),
        equinox.nn.LayerNorm(8),
        equinox.nn.MLP(8, 8, 6, 1, key=_KEYS[2]),
        equinox.nn.Linear(8, 3, key=_KEYS[3]),
    )
    return Case(model, TOKENS, ("norm", "mlp.activation", "mlp"), {"attention": AROUND}, SINGLE)


class _Scanned(equinox.Module):
    cell: equinox.nn.GRUCell
    out: equinox.nn.Linear

    def __call__(self, x):
        state, _ = jax.lax.scan(lambda state, row: (self.cell(row, state), None), jnp.zeros(4), x)
        return self.out(networks.mark("state", state))


def equinox_recurrent():
    model = _Scanned(equinox.nn.GRUCell(3, 4, key=_KEYS[0]), equinox.nn.Linear(4, 3, key=_KEYS[1]))
    return Case(model, SEQUENCES, ("state", "out"), {"cell": SCAN}, SINGLE)


# ----------------------------------------------------------------------------------------------- functions


def _layers(parameters, x):
    for number, layer in enumerate(parameters["hidden"]):
        x = networks.mark(f"relu{number}", jax.nn.relu(x @ layer["kernel"]))
    return x @ parameters["out"]


def function_of_a_dictionary():
    hidden = [{"kernel": jax.random.normal(key, (4, 4))} for key in _KEYS[:2]]
    parameters = {"hidden": hidden, "out": jax.random.normal(_KEYS[2], (4, 3))}
    return Case(functools.partial(_layers, parameters), ROWS, ("relu0", "relu1"))


def function_with_a_loop():
    def model(x):
        x = networks.mark("start", x + 1)
        x = jax.lax.fori_loop(0, 3, lambda _, x: networks.mark("step", jnp.sin(x)), x)
        return 2 * networks.mark("end", x)

    return Case(model, ROWS, ("start", "end"), {"step": SCAN})


def _two_branches(parameters, inputs):
    first, second = inputs
    first = networks.mark("first", first @ parameters["first"])
    second = networks.mark("second", second.reshape(len(second), -1) @ parameters["second"])
    return networks.mark("joined", jax.nn.relu(first + second)) @ parameters["out"]


def function_of_two_inputs():
    shapes = {"first": (4, 5), "second": (16, 5), "out": (5, 3)}
    parameters = {name: jax.random.normal(_KEYS[0], shape) for name, shape in shapes.items()}
    refused = {"first": AROUND, "second": AROUND}
    return Case(functools.partial(_two_branches, parameters), (ROWS, IMAGES), ("joined",), refused)


def function_of_odd_points():
    def model(x):
        pair = networks.mark("pair", (x + 1, x + 2))
        networks.mark("unused", x * 3)
        turned = networks.mark("turned", (pair[0] * pair[1]).T)
        only, _ = networks.mark("one of two", (turned.T, x))
        return only - 1

    refused = {"pair": "output is 2 arrays", "unused": "does not reach", "turned": r"shape \[4, 6\] for 6 rows"}
    return Case(model, ROWS, ("one of two",), refused)


# --------------------------------------------------------------------------------------------------- Keras


def _keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    if keras.backend.backend() != "jax":
        pytest.skip(f"Keras runs on {keras.backend.backend()}, not on JAX")
    keras.utils.set_random_seed(0)
    return keras


def keras_residual():
    keras = _keras()
    layers = keras.layers
    inputs = keras.Input((4, 4, 1))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(3, 3, padding="same", name="conv")(inputs))
    x = layers.Add(name="add")([x, layers.Conv2D(3, 3, padding="same", name="around")(x)])
    parts = [keras.Input((4, 4, 3)), layers.Flatten(name="flat"), layers.Dense(5, name="fc")]
    inner = keras.Sequential(parts, name="inner")
    outputs = layers.Dense(3, name="out")(layers.Dropout(0.5, name="drop")(inner(x)))
    return Case(keras.Model(inputs, outputs), IMAGES, ("norm", "add", "inner/fc", "inner", "drop"), {"around": AROUND})


def keras_recurrent():
    keras = _keras()
    layers = [keras.layers.Embedding(11, 4, name="embed"), keras.layers.LSTM(6, name="lstm")]
    model = keras.Sequential([keras.Input((5,)), *layers, keras.layers.Dense(3, name="out")])
    return Case(model, TOKENS, ("embed", "lstm"), {"lstm/lstm_cell": SCAN})


def keras_two_inputs():
    keras = _keras()
    first, second = keras.Input((4,)), keras.Input((4,))
    shared = keras.layers.Dense(5, name="shared")
    joined = keras.layers.Concatenate(name="joined")([shared(first), shared(second)])
    model = keras.Model([first, second], keras.layers.Dense(3, name="out")(joined))
    return Case(model, (ROWS, ROWS + 1), ("joined",), {"shared": TWICE})


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        *(chain, chain_of_blocks, nnx_cnn, nnx_method, nnx_transformer, nnx_shared, nnx_recurrent, nnx_transforms),
        *(linen_cnn, bound_linen_recurrent),
        *(equinox_mlp, equinox_sequential, equinox_attention, equinox_recurrent),
        *(function_of_a_dictionary, function_with_a_loop, function_of_two_inputs, function_of_odd_points),
        *(keras_residual, keras_recurrent, keras_two_inputs),
    )
}
