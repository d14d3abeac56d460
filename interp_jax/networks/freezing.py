"""From anybody's model to what every method takes: a deterministic callable pytree that treats rows independently."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

from interp_jax.networks.chain import Chain


def freeze(model, batched: bool = True, *, variables=None, **call_arguments) -> Callable:
    """The inference view of a model as a callable pytree: arrays are leaves, all else is static, equal by value.

    The result goes through jit, grad, vmap and device placement like an array; a second model of the same shapes
    does not recompile. Random state is no part of it, tied weights stay tied. A `Chain` stays a chain.

    Args:
        model: a Flax NNX module (also a stacked ensemble of them), a Linen module (bound, or with ``variables``), an
            Equinox module, a ``jax.tree_util.Partial`` or another callable pytree, or a plain function.
        batched: whether the model maps [batch, …] to [batch, …]; False maps it over rows, as Equinox models want.
        variables: a Linen module's variables, ``{"params": …, "batch_stats": …}``.
        **call_arguments: passed to the model at every call, ``train=False`` say; arrays among them become leaves.

    Returns:
        A `Chain` for a chain, else a `FrozenNetwork`: ``network(x) -> scores``.

    Raises:
        TypeError: a model that cannot be called, or a static part that cannot be hashed.
        ValueError: a Linen module without variables, or variables for a model that is no Linen module.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = freeze(lambda x, slope: slope * x, slope=jnp.float32(2.0))
        >>> jax.jit(lambda network, x: network(x))(network, jnp.ones((1, 2)))
        Array([[2., 2.]], dtype=float32)
    """
    if isinstance(model, Chain) and batched and not call_arguments and variables is None:
        return inference_view(model)
    if variables is not None and not isinstance(model, linen.Module):
        raise ValueError(f"variables: found some for a {type(model).__name__}, wanted them for Linen modules only")
    if isinstance(model, nnx.Module):
        kind, tree = _freeze_nnx(model)
    elif isinstance(model, linen.Module):
        kind, tree = _freeze_linen(model, variables)
    elif callable(model):
        kind, tree = _Callable(), _without_equinox_dropout(model)
    else:
        raise TypeError(f"model: found {type(model).__name__}, wanted a module, a callable pytree or a function")
    leaves, structure = jax.tree.flatten((tree, call_arguments))
    is_array = tuple(isinstance(leaf, jax.Array | np.ndarray) for leaf in leaves)
    statics = tuple(leaf for leaf, array in zip(leaves, is_array, strict=True) if not array)
    recipe = _Recipe(kind, structure, is_array, statics, batched)
    try:
        hash(recipe)
    except TypeError as error:
        raise TypeError(
            f"model: found a part that cannot be hashed ({error}), wanted arrays and hashable values"
        ) from error
    return FrozenNetwork(tuple(leaf for leaf, array in zip(leaves, is_array, strict=True) if array), recipe)


def inference_view(module: nnx.Module) -> nnx.Module:
    """The module with dropout off and batch norm on its running averages; shares the module's variables."""
    return nnx.view(module, deterministic=True, use_running_average=True, raise_if_not_found=False)


def training_view(module: nnx.Module) -> nnx.Module:
    """The module with dropout on and batch norm on the batch's own statistics; shares the module's variables."""
    return nnx.view(module, deterministic=False, use_running_average=False, raise_if_not_found=False)


@jax.tree_util.register_pytree_node_class
class FrozenNetwork:
    """A callable pytree made by `freeze`: ``arrays`` are its leaves, the recipe how to call them is static."""

    def __init__(self, arrays: tuple, recipe: "_Recipe"):
        self.arrays, self.recipe = arrays, recipe

    def __call__(self, x):
        """Scores of the rows of ``x``."""
        return self.recipe(self.arrays, x)

    def tree_flatten(self):
        """Arrays as children, the recipe as static data (see ``jax.tree_util.register_pytree_node_class``)."""
        return self.arrays, self.recipe

    @classmethod
    def tree_unflatten(cls, recipe, arrays):
        """The inverse of `tree_flatten`."""
        return cls(tuple(arrays), recipe)

    def __repr__(self) -> str:
        shapes = ", ".join(str(getattr(array, "shape", array)) for array in self.arrays)
        return f"FrozenNetwork({type(self.recipe.kind).__name__.strip('_')}, arrays: {shapes})"


@dataclass(frozen=True)
class _Recipe:
    kind: Any
    structure: Any
    is_array: tuple[bool, ...]
    statics: tuple
    batched: bool

    def __call__(self, arrays, x):
        array, static = iter(arrays), iter(self.statics)
        leaves = [next(array) if is_array else next(static) for is_array in self.is_array]
        tree, arguments = jax.tree.unflatten(self.structure, leaves)
        if self.batched:
            return self.kind(tree, x, arguments)
        return jax.vmap(lambda row: self.kind(tree, row, arguments))(x)


@dataclass(frozen=True)
class _Callable:
    def __call__(self, model, x, arguments):
        return model(x, **arguments)


@dataclass(frozen=True)
class _Linen:
    module: linen.Module

    def __call__(self, variables, x, arguments):
        return self.module.apply(variables, x, **arguments)


@dataclass(frozen=True)
class _NNX:
    graph: Any
    random_structure: Any
    random_leaves: tuple

    def __call__(self, variables, x, arguments):
        # Random state is needed to rebuild the module and not to run it: any value serves.
        random = jax.tree.unflatten(self.random_structure, [_placeholder(*leaf) for leaf in self.random_leaves])
        return nnx.merge(self.graph, random, variables)(x, **arguments)


def _freeze_nnx(model):
    graph, random, variables = nnx.split(inference_view(model), nnx.RngState, ...)
    leaves, structure = jax.tree.flatten(random)
    return _NNX(graph, structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)), variables


def _placeholder(shape, dtype):
    if jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return jnp.broadcast_to(jax.random.key(0, impl=dtype._impl.name), shape)
    return jnp.zeros(shape, dtype)


def _freeze_linen(module, variables):
    if module.scope is not None:
        module, bound = module.unbind()
        variables = bound if variables is None else variables
    if variables is None:
        raise ValueError("variables: found none, wanted the Linen module's variables (or a bound module)")
    return _Linen(module), variables


def _without_equinox_dropout(model):
    # Equinox is no dependency: a model of its can only be here if its user has imported it.
    equinox = sys.modules.get("equinox")
    if equinox is not None and isinstance(model, equinox.Module):
        return equinox.nn.inference_mode(model)
    return model
