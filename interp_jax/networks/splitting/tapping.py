"""A network whose layers' outputs are read, masked or replaced while it runs, with all that flows around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from interp_jax._checks import Given, as_real, describe
from interp_jax.networks._rows import as_rows
from interp_jax.networks.freezing import FrozenNetwork
from interp_jax.networks.splitting._observed import observed
from interp_jax.networks.splitting._programs import evaluate_changed, trace
from interp_jax.networks.splitting._survey import survey


def tap(
    model: Given[Callable[..., Any], "inputs -> scores"],
    at: Given[str | Sequence[str], "a layer's name, or several"],
    inputs: Given[Any, "rows *features"],
    *,
    batched: bool = True,
    variables: Given[Mapping[str, Any], "a tree of arrays"] | None = None,
    **call_arguments: Any,
) -> "TappedNetwork":
    """The model as a network whose units in some layers can be read, masked and replaced while it runs.

    Host-level; the model is traced twice and not computed. For layers where `split` cannot cut because values flow
    around them, such as those inside a residual block: there the scores are no function of the layer's output alone.
    The whole network is run each time, so where `split` can cut, its parts cost less.

    Args:
        model: as for `split`.
        at: the layers, as `layers` lists them. Each has to run once, outside of loops.
        inputs: [rows, …] inputs that the model takes; only their shapes matter, so that NaN does not.
        batched: whether the model maps [rows, …] to [rows, …]; False if it maps single rows, like Equinox's.
        variables: a Linen module's variables.
        **call_arguments: passed to the model at every call.

    Returns:
        `TappedNetwork`: ``network(inputs, masks) -> scores``, which core units take as a tail with ``inputs`` as hidden
        and ``network.mask_shapes``; ``network.head``, which ascent takes; and the ``segments`` of hierarchies and
        ablations.

    Raises:
        ValueError: no such layer, one that runs several times or in a loop, or whose output is not one array [rows, …];
            a layer named twice; or inputs that the model does not take.
        TypeError: ``at`` without names; a model that is not callable, or whose static parts cannot be hashed.

    Example:
        >>> from interp_jax import methods, networks
        >>> def model(x):
        ...     return x + networks.mark("squares", x**2)
        >>> tapped = tap(model, at="squares", inputs=jnp.ones((4, 2)))
        >>> tapped(jnp.array([[1.0, 2.0]]), {"squares": jnp.array([True, False])}).tolist()
        [[2.0, 2.0]]
        >>> methods.hierarchy.network_vectors(tapped, jnp.arange(8.0).reshape(4, 2)).vectors.shape
        (2, 4)
    """
    names = [at] if isinstance(at, str) else at
    named = isinstance(names, Sequence) and all(isinstance(each, str) for each in names)
    if not named or not names:
        raise TypeError(f"at: found {describe(at)}, wanted the name of a layer, or names in a list")
    surveyed = survey(model, inputs, batched=batched, variables=variables, **call_arguments)
    points = surveyed.program.points
    layers = [surveyed.find(each, around=True) for each in names]
    if len(set(layers)) < len(layers):
        raise ValueError(f"at: found {', '.join(map(repr, names))}, wanted different layers")
    layers.sort(key=lambda each: points[each].place)
    rows = tuple(tuple(points[each].arrays[0].shape[1:]) for each in layers)
    whole = tuple(jnp.issubdtype(leaf.dtype, jnp.integer) for leaf in jax.tree.leaves(surveyed.inputs))
    return TappedNetwork(surveyed.network.arrays, _Taps(surveyed.network.recipe, tuple(layers), rows, whole))


@dataclass(frozen=True)
class _Taps:
    """All of a tapped network but its arrays."""

    network: Any  # the network's recipe
    names: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]  # the shape of a row of each layer
    whole: tuple[bool, ...]  # which inputs are whole numbers


@jax.tree_util.register_pytree_node_class
class TappedNetwork:
    """A network made by `tap`: a callable pytree with the network's ``arrays`` as leaves, all else static.

    Traceable; NaN and infinity are passed on. Where the model was tapped with whole numbers, rows are rounded to these,
    since methods may hand them over as floats.
    """

    def __init__(self, arrays: tuple, taps: _Taps):
        self.arrays, self.taps = arrays, taps

    @property
    def names(self) -> tuple[str, ...]:
        """The tapped layers, in the order in which they run."""
        return self.taps.names

    @property
    def mask_shapes(self) -> dict[str, tuple[int, ...]]:
        """A mask's shape for each layer: one entry for each unit. Masks [positions, units] are possible too."""
        return {name: row[-1:] for name, row in zip(self.names, self.taps.rows, strict=True)}

    def __call__(self, inputs: Any, masks: Given[Mapping[str, Any], "layer: units"] | None = None) -> Any:
        """The scores of the rows when the layers' outputs are multiplied by masks, bool or numbers; all open if None.

        Args:
            inputs: [rows, …], or several such arrays in a tuple.
            masks: by layer, in the shape of the last axes of its output; layers without one stay as they are.

        Raises:
            ValueError: inputs that the model does not take, or masks of other layers or shapes.
        """
        masks = {} if masks is None else masks
        if not isinstance(masks, Mapping) or not set(masks) <= set(self.names):
            found = sorted(map(str, masks)) if isinstance(masks, Mapping) else describe(masks)
            raise ValueError(f"masks: found {found}, wanted masks by the names {', '.join(map(repr, self.names))}")
        return _masked(self, self._rows(inputs), {name: as_real(f"masks[{name!r}]", masks[name]) for name in masks})

    def head(self, inputs: Any) -> Any:
        """The output of the tapped layer [rows, …, units]; of several layers, a tuple of theirs.

        Traceable. NaN and infinity are passed on.

        Args:
            inputs: [rows, …], or several such arrays in a tuple.

        Raises:
            ValueError: inputs that the model does not take.
        """
        layers = _layers(self, self._rows(inputs))
        return layers[0] if len(layers) == 1 else tuple(layers)

    def replaced(self, inputs: Any, hidden: Given[Mapping[str, Any] | Any, "rows *rest units"]) -> Any:
        """The scores of the rows when layers have these outputs, and all that flows around them is the rows' own.

        Traceable. NaN and infinity are passed on.

        Args:
            inputs: [rows, …], or several such arrays in a tuple.
            hidden: the layer's output [rows, …, units], or those of several by the layers' names.

        Raises:
            ValueError: inputs that the model does not take, or outputs of other layers or shapes.
        """
        hidden = hidden if isinstance(hidden, Mapping) else {self.names[0]: hidden}
        if not set(hidden) <= set(self.names):
            raise ValueError(f"hidden: found {sorted(map(str, hidden))}, wanted names among {list(self.names)}")
        inputs = self._rows(inputs)
        rows, shapes = len(jax.tree.leaves(inputs)[0]), dict(zip(self.names, self.taps.rows, strict=True))
        values = {name: as_rows(f"hidden[{name!r}]", hidden[name], [rows, *shapes[name]]) for name in hidden}
        return _replaced(self, inputs, values)

    def run_through(self, inputs: Any, changes: Sequence[Callable[[Any], Any]]) -> tuple[list[Any], Any]:
        """The layers' outputs, and the scores when each layer's output is changed by its function as it comes.

        Traceable. NaN and infinity are passed on.

        Args:
            inputs: [rows, …], or several such arrays in a tuple.
            changes: a function for each layer, from its output to one of the same shape.

        Raises:
            ValueError: inputs that the model does not take, or not one function for each layer.
        """
        network = self.taps.network
        several = isinstance(changes, Sequence) and all(map(callable, changes))
        if not several or len(changes) != len(self.names):
            raise ValueError(f"changes: found {describe(changes)}, wanted {len(self.names)} functions, one a layer")
        inputs = self._rows(inputs)
        shapes = jax.tree.map(_shape, (tuple(self.arrays), inputs))
        try:
            program = trace(lambda arrays, x: observed(FrozenNetwork(arrays, network))(x), *shapes)
        except Exception as error:
            found = " and ".join(map(describe, jax.tree.leaves(inputs)))
            raise ValueError(f"inputs: found {found}, wanted rows that the model takes: {error}") from error
        by_name = {name: _fitting(name, change) for name, change in zip(self.names, changes, strict=True)}
        results, hidden = evaluate_changed(program, [*self.arrays, *jax.tree.leaves(inputs)], by_name)
        return [hidden[name] for name in self.names], jax.tree.unflatten(program.outputs, results)

    def tree_flatten(self) -> tuple[tuple, _Taps]:
        """The arrays as children and all else as static data. Traceable."""
        return self.arrays, self.taps

    @classmethod
    def tree_unflatten(cls, taps: _Taps, arrays: Any) -> "TappedNetwork":
        """The network from the parts of `tree_flatten`. Traceable."""
        return cls(tuple(arrays), taps)

    def __repr__(self) -> str:
        sizes = [getattr(array, "size", 0) for array in self.arrays]
        return f"TappedNetwork({', '.join(map(repr, self.names))}, {sum(sizes):,} numbers)"

    def _rows(self, inputs):
        parts, structure = jax.tree.flatten(inputs, is_leaf=lambda part: isinstance(part, list))
        leaves = [as_rows("inputs", leaf, [None, "…"]) for leaf in parts]
        if len(leaves) != len(self.taps.whole):
            raise ValueError(f"inputs: found {len(leaves)} arrays, wanted {len(self.taps.whole)} as the model takes")
        rounded = [
            jnp.round(leaf).astype(jnp.int32) if whole and jnp.issubdtype(leaf.dtype, jnp.floating) else leaf
            for leaf, whole in zip(leaves, self.taps.whole, strict=True)
        ]
        return jax.tree.unflatten(structure, rounded)


def _fitting(name, change):
    def changed(hidden):
        value = jnp.asarray(change(hidden))
        if value.shape != hidden.shape:
            found, wanted = (f"[{', '.join(map(str, each.shape))}]" for each in (value, hidden))
            raise ValueError(f"changes: found one that makes {name!r} {found}, wanted {wanted}")
        return value.astype(hidden.dtype)

    return changed


def _same(hidden):
    return hidden


@jax.jit
def _layers(tapped, inputs):
    return tapped.run_through(inputs, [_same] * len(tapped.names))[0]


@jax.jit
def _masked(tapped, inputs, masks):
    def masking(name):
        mask = masks.get(name)
        return _same if mask is None else lambda hidden: hidden * _broadcast(name, mask, hidden)

    return tapped.run_through(inputs, [masking(name) for name in tapped.names])[1]


def _broadcast(name, mask, hidden):
    axes = hidden.shape[1:][-mask.ndim :] if mask.ndim else None
    if mask.shape != axes:
        wanted = f"the last axes of [{', '.join(map(str, hidden.shape[1:]))}]"
        raise ValueError(f"masks[{name!r}]: found {describe(mask)}, wanted {wanted}")
    return jnp.broadcast_to(mask.astype(hidden.dtype), hidden.shape)


@jax.jit
def _replaced(tapped, inputs, values):
    changes = [(lambda _, name=name: values[name]) if name in values else _same for name in tapped.names]
    return tapped.run_through(inputs, changes)[1]


def _shape(array):
    aval = jax.typeof(array)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
