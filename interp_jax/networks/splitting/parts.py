"""A model cut at its layers: the parts as networks of their own."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import numpy as np

from interp_jax._checks import Given, check_shape, describe
from interp_jax.networks._rows import as_rows
from interp_jax.networks.chain import Chain
from interp_jax.networks.freezing import FrozenNetwork
from interp_jax.networks.splitting._observed import observed
from interp_jax.networks.splitting._programs import evaluate, trace
from interp_jax.networks.splitting._survey import Survey, survey

_Part = Callable[[Any], Any]
_Variables = Given[Mapping[str, Any], "a tree of arrays"]


def split(
    model: Given[Callable[..., Any], "inputs -> scores"],
    at: Given[str, "a layer's name"],
    inputs: Given[Any, "rows *features"],
    *,
    batched: bool = True,
    variables: _Variables | None = None,
    **call_arguments: Any,
) -> tuple[_Part, _Part]:
    """The model before and after the output of one layer: ``tail(head(x)) == model(x)``.

    Host-level; the model is traced twice and not computed. Both parts are callable pytrees, as those of `freeze`: they
    take any number of rows, go through jit, grad and vmap, hold the weights that they use, and another model of the
    same shapes does not recompile. The model is in its inference view. The layer has to run once, outside of
    loops, and everything that reaches the scores has to flow through its output; else the nearest layers of which this
    is true are named. `tap` takes layers around which values flow, such as those inside a residual block.

    Args:
        model: a `Chain`, a Flax NNX, Linen, Equinox or Keras (on JAX) model or a method of one, a function that uses
            `mark`, or what `freeze` made of one.
        at: the layer, as `layers` lists it: ``"blocks/0/dense"`` for the attributes of NNX and Equinox modules (also
            ``"blocks[0].dense"``), ``"Block_1/Conv_0"`` for Linen, a Keras layer's name, or the name of a `mark`.
        inputs: [rows, …] inputs that the model takes, or several such arrays in a tuple; only their shapes matter,
            so that NaN does not.
        batched: whether the model maps [rows, …] to [rows, …]; False if it maps single rows, like Equinox's.
        variables: a Linen module's variables.
        **call_arguments: passed to the model at every call.

    Returns:
        ``head``, from inputs to the layer's output [rows, …, units], and ``tail``, from there to the scores.

    Raises:
        ValueError: no such layer; a layer that runs several times or in a loop, around which values flow, or whose
            output is not one array [rows, …]; or inputs that the model does not take.
        TypeError: a model that is not callable, or whose static parts cannot be hashed.

    Example:
        >>> import jax.numpy as jnp
        >>> from flax import nnx
        >>> model = nnx.Sequential(nnx.Linear(4, 3, rngs=nnx.Rngs(0)), nnx.relu, nnx.Linear(3, 2, rngs=nnx.Rngs(1)))
        >>> head, tail = split(model, at="layers/1", inputs=jnp.ones((5, 4)))
        >>> head(jnp.ones((8, 4))).shape, tail(jnp.ones((8, 3))).shape
        ((8, 3), (8, 2))
    """
    if not isinstance(at, str):
        raise TypeError(f"at: found {describe(at)}, wanted the name of a layer; networks.segments cuts at several")
    head, tail = segments(model, [at], inputs, batched=batched, variables=variables, **call_arguments)
    return head, tail


def segments(
    model: Given[Callable[..., Any], "inputs -> scores"],
    at: Given[Sequence[str], "names of layers"],
    inputs: Given[Any, "rows *features"],
    *,
    batched: bool = True,
    variables: _Variables | None = None,
    **call_arguments: Any,
) -> tuple[_Part, ...]:
    """The model cut at the outputs of several layers: callables to apply one after the other.

    Host-level; the model is traced twice and not computed. The outputs of all segments but the last are those of the
    layers. See `split`, which cuts at one.

    Args:
        model: as for `split`.
        at: layers as `layers` lists them, in the order in which they run.
        inputs: [rows, …] inputs that the model takes; only their shapes matter, so that NaN does not.
        batched: whether the model maps [rows, …] to [rows, …]; False if it maps single rows, like Equinox's.
        variables: a Linen module's variables.
        **call_arguments: passed to the model at every call.

    Returns:
        One callable pytree more than names, each [rows, …] to [rows, …].

    Raises:
        ValueError: as for `split`; repeated names, or names in another order.
        TypeError: ``at`` without names; a model that is not callable, or whose static parts cannot be hashed.

    Example:
        >>> import jax.numpy as jnp
        >>> from interp_jax import networks
        >>> def model(x):
        ...     x = networks.mark("doubled", 2 * x)
        ...     return networks.mark("squares", x**2) + 1
        >>> first, second, third = segments(model, at=["doubled", "squares"], inputs=jnp.ones((4, 2)))
        >>> third(second(first(jnp.array([[3.0, 1.0]])))).tolist()
        [[37.0, 5.0]]
    """
    named = isinstance(at, Sequence) and not isinstance(at, str) and all(isinstance(each, str) for each in at)
    if not named or not at:
        raise TypeError(f"at: found {describe(at)}, wanted names of layers in a list")
    surveyed = survey(model, inputs, batched=batched, variables=variables, **call_arguments)
    if isinstance(surveyed.model, Chain) and set(at) <= set(surveyed.model.stage_names):
        return surveyed.model.segments(*at)
    names = [surveyed.find(each) for each in at]
    places = [surveyed.program.points[name].place for name in names]
    if sorted(set(places)) != places:
        order = [repr(name) for _, name in sorted(dict(zip(places, names, strict=True)).items())]
        found = ", ".join(map(repr, at))
        raise ValueError(f"at: found {found}, wanted different layers in the order {', '.join(order)}")
    return tuple(_part(surveyed, start, end) for start, end in pairwise([None, *names, None]))


def _part(surveyed: Survey, start: str | None, end: str | None) -> "NetworkPart":
    network, program = surveyed.network, surveyed.program
    _, used = program.between(start, end)
    arrays = tuple(array for array, is_used in zip(network.arrays, used, strict=True) if is_used)
    unused = tuple(
        None if is_used else jax.ShapeDtypeStruct(array.shape, array.dtype)
        for array, is_used in zip(network.arrays, used, strict=True)
    )
    if start is None:
        return NetworkPart(arrays, _Cut(network.recipe, unused, None, end, None, ()))
    [hidden] = program.points[start].arrays
    rows = jax.ShapeDtypeStruct(hidden.shape[1:], hidden.dtype)
    leaves, structure = jax.tree.flatten(surveyed.inputs)
    features = tuple(jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype) for leaf in leaves)
    return NetworkPart(arrays, _Cut(network.recipe, unused, start, end, rows, (structure, features)))


@dataclass(frozen=True)
class _Cut:
    """All of a part but its arrays."""

    network: Any  # the whole network's recipe
    unused: tuple  # the shapes of the network's arrays that the part does not use; None for those that it does
    start: str | None
    end: str | None
    row: Any  # shape and type of a row at ``start``
    inputs: tuple  # the structure of the network's inputs, and shapes and types of a row of each


@jax.tree_util.register_pytree_node_class
class NetworkPart:
    """A part of a network made by `split` or `segments`: a callable pytree with the ``arrays`` that it uses as leaves.

    Traceable. All else is static and compared by value. Calls are compiled.
    """

    def __init__(self, arrays: tuple, cut: _Cut):
        self.arrays, self.cut = arrays, cut

    def __call__(self, x):
        """The part's results for the rows ``x``: the network's inputs or the output of the layer it starts at."""
        is_tree = not isinstance(x, jax.Array | np.ndarray) and len(jax.tree.leaves(x)) > 1
        several = is_tree and all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(x))
        if self.cut.start is None:
            return _call(self, jax.tree.map(functools.partial(as_rows, "x"), x) if several else as_rows("x", x))
        x = as_rows("hidden", x)
        check_shape("hidden", x, ["rows", *self.cut.row.shape])
        return _call(self, x.astype(self.cut.row.dtype))

    def tree_flatten(self) -> tuple[tuple, _Cut]:
        """The arrays as children and all else as static data. Traceable."""
        return self.arrays, self.cut

    @classmethod
    def tree_unflatten(cls, cut: _Cut, arrays: Any) -> "NetworkPart":
        """The part from the parts of `tree_flatten`. Traceable."""
        return cls(tuple(arrays), cut)

    def __repr__(self) -> str:
        ends = [name if name is None else repr(name) for name in (self.cut.start, self.cut.end)]
        sizes = [getattr(array, "size", 0) for array in self.arrays]
        return f"NetworkPart({ends[0] or 'inputs'} to {ends[1] or 'scores'}, {sum(sizes):,} numbers)"


@jax.jit
def _call(part: NetworkPart, x: Any) -> Any:
    cut, own = part.cut, iter(part.arrays)
    arrays = [_shape(next(own)) if struct is None else struct for struct in cut.unused]
    if cut.start is None:
        inputs = jax.tree.map(_shape, x)
    else:
        structure, features = cut.inputs
        rows = [jax.ShapeDtypeStruct((len(x), *each.shape), each.dtype) for each in features]
        inputs = jax.tree.unflatten(structure, rows)
    program = trace(lambda arrays, x: observed(FrozenNetwork(arrays, cut.network))(x), tuple(arrays), inputs)
    between, _ = program.between(cut.start, cut.end)
    results = evaluate(program, between, [*part.arrays, *jax.tree.leaves(x)])
    return results[0] if cut.end is not None else jax.tree.unflatten(program.outputs, results)


def _shape(array):
    aval = jax.typeof(array)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
