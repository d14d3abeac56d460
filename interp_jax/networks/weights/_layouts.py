"""The two orders of a kernel's axes: JAX's, which the model has, and PyTorch's."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from flax import nnx

from interp_jax.networks.weights._slots import Slot

LAYOUTS = ("torch", "jax")


def is_kernel(slot: Slot) -> bool:
    """Whether the order of a variable's axes differs between the layouts."""
    layers = nnx.Linear | nnx.Conv | nnx.ConvTranspose | nnx.LinearGeneral
    return slot.attribute == "kernel" and isinstance(slot.owner, layers)


def readings(slot: Slot, array: np.ndarray, layout: str | None) -> dict[str, np.ndarray]:
    """The array as the variable takes it, by the layout in which it is read; empty if it fits in none."""
    if not is_kernel(slot):
        # PyTorch has no biases of several axes, as heads have: they are flat.
        flat = layout == "torch" and isinstance(slot.owner, nnx.LinearGeneral) and array.ndim == 1
        array = array.reshape(slot.shape) if flat and array.size == math.prod(slot.shape) else array
        return {"any": array} if array.shape == slot.shape else {}
    read = {}
    if layout != "torch" and array.shape == slot.shape:
        read["jax"] = array
    if layout != "jax":
        turned = _from_torch(slot, array, stated=layout == "torch")
        if turned is not None and turned.shape == slot.shape:
            read["torch"] = turned
    return {"any": array} if len(read) == 2 and array.size == 1 else read


def in_one_layout(pairs: Iterable[Any], layout: str | None) -> list[tuple[Any, str, np.ndarray]]:
    """Every pair of a variable and an array with the layout in which the array is read, and the array so read."""
    read = [(pair, readings(pair.slot, pair.array, layout)) for pair in pairs]
    sure = {kind: [pair.name for pair, each in read if list(each) == [kind]] for kind in LAYOUTS}
    if all(sure.values()):
        raise ValueError(
            f"arrays: found {_some(sure['torch'])} in PyTorch's layout and {_some(sure['jax'])} in JAX's, wanted one "
            'layout: is each meant for this layer? layout="torch" or "jax" names those that are not'
        )
    either = [pair.name for pair, each in read if len(each) == 2]
    if either:
        others = next((f"; {_some(names)} can only be {kind}" for kind, names in sure.items() if names), "")
        raise ValueError(
            f"layout: found None for {_some(either)}, which fit in both layouts, wanted "
            f'"torch" for [out, in, …] as PyTorch has it or "jax" for […, in, out]{others}'
        )
    return [(pair, *next(iter(each.items()))) for pair, each in read]


def _some(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _from_torch(slot: Slot, array: np.ndarray, stated: bool) -> np.ndarray | None:
    owner: Any = slot.owner
    if isinstance(owner, nnx.LinearGeneral):
        # [out, in], also where this layer has several axes of either.
        inputs = math.prod(owner.in_features)
        outputs = math.prod(owner.out_features)
        return array.T.reshape(slot.shape) if stated and array.shape == (outputs, inputs) else None
    if array.ndim != len(slot.shape):
        return None
    if isinstance(owner, nnx.Linear):
        return array.T
    spatial = tuple(range(2, array.ndim))
    if isinstance(owner, nnx.Conv):
        return array.transpose(*spatial, 1, 0)
    if owner.transpose_kernel:
        return array.transpose(*spatial, 1, 0)
    return np.flip(array.transpose(*spatial, 0, 1), axis=tuple(range(array.ndim - 2)))
