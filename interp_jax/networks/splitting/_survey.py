"""What there is to cut in a model: its layers, and which of them can be cut at, or why not."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax

from interp_jax._checks import describe
from interp_jax.networks._rows import as_rows
from interp_jax.networks.chain import Chain
from interp_jax.networks.freezing import FrozenNetwork, freeze
from interp_jax.networks.splitting._observed import observed
from interp_jax.networks.splitting._programs import Point, Program, trace

_SHOWN = 12


@dataclass(frozen=True)
class Survey:
    """A model's program and its layers."""

    model: Any  # frozen, a Chain if it was one
    network: FrozenNetwork
    inputs: Any  # shapes
    program: Program
    larger: Program  # with one row more

    def refusal(self, name: str, around: bool = False) -> str | None:
        """Why the model cannot be cut at a point; None if it can. With ``around`` values may flow around it."""
        each = self.program.points[name]
        if each.runs == 0:
            return "its output does not reach the scores"
        if each.inside is not None:
            return f"runs inside {each.inside}"
        if each.runs > 1:
            return f"runs {each.runs} times"
        if not each.everything and not around:
            return "values flow around it to the scores, as by a skip connection"
        if len(each.arrays) > 1:
            return f"its output is {len(each.arrays)} arrays"
        return self._without_rows(each, self.larger.points.get(name))

    def _without_rows(self, each: Point, larger: Point | None) -> str | None:
        rows = len(jax.tree.leaves(self.inputs)[0])
        shapes = [each.arrays[0].shape, larger.arrays[0].shape if larger and larger.arrays else ()]
        if [shape[:1] for shape in shapes] == [(rows,), (rows + 1,)] and shapes[0][1:] == shapes[1][1:]:
            return None
        return f"its output has the shape [{', '.join(map(str, shapes[0]))}] for {rows} rows"

    def find(self, at: str, around: bool = False) -> str:
        """The name of the point meant by ``at``, or an error that says what to do instead."""
        points = self.program.points
        names = (
            [at]
            if at in points
            else [name for name, each in points.items() if _plain(at) in map(_plain, (name, *each.aliases))]
        )
        if not names:
            raise ValueError(f"at: found {describe(at)}, {self._wanted_names(at)}")
        name = names[0]
        reason = self.refusal(name, around)
        if reason is None:
            return name
        raise ValueError(f"at: found {describe(name)} ({reason}), wanted {self._instead(name, around)}")

    def _wanted_names(self, at: str) -> str:
        names = list(self.program.points)
        if not names:
            return (
                'wanted a layer, but this model shows none: name points in its code with networks.mark("name", x), '
                "or give the Flax, Equinox or Keras model itself (batched=False if it takes single rows)"
            )
        near = [repr(name) for name in difflib.get_close_matches(at, names, n=3, cutoff=0.5)]
        shown = near or [repr(name) for name in names[:_SHOWN]]
        rest = f" or another of {len(names)}" if len(names) > len(shown) else ""
        return (
            f"wanted {' or '.join(shown) if near else 'one of ' + ', '.join(shown)}{rest}; networks.layers lists them"
        )

    def _instead(self, name: str, around: bool) -> str:
        """The nearest layers that can be cut at, and how to name a point of one's own."""
        points = self.program.points
        place = points[name].place
        able = [each for each in points.values() if self.refusal(each.name, around) is None]
        before = max((each for each in able if each.place < place), key=lambda each: each.place, default=None)
        after = min((each for each in able if each.place > place), key=lambda each: each.place, default=None)
        near = [f"{each.name!r} {where} it" for each, where in ((before, "before"), (after, "after")) if each]
        line = None if around else self.program.line_after(name)
        marked = f"the result of {line}" if line else "such an array"
        marked = f'networks.mark("name", x) on {marked}'
        wanted = "that is there once" if around else "through which everything flows, once"
        tap = "; networks.tap takes the layer as it is" if self.refusal(name, True) is None else ""
        return f"one array [rows, …] {wanted}: {', or '.join([*near, marked])}{tap}"


def survey(
    model: Any, inputs: Any, *, batched: bool = True, variables: Mapping[str, Any] | None = None, **arguments: Any
) -> Survey:
    """The layers of a model, found by tracing it."""
    inputs = _row_shapes(inputs)
    frozen = isinstance(model, FrozenNetwork)
    whole = model if frozen else freeze(model, batched, variables=variables, **arguments)
    network = freeze(whole.__call__) if isinstance(whole, Chain) else whole
    assert isinstance(network, FrozenNetwork)
    program = _traced(network, inputs, "inputs: found {shapes}, wanted rows that the model takes under jit: {error}")
    larger = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((len(leaf) + 1, *leaf.shape[1:]), leaf.dtype), inputs)
    fixed = "inputs: found a model that does not take {shapes}, one row more, wanted rows of any number: {error}"
    return Survey(whole, network, inputs, program, _traced(network, larger, fixed))


def _traced(network, inputs, message) -> Program:
    try:
        return trace(lambda arrays, x: observed(FrozenNetwork(arrays, network.recipe))(x), network.arrays, inputs)
    except Exception as error:
        shapes = " and ".join(f"{leaf.dtype} {list(leaf.shape)}" for leaf in jax.tree.leaves(inputs))
        raise ValueError(message.format(shapes=shapes, error=error)) from error


def _row_shapes(inputs):
    leaves, structure = jax.tree.flatten(inputs, is_leaf=lambda part: isinstance(part, list))
    given = [each if isinstance(each, jax.ShapeDtypeStruct) else as_rows("inputs", each) for each in leaves]
    if not given or any(not each.shape or each.shape[0] != given[0].shape[0] for each in given):
        shapes = ", ".join(str(list(each.shape)) for each in given)
        raise ValueError(f"inputs: found {shapes or 'no array'}, wanted [rows, …] with the same rows in each array")
    if not given[0].shape[0]:
        raise ValueError("inputs: found no rows, wanted at least one")
    return jax.tree.unflatten(structure, [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in given])


def _plain(name: str) -> str:
    """A name in which blocks[0].dense and blocks/0/dense are equal."""
    return "/".join(part for part in re.split(r"[./\[\]'\"]+", name) if part)
