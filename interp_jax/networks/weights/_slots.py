"""The variables of a model that weights can be loaded into, with their names and the layers that they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flax import nnx

from interp_jax.networks._stages import FrozenArray
from interp_jax.networks.chain import Chain

# What a model makes itself while it runs, and what stays as it is.
_OWN = (nnx.RngState, nnx.Cache, nnx.Intermediate, FrozenArray)

_NORMS = (nnx.BatchNorm, nnx.LayerNorm, nnx.GroupNorm, nnx.InstanceNorm, nnx.RMSNorm)
_KERNELS = (nnx.Linear, nnx.Conv, nnx.ConvTranspose, nnx.LinearGeneral)
# PyTorch's names first, then Keras's.
_NORM_NAMES = {
    "weight": "scale",
    "running_mean": "mean",
    "running_var": "var",
    "gamma": "scale",
    "beta": "bias",
    "moving_mean": "mean",
    "moving_variance": "var",
}


@dataclass(frozen=True)
class Slot:
    """A variable, its names (several if the model ties it), and the layer that holds it."""

    names: tuple[str, ...]
    owner: Any
    attribute: str
    variable: nnx.Variable

    @property
    def name(self) -> str:
        """The first name."""
        return self.names[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """The variable's shape."""
        return tuple(self.variable.shape)

    @property
    def layer(self) -> str:
        """The name of the layer; empty for the model itself."""
        return self.name.rpartition(".")[0]


def slots_of(model: nnx.Module) -> list[Slot]:
    """Every variable of the model with weights or statistics, in the order of the model's attributes."""
    slots: dict[int, Slot] = {}
    for path, owner, variable in _walk(model, (), set()):
        if isinstance(variable, _OWN):
            continue
        before = slots.get(id(variable))
        names = (*(before.names if before else ()), ".".join(path))
        first = before or Slot((), owner, path[-1], variable)
        slots[id(variable)] = Slot(names, first.owner, first.attribute, variable)
    return list(slots.values())


def translated(owner: Any, attribute: str) -> str:
    """The name that Flax has for an array of a layer, from that of PyTorch or Keras."""
    if isinstance(owner, _NORMS):
        return _NORM_NAMES.get(attribute, attribute)
    if isinstance(owner, _KERNELS):
        return "kernel" if attribute == "weight" else attribute
    if isinstance(owner, nnx.Embed):
        return "embedding" if attribute in ("weight", "embeddings") else attribute
    return attribute


def has_no_place(owner: Any, attribute: str) -> bool:
    """Whether an array of a layer is a counter that PyTorch keeps and Flax has no use for."""
    return isinstance(owner, nnx.BatchNorm) and attribute == "num_batches_tracked"


def _walk(node, path, above) -> Iterator[tuple[tuple[str, ...], Any, nnx.Variable]]:
    if id(node) in above:  # a module that holds itself
        return
    for key, child in _children(node):
        name = (*path, str(key))
        if isinstance(child, nnx.Variable):
            yield name, node, child
        elif isinstance(child, nnx.Pytree | list | tuple | dict):
            yield from _walk(child, name, above | {id(node)})


def _children(node):
    if isinstance(node, Chain):
        return node.stages.items()
    if isinstance(node, nnx.Pytree):
        return [(key, child) for key, child in vars(node).items() if not key.startswith("_pytree__")]
    return list(node.items() if isinstance(node, dict) else enumerate(node))
