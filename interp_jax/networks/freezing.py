"""Models as deterministic callable pytrees that treat rows independently, as every method takes them."""

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from flax import linen, nnx

from interp_jax._checks import Given, describe
from interp_jax.networks import _keras_models
from interp_jax.networks._frozen import ARRAYS, FrozenNetwork, _Recipe, is_equinox
from interp_jax.networks.chain import Chain

_Module = TypeVar("_Module", bound=nnx.Module)


def freeze(
    model: Given[Callable[..., Any], "inputs -> scores"],
    batched: bool = True,
    *,
    variables: Given[Mapping[str, Any], "a tree of arrays"] | None = None,
    **call_arguments: Any,
) -> Callable[..., Any]:
    """The inference view of a model as a callable pytree: arrays are leaves, all else is static, compared by value.

    Host-level. Dropout is off and batch norm uses its running averages. The frozen network can be transformed by jit,
    grad, vmap and device placement like an array, and a second model of the same shapes does not recompile. It holds
    the current weights and no random state; tied weights stay tied. A `Chain` stays a chain. Integer arrays stay
    leaves, so ``jax.grad`` with respect to a network with integer arrays needs ``allow_int=True``. Of a Keras model the
    layers stay where they are: one frozen again after more training shares compilations, another of equal shapes does
    not. A PyTorch module comes by torchax (tried with torch 2.9.1, torchax 0.0.13 and jax 0.10.2): with ``weights,
    function = torchax.extract_jax(module)`` freeze ``functools.partial(lambda w, x: function(w, (x,)), weights)``.

    Args:
        model: a Flax NNX module (also a stack of them), a Linen module (bound, or with ``variables``) or a method of
            either, an Equinox module, a Keras model on JAX, a partial function (JAX's or functools'), another callable
            pytree, or a plain function.
        batched: whether the model maps [rows, …] to [rows, …]; False if it maps single rows, like Equinox's.
        variables: a Linen module's variables, ``{"params": …, "batch_stats": …}``.
        **call_arguments: passed to the model at every call, e.g. ``train=False``; arrays among them become leaves.

    Returns:
        A `Chain` for a chain, else a `FrozenNetwork`: ``network(x) -> scores``.

    Raises:
        TypeError: a model that is not callable, or a static part that cannot be hashed.
        ValueError: a Linen module without variables, variables for another model, a Keras model that is not built or
            not on JAX, or batched not a bool.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = freeze(lambda x, slope: slope * x, slope=jnp.float32(2.0))
        >>> jax.jit(lambda network, x: network(x))(network, jnp.ones((1, 2)))
        Array([[2., 2.]], dtype=float32)
    """
    if not isinstance(batched, bool):
        raise ValueError(f"batched: found {describe(batched)}, wanted True or False")
    if isinstance(model, Chain) and batched and not call_arguments and variables is None:
        return jax.tree.map(lambda leaf: leaf, inference_view(model))
    if variables is not None and not isinstance(_owner(model), linen.Module):
        raise ValueError(f"variables: found some for a {type(model).__name__}, wanted them for Linen modules only")
    kind, tree = _kind_and_tree(model, variables)
    leaves, structure = jax.tree.flatten((tree, call_arguments))
    is_array = tuple(isinstance(leaf, ARRAYS) for leaf in leaves)
    # With their types: 1, 1.0 and True are equal, and a compilation for one must not serve the others.
    statics = tuple((type(leaf), leaf) for leaf, array in zip(leaves, is_array, strict=True) if not array)
    recipe = _Recipe(kind, structure, is_array, statics, batched)
    try:
        hash(recipe)
    except TypeError as error:
        raise TypeError(
            f"model: found a part that cannot be hashed ({error}), wanted arrays and hashable values"
        ) from error
    return FrozenNetwork(tuple(leaf for leaf, array in zip(leaves, is_array, strict=True) if array), recipe)


def inference_view(module: _Module) -> _Module:
    """The module with dropout off and batch norm on its running averages.

    Host-level. The view shares the module's variables.

    Args:
        module: a `Chain` or another NNX module, or a stack of them.

    Raises:
        TypeError: not an NNX module.

    Example:
        >>> chain = Chain(drop=nnx.Dropout(0.5))
        >>> inference_view(chain)(jnp.ones((1, 2)))
        Array([[1., 1.]], dtype=float32)
    """
    if not isinstance(module, nnx.Module):
        raise TypeError(f"module: found {describe(module)}, wanted an NNX module; networks.freeze takes others")
    return nnx.view(module, deterministic=True, use_running_average=True, raise_if_not_found=False)


def training_view(module: nnx.Module) -> nnx.Module:
    """The module with dropout on and batch norm on the minibatch's own statistics; shares the module's variables."""
    return nnx.view(module, deterministic=False, use_running_average=False, raise_if_not_found=False)


def _kind_and_tree(model, variables):
    """How to call the model, and the pytree that it consists of."""
    owner = _owner(model)
    if isinstance(owner, nnx.Module):
        return _freeze_nnx(owner, type(model).__call__ if owner is model else model.__func__)
    if isinstance(owner, linen.Module):
        return _freeze_linen(owner, None if owner is model else model.__func__, variables)
    if _is_torch(model):
        raise TypeError(
            f"model: found {type(model).__name__} of PyTorch, wanted it by torchax: with weights, function = "
            "torchax.extract_jax(module), functools.partial(lambda weights, x: function(weights, (x,)), weights)"
        )
    if _keras_models.is_keras(model):
        return _keras_models.kind_and_values(model)
    if isinstance(model, functools.partial):
        return _Partial(model.func), _equinox_inference((model.args, model.keywords))
    if callable(model):
        return _Callable(), _equinox_inference(model)
    raise TypeError(f"model: found {type(model).__name__}, wanted a module, a callable pytree or a function")


def _is_torch(model) -> bool:
    # PyTorch is not a dependency: one of its modules can only be here if the user has imported it.
    module = getattr(sys.modules.get("torch.nn"), "Module", None)
    return module is not None and isinstance(model, module)


def _owner(model):
    """The model itself, or what a method is of."""
    return model.__self__ if inspect.ismethod(model) else model


@dataclass(frozen=True)
class _Callable:
    def __call__(self, model, x, arguments):
        return model(x, **arguments)


@dataclass(frozen=True)
class _Partial:
    function: Callable[..., Any]

    def __call__(self, bound, x, arguments):
        positional, named = bound
        return self.function(*positional, x, **named, **arguments)


@dataclass(frozen=True)
class _Linen:
    module: linen.Module
    method: Callable[..., Any] | None

    def __call__(self, variables, x, arguments):
        return self.module.apply(variables, x, method=self.method, **arguments)


@dataclass(frozen=True)
class _NNX:
    method: Callable[..., Any]
    graph: Any
    random_structure: Any
    random_leaves: tuple

    def __call__(self, variables, x, arguments):
        # Random state is needed to rebuild the module and not to run it: any value serves.
        random = jax.tree.unflatten(self.random_structure, [_placeholder(*leaf) for leaf in self.random_leaves])
        return self.method(nnx.merge(self.graph, random, variables, copy=True), x, **arguments)


def _freeze_nnx(model, method):
    graph, random, variables = nnx.split(inference_view(model), nnx.RngState, ...)
    leaves, structure = jax.tree.flatten(random)
    return _NNX(method, graph, structure, tuple(_description(leaf) for leaf in leaves)), variables


def _description(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return leaf.shape, None if is_key else leaf.dtype, jax.random.key_impl(leaf) if is_key else None


def _placeholder(shape, dtype, key_impl):
    if key_impl is None:
        return jnp.zeros(shape, dtype)
    return jnp.broadcast_to(jax.random.key(0, impl=key_impl), shape)


def _freeze_linen(module, method, variables):
    if module.scope is not None:
        module, bound = module.unbind()
        variables = bound if variables is None else variables
    if variables is None:
        raise ValueError("variables: found none, wanted the Linen module's variables (or a bound module)")
    return _Linen(module, method), variables


def _equinox_inference(model):
    has_equinox = any(map(is_equinox, jax.tree.leaves(model, is_leaf=is_equinox)))
    return sys.modules["equinox"].nn.inference_mode(model) if has_equinox else model
