"""What can stand in a chain, and in which form it stands there: modules, functions, and parts that hold arrays."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx

from interp_jax.networks import _keras_models
from interp_jax.networks._frozen import ARRAYS, is_equinox


def as_stage(name: str, stage: Any) -> Any:
    """The stage as a chain holds it: equal by value, its arrays as variables, its dropout without random state.

    Raises:
        TypeError: a stage that is not callable.
        ValueError: random state, a module inside a method or partial, or a model of another library that is not frozen.
    """
    if not callable(stage):
        raise TypeError(f"stage {name!r}: found {type(stage).__name__}, wanted a layer or a function of one array")
    if isinstance(stage, nnx.Module):
        return _without_random_state(name, stage)
    if isinstance(stage, linen.Module) or is_equinox(stage) or _keras_models.is_keras(stage):
        options = "variables=…" if isinstance(stage, linen.Module) else "batched=False" if is_equinox(stage) else ""
        frozen = f"networks.freeze({', '.join(filter(None, ('layer', options)))})"
        raise ValueError(f"stage {name!r}: found {type(stage).__name__} of another library, wanted it frozen: {frozen}")
    if _hides_module(stage):
        raise ValueError(f"stage {name!r}: found a method or partial of a module, which hides it, wanted the module")
    if isinstance(stage, functools.partial):
        return _stage_of_partial(name, stage)
    if jax.tree_util.all_leaves([stage]):
        return stage
    leaves, structure = jax.tree.flatten(stage)
    if not all(isinstance(leaf, ARRAYS) for leaf in leaves):
        raise ValueError(
            f"stage {name!r}: found {type(stage).__name__} with parts that are no arrays, wanted it frozen"
        )
    return FrozenPart(leaves, structure)


def dropping(stage: nnx.Module) -> list[Any]:
    """The layers of a stage that drop units at random, in the order of their paths."""
    layers: dict[str, Any] = {".".join(map(str, path)): module for path, module in nnx.iter_modules(stage)}
    return [layers[path] for path in sorted(layers) if _rate(layers[path]) and not layers[path].deterministic]


def with_key(stage: nnx.Module, key: jax.Array) -> nnx.Module:
    """A view of a stage whose dropout has a random key; it shares the stage's variables."""
    view = nnx.view(stage, raise_if_not_found=False)
    for number, layer in enumerate(dropping(view)):
        layer.rngs = nnx.RngStream(jax.random.fold_in(key, number), tag="dropout")
    return view


class FrozenArray(nnx.Variable):
    """An array of a chain's frozen part, which is not trained."""


class FrozenPart(nnx.Module):
    """A callable pytree of arrays in a chain, such as a frozen network; it is not trained."""

    def __init__(self, arrays: list, structure: Any):
        self.arrays = nnx.List([FrozenArray(jnp.asarray(array)) for array in arrays])
        self.structure = structure

    def __call__(self, x):
        """The part's outputs."""
        return jax.tree.unflatten(self.structure, [each[...] for each in self.arrays])(x)


class FunctionOfParameters(nnx.Module):
    """A function with arrays among its first arguments in a chain; those of floating type are trained."""

    def __init__(self, parameters: dict[str, nnx.Variable], recipe: "_Recipe"):
        self.parameters = nnx.Dict(parameters)
        self.recipe = recipe

    def __call__(self, x):
        """The function's outputs."""
        arrays = iter([self.parameters[name][...] for name in self.recipe.names])
        return self.recipe.scores(arrays, x)


@dataclass(frozen=True)
class _Recipe:
    function: Callable[..., Any]
    structure: Any
    names: tuple[str, ...]
    statics: tuple  # in an array's place None, else the value's type and the value

    def scores(self, arrays, x):
        """The function's outputs; not by a call, since this is no step of a model."""
        leaves = [next(arrays) if static is None else static[1] for static in self.statics]
        arguments, keywords = jax.tree.unflatten(self.structure, leaves)
        return self.function(*arguments, x, **keywords)


@dataclass(frozen=True)
class _PartialByValue:
    """A partial function that equals another of the same function and arguments (functools compares identities)."""

    function: Callable
    arguments: tuple
    keywords: tuple

    def __call__(self, x):
        return self.function(*self.arguments, x, **dict(self.keywords))


def _stage_of_partial(name, stage):
    arguments = (stage.args, stage.keywords)
    places, structure = jax.tree_util.tree_flatten_with_path(arguments)
    names, statics, parameters = [], [], {}
    frozen = {id(leaf) for part in _frozen_parts(arguments) for leaf in jax.tree.leaves(part)}
    for path, leaf in places:
        if not isinstance(leaf, ARRAYS):
            statics.append((type(leaf), leaf))
            continue
        statics.append(None)
        names.append(_parameter_name(path, stage, parameters))
        trained = jnp.issubdtype(leaf.dtype, jnp.floating) and id(leaf) not in frozen
        parameters[names[-1]] = (nnx.Param if trained else FrozenArray)(jnp.asarray(leaf))
    try:
        if not names:
            by_value = _PartialByValue(stage.func, stage.args, tuple(sorted(stage.keywords.items())))
            hash(by_value)
            return by_value
        recipe = _Recipe(stage.func, structure, tuple(names), tuple(statics))
        hash(recipe)
    except TypeError as error:
        raise ValueError(f"stage {name!r}: found a partial with {error}, wanted arrays and hashable values") from error
    return FunctionOfParameters(parameters, recipe)


def _parameter_name(path, stage, taken) -> str:
    """A parameter's name: its path in the only argument, else behind the argument's number or name."""
    names = [jax.tree_util.keystr(path[skipped:], simple=True, separator=".") for skipped in (1, 2)]
    alone = path[0].idx == 0 and len(stage.args) == 1 and names[1]
    name = names[1] if alone else names[0]
    return f"keywords.{name}" if name in taken else name


def _frozen_parts(tree) -> Iterator[Any]:
    for part in jax.tree.leaves(tree, is_leaf=_is_callable_pytree):
        if _is_callable_pytree(part):
            yield part


def _is_callable_pytree(part) -> bool:
    return callable(part) and not jax.tree_util.all_leaves([part])


def _hides_module(stage) -> bool:
    function = getattr(stage, "func", stage)
    bound = (*getattr(stage, "args", ()), *getattr(stage, "keywords", {}).values()) if function is not stage else ()
    inside = jax.tree.leaves(bound, is_leaf=lambda part: isinstance(part, nnx.Module))
    held = [getattr(function, "__self__", None), *([function] if function is not stage else []), *inside]
    return any(isinstance(each, nnx.Module) for each in held)


def _without_random_state(name: str, stage: nnx.Module) -> nnx.Module:
    if _random_state(stage):
        stage = nnx.view(stage, raise_if_not_found=False)  # shares the variables, not the attributes
        layers: list[Any] = [module for _, module in nnx.iter_modules(stage)]
        for layer in layers:
            if _rate(layer) is not None:
                layer.rngs = nnx.data(None)
    if _random_state(stage):
        raise ValueError(
            f"stage {name!r}: found random state outside of dropout, wanted none; networks.freeze(layer) makes it a "
            "part that is not trained"
        )
    return stage


def _random_state(stage) -> list:
    return jax.tree.leaves(nnx.state(stage, nnx.RngState))


def _rate(module) -> float | None:
    """The fraction of units that a layer drops in training; None for layers without dropout."""
    if isinstance(module, nnx.Dropout):
        return module.rate
    return module.dropout_rate if isinstance(module, nnx.MultiHeadAttention) else None
