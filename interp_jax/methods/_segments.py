"""A network with hidden layers to read and replace: split into segments, or one that hands its layers out itself."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax

from interp_jax._checks import Tapped
from interp_jax.methods._accept import applied, callable_pytree


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class InSegments:
    """A network in parts: everything flows through its hidden layers."""

    parts: tuple[Callable, ...]

    @property
    def hidden_layers(self) -> int:
        """The number of hidden layers."""
        return len(self.parts) - 1

    def run(self, inputs, changes=None) -> tuple[list, Any]:
        """The hidden layers, and the outputs if each layer is changed by its function as it comes."""
        layers, hidden = [], inputs
        for number, part in enumerate(self.parts[:-1]):
            hidden = applied(part, hidden, name=f"segments[{number}]", hidden=True)
            layers.append(hidden)
            hidden = hidden if changes is None else changes[number](hidden)
        last = "segments[-1]" if changes else f"segments[{len(self.parts) - 1}]"
        return layers, applied(self.parts[-1], hidden, name=last)

    def after(self, number: int, inputs) -> Callable:
        """From the hidden layer of this number, of all rows, to the outputs."""
        del inputs
        return InSegments(self.parts[number + 1 :]).scores

    def scores(self, inputs) -> Any:
        """The outputs; parts without a name in errors."""
        for part in self.parts:
            inputs = part(inputs)
        return inputs

    def without_first(self, inputs, first) -> "tuple[InSegments, Any]":
        """The network without its first segment, and the inputs of that: the first hidden layer is there already."""
        del inputs
        return InSegments((jax.tree_util.Partial(_same), *self.parts[1:])), first


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ByTaps:
    """A network that hands out its hidden layers: all of it is run each time."""

    network: Tapped

    @property
    def hidden_layers(self) -> int:
        """The number of hidden layers."""
        return len(self.network.names)

    def run(self, inputs, changes=None) -> tuple[list, Any]:
        """The hidden layers, and the outputs if each layer is changed by its function as it comes."""
        through = [_same] * self.hidden_layers if changes is None else changes
        layers: list = []

        def scores(inputs):
            hidden, outputs = self.network.run_through(inputs, through)
            layers.extend(hidden)
            return outputs

        outputs = applied(scores, inputs, name="segments")
        return layers, outputs

    def after(self, number: int, inputs) -> Callable:
        """From the hidden layer of this number, of all rows, to the outputs."""

        def scores(hidden):
            changes = [(lambda _: hidden) if layer == number else _same for layer in range(self.hidden_layers)]
            return self.network.run_through(inputs, changes)[1]

        return scores

    def without_first(self, inputs, first) -> "tuple[ByTaps, Any]":
        """All of the network."""
        del first
        return self, inputs


Layered = InSegments | ByTaps


def accept_segments(segments) -> Layered:
    """A network with its hidden layers: one split at them, as callable pytrees (`callable_pytree`), or a `Tapped` one.

    Host-level, but pure: traceable methods use it while traced.

    Args:
        segments: callables to apply in order, of which the outputs of all but the last are hidden layers; or a `Tapped`
            network.

    Raises:
        ValueError: a segment that is not callable (e.g. those of an uncut `LNN`), or fewer than two segments.

    Example:
        >>> accept_segments((lambda x: 2 * x, lambda hidden: hidden.sum(1))).hidden_layers
        1
    """
    if isinstance(segments, InSegments | ByTaps):
        return segments
    if isinstance(segments, Tapped):
        return ByTaps(segments)
    if not isinstance(segments, Sequence) or isinstance(segments, str):
        found = type(segments).__name__
        raise ValueError(f"segments: found a {found}, wanted a tuple such as (chain.until(name), chain.after(name))")
    for number, segment in enumerate(segments):
        if not callable(segment):
            found = f"{type(segments).__name__} with a {type(segment).__name__} at place {number}"
            raise ValueError(f"segments: found a {found}, wanted callables: network.segments() of an LNN")
    if len(segments) < 2:
        raise ValueError(f"segments: found {len(segments)}, wanted at least two with hidden units between them")
    return InSegments(tuple(callable_pytree(segment) for segment in segments))


def _same(hidden):
    return hidden
