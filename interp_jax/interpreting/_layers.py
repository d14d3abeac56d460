"""Where a network is cut: at the layer that was named, or after a chain's last hidden nonlinearity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from interp_jax import networks
from interp_jax._checks import check_callable, describe

_TRIED = 8  # rows on which stages are tried
_LISTED = 8  # layers named in an error


@dataclass(frozen=True)
class Cut:
    """A network in parts: ``segments`` to apply one after the other, the names of its hidden layers, and why there."""

    segments: tuple[Callable[..., Any], ...]
    names: tuple[str, ...]
    why: str


def cut(network: Any, inputs: np.ndarray, layer: Any) -> Cut:
    """The network in parts.

    Raises:
        ValueError: a layer where the network cannot be cut, or none for a network that is no chain.
        TypeError: a network that is not callable, or a layer that is no name.
    """
    if isinstance(network, tuple | list):
        return _of_segments(network, layer)
    check_callable("network", network)
    if isinstance(network, networks.TappedNetwork):
        raise ValueError(
            f"network: found one tapped at {_listed(network.names)}, wanted (head, tail), or a model with a layer to "
            "cut at; methods.hierarchy, methods.core_units, methods.ablation and methods.ascent take tapped networks"
        )
    if layer is not None:
        named = [layer] if isinstance(layer, str) else layer
        if not isinstance(named, Sequence) or not named or not all(isinstance(each, str) for each in named):
            raise TypeError(f"layer: found {describe(layer)}, wanted the name of a layer, or names in a list")
        try:
            segments = networks.segments(network, list(named), inputs[:_TRIED])
        except ValueError as error:
            raise ValueError(_renamed(str(error))) from error
        return Cut(segments, tuple(named), f"cut after {_listed(named)}, as asked")
    if isinstance(network, networks.Chain):
        return _of_chain(networks.freeze(network), inputs)
    raise ValueError(f"layer: found None for a {type(network).__name__}, wanted {_able(network, inputs)}")


def _of_segments(network: Sequence[Any], layer: Any) -> Cut:
    if layer is not None:
        raise ValueError(f"layer: found {describe(layer)} with parts of a network, wanted None: they are cut already")
    if len(network) < 2 or not all(map(callable, network)):
        found = f"a {type(network).__name__} of {', '.join(type(each).__name__ for each in network) or 'nothing'}"
        raise ValueError(f"network: found {found}, wanted at least two callables, such as (head, tail)")
    names = [f"hidden layer {number}" for number in range(1, len(network))] if len(network) > 2 else ["hidden layer"]
    return Cut(tuple(network), tuple(names), "given in parts")


def _of_chain(chain: Any, inputs: np.ndarray) -> Cut:
    """The chain cut after the last nonlinear function before its last layer with weights."""
    rows, stages = inputs[:_TRIED], list(chain.stages.items())
    try:
        outputs = [rows, *map(np.asarray, chain.activations(rows).values())]
    except ValueError as error:
        raise ValueError(f"inputs: {str(error).removeprefix('x: ')}") from error
    weighted = [place for place, (_, stage) in enumerate(stages) if _holds_arrays(stage)]
    hidden = range(weighted[-1] if weighted else 0)
    for place in reversed(hidden):
        name, stage = stages[place]
        if place not in weighted and _is_nonlinear(stage, outputs[place]):
            return Cut(chain.segments(name), (name,), f"cut after {name!r}, the last hidden nonlinearity")
    if weighted[:-1]:
        name = stages[weighted[-2]][0]
        return Cut(chain.segments(name), (name,), f"cut after {name!r}, the last hidden layer, since none is nonlinear")
    names = ", ".join(map(repr, chain.stage_names)) or "none"
    raise ValueError(f"layer: found None for a chain without a hidden layer (stages: {names}), wanted a stage's name")


def _holds_arrays(stage: Any) -> bool:
    return any(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(stage))


def _is_nonlinear(stage: Callable[..., Any], x: np.ndarray) -> bool:
    """Whether a function of one array keeps the shape and f(a) + f(b) ≠ f(a + b) + f(0)."""
    if not np.issubdtype(x.dtype, np.floating):
        return False
    other = -0.5 * np.roll(x, 1, axis=0) - 0.1
    first, second, both, zero = (np.asarray(stage(each)) for each in (x, other, x + other, np.zeros_like(x)))
    if first.shape != x.shape:
        return False
    return not np.allclose(first + second, both + zero, rtol=1e-3, atol=1e-3 * np.abs(first).max())


def _able(network: Any, inputs: np.ndarray) -> str:
    """The layers at which a network can be cut."""
    try:
        layers = networks.layers(network, inputs[:_TRIED])
    except ValueError as error:
        raise ValueError(_renamed(str(error))) from error
    able = [each.name for each in layers if each.obstacle is None][:-1]
    if not able:
        return '(head, tail), or a layer of a model that networks.layers lists; networks.mark("name", x) makes one'
    return f"one of {_listed(able[-_LISTED:])}; networks.layers lists them all"


def _renamed(message: str) -> str:
    """An error of networks.segments or networks.layers in the words of interpret's arguments."""
    if message.startswith("variables: "):
        return "network: found a Linen module without variables, wanted networks.freeze(model, variables=…)"
    if "batched=False): " in message:
        return "network: found a model that takes single rows, wanted networks.freeze(model, batched=False)"
    if "this model shows none" in message:
        message += "; or its two parts, (head, tail)"
    message = message.replace("takes the layer as it is", "takes the layer for single methods, which interpret cannot")
    return f"layer: {message.removeprefix('at: ')}" if message.startswith("at: ") else message


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
