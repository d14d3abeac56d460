"""magika's network of file types as a chain, its weights read by name from the ONNX file of the installed package."""

import importlib
import importlib.util
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from interp_jax import networks

TRIED = "standard_v3_3"  # the model that the names below were read from
GRAPH = "jax2tf_get_logits_/"
LAYERS = f"{GRAPH}pjit_get_logits_/MagikaV2/"
FOLDED = "const_fold_opt__"  # constants that were folded when the file was written, numbered in its order
UNITS, WINDOW, TYPES = 512, 5, None  # of the convolution; the model's own number of types
# The initializers of the ONNX file by stage and array, and their shapes; None is the number of types.
WEIGHTS = {
    ("embedding", "kernel"): (f"{GRAPH}Const:0", (257, 64)),
    ("embedding", "bias"): (f"{LAYERS}Dense_0/Reshape:0", (1, 1, 64)),
    ("norm1", "scale"): (f"{LAYERS}LayerNorm_0/Reshape_2:0", (1, 512, 1)),
    ("norm1", "bias"): (f"{LAYERS}LayerNorm_0/Reshape_3:0", (1, 512, 1)),
    ("conv", "kernel"): (f"{LAYERS}Conv_0/transpose_3:0", (UNITS, 256, WINDOW, 1)),
    ("conv", "bias"): (FOLDED, (1, UNITS, 1)),
    ("norm2", "scale"): (f"{LAYERS}LayerNorm_1/Reshape_2:0", (1, UNITS)),
    ("norm2", "bias"): (f"{LAYERS}LayerNorm_1/Reshape_3:0", (1, UNITS)),
    ("dense", "kernel"): (f"{GRAPH}Const_24:0", (UNITS, TYPES)),
    ("dense", "bias"): (f"{LAYERS}Dense_1/Reshape:0", (1, TYPES)),
}
PLACES = 4  # bytes of a place, whose embeddings lie side by side
EPSILON = 1e-6
INSTALL = "pip install -e '.[wild]'"


class Detector(NamedTuple):
    """The network [rows, 2048 tokens] -> [rows, types].

    Attributes:
        network: a chain.
        types: the names of its types.
        version: the name of the model's version.
        weights: by stage and array, as in `WEIGHTS`, without axes of length 1.
    """

    network: networks.Chain
    types: tuple[str, ...]
    version: str
    weights: dict[tuple[str, str], np.ndarray]


def installed() -> Path:
    """The folder of the installed model.

    Raises:
        ValueError: the package, or the one that reads its file, is not installed; or it holds no model.
    """
    for package in ("magika", "onnx"):
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"{package}: found no such package, wanted it installed: {INSTALL}")
    return model_in(Path(str(importlib.import_module("magika").__file__)).parent)


def model_in(package: Path) -> Path:
    """The folder of the model in a folder of the package.

    Raises:
        ValueError: no model there.
    """
    models = sorted((package / "models").glob("*/model.onnx"))
    if not models:
        raise ValueError(f"model: found no models/*/model.onnx in {package.name}, wanted a model such as {TRIED}")
    return next((each.parent for each in models if each.parent.name == TRIED), models[-1].parent)


def load(folder: Path) -> Detector:
    """The network of a model's folder, in float32; nothing is unpickled.

    Another version is read if it has the same arrays.

    Raises:
        ValueError: a model without one of the arrays, or with one of another shape.
    """
    onnx = importlib.import_module("onnx")
    settings = json.loads((folder / "config.min.json").read_text(encoding="utf-8"))
    types = tuple(settings["target_labels_space"])
    stored = {each.name: each for each in onnx.load(str(folder / "model.onnx")).graph.initializer}
    weights = {}
    for (stage, array), (name, shape) in WEIGHTS.items():
        wanted = tuple(len(types) if size is None else size for size in shape)
        name = _name_of(stored, name, wanted)
        shape = tuple(stored[name].dims) if name in stored else "none"
        if shape != wanted:
            raise ValueError(
                f"model: found {shape} for {stage}.{array} in {folder.name}, wanted {wanted} as in {TRIED}"
            )
        weights[stage, array] = np.squeeze(np.asarray(onnx.numpy_helper.to_array(stored[name]), np.float32))
    sides = settings["beg_size"], settings["end_size"], settings["padding_token"]
    if sides != (SIDE, SIDE, PADDING):
        raise ValueError(f"model: found ends and padding {sides} in {folder.name}, wanted {(SIDE, SIDE, PADDING)}")
    return Detector(chain(weights), types, folder.name, weights)


def _name_of(stored, name, shape):
    """An array's name in this file; a folded constant is recognized by its shape."""
    if name != FOLDED:
        return name
    folded = [each for each in stored if each.startswith(FOLDED) and tuple(stored[each].dims) == shape]
    return folded[0] if len(folded) == 1 else name


def chain(weights) -> networks.Chain:
    """The network of these weights."""

    def of(stage, *names):
        return {name: jnp.asarray(weights[stage, name]) for name in names}

    return networks.Chain(
        embedding=partial(_embed, of("embedding", "kernel", "bias")),
        gelu1=gelu,
        places=_places,
        norm1=partial(_norm_of_places, of("norm1", "scale", "bias")),
        conv=convolution(weights["conv", "kernel"].transpose(2, 1, 0), weights["conv", "bias"]),
        gelu2=gelu,
        pool=_largest,
        norm2=partial(_norm, of("norm2", "scale", "bias")),
        dense=dense(weights["dense", "kernel"], weights["dense", "bias"]),
    )


def convolution(kernel, bias) -> nnx.Conv:
    """A convolution of places without padding, by its kernel [places, channels, units]."""
    places, channels, units = kernel.shape
    layer = nnx.Conv(channels, units, (places,), padding="VALID", precision=jax.lax.Precision.HIGHEST, rngs=nnx.Rngs(0))
    return _filled(layer, kernel, bias)


def dense(kernel, bias) -> nnx.Linear:
    """A dense layer by its kernel [units, outputs]."""
    return _filled(nnx.Linear(*kernel.shape, precision=jax.lax.Precision.HIGHEST, rngs=nnx.Rngs(0)), kernel, bias)


def _filled(layer, kernel, bias):
    layer.kernel[...], layer.bias[...] = jnp.asarray(kernel), jnp.asarray(bias)
    return layer


def gelu(x):
    """The Gaussian error linear unit, by tanh."""
    return jax.nn.gelu(x, approximate=True)


def _embed(weights, tokens):
    return weights["kernel"][tokens] + weights["bias"][None, None]


def _places(embedded):
    """[rows, bytes, 64] as [rows, places of four bytes, 256]."""
    return embedded.reshape(len(embedded), -1, PLACES * embedded.shape[-1])


def _normal(x):
    """Mean 0 and variance 1 along axis 1; the variance as the difference of two means, as the model has it."""
    mean = jnp.mean(x, axis=1, keepdims=True)
    variance = jnp.maximum(jnp.mean(x * x, axis=1, keepdims=True) - mean * mean, 0)
    return (x - mean) / jnp.sqrt(variance + EPSILON)


def _norm_of_places(weights, x):
    """Every channel normalized over the places, with a scale and a bias for each place."""
    return _normal(x) * weights["scale"][None, :, None] + weights["bias"][None, :, None]


def _largest(x):
    return jnp.max(x, axis=1)


def _norm(weights, x):
    return _normal(x) * weights["scale"][None] + weights["bias"][None]


SIDE, PADDING = 1024, 256  # bytes of either end, and the token where there are none
TOKENS = 2 * SIDE
BLOCK = 4096  # bytes of either end that are searched for the first, and the last, that is no blank
TINY = 8  # files of fewer bytes, or padded from here on, do not reach the network


def tokens(first: bytes, last: bytes, size: int) -> np.ndarray | None:
    """The tokens [2048] of a file: bytes of its two ends, 256 where there are none; None if it is too small.

    Args:
        first: the first `BLOCK` bytes of the file, or all.
        last: the last ones.
        size: its number of bytes.
    """
    first, last = first.lstrip()[:SIDE], last.rstrip()[-SIDE:]
    result = np.full(TOKENS, PADDING, np.int32)
    result[: len(first)] = np.frombuffer(first, np.uint8)
    if last:
        result[-len(last) :] = np.frombuffer(last, np.uint8)
    return None if size < TINY or result[TINY - 1] == PADDING else result


def read_tokens(path: Path) -> np.ndarray | None:
    """The tokens of a file on disk.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        first = file.read(BLOCK)
        size = file.seek(0, 2)
        file.seek(max(0, size - BLOCK))
        return tokens(first, file.read(BLOCK), size)
