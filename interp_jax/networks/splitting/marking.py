"""A named point in a model: an operation that changes nothing and that the traced program shows."""

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, partial_eval

from interp_jax._checks import Given, describe
from interp_jax.networks._rows import as_rows

_Value = TypeVar("_Value")

# Its parameters: ``name``; ``kind``, the layer's class; ``parameters``, how many numbers the layer has learned;
# ``aliases``, other paths to the same layer.
point = Primitive("named_point")
point.multiple_results = True


def mark(name: Given[str, "a name of this point"], x: _Value) -> _Value:
    """``x`` itself, as a point named ``name`` at which `split` and `segments` can cut the model that calls this.

    Traceable; the compiled program holds nothing of it. Works in functions and in the methods of any library's modules,
    also under jit, grad and vmap.

    Args:
        name: how ``split(model, at=name, …)`` refers to the point; different from the names of the model's layers.
        x: an array [rows, …].

    Returns:
        ``x``, NumPy arrays as JAX arrays.

    Raises:
        TypeError: a name that is no text, or ``x`` without an array.
        ValueError: an empty name.

    Example:
        >>> import jax.numpy as jnp
        >>> from interp_jax import networks
        >>> def model(x):
        ...     return 3 * networks.mark("squares", x**2)
        >>> head, tail = networks.split(model, at="squares", inputs=jnp.ones((4, 2)))
        >>> tail(head(jnp.array([[1.0, 2.0]]))).tolist()
        [[3.0, 12.0]]
    """
    if not isinstance(name, str):
        raise TypeError(f"name: found {describe(name)}, wanted text")
    if not name.strip():
        raise ValueError("name: found an empty name, wanted one that split can refer to")
    if not any(map(is_array, jax.tree.leaves(x))):
        raise TypeError(f"x: found {describe(x)}, wanted an array")
    x = jax.tree.map(lambda leaf: as_rows("x", leaf) if isinstance(leaf, np.ndarray) else leaf, x)
    return marked(x, name, "mark", 0)


def marked(value: Any, name: str, kind: str, parameters: int, aliases: tuple[str, ...] = ()) -> Any:
    """The value with its arrays, if it has any, as one named point."""
    named = {"name": name, "kind": kind, "parameters": parameters, "aliases": aliases}
    leaves, structure = jax.tree.flatten(value)
    places = [place for place, leaf in enumerate(leaves) if is_array(leaf)]
    if places:
        for place, leaf in zip(places, point.bind(*(leaves[place] for place in places), **named), strict=True):
            leaves[place] = leaf
    return jax.tree.unflatten(structure, leaves)


def is_array(leaf: Any) -> bool:
    """Whether a leaf of a tree is an array, traced ones included."""
    return isinstance(leaf, jax.Array | np.ndarray)


def _derivatives(primals, tangents, **named):
    return point.bind(*primals, **named), list(tangents)


def _batched(values, axes, **named):
    # Rows first, as methods take them: of several axes the one mapped outermost is first.
    moved = [value if axis is None else jnp.moveaxis(value, axis, 0) for value, axis in zip(values, axes, strict=True)]
    return point.bind(*moved, **named), [None if axis is None else 0 for axis in axes]


def _only_used(used, *more):
    """The point with those of its arrays that are used; the others are dead code."""
    equation = more[-1]  # newer versions of JAX pass before it which inputs are live
    if not any(used):
        return [False] * len(used), None
    invars = [each for each, is_used in zip(equation.invars, used, strict=True) if is_used]
    outvars = [each for each, is_used in zip(equation.outvars, used, strict=True) if is_used]
    return list(used), equation.replace(invars=invars, outvars=outvars)


point.def_impl(lambda *values, **named: list(map(jnp.asarray, values)))
point.def_abstract_eval(lambda *values, **named: list(values))
ad.primitive_jvps[point] = _derivatives
batching.primitive_batchers[point] = _batched
partial_eval.dce_rules[point] = _only_used
mlir.register_lowering(point, lambda context, *values, **named: values)
