"""Weights from a dict of arrays in a model."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np
from flax import nnx

from interp_jax._checks import Given, as_real, check_choice, describe
from interp_jax.networks.weights._agreement import agreed, names_kept
from interp_jax.networks.weights._flattening import Images
from interp_jax.networks.weights._layouts import LAYOUTS, in_one_layout
from interp_jax.networks.weights._names import check_mapping, named_arrays
from interp_jax.networks.weights._slots import Slot, slots_of

_Module = TypeVar("_Module", bound=nnx.Module)


def load_state(
    model: _Module,
    arrays: Given[Mapping[str, Any], "arrays by name"],
    mapping: Given[Mapping[str, str | None], "names of the arrays -> the model's"] | None = None,
    *,
    layout: str | None = None,
    flattened: Given[Mapping[str, Sequence[int] | None], "layers -> [*spatial, channels]"] | None = None,
    keep: Given[Collection[str], "names of layers"] = (),
) -> _Module:
    """The model with the weights and statistics of a dict of arrays; the given model is left as it is.

    Host-level; copies the model once. An array belongs to the variable of its name: ``dense1.kernel`` of a layer
    ``dense1``, also ``dense1/kernel`` or in nested dicts. PyTorch's and Keras's names of a layer's arrays are
    translated: ``weight`` of a dense layer or convolution (kernel), normalization (scale) or embedding (embedding);
    ``running_mean``, ``running_var``, ``gamma``, ``beta``, ``moving_mean``, ``moving_variance``, ``embeddings``.
    PyTorch's ``num_batches_tracked`` is passed over.

    Kernels may be in JAX's layout or PyTorch's, ``[out, in]`` and ``[out, in, *spatial]``, and are transposed where
    their shape says so. Where both fit, as for every square dense kernel, ``layout`` has to say which it is. Arrays
    of other layers, and embeddings, are never transposed. A dense layer behind a convolution may take a flattened
    image, which PyTorch flattens channels first and Flax channels last: ``flattened`` says in which shape.

    NaN and infinity are loaded as they are. Not in any array are paddings, epsilons (LayerNorm: PyTorch 1e-5, Flax
    1e-6) and activations (PyTorch's GELU is ``jax.nn.gelu(x, approximate=False)``). Nothing is unpickled here: a dict
    comes from ``safetensors.numpy.load_file(path)``, ``np.load(path)`` of an npz file, or ``{name: tensor.numpy() for
    name, tensor in module.state_dict().items()}``.

    Args:
        model: a `Chain` or another NNX module, not frozen.
        arrays: arrays by name, possibly in nested dicts.
        mapping: other names: the beginning of an array's name, e.g. of its layer, to what stands for it in the model,
            ``{"features.0": "conv1", "module": ""}``; of several beginnings the longest counts. None leaves arrays out.
        layout: how the kernels' axes are ordered: "torch", "jax" (also Flax's and Keras's), or None where the shapes
            decide.
        flattened: for dense layers of PyTorch behind a flattened image, by their name in the model, the image's shape
            in the model, ``{"dense1": (7, 7, 64)}``; None for inputs whose order is the same in both.
        keep: layers or variables of the model that keep what they have.

    Returns:
        A copy of the model, its variables in their own types.

    Raises:
        TypeError: a model that is no NNX module, or arrays or a mapping that are no dict.
        ValueError: arrays without a variable, variables without an array, other shapes or types, all of them listed; a
            kernel that fits in both layouts; kernels of different layouts; or a dense layer that may take a flattened
            image of which ``flattened`` says nothing.

    Example:
        >>> import jax.numpy as jnp
        >>> from interp_jax import networks
        >>> chain = networks.Chain(dense=nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
        >>> torch_state = {"fc.weight": np.ones((2, 3)), "fc.bias": np.zeros(2)}
        >>> load_state(chain, torch_state, {"fc": "dense"})(jnp.ones((1, 3)))
        Array([[3., 3.]], dtype=float32)
        >>> load_state(chain, torch_state)
        Traceback (most recent call last):
        ...
        ValueError: arrays: found 2 of 2 that fit nothing in the model, wanted one for each of its variables
          arrays without a variable: fc.weight [2, 3], fc.bias [2]
          variables without an array: dense.kernel [3, 2], dense.bias [2]
          perhaps mapping={'fc': 'dense'}
    """
    if not isinstance(model, nnx.Module):
        raise TypeError(f"model: found {describe(model)}, wanted a Chain or another NNX module, before it is frozen")
    if layout is not None:
        check_choice("layout", layout, LAYOUTS)
    given = named_arrays(arrays)
    slots = slots_of(model)
    images = Images(flattened, slots)
    pairs = agreed(given, slots, check_mapping(mapping, given), layout, names_kept(keep, slots))
    read = in_one_layout(pairs, layout)
    values = {pair.slot.name: _value(pair.slot, images.reordered(pair.slot, kind, array)) for pair, kind, array in read}
    images.check_used()
    loaded = nnx.clone(model)
    # By all names, since a copy has its attributes, and so the names of tied variables, in another order.
    variables = {name: slot.variable for slot in slots_of(loaded) for name in slot.names}
    for name, value in values.items():
        variables[name].set_value(value)
    return loaded


def _value(slot: Slot, array: np.ndarray):
    dtype = slot.variable.dtype
    if not jnp.issubdtype(dtype, jnp.floating):
        if array.size and not np.array_equal(array.astype(dtype), array):
            raise ValueError(
                f"arrays for {slot.name}: found {describe(array)} beyond {dtype}, wanted values that it holds"
            )
        return jnp.asarray(array.astype(dtype))
    value = as_real(f"arrays for {slot.name}", array)
    narrow = value.astype(dtype)
    if bool(jnp.any(jnp.isinf(narrow) & jnp.isfinite(value))):
        raise ValueError(f"arrays for {slot.name}: found numbers beyond {dtype}, wanted smaller ones, or a wider layer")
    return narrow
