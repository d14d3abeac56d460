"""Dense layers behind flattened images: PyTorch flattens channels first, Flax channels last."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flax import nnx

from interp_jax._checks import as_counts, describe
from interp_jax.networks.weights._slots import Slot


class Images:
    """The shapes of the flattened images that dense layers take, as the caller states them."""

    def __init__(self, flattened: Any, slots: list[Slot]):
        if flattened is None:
            flattened = {}
        if not isinstance(flattened, Mapping):
            wanted = "a dict from dense layers to images' shapes in the model, e.g. {'dense1': (7, 7, 64)}"
            raise TypeError(f"flattened: found {describe(flattened)}, wanted {wanted}")
        self._kernels = [slot for slot in slots if slot.attribute in ("kernel", "embedding")]
        dense = {slot.layer: slot for slot in self._kernels if isinstance(slot.owner, nnx.Linear)}
        self._shapes: dict[str, tuple[int, ...] | None] = {}
        for key, shape in flattened.items():
            name = key.replace("/", ".") if isinstance(key, str) else key
            if name not in dense:
                known = ", ".join(map(repr, dense)) or "(there are none)"
                raise ValueError(f"flattened: found {describe(key)}, wanted one of the dense layers {known}")
            self._shapes[name] = shape if shape is None else as_counts(f"flattened[{key!r}]", shape)
            inputs = dense[name].shape[0]
            if shape is not None and math.prod(shape) != inputs:
                wanted = f"height, width and channels whose product is {inputs}"
                raise ValueError(f"flattened[{key!r}]: found {describe(tuple(shape))}, wanted {wanted}")
        self._unused = set(self._shapes)

    def reordered(self, slot: Slot, layout: str, array: np.ndarray) -> np.ndarray:
        """The array, the rows of a dense kernel of PyTorch's in the order of channels last."""
        if layout != "torch" or not isinstance(slot.owner, nnx.Linear):
            return array
        if slot.layer not in self._shapes:
            self._check_not_flattened(slot)
            return array
        self._unused.discard(slot.layer)
        shape = self._shapes[slot.layer]
        if shape is None:
            return array
        *spatial, channels = shape
        parts = array.reshape(channels, *spatial, array.shape[-1])
        return np.moveaxis(parts, 0, -2).reshape(array.shape)

    def check_used(self) -> None:
        """Refuses shapes for layers that did not get a kernel of PyTorch's."""
        if self._unused:
            layers = ", ".join(map(repr, sorted(self._unused)))
            raise ValueError(
                f"flattened: found {layers}, which gets no kernel in PyTorch's layout, wanted none for it: "
                "in JAX's layout images are flattened channels last already"
            )

    def _check_not_flattened(self, slot: Slot) -> None:
        inputs, place = slot.shape[0], self._kernels.index(slot)
        before = self._kernels[place - 1] if place else None
        if before is not None and not _is_convolution(before) and before.shape[-1] == inputs:
            return  # the outputs of the dense layer or embedding before it
        channels = {each.owner.out_features for each in self._kernels if _is_convolution(each)}
        several = sorted(count for count in channels if 1 < count < inputs and inputs % count == 0)
        if several:
            where = f"{slot.layer!r}: (height, width, {' or '.join(map(str, several))})"
            raise ValueError(
                f"flattened: found nothing for {slot.layer!r}, whose {inputs} inputs may be a flattened image: PyTorch "
                f"flattens channels first, Flax channels last; wanted {{{where}}} as the image is in the model, or "
                f"{{{slot.layer!r}: None}} if the inputs are in the same order in both"
            )


def _is_convolution(slot: Slot) -> bool:
    return isinstance(slot.owner, nnx.Conv | nnx.ConvTranspose)
